"""Random people do random things to a real case in a real database, and the promises hold at every step.

The promises are said without the tables: whatever TRANSITIONS will hold one day, these must stay true.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some
from sqlalchemy import delete

from consult.actions.workflow import Order, apply, move_by_system
from consult.domain.cases import PRIORITY_RANK, Case, Priority, State, rebuild
from consult.domain.errors import Invalid, NotAllowed, NotFound, Refusal, Unmet, WrongState
from consult.domain.events import Fact
from consult.domain.people import SitePolicy
from consult.domain.workflow import BY_STATE, Verb, open_to
from consult.store import cases, reports
from consult.store.schema import metadata
from consult.store.unit import Store
from consult.store.world import readings_of, world_of
from tests.makers.cases import PATIENT, a_study, begun, by, say, stored, write_report
from tests.makers.people import ACTORS, NOW, settle

WIPED = (
    "case_studies",
    "case_members",
    "case_opinions",
    "case_messages",
    "case_reads",
    "case_files",
    "case_messages",
    "case_reads",
    "case_files",
    "report_revisions",
    "report_documents",
    "deliveries",
    "cases",
    "facts",
    "timers",
)
ENDED = {State.REJECTED, State.WITHDRAWN, State.CANCELLED, State.EXPIRED, State.ENTERED_IN_ERROR}
ISSUED = {State.SIGNED, State.DELIVERED, State.ACKNOWLEDGED, State.CLOSED}
ENDS = (Verb.REJECT, Verb.WITHDRAW, Verb.CANCEL, Verb.EXPIRE, Verb.CONFIRM_ENTERED_IN_ERROR)
REOPENS = {"addend", "correct", "recall"}
PEOPLE = sorted(ACTORS)
SAID: dict[str, Any] = {
    "reason": "因故", "items": ["薄层"], "answers": [{"answer": "已补"}], "variation": "一致", "override": True,
    "critical": {"finding": "急性脑出血"}, "outcome": "好转", "question": "第二意见？",
    "receiver": "值班室", "channel": "phone", "reached": False, "read_back": "急性脑出血", "handling": "已手术",
}  # fmt: skip
STEP = some.tuples(
    some.sampled_from(PEOPLE), some.sampled_from([True, True, True, False]), some.integers(0, 40),
    some.sampled_from(sorted(Priority)),
    some.sampled_from([0, 1, 30, 600, 7200, 8 * 86400]), some.sampled_from(["", "", "", "study", "report", "receipt"]),
)  # fmt: skip
Step = tuple[str, bool, int, Priority, int, str]
WALK = some.lists(STEP, min_size=20, max_size=45)


class Walk:
    """One case on its way, with what was promised about it watched at each step."""

    def __init__(self, store: Store, two_person: bool) -> None:
        self.store, self.now, self.two_person = store, NOW, two_person
        _wipe(store)
        self.id = begun(store, NOW, exam_started=NOW - timedelta(hours=1), images_follow=True)
        self.case = stored(store, self.id)
        self.patient_clock = 0.0

    def take(self, step: Step) -> None:
        """Someone does something, or time passes, or the world changes; then the promises are looked at."""
        who, sensible, pick, priority, seconds, elsewhere = step
        self.now += timedelta(seconds=seconds)
        self._elsewhere(elsewhere, pick)
        before = self.case
        who, verb = self._open_to_all(who, pick) if sensible else (who, list(Verb)[pick % len(Verb)])
        self._try(who, verb, {**say(verb), **SAID, "priority": priority})
        self.case = stored(self.store, self.id)
        self._look(before)

    def _elsewhere(self, what: str, pick: int) -> None:
        if what == "study":
            statuses = ("complete", "short", "receiving", "quiet")
            a_study(self.store, status=statuses[pick % 4], received=pick)
        elif what == "report" and self.case.state is State.IN_PROGRESS:
            write_report(self.store, self.id)
        elif what == "receipt":
            with self.store.write() as unit:
                version = self.case.report_version
                reports.confirm_delivery(unit.connection, self.id, version, "portal", "ANLONG", self.now)

    def _open_to_all(self, who: str, pick: int) -> tuple[str, Verb]:
        """One of the moves that are open to somebody now; seldom one that ends the case, or no walk would go far."""
        with self.store.read() as connection:
            world = world_of(connection, self.case, self.now)
        ends = () if pick % 10 == 0 else ENDS
        moves = [
            (someone, move.row.verb)
            for someone in PEOPLE
            for move in open_to(self.case, ACTORS[someone], world, self.now)
            if move.row.verb not in ends
        ]
        return moves[(pick + 7 * PEOPLE.index(who)) % len(moves)] if moves else (who, Verb.ESCALATE)

    def _try(self, who: str, verb: Verb, said: dict[str, Any]) -> None:
        """The move, or a refusal that changed nothing and told what is open."""
        before = self._facts()
        try:
            self._move(who, verb, said)
        except (WrongState, NotAllowed, NotFound, Invalid) as refused:
            assert stored(self.store, self.id) == self.case
            assert self._facts() == before
            self._look_at_refusal(refused, who, verb)
        else:
            assert len(self._facts()) == len(before) + 1

    def _look_at_refusal(self, refused: Refusal, who: str, verb: Verb) -> None:
        assert refused.sentence.zh
        assert refused.sentence.en
        if isinstance(refused, WrongState):
            assert refused.allowed == self._open(who)
            assert isinstance(refused, Unmet) == ((verb, self.case.state) in BY_STATE)

    def _move(self, who: str, verb: Verb, said: dict[str, Any]) -> None:
        with self.store.write() as unit:
            if who == "system":
                found = cases.find(unit.connection, self.id, ACTORS[who])
                if verb in (Verb.ASSIGN, Verb.REASSIGN):
                    said = {**said, "offer_until": self.now + timedelta(hours=1)}
                move_by_system(unit, found, verb, said, self.now)
                return
            if isinstance(said.get("assignee"), dict):
                said = {**said, "assignee": said["assignee"]["id"]}
            apply(unit, self.id, Order(verb, said), ACTORS[who], self.now)

    def _open(self, who: str) -> tuple[str, ...]:
        with self.store.read() as connection:
            moves = open_to(self.case, ACTORS[who], world_of(connection, self.case, self.now), self.now)
        return tuple(str(move.row.verb) for move in moves)

    def _facts(self) -> list[Fact]:
        with self.store.read() as connection:
            return cases.facts_of(connection, self.id)

    def _look(self, before: Case) -> None:
        facts = self._facts()
        assert rebuild(facts) == self.case
        assert [fact.version for fact in facts] == list(range(1, self.case.version + 1))
        seqs = [fact.seq or 0 for fact in facts]
        assert seqs == sorted(set(seqs))
        for promise in PROMISES:
            promise(self, before, facts)


def _wipe(store: Store) -> None:
    with store.write() as unit:
        for name in WIPED:
            unit.connection.execute(delete(metadata.tables[name]))
    a_study(store)


# ---- the promises ----


def ended_cases_stay_as_they_are(walk: Walk, before: Case, _facts: list[Fact]) -> None:
    if before.state in ENDED:
        assert walk.case == before


def nobody_reviews_what_they_wrote(walk: Walk, _before: Case, facts: list[Fact]) -> None:
    wrote: set[str | None] = set()
    for fact in facts:
        if fact.kind in ("open", "sign", "issue_preliminary", "submit_for_review"):
            wrote.add(fact.by_id)
        if fact.kind in ("co_sign", "return_review"):
            assert fact.by_id not in wrote
    assert walk.case.reviewer is None or walk.case.reviewer.id not in wrote


def two_persons_sign_where_two_must(walk: Walk, _before: Case, facts: list[Fact]) -> None:
    if walk.two_person:
        assert all(fact.kind == "co_sign" for fact in facts if fact.data["to"] == "signed" != fact.data["from"])
        if walk.case.state in ISSUED:
            assert walk.case.author is not None
            assert walk.case.reviewer is not None
            assert walk.case.author.id != walk.case.reviewer.id


def a_signed_report_is_opened_again_only_openly(walk: Walk, before: Case, facts: list[Fact]) -> None:
    if before.state in ISSUED and walk.case.state not in ISSUED | ENDED:
        assert facts[-1].kind in REOPENS
        assert facts[-1].data["reason"]
    assert walk.case.report_version >= before.report_version
    if before.version > 1:
        assert walk.case.state is not State.DRAFT or before.state is State.DRAFT


def only_whoever_has_the_case_opens_writes_and_signs(_walk: Walk, _before: Case, facts: list[Fact]) -> None:
    holder: str | None = None
    for fact in facts:
        if fact.kind in ("open", "accept", "release", "sign", "issue_preliminary", "submit_for_review", "decline"):
            assert fact.by_id == holder
        if "assignee" in fact.data["set"]:
            told = fact.data["set"]["assignee"]
            holder = told["id"] if told else None


def a_case_that_is_worked_on_has_exactly_one_holder(walk: Walk, _before: Case, _facts: list[Fact]) -> None:
    with walk.store.read() as connection:
        held = [row for row in cases.held_by(connection, PEOPLE) if row.case_id == walk.id]
    working = walk.case.state in {
        State.ASSIGNED, State.ACCEPTED, State.SCHEDULED, State.IN_PROGRESS, State.PRELIMINARY
    }  # fmt: skip
    assert len(held) == int(working)


def the_asking_side_raises_the_priority_once_and_never_lowers_it(walk: Walk, _before: Case, facts: list[Fact]) -> None:
    priority, raised = Priority(facts[0].data["set"]["priority"]), 0
    for fact in facts[1:]:
        after = Priority(fact.data["set"].get("priority", priority))
        if fact.kind == "change_priority" and fact.by_id in ("anlong.doctor", "anlong.other"):
            assert PRIORITY_RANK[after] < PRIORITY_RANK[priority]
            raised += 1
        priority = after
    assert raised <= 1
    assert walk.case.priority is priority


def the_patients_clock_never_pauses_and_never_runs_back(walk: Walk, before: Case, _facts: list[Fact]) -> None:
    readings = {reading.name: reading for reading in readings_of(walk.case, walk.now)}
    patient = readings.get("patient")
    if patient is None:
        return
    assert patient.used_s >= walk.patient_clock
    started = walk.case.exam_started
    waits = before.state is walk.case.state and walk.case.state in {State.RETURNED, State.AWAITING_IMAGES}
    if waits and started is not None and walk.case.signed_at is None:
        assert patient.running
        assert patient.used_s == (walk.now - started).total_seconds()
    walk.patient_clock = patient.used_s


def time_runs_forward_and_stays_follow_one_another(walk: Walk, _before: Case, _facts: list[Fact]) -> None:
    moments: list[datetime] = [stay.since for stay in walk.case.stays]
    assert moments == sorted(moments)
    assert walk.case.stays[-1].state is walk.case.state
    assert walk.case.updated_at <= walk.now


def a_report_goes_out_only_with_consent_or_in_an_emergency(walk: Walk, _before: Case, facts: list[Fact]) -> None:
    if walk.case.state is not State.DRAFT and walk.case.consent is None:
        assert any(fact.kind in ("emergency_submit", "withdraw", "confirm_entered_in_error") for fact in facts)


def a_critical_finding_is_never_lost_and_a_read_back_stays(walk: Walk, before: Case, facts: list[Fact]) -> None:
    after = walk.case.alerts[: len(before.alerts)]
    for old, new in zip(before.alerts, after, strict=True):
        assert (old.finding, old.detected_at, old.detected_by) == (new.finding, new.detected_at, new.detected_by)
        assert new.attempts[: len(old.attempts)] == old.attempts
        if old.acknowledged_at is not None:
            assert (old.acknowledged_at, old.acknowledged_by, old.read_back) == (
                new.acknowledged_at, new.acknowledged_by, new.read_back,
            )  # fmt: skip
    for alert in walk.case.alerts:
        assert sum(tried.by is None for tried in alert.attempts) <= 4
        if alert.acknowledged_by is not None:
            assert alert.read_back
            assert alert.acknowledged_by.id in ("anlong.doctor", "anlong.other", "anlong.head")
    if facts[-1].kind in ("close", "cancel"):
        assert all(alert.acknowledged_at for alert in walk.case.alerts)


def whoever_has_a_recalled_version_is_asked_and_nothing_closes_before_they_answer(
    walk: Walk, _before: Case, facts: list[Fact]
) -> None:
    for recall in walk.case.recalls:
        with walk.store.read() as connection:
            known = reports.receivers(connection, walk.id, recall.version)
        assert {(each.channel, each.name) for each in recall.receivers} <= set(known)
    assert len(walk.case.recalls) == sum(fact.kind == "recall" for fact in facts)
    if facts[-1].kind == "close":
        waiting = [each for recall in walk.case.recalls for each in recall.receivers if each.acknowledged_at is None]
        assert not waiting


def what_identifies_a_case_never_changes(walk: Walk, before: Case, _facts: list[Fact]) -> None:
    for name in ("id", "number", "requesting_site", "performing_site", "created_at", "requester", "patient"):
        assert getattr(walk.case, name) == getattr(before, name)
    assert walk.case.patient == PATIENT
    assert 0 <= walk.case.escalation_level <= 3


PROMISES: tuple[Callable[[Walk, Case, list[Fact]], None], ...] = (
    ended_cases_stay_as_they_are,
    nobody_reviews_what_they_wrote,
    two_persons_sign_where_two_must,
    a_signed_report_is_opened_again_only_openly,
    only_whoever_has_the_case_opens_writes_and_signs,
    a_case_that_is_worked_on_has_exactly_one_holder,
    the_asking_side_raises_the_priority_once_and_never_lowers_it,
    the_patients_clock_never_pauses_and_never_runs_back,
    time_runs_forward_and_stays_follow_one_another,
    a_report_goes_out_only_with_consent_or_in_an_emergency,
    a_critical_finding_is_never_lost_and_a_read_back_stays,
    whoever_has_a_recalled_version_is_asked_and_nothing_closes_before_they_answer,
    what_identifies_a_case_never_changes,
)


@pytest.mark.slow
@pytest.mark.parametrize("two_person", [False, True], ids=["one signature", "two signatures"])
def test_the_promises_hold_on_random_walks(store: Store, two_person: bool, request: pytest.FixtureRequest) -> None:
    settle(store, SitePolicy(two_person=two_person))
    reached: set[State] = set()

    # a walk is shrunk only where somebody looks for a new one: it takes minutes
    phases = (Phase.generate, Phase.shrink) if request.config.getoption("--long") else (Phase.generate,)

    @settings(max_examples=400 if request.config.getoption("--long") else 10, phases=phases)
    @given(WALK, some.integers(0, 8))
    def walk_on(steps: list[Step], ahead: int) -> None:
        walk = Walk(store, two_person)
        _ahead(walk, ahead)
        for step in steps:
            walk.take(step)
            reached.add(walk.case.state)

    walk_on()
    assert len(reached) >= 12, "the walks stay near their beginning"


def _ahead(walk: Walk, steps: int) -> None:
    """Some walks begin further down the straight way, or chance would seldom come to a signed report."""
    last = (("guiyang.ct", Verb.SUBMIT_FOR_REVIEW), ("guiyang.reviewer2", Verb.CO_SIGN))
    way = (
        ("anlong.doctor", Verb.SUBMIT), ("xingyi.coordinator", Verb.TRIAGE), ("guiyang.ct", Verb.CLAIM),
        ("guiyang.ct", Verb.ACCEPT), ("guiyang.ct", Verb.OPEN), *last,
    )  # fmt: skip
    for who, verb in way[:steps]:
        if verb is Verb.SUBMIT_FOR_REVIEW:
            write_report(walk.store, walk.id)
        walk.case = by(walk.store, walk.id, who, verb, walk.now)
