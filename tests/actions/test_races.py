"""Two at one case: a reminder of the system makes nobody's move stale, and no other change is ever overlooked."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text

from consult.actions import deadlines, reports
from consult.actions.relay import run_due_timers
from consult.actions.workflow import Order, move, move_by_system
from consult.domain.cases import Priority, State, rebuild
from consult.domain.errors import Stale
from consult.domain.people import SYSTEM
from consult.domain.workflow import Verb
from consult.formats.pdf_pool import Workshop
from consult.store import cases, outbox
from consult.store.unit import Store, Unit
from tests.makers.cases import NOW, a_study, brought_to, by, stored
from tests.makers.parallel import together
from tests.makers.people import ACTORS, settle
from tests.makers.signing import ADDRESS, AUTHOR, PIN, desk, workshops

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
READER, COORDINATOR = ACTORS["guiyang.ct"], ACTORS["xingyi.coordinator"]
Begun = Callable[[Store], str]


@pytest.fixture
def house(store: Store) -> Store:
    """A network with people and one study."""
    settle(store)
    a_study(store)
    return store


@pytest.fixture(scope="module")
def shops() -> Iterator[tuple[Workshop, Workshop]]:
    with workshops() as made:
        yield made


def submitted(store: Store) -> str:
    return brought_to(store, State.SUBMITTED, priority=Priority.URGENT)


def alarmed(store: Store) -> str:
    case_id = brought_to(store, State.IN_PROGRESS)
    by(store, case_id, "guiyang.ct", Verb.RAISE_ALERT, critical={"finding": "急性脑出血"})
    return case_id


def returned(store: Store) -> str:
    case_id = submitted(store)
    by(store, case_id, "xingyi.coordinator", Verb.RETURN_FOR_SUPPLEMENT, NOW, items=["薄层"])
    return case_id


REMINDED: tuple[tuple[Begun, Verb, timedelta, str, Verb], ...] = (
    (submitted, Verb.ESCALATE, HOUR, "xingyi.coordinator", Verb.TRIAGE),
    (alarmed, Verb.CALL_CONTACT, 5 * MINUTE, "guiyang.ct", Verb.RELEASE),
    (alarmed, Verb.CALL_CONTACT, 5 * MINUTE, "anlong.doctor", Verb.CONFIRM_ALERT),
    (returned, Verb.REMIND_SUPPLEMENT, 30 * HOUR, "anlong.doctor", Verb.RESUBMIT),
)
"""A case, what the system does to it, when, and what a person does who saw it before."""
SAID: dict[str, Any] = {"reason": "因故", "read_back": "急性脑出血", "answers": [{"answer": "已补"}]}


@pytest.mark.parametrize(("begun", "reminder", "after", "who", "verb"), REMINDED)
def test_a_reminder_that_came_between_makes_no_move_stale(
    house: Store, begun: Begun, reminder: Verb, after: timedelta, who: str, verb: Verb
) -> None:
    case_id = begun(house)
    seen = stored(house, case_id)
    reminded = by(house, case_id, "system", reminder, NOW + after)
    answer = move(house, case_id, Order(verb, SAID, seen.version), ACTORS[who], NOW + after)
    case = stored(house, case_id)
    assert answer["version"] == case.version == seen.version + 2
    assert (case.escalation_level, case.reminded) == (reminded.escalation_level, reminded.reminded)
    assert [len(alert.attempts) for alert in case.alerts] == [len(alert.attempts) for alert in reminded.alerts]
    with house.read() as connection:
        assert rebuild(cases.facts_of(connection, case_id)) == case


def test_any_other_fact_between_makes_the_move_stale_also_among_reminders(house: Store) -> None:
    case_id = submitted(house)
    seen = stored(house, case_id).version
    by(house, case_id, "system", Verb.ESCALATE, NOW)
    by(house, case_id, "xingyi.coordinator", Verb.CHANGE_PRIORITY, NOW, priority="emergency")
    by(house, case_id, "system", Verb.ESCALATE, NOW)
    with pytest.raises(Stale):
        move(house, case_id, Order(Verb.TRIAGE, {}, seen), COORDINATOR, NOW)


def test_what_a_person_did_is_seen_though_it_is_the_same_verb_as_a_reminder(house: Store) -> None:
    case_id = submitted(house)
    seen = stored(house, case_id).version
    by(house, case_id, "xingyi.second", Verb.ESCALATE, NOW)
    with pytest.raises(Stale):
        move(house, case_id, Order(Verb.TRIAGE, {}, seen), COORDINATOR, NOW)


def test_whoever_escalates_what_the_system_just_escalated_looks_again(house: Store) -> None:
    case_id = submitted(house)
    seen = stored(house, case_id).version
    by(house, case_id, "system", Verb.ESCALATE, NOW)
    with pytest.raises(Stale):
        move(house, case_id, Order(Verb.ESCALATE, {}, seen), COORDINATOR, NOW)
    assert stored(house, case_id).escalation_level == 1


@pytest.mark.parametrize("ahead", [1, 7])
def test_a_version_that_is_not_yet_is_stale(house: Store, ahead: int) -> None:
    case_id = submitted(house)
    by(house, case_id, "system", Verb.ESCALATE, NOW)
    with pytest.raises(Stale):
        move(house, case_id, Order(Verb.TRIAGE, {}, stored(house, case_id).version + ahead), COORDINATOR, NOW)


def test_a_move_waits_for_a_reminder_under_way_instead_of_losing_to_it(house: Store) -> None:
    """Whoever comes second in the same moment takes the case as the first leaves it."""
    case_id = submitted(house)
    seen = stored(house, case_id).version
    begun = threading.Event()

    def later() -> dict[str, Any]:
        begun.set()
        return move(house, case_id, Order(Verb.TRIAGE, {}, seen), COORDINATOR, NOW)

    with ThreadPoolExecutor(1) as pool:
        with house.write() as unit:
            case = cases.find(unit.connection, case_id, SYSTEM)
            move_by_system(unit, case, Verb.ESCALATE, {}, NOW)
            coming = pool.submit(later)
            assert begun.wait(20)
            await_waiter(unit)
        assert coming.result(20)["state"] == "queued"
    assert [kind for kind, _ in told(house, case_id)[-2:]] == ["escalate", "triage"]


def await_waiter(unit: Unit) -> None:
    """On PostgreSQL, until somebody waits for a lock; on SQLite the second writer cannot even begin."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    for _ in range(400 if unit.connection.dialect.name == "postgresql" else 0):
        if unit.connection.scalar(waiting):
            return
        threading.Event().wait(0.05)


