"""Many people at one region over HTTP, clicking twice, too late and wrongly, while timers tick: no promise breaks.

Moves that are offered and moves that are not, the same click from two hands, answers that were lost and asked for
again, versions of yesterday, cases of others, bodies that are none, two tickers at once and a clock that jumps.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from werkzeug.test import TestResponse

from consult.domain.access import What
from consult.domain.cases import Case, rebuild
from consult.domain.events import Fact
from consult.domain.people import SYSTEM
from consult.domain.workflow import BY_STATE, STATES, Verb, open_to
from consult.store import cases
from consult.store.unit import Store
from consult.store.world import world_of
from tests.makers.cases import NOW, WRITTEN, say
from tests.makers.parallel import together
from tests.makers.people import ACTORS
from tests.makers.region import SECRET, STUDIES, Region, region
from tests.promises.test_walks import SAID

CROWD = (
    "anlong.doctor", "dushan.doctor", "xingyi.coordinator", "xingyi.second", "guiyang.ct", "guiyang.ct2",
    "guiyang.reviewer", "qa", "admin", "anlong.admin",
)  # fmt: skip
ENDS = {"reject", "withdraw", "cancel", "expire", "mark_entered_in_error", "confirm_entered_in_error"}
FORWARD = ("submit", "triage", "claim", "accept", "open", "sign", "acknowledge", "close")
CHINESE = re.compile("[\u4e00-\u9fff]")
PICK = some.integers(0, 10_000)
WHO = some.sampled_from(CROWD)
JUMPS = some.sampled_from([1, 60, 300, 301, 601, 3600, 7300, -300, 86_400])
BAD_BODIES: tuple[Any, ...] = (
    None, [], "submit", 7, {}, {"verb": None}, {"verb": 3}, {"verb": "fly"}, {"verb": ["submit"]},
    {"verb": "submit", "reason": {"a": 1}}, {"verb": "submit", "nothing": 1},
    {"verb": "withdraw", "reason": "x" * 8001},
    {"verb": "withdraw", "reason": "a\x00b"}, {"verb": "withdraw", "reason": "\ud800"},
    {"verb": "withdraw", "reason": ""}, {"verb": "assign", "assignee": "\udfff"},
    {"verb": "assign", "assignee": "nobody"}, {"verb": "change_priority", "priority": "soon"},
    {"verb": "schedule", "appointment_at": "tomorrow"}, {"verb": "schedule", "appointment_at": "2026-11-24T10:00:00"},
    {"verb": "link_studies", "study_uids": ["../../etc/passwd"]}, {"verb": "link_studies", "study_uids": ["1.2.3"]},
    {"verb": "link_studies", "study_uids": ["1"] * 21}, {"verb": "invite", "members": [{}]},
    {"verb": "resubmit", "answers": "yes"}, {"verb": "revise"}, {"verb": "sign", "pin": "\x00"},
    {"verb": "sign", "pin": "x" * 201}, {"verb": "sign", "overrides": [{"code": "side"}]},
)  # fmt: skip
BAD_BYTES = (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"verb": "submit", "verb": 1}', b"NaN", b'"\\ud800"')
WORDS = {name: getattr(WRITTEN, name) for name in ("technique", "findings", "impression", "recommendation")}


class Actors(RuleBasedStateMachine):
    """One region; what was accepted is written into a ledger on the people's side."""

    region: Region

    def __init__(self) -> None:
        super().__init__()
        self.region.wipe()
        self.ledger: list[tuple[str, str, str, int]] = []  # who, case, verb, version
        self.answered: list[tuple[str, str, Any, dict[str, str], Any]] = []
        self.seen: dict[str, tuple[Case, int]] = {}
        self.made = 0

    # ---- what people do ----

    @initialize(urgent=some.booleans())
    def somebody_asks(self, urgent: bool) -> None:
        self.ask("anlong.doctor", "emergency" if urgent else "routine", False)

    @rule(who=some.sampled_from(["anlong.doctor", "dushan.doctor"]),
          priority=some.sampled_from(["emergency", "urgent", "routine"]), twice=some.booleans())  # fmt: skip
    def ask(self, who: str, priority: str, twice: bool) -> None:
        """A request, perhaps by two clicks: one case."""
        if self.made >= 4:
            return
        body, before = self.request(who, priority), set(self.region.cases())
        headers = {"Idempotency_Key": uuid4().hex}
        answers = together(2 if twice else 1, lambda _: self.region.call(who, "POST", "/cases", body, **headers))
        assert [answer.status_code for answer in answers] == [201] * len(answers), answers[0].text
        assert len(set(self.region.cases()) - before) == 1
        self.made += 1
        self.ledger.append((who, answers[0].get_json()["id"], "create", 1))

    def request(self, who: str, priority: str) -> dict[str, Any]:
        site = who.partition(".")[0].upper()
        return {
            "service_type": "telediagnosis", "priority": priority, "performing_site": "GUIYANG",
            "patient": {"name": "患者一", "sex": "M", "birth_date": "1970-01-01", "phone": "13800000000"},
            "question": f"问题 {uuid4().hex}", "clinical_history": "头痛三天", "study_uids": [STUDIES[site]],
            "consent": {"by": "患者本人", "at": "2026-11-24T08:00:00+08:00"}, "modality": "CT", "body_part": "HEAD",
        }  # fmt: skip

    @rule(pick=PICK, twice=some.booleans(), ticking=some.booleans())
    def do_what_is_offered(self, pick: int, twice: bool, ticking: bool) -> None:
        """Somebody makes a move of those on their screen, perhaps by two clicks, perhaps while timers tick."""
        offers = [(who, case, verb) for case in self.open_cases() for who, verb in self.offers(case)]
        if not offers:
            return
        forward = [each for each in offers if each[2] in FORWARD]
        likely = forward if forward and pick % 3 else offers
        who, case_id, verb = likely[pick % len(likely)]
        if verb in ENDS and pick % 7:
            return
        if verb in ("sign", "submit_for_review"):
            self.region.call(who, "PUT", f"/cases/{case_id}/report", WORDS)
        self.make(who, case_id, self.body(verb), twice=twice, ticking=ticking)

    @rule(who=WHO, verb=some.sampled_from(sorted(Verb)), pick=PICK, late=some.sampled_from([0, 0, 1, 2, -1]))
    def do_anything(self, who: str, verb: str, pick: int, late: int) -> None:
        """Somebody asks for a move that may not be theirs, not possible, or made on another version."""
        if verb in ENDS and pick % 7:
            return
        case = self.any_case(pick)
        self.make(who, case.id, self.body(verb), version=case.version - late)

    @rule(pick=PICK, other=some.booleans())
    def ask_again(self, pick: int, other: bool) -> None:
        """The answer was lost and the same is sent again; or the key comes with something else."""
        if not self.answered:
            return
        who, path, body, headers, answer = self.answered[pick % len(self.answered)]
        before = self.all_facts()
        if other:
            again = self.region.call(who, "POST", path, body | {"variation": "另一内容"}, **headers)
            assert (again.status_code, again.get_json()["code"]) == (422, "idempotency-key-reused")
        else:
            again = self.region.call(who, "POST", path, body, **headers)
            assert (again.status_code, again.get_json()) == (200, answer)
        assert self.all_facts() == before

    @rule(pick=PICK, a=PICK, b=PICK)
    def two_at_once(self, pick: int, a: int, b: int) -> None:
        """Two people make different moves on the same version at the same moment: one of them at most is first."""
        case = self.any_case(pick)
        offers = [each for each in self.offers(case.id) if each[1] not in ENDS]
        if len(offers) < 2:
            return
        two = [offers[a % len(offers)], offers[b % len(offers)]]
        calls = [(who, self.body(verb), self.headers(case.version)) for who, verb in two]
        path = f"/cases/{case.id}/moves"
        answers = together(2, lambda n: self.region.call(calls[n][0], "POST", path, calls[n][1], **calls[n][2]))
        assert sum(answer.status_code == 200 for answer in answers) <= 1
        for (who, body, headers), answer in zip(calls, answers, strict=True):
            self.note(who, case.id, body, headers, answer)

    @rule(who=WHO, pick=PICK, bad=some.sampled_from(range(len(BAD_BODIES) + len(BAD_BYTES))))
    def send_nonsense(self, who: str, pick: int, bad: int) -> None:
        """Bodies that are none, and texts that no database keeps."""
        case = self.any_case(pick)
        before = self.all_facts()
        raw = BAD_BYTES[bad - len(BAD_BODIES)] if bad >= len(BAD_BODIES) else None
        body = None if raw is not None else BAD_BODIES[bad]
        for path in (f"/cases/{case.id}/moves", "/cases"):
            answer = self.region.call(who, "POST", path, body, raw, **self.headers(case.version))
            assert answer.status_code != 200
            self.is_refusal(answer)
        answer = self.region.call(who, "POST", f"/cases/{case.id}/moves", {"verb": "submit"}, If_Match='"x"')
        assert answer.status_code == 422
        answer = self.region.call(who, "POST", f"/cases/{case.id}/moves", {"verb": "submit"})
        assert answer.status_code == 428
        assert self.all_facts() == before

    @rule(pick=PICK)
    def look_at_what_is_not_ones_own(self, pick: int) -> None:
        """Whoever has nothing to do with a case is told that there is none, however they ask."""
        case = self.any_case(pick)
        strangers = {"anlong.doctor", "dushan.doctor"} - {case.requester.id} | {"anlong.admin", "qa", "auditor"}
        if case.state not in ("queued", "in_review"):
            hands = {str(party.id) for party in (case.assignee, case.author, case.reviewer) if party}
            strangers |= {"guiyang.ct", "guiyang.ct2", "guiyang.mr", "guiyang.reviewer"} - hands
        who = sorted(strangers)[pick % len(strangers)]
        before = self.all_facts()
        for path in ("", "/events", "/report"):
            assert self.region.call(who, "GET", f"/cases/{case.id}{path}").status_code in (404, 403), (who, path)
        answer = self.region.call(
            who, "POST", f"/cases/{case.id}/moves", {"verb": "withdraw", "reason": "x"}, **self.headers(case.version)
        )
        assert answer.status_code == 404
        if who != "anlong.admin" or case.requesting_site != "ANLONG":
            listed = self.region.call(who, "GET", "/cases?limit=200").get_json()
            assert case.id not in {line["id"] for line in listed.get("items", [])}
        assert self.all_facts() == before

    # ---- what happens by itself ----

    @rule(seconds=JUMPS)
    def time_passes(self, seconds: int) -> None:
        """The clock goes on, or is set back five minutes, and the worker has its turn."""
        self.region.clock.advance(seconds=seconds)
        self.region.work()

    @rule()
    def the_worker_has_its_turn(self) -> None:
        before = self.all_facts()
        self.region.work()
        after = self.all_facts()
        self.region.work()
        assert self.all_facts() == after, "a second turn at the same moment did something"
        assert all(facts[: len(before.get(id, []))] == before.get(id, []) for id, facts in after.items())

    # ---- how ----

    def make(self, who: str, case_id: str, body: dict[str, Any], version: int | None = None, *,
             twice: bool = False, ticking: bool = False) -> None:  # fmt: skip
        """A move and what must be true of its answer, whatever it is."""
        before, case = self.all_facts(), self.region.cases()[case_id]
        headers = self.headers(case.version if version is None else version)
        path = f"/cases/{case_id}/moves"

        def one(hand: int) -> TestResponse | None:
            return self.region.tick() if hand > 1 else self.region.call(who, "POST", path, body, **headers)

        hands = [0, *([1] if twice else []), *([2, 3] if ticking else [])]
        answers = [each for each in together(len(hands), lambda n: one(hands[n])) if each is not None]
        self.same(answers)
        if answers[0].status_code == 200:
            seen = case.version if version is None else version
            assert 1 <= seen <= case.version
            unseen = before[case_id][seen : case.version]
            assert all(fact.by_id is None and fact.data["from"] == fact.data["to"] for fact in unseen), unseen
            self.note(who, case_id, body, headers, answers[0])
            return
        self.is_refusal(answers[0])
        if ticking:
            return
        assert self.all_facts() == before, "a refused move changed something"
        english = self.region.call(who, "POST", path, body, Accept_Language="en", **headers).get_json()
        assert english["code"] == answers[0].get_json()["code"]
        assert english["detail"] != answers[0].get_json()["detail"]

    def same(self, answers: list[TestResponse]) -> None:
        if any(answer.status_code == 200 for answer in answers):
            assert all(answer.get_json() == answers[0].get_json() for answer in answers), [a.text for a in answers]

    def note(self, who: str, case_id: str, body: Any, headers: dict[str, str], answer: TestResponse) -> None:
        """Into the ledger, if it was accepted."""
        if answer.status_code != 200:
            self.is_refusal(answer)
            return
        told = answer.get_json()
        self.ledger.append((who, case_id, told["verb"], told["version"]))
        self.answered.append((who, f"/cases/{case_id}/moves", body, headers, told))

    def is_refusal(self, answer: TestResponse) -> None:
        told = answer.get_json()
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.content_type == "application/problem+json"
        assert told["code"]
        assert CHINESE.search(told["detail"])
        if answer.status_code == 409:
            assert "allowed" in told

    def headers(self, version: int) -> dict[str, str]:
        return {"If_Match": f'"{max(version, 0)}"', "Idempotency_Key": uuid4().hex}

    def body(self, verb: str) -> dict[str, Any]:
        """The move with all that it may ask for, as a page would send it."""
        said = {**say(Verb(verb)), **SAID, "priority": "emergency", "pin": SECRET}
        said.pop("appointment_at", None)
        if verb in ("schedule", "reschedule"):
            said["appointment_at"] = (self.region.clock() + timedelta(hours=2)).isoformat()
        if isinstance(said.get("assignee"), dict):
            said["assignee"] = said["assignee"]["id"]
        if verb in ("revise", "complete_request"):
            said["request"] = self.request("anlong.doctor", "routine")
        if verb == "link_studies":
            said["study_uids"] = [STUDIES["ANLONG"]]
        said.pop("members", None)
        if verb not in ("second_opinion", "mdt"):
            said.pop("question", None)
        return {"verb": verb, **said}

    def open_cases(self) -> list[str]:
        return [case.id for case in self.region.cases().values() if STATES[case.state].live][:3]

    def any_case(self, pick: int) -> Case:
        there = sorted(self.region.cases().values(), key=lambda case: case.number)
        return there[pick % len(there)]

    def offers(self, case_id: str) -> list[tuple[str, str]]:
        """Who has which verb on their screen."""
        now = self.region.clock()
        with self.region.store.read() as connection:
            case = cases.find(connection, case_id, SYSTEM)
            world = world_of(connection, case, now)
            there = [who for who in CROWD if cases.sees(connection, case_id, ACTORS[who], What.CASE)]
        return [(who, str(move.row.verb)) for who in there for move in open_to(case, ACTORS[who], world, now)]

    def all_facts(self) -> dict[str, list[Fact]]:
        return {case_id: self.region.facts(case_id) for case_id in self.region.cases()}

    # ---- what is true after each step ----

    @invariant()
    def every_case_is_what_its_facts_say(self) -> None:
        for case in self.region.cases().values():
            if case.id in self.seen and self.seen[case.id][0] == case:
                continue
            facts = self.region.facts(case.id)
            assert rebuild(facts) == case
            assert [fact.version for fact in facts] == list(range(1, case.version + 1))
            begun = self.seen.get(case.id, (case, 1))[1]
            state_by_state(facts[max(begun - 1, 1) :])
            assert_one_holder(facts)
            self.seen[case.id] = (case, case.version)

    @invariant()
    def what_people_were_told_is_what_is_kept(self) -> None:
        """Nothing that was answered with yes is missing, nothing is there twice, nothing that nobody asked for."""
        kept = [
            (fact.by_id, case_id, fact.kind, fact.version)
            for case_id, facts in self.all_facts().items()
            for fact in facts
            if fact.by_id is not None and not (fact.kind == "create" and fact.data["set"].get("parent_id"))
        ]
        assert sorted(kept) == sorted(self.ledger)


