"""Nothing is removed by itself, before its term, or under a hold; what is removed leaves a tombstone and a log row."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select

from consult.actions import retention
from consult.actions.parts import Parts
from consult.domain.cases import State
from consult.domain.errors import Invalid, NotFound
from consult.domain.retention import Kept, Kind, ends, kind_of, may_be_removed
from consult.domain.workflow import begin
from consult.formats.bounded import HeaderReader
from consult.settings import Settings
from consult.store import cases
from consult.store.audit import Asked, search
from consult.store.blobs import Blobs
from consult.store.tables import cases as case_rows
from consult.store.tables_audit import tombstones
from consult.store.tables_studies import instances, studies
from consult.store.unit import Store
from tests.doubles import Clock
from tests.makers.archive import STUDY, Archive, a_slice, archive
from tests.makers.cases import a_case
from tests.makers.people import ACTORS
from tests.makers_people import open_institutions
from tests.peers.s3 import ObjectStore, shelf

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_a_term_ends_after_15_or_30_years_and_a_house_may_only_say_more() -> None:
    leap = Kept(datetime(2024, 2, 29, tzinfo=UTC), Kind.OUTPATIENT, 0, 0)
    assert ends(leap, None).date().isoformat() == "2039-03-01"
    assert ends(Kept(NOW, Kind.INPATIENT, 0, 0), 5).year == 2056
    assert ends(Kept(NOW, Kind.INPATIENT, 0, 0), 40).year == 2066


@pytest.mark.parametrize(
    ("years", "holds", "live", "removable"),
    [(31, 0, 0, True), (29, 0, 0, False), (31, 1, 0, False), (31, 0, 1, False)],
)
def test_only_what_is_over_its_term_and_free_may_be_removed(years: int, holds: int, live: int, removable: bool) -> None:
    kept = Kept(NOW - timedelta(days=366 * years), Kind.INPATIENT, holds, live)
    assert may_be_removed(kept, None, NOW).removable is removable


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ((), Kind.INPATIENT),
        (("",), Kind.INPATIENT),
        (("outpatient", "emergency"), Kind.OUTPATIENT),
        (("inpatient",), Kind.INPATIENT),
        (("outpatient", "inpatient"), Kind.INPATIENT),
        (("outpatient", ""), Kind.INPATIENT),
    ],
)
def test_the_longer_term_counts_as_soon_as_one_case_asks_for_it_or_does_not_say(
    said: tuple[str, ...], kind: Kind
) -> None:
    assert kind_of(said) is kind


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture
def kept(store: Store, tmp_path: Path, reader: HeaderReader) -> Iterator[tuple[Parts, Archive]]:
    """A study of two slices that came 31 years ago, and another that shares one object's bytes with nobody."""
    open_institutions(store)
    with archive(store, tmp_path, reader) as opened:
        yield of_31_years_ago(store, opened), opened


def of_31_years_ago(store: Store, opened: Archive) -> Parts:
    for number in (1, 2):
        opened.put(a_slice(number))
    opened.put(a_slice(1, study=f"{STUDY}.9", series=f"{STUDY}.9.1"))
    with store.write() as unit:
        old = studies.update().where(studies.c.study_uid == STUDY).values(last_at=NOW - timedelta(days=366 * 31))
        unit.connection.execute(old)
    none = cast(Any, None)
    return Parts(Settings(), store, opened.blobs, opened.intake, none, none, Clock(NOW), none)


def object_of(parts: Parts, study_id: str) -> str:
    with parts.store.read() as connection:
        return connection.execute(select(instances.c.sha256).where(instances.c.study_id == study_id)).scalar_one()


def over(parts: Parts) -> list[str]:
    return [each.study.id for each in retention.judged(parts.store, NOW) if each.verdict.removable]


def test_what_is_removed_leaves_a_tombstone_and_a_row_in_the_log(kept: tuple[Parts, Archive]) -> None:
    parts, opened = kept
    (study,) = over(parts)
    assert len(opened.objects()) == 3
    assert retention.remove(parts, study, "运维")
    assert len(opened.objects()) == 1
    assert retention.settle(parts.store, parts.blobs) == 2
    with parts.store.read() as connection:
        (grave,) = connection.execute(select(tombstones)).all()
        (row,) = search(connection, Asked(deed="remove"), None, 10)
        left = connection.execute(select(instances.c.study_id)).scalars().all()
    assert (grave.study_uid, len(grave.objects), grave.by_name) == (STUDY, 2, "运维")
    assert (row.entry.subject_id, row.entry.detail["objects"]) == (STUDY, 2)
    assert len(left) == 1
    assert not retention.remove(parts, study, "运维")
    opened.put(a_slice(1))  # and it can come again


