"""Versions of a measurement are only ever added, and of two who change one at once only one does, on either engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consult.domain.errors import NotFound, Stale
from consult.domain.measurements import Deed, Kept
from consult.store import measurements
from consult.store.unit import Store, Taken
from tests.domain.test_measurements import LENGTH
from tests.makers.cases import NOW, a_study, begun
from tests.makers.people import settle

ID = "0b5b0d4e-0000-4000-8000-000000000001"


@pytest.fixture
def case(store: Store) -> str:
    settle(store)
    a_study(store)
    return begun(store)


def first(case_id: str, measurement_id: str = ID) -> Kept:
    return Kept(measurement_id, case_id, 1, Deed.ADDED, "guiyang.ct", "陈医师", "GUIYANG", NOW, LENGTH)


def add(store: Store, kept: Kept) -> None:
    with store.write() as unit:
        measurements.add(unit, kept)


def change(store: Store, kept: Kept) -> None:
    with store.write() as unit:
        measurements.change(unit, kept)


def test_each_version_stays_and_a_deleted_one_is_no_longer_listed(store: Store, case: str) -> None:
    added = first(case)
    moved = replace(added, version=2, deed=Deed.CHANGED, at=NOW + timedelta(1), measurement=replace(LENGTH, label="二"))
    gone = replace(moved, version=3, deed=Deed.DELETED, at=NOW + timedelta(2))
    back = replace(gone, version=4, deed=Deed.RESTORED, at=NOW + timedelta(3))
    add(store, added)
    change(store, moved)
    with store.read() as connection:
        assert measurements.of_case(connection, case) == [moved]
    change(store, gone)
    with store.read() as connection:
        assert measurements.of_case(connection, case) == []
        assert measurements.count(connection, case) == 0
        assert measurements.find(connection, case, ID) == gone
    change(store, back)
    with store.read() as connection:
        assert measurements.versions(connection, case, ID) == [added, moved, gone, back]
        assert measurements.of_case(connection, case) == [back]
        assert measurements.versions(connection, "0" * 32, ID) == []
        with pytest.raises(NotFound):
            measurements.find(connection, "0" * 32, ID)


def test_of_two_changes_on_one_version_the_second_is_stale(store: Store, case: str) -> None:
    add(store, first(case))
    change(store, replace(first(case), version=2, deed=Deed.CHANGED))
    with pytest.raises(Stale):
        change(store, replace(first(case), version=2, deed=Deed.DELETED))


def test_an_id_counts_within_its_case_and_once(store: Store, case: str) -> None:
    other = begun(store)
    add(store, first(case))
    add(store, first(other))
    with pytest.raises(Taken):
        add(store, first(case))