def state_by_state(facts: list[Fact]) -> None:
    """Each fact is a row of the table, from where the case was to where the row leads."""
    for fact in facts:
        row = BY_STATE[(Verb(fact.kind), fact.data["from"])]
        assert fact.data["to"] == (row.target or fact.data["from"])
        assert fact.data["to"] in STATES


def assert_one_holder(facts: list[Fact]) -> None:
    """Who accepts, opens, writes or signs is the one to whom the case was given last."""
    holder: str | None = None
    for fact in facts:
        if fact.kind in ("open", "accept", "release", "sign", "submit_for_review", "decline"):
            assert fact.by_id == holder
        if "assignee" in fact.data["set"]:
            told = fact.data["set"]["assignee"]
            holder = told["id"] if told else None


@pytest.fixture
def opened(store: Store, tmp_path: Path) -> Iterator[Region]:
    """A region on either engine."""
    made = region(store, tmp_path)
    yield made
    made.parts.blobs.close()


@pytest.mark.slow
def test_no_promise_breaks_whoever_does_what_and_when(opened: Region, request: pytest.FixtureRequest) -> None:
    long = request.config.getoption("--long")
    assert opened.clock() == NOW

    class Here(Actors):
        region = opened

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=300 if long else 4,
            stateful_step_count=50 if long else 25,
            phases=(Phase.generate, Phase.shrink) if long else (Phase.generate,),
        ),
    )
