"""Facts become notices: who has to know is told in the page at once, and what goes out otherwise is put in rows."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from consult.domain.cases import Case, rebuild
from consult.domain.errors import NotFound
from consult.domain.events import Fact
from consult.domain.notices import (
    BY_ID,
    CHAINS,
    KEPT,
    OF_FACT,
    Audience,
    Notice,
    Urgency,
    said_of,
    told_of,
    urgency_of,
)
from consult.domain.people import SYSTEM, Actor, Person
from consult.domain.reach import Channel, Open, quiet_until, ways_for
from consult.domain.sendings import Standing
from consult.store import cases, notices, outbox, reach, sendings
from consult.store.notices import Looked as Looked  # noqa: PLC0414  for the doors
from consult.store.notices import Told
from consult.store.outbox import Timer
from consult.store.sendings import NewSending
from consult.store.unit import Store, Unit

TimerJob = Callable[[Store, Timer, datetime], None]
PAGE_ONLY = Open()
AT_ONCE = 500
CLIMB = "climb"  # the timer's job: an emergency notice goes one rung up


def on_case_fact(store: Store, fact: Fact, now: datetime, out: Open = PAGE_ONLY) -> None:
    """Tell whoever a fact concerns, each once: in the page, and by the ways that are set up."""
    if fact.kind not in OF_FACT and "alerts" not in fact.data["set"]:
        return
    if now - fact.at > KEPT:  # it was told, and that was forgotten
        return
    with store.read() as connection:
        known = [each for each in cases.facts_of(connection, fact.subject_id) if (each.seq or 0) <= (fact.seq or 0)]
    if len(known) < 2:
        return
    before, after = rebuild(known[:-1]), rebuild(known)
    with store.write() as unit:
        for notice in told_of(before, after, fact.kind):
            found = _found(unit, notice.to, before, after, now)
            people = [person for person in found if person.id != fact.by_id]
            told = _tell(unit, notice, fact.seq or 0, after, people, out, now, rung=0)
            _hook(unit, notice, fact.seq or 0, after, found, out, now)
            if told and notice.chain and urgency_of(notice, after) is Urgency.EMERGENCY:
                _set_climb(unit, notice, fact.seq or 0, after, 0, now)


def _found(unit: Unit, to: Iterable[Audience], before: Case, after: Case, now: datetime) -> list[Person]:
    people = [person for each in to for person in notices.audience(unit.connection, each, before, after, now)]
    return list({person.id: person for person in people}.values())


def _tell(
    unit: Unit, notice: Notice, seq: int, case: Case, people: Sequence[Person], out: Open, now: datetime, rung: int
) -> list[Told]:
    """The rows of those who do not have the fact yet, and what goes out to them."""
    urgency, said = urgency_of(notice, case), said_of(case)
    rows = [Told(0, seq, person.id, notice.id, urgency, case.id, said, rung, now, None) for person in people]
    added = notices.add(unit, rows)
    known = reach.of_people(unit.connection, [each.person_id for each in added])
    outgoing: list[NewSending] = []
    for each in added:
        at = known.get(each.person_id, reach.UNKNOWN)
        holds = notice.waits and urgency is not Urgency.EMERGENCY
        held = quiet_until(at, now) if holds else None
        outgoing += [
            NewSending(
                f"{seq}/{each.person_id}/{channel}", channel, urgency, notice.id, said, held or now,
                Standing.HELD if held else Standing.WAITING, case.id, each.person_id,
            )
            for channel in ways_for(at, urgency)
            if channel in out.ways
        ]  # fmt: skip
    if outgoing:
        sendings.add(unit, outgoing, now)
    return added


def _hook(unit: Unit, notice: Notice, seq: int, case: Case, people: Iterable[Person], out: Open, now: datetime) -> None:
    """An institution's own system is told once of a fact that concerns any of its people."""
    houses = sorted({person.institution_code for person in people} & out.hooked)
    urgency, said = urgency_of(notice, case), said_of(case)
    outgoing = [
        NewSending(f"{seq}/{notice.id}/{house}/webhook", Channel.WEBHOOK, urgency, notice.id, said, now,
                   case_id=case.id, institution=house)
        for house in houses
    ]  # fmt: skip
    if outgoing:
        sendings.add(unit, outgoing, now)


# ---- the ladder of an emergency that nobody looked at ----


def _set_climb(unit: Unit, notice: Notice, seq: int, case: Case, rung: int, began: datetime) -> None:
    rungs = CHAINS[notice.chain or ""]
    if rung >= len(rungs):
        return
    data: dict[str, Any] = {
        "notice": notice.id, "case": case.id, "state": str(case.state), "rung": rung, "began": began.isoformat(),
    }  # fmt: skip
    outbox.set_timer(unit, CLIMB, str(seq), began + rungs[rung].after, data)


def climb(store: Store, timer: Timer, out: Open, now: datetime) -> None:
    """The next on the ladder is told, unless somebody looked at the notice, or the case went on meanwhile."""
    data, seq = timer.data, int(timer.subject_id)
    notice = BY_ID[data["notice"]]
    with store.write() as unit:
        try:
            case = cases.find(unit.connection, data["case"], SYSTEM)
        except NotFound:
            return
        told = notices.of_fact(unit.connection, seq)
        if str(case.state) != data["state"] or any(each.read_at is not None for each in told):
            return
        rung, began = int(data["rung"]), datetime.fromisoformat(data["began"])
        people = _found(unit, (CHAINS[notice.chain or ""][rung].to,), case, case, now)
        _tell(unit, notice, seq, case, people, out, now, rung=rung + 1)
        _set_climb(unit, notice, seq, case, rung + 1, began)


def timers(out: Open) -> dict[str, TimerJob]:
    """What a due timer of a notice does."""
    return {CLIMB: lambda store, timer, now: climb(store, timer, out, now)}


# ---- what a person does with their own ----


def mark_read(store: Store, actor: Actor, looked: Looked, now: datetime) -> int:
    """The actor looked at these of their notices; how many were new to them."""
    with store.write() as unit:
        return notices.mark_read(unit, actor.person_id or "", looked, now)


# ---- what is old ----


def forget_old(store: Store, now: datetime) -> int:
    """Forget notices, and what went out of them, that are older than KEPT; how many rows.

    What was decided and called stands in the facts of the case, which are never forgotten.
    """
    forgotten, before = 0, now - KEPT
    while True:
        with store.read() as connection:
            told = notices.oldest_before(connection, before, AT_ONCE)
            went = sendings.oldest_before(connection, before, AT_ONCE)
        if not told and not went:
            return forgotten
        with store.write() as unit:
            notices.forget(unit, told)
            sendings.forget(unit, went)
        forgotten += len(told) + len(went)
