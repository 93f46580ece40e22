"""Cases in the database: kept whole, changed only on the version that was read, listed by what is due first."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from consult.domain.cases import Case, Party, Patient, Priority, State
from consult.domain.errors import NotFound, Stale
from consult.domain.people import SYSTEM
from consult.domain.workflow import Verb, begin, decide
from consult.store import cases
from consult.store.cases import Filters
from consult.store.tables import case_studies
from consult.store.unit import Store, Taken
from consult.store.world import due_of
from tests.makers.cases import GOOD_WORLD, NOW, PATIENT, a_case
from tests.makers.people import ACTORS

DOCTOR = ACTORS["anlong.doctor"]
DUTY = ACTORS["xingyi.coordinator"]
EVERYTHING = Filters()


def keep(store: Store, case: Case) -> Case:
    """Put a case into the database as its first fact tells it."""
    kept, told = begin(case, DOCTOR)
    with store.write() as unit:
        cases.add(unit, kept, told, due_of(kept, NOW))
    return kept


def a_numbered(n: int, state: State = State.SUBMITTED, **changes: object) -> Case:
    return a_case(state, id=f"{n:032x}", number=f"HZ20261124-{n:04d}", **changes)


def listed(store: Store, filters: Filters = EVERYTHING, limit: int = 50) -> list[str]:
    with store.read() as connection:
        return [case.number[-2:] for case, _, _ in cases.page(connection, SYSTEM, filters, None, limit)]


@pytest.mark.parametrize("state", State, ids=str)
def test_a_case_comes_back_as_it_was_kept(store: Store, state: State) -> None:
    case = keep(store, a_case(state, exam_started=NOW))
    with store.read() as connection:
        assert cases.find(connection, case.id, SYSTEM) == case
        with pytest.raises(NotFound):
            cases.find(connection, "0" * 32, SYSTEM)


def test_a_change_on_an_old_version_is_stale_and_nothing_of_it_stays(store: Store) -> None:
    case = keep(store, a_case(State.DRAFT, version=1))
    after, told = decide(case, Verb.SUBMIT, DOCTOR, {}, GOOD_WORLD, NOW)
    with store.write() as unit:
        cases.save(unit, case, after, told, None)
    late, told_late = decide(case, Verb.WITHDRAW, DOCTOR, {"reason": "x"}, GOOD_WORLD, NOW)
    with pytest.raises(Stale), store.write() as unit:
        cases.save(unit, case, late, told_late, None)
    with store.read() as connection:
        assert cases.find(connection, case.id, SYSTEM) == after
        assert [fact.kind for fact in cases.facts_of(connection, case.id)] == ["create", "submit"]


def test_two_cases_never_have_one_number(store: Store) -> None:
    keep(store, a_numbered(1))
    with pytest.raises(Taken):
        keep(store, replace(a_numbered(2), number="HZ20261124-0001"))


def test_linked_studies_follow_the_case(store: Store) -> None:
    case = keep(store, a_case(State.DRAFT, version=1, study_uids=("1.2", "1.3")))
    after, told = decide(case, Verb.LINK_STUDIES, DOCTOR, {"study_uids": ("1.3", "1.4")}, GOOD_WORLD, NOW)
    with store.write() as unit:
        cases.save(unit, case, after, told, None)
    with store.read() as connection:
        linked = connection.scalars(select(case_studies.c.study_uid).order_by(case_studies.c.study_uid)).all()
        assert list(linked) == ["1.2", "1.3", "1.4"]
        assert [each.id for each in cases.of_study(connection, "1.4", (State.DRAFT,))] == [case.id]
        assert cases.of_study(connection, "1.4", (State.SUBMITTED,)) == []


def test_a_worklist_has_live_cases_first_by_priority_and_due_time_and_ended_ones_last_newest_first(
    store: Store,
) -> None:
    early = a_case(State.SUBMITTED).stays[0]
    for n, state, priority, minutes in (
        (1, State.CLOSED, Priority.EMERGENCY, 30),
        (2, State.SUBMITTED, Priority.ROUTINE, 10),
        (3, State.SUBMITTED, Priority.EMERGENCY, 5),
        (4, State.SUBMITTED, Priority.ROUTINE, 50),
        (5, State.SUBMITTED, Priority.URGENT, 5),
        (6, State.CANCELLED, Priority.ROUTINE, 1),
    ):
        since = replace(early, state=state, since=NOW - timedelta(minutes=minutes))
        keep(
            store,
            a_numbered(n, state, priority=priority, stays=(since,), updated_at=NOW - timedelta(minutes=minutes)),
        )
    assert listed(store) == ["03", "05", "04", "02", "06", "01"]


def test_a_list_goes_on_after_a_cursor_without_skipping_or_repeating(store: Store) -> None:
    for n in range(1, 8):
        keep(store, a_numbered(n))
    seen: list[str] = []
    after: tuple[str, str] | None = None
    with store.read() as connection:
        while page := cases.page(connection, SYSTEM, Filters(), after, 3):
            seen += [case.id for case, _, _ in page]
            after = page[-1][2]
        assert cases.count(connection, SYSTEM, Filters()) == 7
    assert len(seen) == len(set(seen)) == 7


def test_filters_narrow_by_state_priority_and_text(store: Store) -> None:
    keep(store, a_numbered(1, State.DRAFT))
    keep(store, a_numbered(2, priority=Priority.URGENT))
    keep(store, a_numbered(3, patient=Patient("欧阳 100%_", "F")))
    assert listed(store, Filters(states=("draft",))) == ["01"]
    assert listed(store, Filters(states=("draft", "submitted"), priorities=("urgent",))) == ["02"]
    assert listed(store, Filters(text="欧阳")) == ["03"]
    assert listed(store, Filters(text="0%_")) == ["03"]
    assert listed(store, Filters(text="1124-0002")) == ["02"]
    assert listed(store, Filters(text="%")) == ["03"], "a wildcard is a character like others"


def test_the_pool_is_what_this_specialist_may_claim(store: Store) -> None:
    keep(store, a_numbered(1, State.QUEUED))
    keep(store, a_numbered(2, State.QUEUED, modality="MR"))
    keep(store, a_numbered(3, State.QUEUED, performing_site="XINGYI"))
    keep(store, a_numbered(4, State.ASSIGNED, assignee=Party("x", "x")))
    with store.read() as connection:
        pool = cases.page(connection, ACTORS["guiyang.ct"], Filters(queue="pool"), None, 50)
    assert [case.number[-2:] for case, _, _ in pool] == ["01"]


def test_a_region_sees_its_own_counties_cases_and_no_others(store: Store) -> None:
    keep(store, a_numbered(1))
    keep(store, a_numbered(2, centre="ZUNYI"))
    with store.read() as connection:
        assert [case.number[-2:] for case, _, _ in cases.page(connection, DUTY, Filters(), None, 9)] == ["01"]
        with pytest.raises(NotFound):
            cases.find(connection, f"{2:032x}", DUTY)


def test_facts_are_seen_by_whoever_may_list_their_case(store: Store) -> None:
    keep(store, a_numbered(1))
    keep(store, a_numbered(2, requesting_site="DUSHAN"))
    with store.read() as connection:
        mine = cases.facts_seen(connection, DOCTOR, 0, 10)
        assert [fact.subject_id for fact in mine] == [f"{1:032x}"]
        assert cases.head(connection) == 2
        keys = cases.seeing(connection, f"{2:032x}", [("a", DOCTOR), ("b", ACTORS["dushan.doctor"]), ("c", DUTY)])
        assert keys == ["b", "c"]


def test_an_open_twin_is_found_and_an_ended_or_different_one_is_none(store: Store) -> None:
    keep(store, a_numbered(1))
    with store.read() as connection:
        same = a_numbered(9, State.DRAFT)
        assert cases.twin_of(connection, same) == "HZ20261124-0001"
        assert cases.twin_of(connection, replace(same, question="别的？")) is None
        assert cases.twin_of(connection, replace(same, study_uids=("9.9",))) is None
        assert cases.twin_of(connection, replace(same, patient=replace(PATIENT, name="另一人"))) is None
        assert cases.twin_of(connection, replace(same, requesting_site="DUSHAN")) is None
        assert cases.twin_of(connection, a_numbered(1)) is None
