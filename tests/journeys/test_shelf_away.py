"""The object store fails under both doors: senders are told to send again, and only what is kept is acknowledged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from consult.formats.bounded import HeaderReader
from consult.store.blobs import Blobs
from consult.store.tables_studies import instances
from consult.web.app import create_app
from tests.makers.archive import SERIES, Archive, a_slice, archive
from tests.makers.dicom import CT, EXPLICIT
from tests.makers.door import clinic
from tests.makers.pictures import Painter
from tests.makers.web import PASSWORDS
from tests.makers_people import PASSWORD, fresh_store, open_accounts
from tests.peers.dicom import data_set_of, raw_association, store_raw
from tests.peers.line import Line
from tests.peers.s3 import ObjectStore, shelf

SUCCESS, NO_RESOURCES = 0x0000, 0xA700
PATIENCE_S = 1.0  # what a request to the store may take


@dataclass(frozen=True)
class Doors:
    """Both doors over an archive whose objects lie behind a line."""

    made: Archive
    line: Line
    port: int
    client: FlaskClient
    csrf: str

    def stow(self, number: int) -> TestResponse:
        """Send a slice by STOW-RS."""
        kind = {"Content-Type": "application/dicom", "X-CSRF-Token": self.csrf}
        return self.client.post("/dicom-web/studies", data=a_slice(number, pixel=number), headers=kind)

    def kept(self) -> set[str]:
        """Instances that have a row, whose bytes are in the bucket with their hash."""
        with self.made.store.read() as connection:
            rows = connection.execute(select(instances.c.sop_uid, instances.c.sha256)).all()
        assert all(self.made.blobs.verify(row.sha256) for row in rows)
        return {row.sop_uid for row in rows}


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture
def doors(tmp_path: Path, reader: HeaderReader) -> Iterator[Doors]:
    with ObjectStore() as elsewhere, Line(elsewhere.port) as line, opened(tmp_path, reader, elsewhere, line) as both:
        yield both


@contextmanager
def opened(folder: Path, reader: HeaderReader, elsewhere: ObjectStore, line: Line) -> Iterator[Doors]:
    bucket = replace(elsewhere.bucket(), endpoint=f"http://127.0.0.1:{line.port}", timeout_s=PATIENCE_S)
    store = fresh_store(folder)
    blobs = Blobs(folder / "near", 0, shelf=shelf(bucket))
    with archive(store, folder, reader, blobs=blobs) as made, clinic(made) as door:
        open_accounts(store, PASSWORDS, "anlong.doctor")
        client = create_app(replace(door.parts, passwords=PASSWORDS, painter=cast(Any, Painter()))).test_client()
        said = client.post("/api/v1/session", json={"username": "anlong.doctor", "password": PASSWORD}).json
        assert said is not None
        yield Doors(made, line, door.port, client, said["csrf"])
    store.close()


def slice_of(number: int) -> tuple[str, str, bytes]:
    """The SOP class and instance, and the data set."""
    return CT, f"{SERIES}.{number}", data_set_of(a_slice(number, pixel=number))


@pytest.mark.parametrize("how", ["cut", "half an object", "silent"])
def test_what_cannot_be_kept_is_not_acknowledged_and_all_goes_on_by_itself(how: str, doors: Doors) -> None:
    with raw_association(doors.port, CT, EXPLICIT) as peer:
        assert store_raw(peer, *slice_of(1)) == SUCCESS
        assert doors.stow(2).status_code == 200
        fail(doors.line, how)
        assert store_raw(peer, *slice_of(3)) == NO_RESOURCES
        fail(doors.line, how)
        answer = doors.stow(4)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert len(doors.made.objects()) == 2, "no copy of what is not kept"
        assert doors.made.aside() == []
        doors.line.mend()
        assert doors.kept() == {f"{SERIES}.1", f"{SERIES}.2"}
        assert store_raw(peer, *slice_of(3)) == SUCCESS
        assert doors.stow(4).status_code == 200
        assert doors.kept() == {f"{SERIES}.{n}" for n in (1, 2, 3, 4)}


def fail(line: Line, how: str) -> None:
    """Whatever is tried again within a request fails again."""
    {"cut": line.cut, "half an object": lambda: line.cut_after(300), "silent": line.fall_silent}[how]()


def test_what_lies_near_is_read_meanwhile_and_what_does_not_is_told_to_be_away(doors: Doors) -> None:
    assert doors.stow(1).status_code == 200
    assert doors.stow(2).status_code == 200
    with doors.made.store.read() as connection:
        rows = connection.execute(select(instances.c.sop_uid, instances.c.sha256)).all()
    by_uid = {row.sop_uid: row.sha256 for row in rows}
    doors.made.blobs.path(by_uid[f"{SERIES}.2"]).unlink()
    doors.line.cut()
    where = f"/dicom-web/studies/2.25.1001/series/{SERIES}/instances/{SERIES}"
    assert doors.client.get(f"{where}.1").status_code == 200
    away = doors.client.get(f"{where}.2")
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    doors.line.mend()
    assert doors.client.get(f"{where}.2").status_code == 200
