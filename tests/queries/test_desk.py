"""The coordinator's desk: overdue on top, counts that are what the pages hold, and nothing of another region."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from consult.domain.cases import Alert, Party, Priority, State
from consult.domain.desk import COLUMNS, Pile
from consult.domain.errors import Invalid, NotAllowed
from consult.domain.people import Institution, InstitutionKind, Role, Words, actor_for
from consult.domain.workflow import begin
from consult.queries import desk
from consult.store import cases, people, rota
from consult.store.unit import Store
from tests.makers.cases import a_case
from tests.makers.people import ACTORS, NOW, PEOPLE, settle

COORDINATOR = ACTORS["xingyi.coordinator"]
FOUND = Alert("急性脑出血", "notifying", NOW - timedelta(minutes=4), Party("guiyang.ct", "陈医师"))
OFF_DESK = {State.DRAFT, State.DELIVERED, State.ACKNOWLEDGED, State.CLOSED, State.REJECTED, State.WITHDRAWN,
            State.CANCELLED, State.EXPIRED, State.ENTERED_IN_ERROR}  # fmt: skip
READ_BACK = replace(FOUND, acknowledged_at=NOW, acknowledged_by=Party("anlong.doctor", "王建国"))


@pytest.fixture
def region(store: Store) -> Store:
    """A region with its people and nothing on the desk."""
    settle(store)
    return store


class Kept:
    """Puts cases into a region, one after another."""

    def __init__(self, store: Store) -> None:
        self._store, self._n = store, 0

    def case(self, state: State, due_in: float | None = None, **changes: object) -> str:
        """A case in ``state``, due in so many minutes; its number."""
        self._n += 1
        number = f"HZ20261124-{self._n:04d}"
        case = a_case(state, id=f"{self._n:032x}", number=number, study_uids=(), **changes)
        due_at = None if due_in is None else NOW + timedelta(minutes=due_in)
        with self._store.write() as unit:
            cases.add(unit, case, begin(case, ACTORS["anlong.doctor"])[1], due_at)
        return number


def pages(store: Store, pile: Pile, size: int, now: datetime = NOW) -> list[str]:
    """The numbers of a whole pile, page after page."""
    found: list[str] = []
    after = None
    while True:
        sheet, _ = desk.sheet_of(store, COORDINATOR, pile, after, size, now)
        found += [slip.case.number for slip in sheet.slips]
        after = sheet.after
        if after is None:
            return found


def test_what_is_overdue_lies_on_top_and_then_comes_what_is_most_urgent(region: Store) -> None:
    kept = Kept(region)
    routine = kept.case(State.QUEUED, 90)
    emergency = kept.case(State.QUEUED, 2, priority=Priority.EMERGENCY)
    late = kept.case(State.QUEUED, -30)
    late_and_urgent = kept.case(State.QUEUED, -1, priority=Priority.URGENT)
    without_clock = kept.case(State.QUEUED)
    expected = [late_and_urgent, late, emergency, routine, without_clock]
    for size in (1, 2, 200):
        assert pages(region, Pile.QUEUE, size) == expected
    queue = desk.desk_of(region, COORDINATOR, NOW).columns[1]
    assert ([slip.case.number for slip in queue.slips], queue.count.total, queue.count.overdue) == (expected, 5, 2)


def test_every_count_is_the_length_of_its_pages_and_every_case_on_its_way_has_a_place(region: Store) -> None:
    kept = Kept(region)
    for n, state in enumerate(State):
        for more in range(n % 3 + 1):
            offer = NOW + timedelta(minutes=3 + 30 * more) if state is State.ASSIGNED else None
            alerts = ((FOUND,) if more == 0 else (READ_BACK,)) if state is State.DELIVERED else ()
            kept.case(state, -5 if more == 1 else 60, offer_until=offer, alerts=alerts)
    found = desk.desk_of(region, COORDINATOR, NOW)
    for pile, count in found.counts.items():
        assert len(pages(region, pile, 2)) == count.total, pile
    assert [sheet.pile for sheet in found.columns] == list(COLUMNS)
    placed = {pile: set(pages(region, pile, 200)) for pile in (*COLUMNS, Pile.IMAGES, Pile.RETURNED)}
    assert sum(map(len, placed.values())) == len(set().union(*placed.values()))
    assert len(set().union(*placed.values())) == sum(
        n % 3 + 1 for n, state in enumerate(State) if state not in OFF_DESK
    )
    assert found.counts[Pile.CRITICAL][::2] == (1, FOUND.detected_at + timedelta(minutes=10))
    assert found.counts[Pile.OFFERS][::2] == (1, NOW + timedelta(minutes=3))


def test_another_region_sees_nothing_and_who_does_not_coordinate_is_told_so(region: Store) -> None:
    kept = Kept(region)
    for state in (State.SUBMITTED, State.QUEUED, State.IN_PROGRESS, State.SIGNED):
        kept.case(state, -5)
    kept.case(State.DELIVERED, 5, alerts=(FOUND,))
    elsewhere = Institution("TONGREN", Words("铜仁区域中心", "Tongren"), InstitutionKind.REGIONAL_CENTRE)
    stranger = replace(PEOPLE["xingyi.coordinator"], id="tongren.coordinator", username="tongren.coordinator",
                       institution_code="TONGREN")  # fmt: skip
    with region.write() as unit:
        people.keep_institution(unit, elsewhere)
        people.add_person(unit, stranger, NOW)
    found = desk.desk_of(region, actor_for(stranger), NOW)
    assert {count.total for count in found.counts.values()} == {0}
    assert [sheet.slips for sheet in found.columns] == [()] * 4
    assert found.people == ()
    for pile in Pile:
        assert desk.sheet_of(region, actor_for(stranger), pile, None, 20, NOW)[0].slips == ()
    for name in ("guiyang.ct", "anlong.doctor", "admin", "auditor"):
        with pytest.raises(NotAllowed):
            desk.desk_of(region, ACTORS[name], NOW)
        with pytest.raises(NotAllowed):
            desk.sheet_of(region, ACTORS[name], Pile.QUEUE, None, 20, NOW)


def test_a_move_carries_the_case_to_its_next_pile_and_an_answered_finding_is_silent(region: Store) -> None:
    kept = Kept(region)
    number = kept.case(State.DELIVERED, 5, alerts=(FOUND,))
    assert pages(region, Pile.CRITICAL, 20) == [number]
    with region.write() as unit:
        before = cases.find(unit.connection, f"{1:032x}", COORDINATOR)
        after = replace(before, alerts=(READ_BACK,), version=before.version + 1)
        cases.save(unit, before, after, begin(after, COORDINATOR)[1], None)
    assert pages(region, Pile.CRITICAL, 20) == []


def test_people_stand_with_their_load_in_units_and_whoever_is_on_shift_first(region: Store) -> None:
    kept = Kept(region)
    kept.case(State.ASSIGNED, 5)
    kept.case(State.IN_PROGRESS, 5, body_part="CHEST")
    kept.case(State.IN_REVIEW, 5)
    with region.write() as unit:
        rested = next(each for each in rota.shifts_between(unit.connection, "GUIYANG", NOW)
                      if each.value.person_id == "guiyang.mr")  # fmt: skip
        rota.remove_shift(unit, "GUIYANG", rested.id)
    found = desk.desk_of(region, COORDINATOR, NOW).people
    by_id = {one.person.id: one for one in found}
    assert {id for id, person in PEOPLE.items() if Role.SPECIALIST in person.roles} == set(by_id)
    busy = by_id["guiyang.ct"]
    assert (busy.units, busy.held, busy.offered, busy.on_shift) == (2.2, 2, 1, True)
    assert (found[-1].person.id, found[-1].on_shift, found[-1].shift_ends) == ("guiyang.mr", False, None)
    assert found[-2].person.id == "guiyang.ct"


def test_a_delivered_report_that_nobody_acknowledged_in_time_lies_on_a_pile_of_its_own(region: Store) -> None:
    kept = Kept(region)
    kept.case(State.DELIVERED, 5)
    kept.case(State.ACKNOWLEDGED, -5)
    late = kept.case(State.DELIVERED, -5)
    assert pages(region, Pile.UNACKNOWLEDGED, 20) == [late]
    found = desk.desk_of(region, COORDINATOR, NOW).counts
    assert (found[Pile.UNACKNOWLEDGED].total, found[Pile.OVERDUE].total) == (1, 0)
    assert pages(region, Pile.UNACKNOWLEDGED, 20, NOW + timedelta(minutes=10))[1:] == [late[:-1] + "1"]


@pytest.mark.parametrize("cursor", ["x", "W10=", "bnVsbA==", "WyIyMDI2LTExLTI0IiwgMSwgIjAiLCAiMCJd"])
def test_a_cursor_that_is_not_ours_is_refused(region: Store, cursor: str) -> None:
    with pytest.raises(Invalid):
        desk.sheet_of(region, COORDINATOR, Pile.QUEUE, cursor, 20, NOW)
