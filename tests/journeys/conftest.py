"""One running site for all journeys: real processes, real files, people and nothing else in the database."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.site import Site

DATA = Path(os.environ.get("CONSULT_TEST_DATA", Path(__file__).parents[3] / "shared" / "data" / "dicom"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`consult up` on free ports."""
    folder = tmp_path_factory.mktemp("site")
    with Site(folder / "run", folder / "template") as running:
        yield running


@pytest.fixture(scope="session")
def head_ct() -> Path:
    """The real head CT, thin and thick, that travels through the journeys."""
    folder = DATA / "series" / "ct_head_phantom_thin_thick"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; CONSULT_TEST_DATA names its folder")
    return folder
