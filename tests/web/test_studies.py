"""Studies as the screens list them: newest first, with what is missing said in the reader's language."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from consult.actions import assessment
from consult.formats.bounded import HeaderReader
from consult.store.arrivals import study_key
from tests.makers.archive import DUSHAN_CT, STUDY, a_slice
from tests.makers.web import Site, site

QUIET = timedelta(seconds=10)


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture
def door(tmp_path: Path, reader: HeaderReader) -> Iterator[Site]:
    with site(tmp_path, reader, "anlong.doctor", "dushan.doctor") as opened:
        yield opened


def settled(door: Site, study: str) -> None:
    now = door.archive.clock.advance(seconds=10)
    assessment.settle(door.archive.store, study_key("ANLONG", study), QUIET, False, now)


def test_a_study_is_there_as_soon_as_its_first_slice(door: Site) -> None:
    door.archive.put(a_slice(1, name="Yang^Ban=杨^半".encode("gb18030")))
    found = door["anlong.doctor"].get(f"/api/v1/studies/{STUDY}").json
    assert found["patient"]["name"] == "杨半"
    assert (found["completeness"]["status"], found["completeness"]["received"]) == ("receiving", 1)
    assert [(each["modality"], each["instances"]) for each in found["series"]] == [("CT", 1)]


def test_what_is_missing_is_said_slice_by_slice(door: Site) -> None:
    for number in (1, 2, 3, 5, 6, 7):
        door.archive.put(a_slice(number))
    settled(door, STUDY)
    for language, words in (("zh-CN", "缺第 4 层"), ("en", "Slice 4")):
        found = door["anlong.doctor"].get(f"/api/v1/studies/{STUDY}", Accept_Language=language).json
        assert (found["completeness"]["status"], found["completeness"]["received"]) == ("short", 6)
        (missing,) = found["completeness"]["missing"]
        assert missing["instance_number"] == 4
        assert words in missing["sentence"]
        assert found["series"][0]["completeness"]["missing"] == [missing]


def test_a_differing_copy_is_shown_as_a_conflict(door: Site) -> None:
    door.archive.put(a_slice(1))
    door.archive.put(a_slice(1, pixel=7))
    settled(door, STUDY)
    assert len(door["anlong.doctor"].get(f"/api/v1/studies/{STUDY}").json["completeness"]["conflicts"]) == 1


def test_studies_come_newest_first_page_by_page(door: Site) -> None:
    for number in range(5):
        door.archive.put(a_slice(1, study=f"2.25.{number}", series=f"2.25.{number}.1"))
        door.archive.clock.advance(minutes=1)
    door.archive.put(a_slice(1, study="2.25.77"), DUSHAN_CT)
    seen, after = [], ""
    for _ in range(3):
        page = door["anlong.doctor"].get(f"/api/v1/studies?limit=2&after={after}").json
        seen += [each["study_uid"] for each in page["items"]]
        after = page["next"]
    assert seen == ["2.25.4", "2.25.3", "2.25.2", "2.25.1", "2.25.0"]
    assert after is None


def test_a_study_is_found_by_words(door: Site) -> None:
    door.archive.put(a_slice(1, name="Yang^Ban=杨^半".encode("gb18030")))
    door.archive.put(a_slice(1, study="2.25.7", series="2.25.70", name=b"Li^Si"))

    def found(text: str) -> list[str]:
        return [each["study_uid"] for each in door["anlong.doctor"].get(f"/api/v1/studies?q={text}").json["items"]]

    assert found("杨半") == [STUDY]
    assert found("si") == ["2.25.7"]
    assert found("nobody") == []


def test_another_institution_finds_nothing(door: Site) -> None:
    door.archive.put(a_slice(1))
    assert door["dushan.doctor"].get("/api/v1/studies").json["items"] == []
    assert door["dushan.doctor"].get(f"/api/v1/studies/{STUDY}").status_code == 404
    assert door.anyone().get(f"/api/v1/studies/{STUDY}").status_code == 401
    assert door["anlong.doctor"].get("/api/v1/studies?after=nonsense").status_code == 422
