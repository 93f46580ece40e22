"""One running site for all journeys: real processes, real files, people and nothing else in the database."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import httpx
import pytest

from tests.peers.site import Site

DATA = Path(os.environ.get("CONSULT_TEST_DATA", Path(__file__).parents[3] / "shared" / "data" / "dicom"))


class Crewed(Site):
    """A site whose people stay signed in until it closes."""

    def __init__(self, folder: Path, template: Path) -> None:
        super().__init__(folder, template)
        self._crew: dict[str, httpx.Client] = {}

    def signed_in(self, username: str) -> httpx.Client:
        """That person's client, the same each time."""
        if username not in self._crew:
            self._crew[username] = super().signed_in(username)
        return self._crew[username]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._crew.values():
            client.close()
        super().__exit__(kind, error, trace)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`consult up` on free ports, for one file of tests: no other sends into its studies."""
    folder = tmp_path_factory.mktemp("site")
    with Crewed(folder / "run", folder / "template") as running:
        yield running


@pytest.fixture(scope="session")
def head_ct() -> Path:
    """The real head CT, thin and thick, that travels through the journeys."""
    folder = DATA / "series" / "ct_head_phantom_thin_thick"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; CONSULT_TEST_DATA names its folder")
    return folder