def told(store: Store, case_id: str) -> list[tuple[str, str | None]]:
    with store.read() as connection:
        return [(fact.kind, fact.by_id) for fact in cases.facts_of(connection, case_id)]


@pytest.mark.slow
def test_a_signature_outlives_the_ladder_of_calls(
    store: Store, tmp_path: Path, shops: tuple[Workshop, Workshop]
) -> None:
    """The next contact is called while the document is being made; it is signed all the same, by the version seen."""
    with desk(store, tmp_path, shops) as there:
        case_id = there.case()
        by(store, case_id, AUTHOR, Verb.RAISE_ALERT, there.clock(), critical={"finding": "急性脑出血"})
        seen = stored(store, case_id).version
        later = there.clock.advance(minutes=5)
        sealer = CallsBetween(there.parts.sealer, lambda: by(store, case_id, "system", Verb.CALL_CONTACT, later))
        parts = replace(there.parts, sealer=cast(Any, sealer))
        order = Order(Verb.SIGN, {"pin": PIN}, seen)
        answer = reports.seal(parts, case_id, order, ACTORS[AUTHOR], ADDRESS, later)
        assert (answer["state"], answer["version"]) == ("signed", seen + 2)
        assert [kind for kind, _ in told(store, case_id)[-2:]] == ["call_contact", "sign"]
        assert len(there.documents(case_id)) == 1


class CallsBetween:
    """A sealer that lets something happen before the signature is made."""

    def __init__(self, inner: Any, happens: Callable[[], object]) -> None:
        self._inner, self._happens = inner, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def certify(self, *given: Any) -> bytes:
        """What happens, then the signature."""
        self._happens()
        signed: bytes = self._inner.certify(*given)
        return signed


# ---- timers and people at once ----


def escalations(store: Store, case_id: str) -> int:
    return sum(kind == "escalate" for kind, _ in told(store, case_id))


def armed(store: Store) -> str:
    case_id = submitted(store)
    hear(store, case_id, NOW)
    return case_id


def hear(store: Store, case_id: str, now: datetime) -> None:
    """The case's last fact reaches the deadlines."""
    with store.read() as connection:
        last = cases.facts_of(connection, case_id)[-1]
    deadlines.on_case_fact(store, last, now)


def tick(store: Store, now: datetime) -> None:
    assert run_due_timers(store, deadlines.CASE_TIMERS, now) == []


def claimed(store: Store, now: datetime) -> None:
    """A worker takes every due timer, and dies."""
    with store.write() as unit:
        for timer in outbox.due_timers(unit.connection, deadlines.CASE_TIMERS, now, 100):
            outbox.claim_timer(unit, timer, now + 2 * MINUTE)


def test_a_mark_whose_worker_died_is_told_though_somebody_moved_meanwhile(house: Store) -> None:
    case_id = armed(house)
    mark = NOW + 2 * HOUR + timedelta(seconds=1)
    claimed(house, mark)
    by(house, case_id, "xingyi.coordinator", Verb.TRIAGE, mark)
    hear(house, case_id, mark)
    tick(house, mark + 2 * MINUTE)
    assert escalations(house, case_id) == 1


def test_a_mark_that_was_told_is_not_told_again_by_the_next_worker(house: Store) -> None:
    """A worker dies after its effect and before it could say so; nobody heard the fact until the claim ran out."""
    case_id = armed(house)
    mark = NOW + 2 * HOUR + timedelta(seconds=1)

    class Killed(BaseException):
        pass

    def die_after(store: Store, timer: outbox.Timer, now: datetime) -> None:
        deadlines.CASE_TIMERS["escalate"](store, timer, now)
        raise Killed

    with pytest.raises(Killed):
        run_due_timers(house, {"escalate": die_after}, mark)
    tick(house, mark + 3 * MINUTE)
    assert escalations(house, case_id) == 1
    hear(house, case_id, mark + 3 * MINUTE)
    tick(house, NOW + 3.3 * HOUR)
    assert escalations(house, case_id) == 2, "the next mark was lost"


def test_a_timer_and_a_person_at_the_same_moment_both_have_their_effect(house: Store) -> None:
    for _ in range(6):
        case_id = armed(house)
        seen = stored(house, case_id).version
        mark = NOW + 2 * HOUR + timedelta(seconds=1)

        def one(index: int, case_id: str = case_id, seen: int = seen, mark: datetime = mark) -> None:
            if index:
                tick(house, mark)
            else:
                move(house, case_id, Order(Verb.TRIAGE, {}, seen), COORDINATOR, mark)

        together(3, one)
        assert sorted(kind for kind, _ in told(house, case_id)[2:]) == ["escalate", "triage"]
        by(house, case_id, "xingyi.coordinator", Verb.REJECT, mark)
