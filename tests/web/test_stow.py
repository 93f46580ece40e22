"""STOW-RS: any number and size of objects in one request, and for each of them an answer."""

import json
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import EnvironBuilder, TestResponse

from consult.domain.errors import Unavailable, Words
from consult.formats.bounded import HeaderReader
from consult.store.tables_studies import instances, refused
from consult.store.unit import Store
from tests.makers.archive import STUDY, a_slice
from tests.makers.dicom import CT, SAMPLES, element, needs_samples
from tests.makers.web import Browser, Site, site

RELATED = 'multipart/related; type="application/dicom"; boundary="=_XX"'
STUDIES = "/dicom-web/studies"


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(2, 300, 20) as opened:
        yield opened


@pytest.fixture
def door(tmp_path: Path, reader: HeaderReader) -> Iterator[Site]:
    people = ("anlong.doctor", "anlong.admin", "xingyi.coordinator", "guiyang.ct", "admin")
    with site(tmp_path, reader, *people) as opened:
        yield opened


def body_of(*files: bytes, kind: str = "application/dicom") -> bytes:
    parts = [b"--=_XX\r\nContent-Type: " + kind.encode() + b"\r\n\r\n" + file + b"\r\n" for file in files]
    return b"a preamble\r\n" + b"".join(parts) + b"--=_XX--\r\nan epilogue"


def store(browser: Browser, *files: bytes, path: str = STUDIES) -> TestResponse:
    return browser.post(path, body_of(*files), Content_Type=RELATED, Accept="application/dicom+json")


def references(answer: TestResponse) -> list[str]:
    return [each["00081155"]["Value"][0] for each in answer.json.get("00081199", {}).get("Value", [])]


def reasons(answer: TestResponse) -> list[int]:
    return [
        each["00081197"]["Value"][0]
        for tag in ("00081198", "0008119A")
        for each in answer.json.get(tag, {}).get("Value", [])
    ]


def rows(door: Site, table: Any = instances) -> list[Any]:
    with door.archive.store.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def test_all_objects_of_a_request_are_kept_and_named(door: Site) -> None:
    files = [a_slice(number) for number in range(1, 21)]
    answer = store(door["anlong.doctor"], *files)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/dicom+json"
    assert references(answer) == [f"2.25.1002.{number}" for number in range(1, 21)]
    assert answer.json["00081190"]["Value"] == [f"http://localhost{STUDIES}/{STUDY}"]
    url = answer.json["00081199"]["Value"][0]["00081190"]["Value"][0]
    assert door["anlong.doctor"].get(url.removeprefix("http://localhost")).status_code == 200
    kept = {door.archive.blobs.path(row.sha256).read_bytes() for row in rows(door)}
    assert kept == set(files)


def test_a_single_object_needs_no_parts(door: Site) -> None:
    answer = door["anlong.doctor"].post(STUDIES, a_slice(1), Content_Type="application/dicom")
    assert (answer.status_code, references(answer)) == (200, ["2.25.1002.1"])


def test_a_broken_object_among_good_ones_fails_alone(door: Site) -> None:
    answer = store(door["anlong.doctor"], a_slice(1), b"GIF89a and so on", a_slice(2), b"")
    assert answer.status_code == 202
    assert references(answer) == ["2.25.1002.1", "2.25.1002.2"]
    assert reasons(answer) == [0xC000, 0xC000]
    assert len(rows(door)) == 2
    assert [(row.door, row.sender, row.institution) for row in rows(door, refused)] == [
        ("stow", "王建国", "ANLONG")
    ] * 2
    assert not door.archive.aside()


def test_nothing_but_broken_objects_is_a_conflict(door: Site) -> None:
    answer = store(door["anlong.doctor"], b"nothing", b"of the kind")
    assert (answer.status_code, reasons(answer)) == (409, [0xC000, 0xC000])


def test_objects_of_another_study_than_the_address_says_are_not_taken(door: Site) -> None:
    mixed = store(door["anlong.doctor"], a_slice(1), a_slice(2, study="2.25.404"), path=f"{STUDIES}/{STUDY}")
    assert (mixed.status_code, references(mixed), reasons(mixed)) == (202, ["2.25.1002.1"], [0xA900])
    assert store(door["anlong.doctor"], a_slice(1), path=f"{STUDIES}/nonsense").status_code == 404


def test_a_failure_names_the_object_where_its_head_does(door: Site) -> None:
    lying = a_slice(2).replace(b"2.25.1001", b"no.digits")
    answer = store(door["anlong.doctor"], a_slice(1, study="2.25.404"), lying, b"GIF89a", path=f"{STUDIES}/{STUDY}")
    assert answer.status_code == 409
    failed = answer.json["00081198"]["Value"]
    assert [(each["00081150"]["Value"], each["00081155"]["Value"]) for each in failed] == [([CT], ["2.25.3"])] * 2
    assert [each["00081197"]["Value"] for each in failed] == [[0xA900], [0xC000]]
    (other,) = answer.json["0008119A"]["Value"]
    assert other["00081197"]["Value"] == [0xC000]
    assert "00081155" not in other


