"""A frame is sent unasked for seconds at most, to nobody but whom a pass was given, and never after a change."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from consult.domain.events import Fact
from consult.formats.bounded import HeaderReader
from consult.store import conflicts, sessions, studies
from consult.store.arrivals import study_key
from consult.web.passes import HERE_S, MOST, Passes
from tests.makers.archive import SERIES, STUDY, a_slice
from tests.makers.people import ACTORS, NOW
from tests.makers.pictures import make_ready
from tests.makers.web import Browser, Site, signed_in, site

OF_STUDY = f"/dicom-web/studies/{STUDY}"
FRAME = f"{OF_STUDY}/series/{SERIES}/instances/{SERIES}.1/frames/1"
HTJ2K = 'multipart/related; type="image/jphc"'
STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
ANLONG: dict[str, Any] = {"HTTP_COOKIE": "consult=a"}
OUT_S = 10


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_pass_is_for_one_caller_and_one_study_and_ends_by_itself() -> None:
    clock = Time()
    passes = Passes(clock)
    passes.give(ANLONG, STUDY, "folder", passes.now())
    assert passes.folder(ANLONG, STUDY) == "folder"
    for other in ({"HTTP_COOKIE": "consult=b"}, {"HTTP_AUTHORIZATION": "consult=a"}, {}):
        assert passes.folder(other, STUDY) is None
    assert passes.folder(ANLONG, "2.25.9") is None
    clock.now += HERE_S
    assert passes.folder(ANLONG, STUDY) is None


def test_a_change_while_somebody_is_asked_about_is_not_missed() -> None:
    passes = Passes()
    since = passes.now()
    passes.forget()
    passes.give(ANLONG, STUDY, "folder", since)
    assert passes.folder(ANLONG, STUDY) is None


def test_who_shows_nothing_gets_no_pass_and_what_is_remembered_is_bounded() -> None:
    passes = Passes()
    passes.give({}, STUDY, "folder", passes.now())
    assert passes.folder({}, STUDY) is None
    for number in range(MOST + 1):
        passes.give({"HTTP_COOKIE": f"consult={number}"}, STUDY, "folder", passes.now())
    assert passes.folder({"HTTP_COOKIE": "consult=0"}, STUDY) is None


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    people = ("anlong.doctor", "dushan.doctor", "anlong.admin")
    with HeaderReader(1, 300, 20) as reader, site(tmp_path_factory.mktemp("passes"), reader, *people) as opened:
        opened.archive.put(a_slice(1))
        make_ready(opened.archive, study_key("ANLONG", STUDY))
        yield opened


@pytest.fixture
def anlong(door: Site) -> Browser:
    """A session of its own for each test."""
    return signed_in(door.app, "anlong.doctor")


def counted(door: Site) -> int:
    """How many frames went out without the application, as the figures say."""
    told = door.anyone().get("/metrics").text.splitlines()
    (line,) = (each for each in told if each.startswith('consult_http_requests_total{method="GET",route="frame"'))
    return int(float(line.split()[-1]))


def test_the_same_answer_comes_with_a_pass_and_without(door: Site, anlong: Browser) -> None:
    before = counted(door)
    first, second = (anlong.get(FRAME, Accept=f"{HTJ2K}, {STORED}; q=0.5") for _ in range(2))
    assert counted(door) == before + 1
    assert (first.status_code, first.data) == (second.status_code, second.data)
    apart = {"Last-Modified", "Date", "Content-Disposition"}
    both = [{name: value for name, value in each.headers.items() if name not in apart} for each in (first, second)]
    assert both[0] == both[1]
    assert second.headers["ETag"]


@pytest.mark.parametrize(
    "said", [{"Accept": STORED}, {"Accept": HTJ2K, "Range": "bytes=-9"}, {"Accept": "image/jphc"}, {}]
)
def test_whoever_asks_for_something_else_is_answered_in_full(door: Site, anlong: Browser, said: dict[str, str]) -> None:
    before = counted(door)
    anlong.get(FRAME, Accept=HTJ2K)
    assert anlong.get(FRAME, **said).data != anlong.get(FRAME, Accept=HTJ2K).data
    assert counted(door) == before + 1


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=10-", "bytes=10-999999999", "bytes=999999999-"])
def test_a_part_of_a_frame_comes_the_same_way(door: Site, anlong: Browser, asked: str) -> None:
    before = counted(door)
    first, second = (anlong.get(FRAME, Accept=HTJ2K, Range=asked) for _ in range(2))
    told = [
        {name: each.headers.get(name) for name in ("Content-Range", "Content-Length", "ETag")}
        for each in (first, second)
    ]
    assert (second.status_code, second.data, told[1]) == (first.status_code, first.data, told[0])
    assert counted(door) == before + (first.status_code == 206)


def test_the_parts_of_a_frame_are_the_whole(anlong: Browser) -> None:
    whole = anlong.get(FRAME, Accept=HTJ2K).data
    parts = [anlong.get(FRAME, Accept=HTJ2K, Range=asked).data for asked in ("bytes=0-99", "bytes=100-")]
    assert (len(parts[0]), b"".join(parts)) == (100, whole)


def test_nobody_else_profits_from_a_pass(door: Site, anlong: Browser) -> None:
    assert [anlong.get(FRAME, Accept=HTJ2K).status_code for _ in range(2)] == [200, 200]
    assert door["dushan.doctor"].get(FRAME, Accept=HTJ2K).status_code == 404
    assert door["anlong.admin"].get(FRAME, Accept=HTJ2K).status_code == 404
    assert door.anyone().get(FRAME, headers={"Accept": HTJ2K}).status_code == 401


def test_who_signs_out_here_is_out_at_once_whatever_they_held(anlong: Browser) -> None:
    cookie = anlong.client.get_cookie("consult")
    assert cookie is not None
    assert [anlong.get(FRAME, Accept=HTJ2K).status_code for _ in range(2)] == [200, 200]
    assert anlong.client.delete("/api/v1/session", headers={"X-CSRF-Token": anlong.csrf}).status_code == 204
    anlong.client.set_cookie("consult", cookie.value)
    assert anlong.get(FRAME, Accept=HTJ2K).status_code == 401


def test_who_was_put_out_elsewhere_is_out_in_seconds(door: Site, anlong: Browser) -> None:
    assert anlong.get(FRAME, Accept=HTJ2K).status_code == 200
    with door.archive.store.write() as unit:
        row = unit.connection.exec_driver_sql("SELECT id FROM people WHERE username = 'anlong.doctor'").one()
        sessions.drop_sessions_of(unit, row.id)
    until = time.monotonic() + OUT_S
    while anlong.get(FRAME, Accept=HTJ2K).status_code != 401:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_any_fact_ends_every_pass(door: Site, anlong: Browser) -> None:
    before = counted(door)
    anlong.get(FRAME, Accept=HTJ2K)
    with door.archive.store.write() as unit:
        unit.tell(Fact("case", "c1", "withdrawn", NOW, None, "", 2))
    anlong.get(FRAME, Accept=HTJ2K)
    assert counted(door) == before


def test_of_two_versions_only_the_chosen_one_is_sent(door: Site, anlong: Browser) -> None:
    archive, key = door.archive, study_key("ANLONG", STUDY)
    first = [anlong.get(FRAME, Accept=HTJ2K).data for _ in range(2)][1]
    archive.put(a_slice(1, pixel=999))
    with archive.store.write() as unit:
        _, other = conflicts.versions(unit.connection, key)
        conflicts.decide(unit, studies.by_id(unit.connection, key), other, "完整", ACTORS["xingyi.coordinator"], NOW)
    assert anlong.get(FRAME, Accept=HTJ2K).status_code == 406  # not ready yet, and the old one is not given for it
    make_ready(archive, key)
    chosen = [anlong.get(FRAME, Accept=HTJ2K).data for _ in range(2)]
    assert chosen[0] == chosen[1] != first


def test_nginx_is_told_the_folder_and_for_how_long(door: Site, anlong: Browser) -> None:
    asked = f"{OF_STUDY}/pass"
    told = anlong.get(asked)
    folder = door.archive.blobs.prepared / "studies" / told.headers["X-Consult-Folder"]
    assert (told.status_code, folder.is_dir(), int(told.headers["X-Accel-Expires"]) > 0) == (204, True, True)
    refused: tuple[Browser, ...] = (door["dushan.doctor"], door["anlong.admin"])
    assert [who.get(asked).status_code for who in refused] == [404, 404]
    assert door.anyone().get(asked).status_code == 401
    assert "X-Accel-Expires" not in door["dushan.doctor"].get(asked).headers