def test_an_outpatients_images_go_after_15_years_once_their_case_says_so(kept: tuple[Parts, Archive]) -> None:
    parts, _ = kept
    with parts.store.write() as unit:
        came = studies.update().where(studies.c.study_uid == STUDY).values(last_at=NOW - timedelta(days=366 * 16))
        unit.connection.execute(came)
        case = replace(a_case(State.CLOSED), study_uids=(STUDY,), patient_class="outpatient")
        cases.add(unit, case, begin(case, ACTORS["anlong.doctor"])[1], None)
    assert len(over(parts)) == 1
    with parts.store.write() as unit:
        unit.connection.execute(case_rows.update().values(patient_class="inpatient"))
    assert over(parts) == []


def test_what_was_made_ready_of_it_goes_with_it_and_of_others_stays(kept: tuple[Parts, Archive]) -> None:
    parts, opened = kept
    (study,) = over(parts)
    folders = {name: opened.blobs.prepared / "studies" / f"{name}.1.0" for name in (study, "0" * 32)}
    for folder in folders.values():
        folder.mkdir(parents=True)
        (folder / "2.25.1-1").write_bytes(b"pixels")
    assert retention.remove(parts, study, "运维")
    assert [folder.exists() for folder in folders.values()] == [False, True]


def test_a_hold_put_meanwhile_stops_the_removal_until_it_is_released(kept: tuple[Parts, Archive]) -> None:
    parts, opened = kept
    (study,) = over(parts)
    put = retention.hold(parts, "study", STUDY, "医疗纠纷", "医务科 罗敏")
    assert not retention.remove(parts, study, "运维")
    assert over(parts) == []
    assert len(opened.objects()) == 3
    assert [each.reason for each in retention.held(parts.store)] == ["医疗纠纷"]
    retention.release(parts, put.id, "已结案", "医务科 罗敏")
    assert retention.held(parts.store) == []
    assert over(parts) == [study]
    with parts.store.read() as connection:
        told = [row.entry.deed for row in search(connection, Asked(study=STUDY), None, 10)]
    assert told == ["release", "hold"]
    with pytest.raises(NotFound):
        retention.release(parts, put.id, "已结案", "医务科 罗敏")


def test_the_same_bytes_that_have_just_come_again_are_not_removed(kept: tuple[Parts, Archive]) -> None:
    parts, opened = kept
    (study,) = over(parts)
    assert retention.remove(parts, study, "运维")
    again = opened.put(a_slice(1))
    with parts.store.read() as connection:
        (named,) = connection.execute(
            select(instances.c.sha256).where(instances.c.study_id == again.study_id)
        ).scalars()
    opened.blobs.path(named).unlink()  # as if its row alone had come after the objects were set aside
    assert retention.settle(parts.store, parts.blobs) == 1
    assert opened.blobs.verify(named)
    assert opened.blobs.aside() == []


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ObjectStore]:
    with ObjectStore() as started:
        yield started


@pytest.fixture
def in_bucket(
    store: Store, tmp_path: Path, reader: HeaderReader, elsewhere: ObjectStore
) -> Iterator[tuple[Parts, Archive]]:
    """The same study with its objects in a bucket."""
    open_institutions(store)
    with archive(store, tmp_path, reader, blobs=Blobs(tmp_path / "near", 0, shelf=shelf(elsewhere.bucket()))) as opened:
        yield of_31_years_ago(store, opened), opened


def test_what_is_removed_goes_from_the_bucket_too_and_a_hold_keeps_it(in_bucket: tuple[Parts, Archive]) -> None:
    parts, opened = in_bucket
    (study,) = over(parts)
    held = retention.hold(parts, "study", STUDY, "医疗纠纷", "医务科 罗敏")
    assert not retention.remove(parts, study, "运维")
    assert len(list(opened.blobs.names())) == 3
    retention.release(parts, held.id, "已结案", "医务科 罗敏")
    assert retention.remove(parts, study, "运维")
    assert len(list(opened.blobs.names())) == 1
    again = opened.put(a_slice(1))
    assert retention.settle(parts.store, parts.blobs) == 1
    assert (len(list(opened.blobs.names())), opened.blobs.aside(), len(opened.objects())) == (2, [], 2)
    with parts.store.read() as connection:
        (named,) = connection.execute(
            select(instances.c.sha256).where(instances.c.study_id == again.study_id)
        ).scalars()
    assert opened.blobs.verify(named)


def test_a_hold_needs_a_reason_and_something_to_hold(kept: tuple[Parts, Archive]) -> None:
    with pytest.raises(Invalid):
        retention.hold(kept[0], "study", STUDY, " ", "罗敏")
    for subject in ("study", "case"):
        with pytest.raises(NotFound):
            retention.hold(kept[0], subject, "1.2.3", "医疗纠纷", "罗敏")


def test_a_house_keeps_longer_but_not_shorter(kept: tuple[Parts, Archive]) -> None:
    with pytest.raises(Invalid):
        retention.set_term(kept[0], "ANLONG", Kind.INPATIENT, 10, "罗敏")
    retention.set_term(kept[0], "ANLONG", Kind.INPATIENT, 40, "罗敏")
    assert over(kept[0]) == []