class Away(Store):
    """A database that can be away for whoever writes."""

    away = False

    def write(self) -> Any:
        """Raises Unavailable while it is away."""
        if self.away:
            raise Unavailable(Words("数据库暂时不可用。", "The database is away."))
        return super().write()


def test_a_database_that_is_away_is_told_as_busy(tmp_path: Path, reader: HeaderReader) -> None:
    with site(tmp_path, reader, "anlong.doctor") as opened:
        opened.archive.intake._rows._store = away = Away(f"sqlite:///{tmp_path}/consult.db")
        away.away = True
        answer = store(opened["anlong.doctor"], a_slice(1))
        assert (answer.status_code, answer.headers["Retry-After"], reasons(answer)) == (503, "5", [0xA700])
        away.away = False
        assert store(opened["anlong.doctor"], a_slice(1)).status_code == 200
        away.close()


def test_sending_again_is_fine(door: Site) -> None:
    for _ in range(2):
        assert store(door["anlong.doctor"], a_slice(1)).status_code == 200
    assert len(rows(door)) == 1


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", RELATED, 400),
        (body_of(a_slice(1))[:-60], RELATED, 400),
        (body_of(a_slice(1)).replace(b"Content-Type", b"X" * 20_000), RELATED, 400),
        (body_of(a_slice(1)), "multipart/related; type=application/dicom", 415),
        (body_of(a_slice(1)), 'multipart/related; type="application/dicom+json"; boundary="=_XX"', 415),
        (body_of(b"{}", kind="application/dicom+json"), RELATED, 415),
        (b"--=_XX--\r\n", RELATED, 400),
        (a_slice(1), "image/png", 415),
    ],
)
def test_what_is_no_such_request_is_refused(door: Site, body: bytes, kind: str, status: int) -> None:
    assert door["anlong.doctor"].post(STUDIES, body, Content_Type=kind).status_code == status
    assert not door.archive.aside()


@pytest.mark.parametrize(
    ("who", "status"), [("anlong.admin", 200), ("xingyi.coordinator", 200), ("guiyang.ct", 403), ("admin", 403)]
)
def test_who_may_send(door: Site, who: str, status: int) -> None:
    assert store(door[who], a_slice(1)).status_code == status


def test_another_site_cannot_send_in_ones_name(door: Site) -> None:
    client = door["anlong.doctor"].client
    answer = client.post(STUDIES, data=body_of(a_slice(1)), headers={"Content-Type": RELATED})
    assert answer.status_code == 403
    assert not rows(door)


def test_a_full_disk_is_told_as_that(tmp_path: Path, reader: HeaderReader) -> None:
    with site(tmp_path, reader, "anlong.doctor", reserve_bytes=1 << 60) as full:
        answer = store(full["anlong.doctor"], a_slice(1), a_slice(2))
        assert (answer.status_code, reasons(answer)) == (507, [0xA700, 0xA700])
        assert not rows(full)


@needs_samples
def test_every_malformed_sample_at_once_harms_no_good_one(door: Site) -> None:
    files = sorted(path for path in (SAMPLES / "malformed").rglob("*") if path.is_file())
    answer = store(door["anlong.doctor"], *(path.read_bytes() for path in files), a_slice(1))
    assert answer.status_code == 202
    assert len(references(answer)) + len(reasons(answer)) == len(files) + 1
    assert references(answer)[-1] == "2.25.1002.1"
    assert len(rows(door, refused)) == len(reasons(answer)) > 15


class LongBody:
    """A request body that is made as it is read."""

    def __init__(self, count: int, size: int) -> None:
        self._left = count
        self._number = 0
        self._tail = element(0xFFFCFFFC, "OB", b"\0" * size)
        self._buffer = b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes, as a socket gives them."""
        while len(self._buffer) < size and self._left:
            self._left -= 1
            self._number += 1
            part = a_slice(self._number) + self._tail
            self._buffer += b"--=_XX\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n"
            if not self._left:
                self._buffer += b"--=_XX--\r\n"
        given, self._buffer = self._buffer[:size], self._buffer[size:]
        return given


def test_a_long_request_takes_no_memory(door: Site) -> None:
    builder = EnvironBuilder(path=STUDIES, method="POST", content_type=RELATED)
    builder.headers["X-CSRF-Token"] = door["anlong.doctor"].csrf
    cookie = door["anlong.doctor"].client.get_cookie("consult")
    assert cookie is not None
    builder.headers["Cookie"] = f"consult={cookie.value}"
    environ = builder.get_environ() | {"wsgi.input": LongBody(60, 4 << 20), "wsgi.input_terminated": True}
    environ.pop("CONTENT_LENGTH", None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status: list[str] = []
    body = b"".join(door.app.wsgi_app(environ, lambda line, _headers, _exc=None: status.append(line)))  # type: ignore[arg-type,return-value]
    assert status == ["200 OK"]
    assert len(json.loads(body)["00081199"]["Value"]) == 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "KB for 240 MB of objects"
