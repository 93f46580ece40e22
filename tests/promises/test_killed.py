"""Web and workers are killed while people work and timers come due: nothing that was answered is lost or doubled.

People send until they have an answer, with the same key each time, and write down each yes. A case that nobody touches
escalates once, and its offer runs out, whichever of three workers led at that moment and died.
"""

import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from consult.actions.relay import StoredPositions
from consult.domain.cases import rebuild
from consult.domain.rota import Shift
from consult.settings import Settings
from consult.store import outbox, rota
from consult.store.unit import Store
from consult.wiring import clock, subscribers, timer_jobs
from tests.makers.people import PEOPLE
from tests.makers.region import SECRET, STUDIES, Region, region
from tests.peers.processes import Launcher, await_ready, settings_of
from tests.promises.test_actors import WORDS, assert_one_holder, state_by_state

KILLS, KILLS_LONG = 4, 150
WORKERS, SEEDS, LONGEST_S = 3, 3, 60
SEED = 20261124
CROWD = ("anlong.doctor", "dushan.doctor", "xingyi.coordinator", "guiyang.ct", "guiyang.ct2", "guiyang.reviewer")
VERBS = ("submit", "triage", "claim", "accept", "open", "release", "sign", "acknowledge", "decline",
         "return_for_supplement", "resubmit", "close")  # fmt: skip
ACCEPT_S, HALF_S = 90, 900  # of an emergency: how long an offer stands, and the half of its half hour
CLAIM = timedelta(seconds=121)  # after which another worker takes what a dead one had claimed


class Ledger:
    """What people were told is done: who, case, verb, version."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, int]] = []
        self.repeated = 0
        self.broken: list[str] = []
        self._lock = threading.Lock()

    def note(self, *what: Any) -> None:
        """Write down a yes."""
        with self._lock:
            self.told.append(what)

    def await_more(self, count: int) -> None:
        """Return when so many more were told yes, or somebody cannot go on."""
        wanted, until = len(self.told) + count, time.monotonic() + LONGEST_S
        while len(self.told) < wanted and not self.broken:
            assert time.monotonic() < until, "nobody gets an answer"
            time.sleep(0.005)


class Hand:
    """One person at their screen, in a thread, until told to stop; then they finish what they are at."""

    def __init__(self, who: str, token: str, url: str, ledger: Ledger, untouched: set[str], sign: bool) -> None:
        self._who, self._ledger, self._untouched = who, ledger, untouched
        self._verbs = [verb for verb in VERBS if sign or verb != "sign"]
        self._chance = random.Random(f"{SEED}:{who}")
        self._web = httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=20)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        """Stop; returns when the last answer is there."""
        self._stop.set()
        self._thread.join(LONGEST_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with self._web:
                while not self._stop.is_set():
                    self._act()
        except Exception as failure:  # noqa: BLE001  the edge of this thread: told to the test
            self._ledger.broken.append(f"{self._who}: {failure!r}")

    def _ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send until there is an answer."""
        until = time.monotonic() + LONGEST_S
        while True:
            try:
                answer = self._web.request(method, path, json=body, headers=headers)
                if answer.status_code < 500:
                    return answer
            except httpx.TransportError:
                self._ledger.repeated += 1
            if time.monotonic() > until:
                raise TimeoutError(path)
            time.sleep(0.02)

    def _act(self) -> None:
        lines = [line for line in self._ask("GET", "/cases?limit=30").json()["items"]
                 if line["id"] not in self._untouched]  # fmt: skip
        if self._who.endswith(".doctor") and (len(lines) < 2 or self._chance.random() < 0.15):
            self._create()
            return
        if not lines:
            time.sleep(0.02)
            return
        case = self._ask("GET", f"/cases/{self._chance.choice(lines)['id']}").json()
        open_now = [move["verb"] for move in case.get("moves", []) if move["verb"] in self._verbs]
        if open_now:
            self._move(case, self._chance.choice(open_now))

    def _create(self) -> None:
        site = self._who.partition(".")[0].upper()
        body = {
            "service_type": "telediagnosis", "priority": self._chance.choice(["emergency", "urgent", "routine"]),
            "performing_site": "GUIYANG", "question": f"问题 {uuid4().hex}", "clinical_history": "头痛三天",
            "patient": {"name": "患者一", "sex": "M", "birth_date": "1970-01-01", "phone": "13800000000"},
            "consent": {"by": "患者本人", "at": "2026-11-24T08:00:00+08:00"}, "study_uids": [STUDIES[site]],
            "modality": "CT", "body_part": "HEAD",
        }  # fmt: skip
        self._send("/cases", body, {"Idempotency-Key": uuid4().hex}, 201)

    def _move(self, case: dict[str, Any], verb: str) -> None:
        if verb == "sign":
            self._ask("PUT", f"/cases/{case['id']}/report", WORDS)
        body = {"verb": verb, "reason": "因故", "items": ["薄层"], "answers": [{"answer": "已补"}], "pin": SECRET,
                "variation": "一致"}  # fmt: skip
        headers = {"Idempotency-Key": uuid4().hex, "If-Match": f'"{case["version"]}"'}
        self._send(f"/cases/{case['id']}/moves", body, headers, 200)

    def _send(self, path: str, body: Any, headers: dict[str, str], good: int) -> None:
        """A move, once, or with the same key again although it was answered: the same answer."""
        answer = self._ask("POST", path, body, **headers)
        told = answer.json()
        if answer.status_code not in (200, good):
            assert 400 <= answer.status_code < 500, answer.text
            return
        self._ledger.note(self._who, told["id"], told.get("verb", "create"), told["version"])
        if self._chance.random() < 0.1:
            assert self._ask("POST", path, body, **headers).json() == told


class Machines:
    """A web process and three workers, and the axe."""

    def __init__(self, launcher: Launcher, settings: Settings, folder: Path, whole: bool) -> None:
        self._launcher, self._settings, self._whole = launcher, settings, whole
        self._log = folder / "log"
        self._workers = [self._begin("worker") for _ in range(WORKERS)]
        self._web = self._begin("web")
        await_ready(settings, self._web, self._log)

    def _begin(self, name: str) -> int:
        return self._launcher.start(name, self._settings, self._log, self._whole)

    def kill_one(self, web: bool, chance: random.Random) -> None:
        """Kill the web process or a worker, and start another in its place."""
        if web:
            self._launcher.kill(self._web)
            self._web = self._begin("web")
            await_ready(self._settings, self._web, self._log)
            return
        number = chance.randrange(WORKERS)
        self._launcher.kill(self._workers[number])
        self._workers[number] = self._begin("worker")

    def kill_all(self) -> None:
        """The lights go out."""
        for pid in (self._web, *self._workers):
            self._launcher.kill(pid)


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    """What starts processes, loaded once."""
    with Launcher() as started:
        yield started


def seeded(there: Region) -> tuple[set[str], set[str]]:
    """Cases that nobody will touch: some escalate in the next seconds, and of some the offer runs out."""
    begin = clock()
    waiting, offered = set[str](), set[str]()
    for n in range(SEEDS):
        there.clock.now = begin + timedelta(seconds=2 + n - HALF_S)
        waiting.add(submitted(there))
    for n in range(SEEDS):
        there.clock.now = begin + timedelta(seconds=2 + n - ACCEPT_S)
        offered.add(case := submitted(there))
        move(there, "xingyi.coordinator", case, "triage")
        there.hear()
        assert there.cases()[case].state == "assigned"
    there.hear()
    return waiting, offered


def submitted(there: Region) -> str:
    """An emergency that was asked for now."""
    body = {
        "service_type": "telediagnosis", "priority": "emergency", "performing_site": "GUIYANG",
        "patient": {"name": "患者一", "sex": "M", "birth_date": "1970-01-01", "phone": "13800000000"},
        "question": f"问题 {uuid4().hex}", "clinical_history": "头痛三天", "study_uids": [STUDIES["ANLONG"]],
        "consent": {"by": "患者本人", "at": "2026-11-24T08:00:00+08:00"}, "modality": "CT", "body_part": "HEAD",
    }  # fmt: skip
    made = there.call("anlong.other", "POST", "/cases", body, Idempotency_Key=uuid4().hex)
    assert made.status_code == 201, made.text
    case = str(made.get_json()["id"])
    move(there, "anlong.other", case, "submit")
    return case


def move(there: Region, who: str, case: str, verb: str) -> None:
    """A move that must do."""
    version = there.cases()[case].version
    headers = {"If_Match": f'"{version}"', "Idempotency_Key": uuid4().hex}
    answer = there.call(who, "POST", f"/cases/{case}/moves", {"verb": verb}, **headers)
    assert answer.status_code == 200, answer.text


def at_work(store: Store, folder: Path) -> Region:
    """A region whose readers are on duty at this very moment."""
    there, now = region(store, folder, clock()), clock()
    readers = [person.id for person in PEOPLE.values() if person.skills]
    with store.write() as unit:
        rota.add_shifts(unit, [Shift(id, now - timedelta(days=1), now + timedelta(days=1)) for id in readers])
    return there


def await_quiet(there: Region) -> None:
    """Return when every subscriber had every fact and no timer is due."""
    until, names, jobs = time.monotonic() + LONGEST_S, list(subscribers(there.parts)), list(timer_jobs(there.parts))
    positions = StoredPositions(there.store)
    while time.monotonic() < until:
        later = clock() + timedelta(hours=1)  # so that one that waits after a failure is not taken for one that is done
        with there.store.read() as connection:
            due = outbox.due_timers(connection, jobs, clock(), 1)
        if not due and not any(positions.next_facts(name, later, 1) for name in names):
            return
        time.sleep(0.05)
    raise TimeoutError("the workers do not catch up")


@pytest.mark.slow
def test_nothing_that_was_answered_is_lost_or_doubled_whoever_is_killed(
    store: Store, store_url: str, tmp_path: Path, launcher: Launcher, request: pytest.FixtureRequest
) -> None:
    long, chance, ledger = request.config.getoption("--long"), random.Random(SEED), Ledger()
    there, settings = at_work(store, tmp_path), settings_of(store_url, tmp_path)
    waiting, offered = seeded(there)
    before = {case: there.facts(case) for case in waiting | offered}
    machines = Machines(launcher, settings, tmp_path, whole=bool(long))
    crowd = [Hand(who, there.tokens[who], settings.web.public_url, ledger, waiting | offered, not long)
             for who in CROWD]  # fmt: skip
    for n in range(KILLS_LONG if long else KILLS):
        ledger.await_more(chance.randint(2, 8))
        time.sleep(chance.uniform(0, 0.05))
        machines.kill_one(n % 2 == 0, chance)
    for hand in crowd:
        hand.end()
    await_quiet(there)
    machines.kill_all()
    there.clock.now = clock() + CLAIM
    there.work()
    assert ledger.broken == []
    assert ledger.repeated
    assert_as_told(there, ledger, before)
    assert {case: kinds(there, case).count("escalate") for case in waiting} == dict.fromkeys(waiting, 1)
    assert all("offer_ran_out" in kinds(there, case) for case in offered)
    there.parts.blobs.close()


def kinds(there: Region, case: str) -> list[str]:
    """What happened to a case, by name."""
    return [fact.kind for fact in there.facts(case)]


def assert_as_told(there: Region, ledger: Ledger, before: dict[str, Any]) -> None:
    """Every case is what its facts say, and what people did is what they were told, each once."""
    kept: list[tuple[str, str, str, int]] = []
    for case in there.cases().values():
        facts = there.facts(case.id)
        assert rebuild(facts) == case
        assert [fact.version for fact in facts] == list(range(1, case.version + 1))
        state_by_state(facts[1:])
        assert_one_holder(facts)
        kept += [(fact.by_id, case.id, fact.kind, fact.version) for fact in facts[len(before.get(case.id, [])) :]
                 if fact.by_id is not None]  # fmt: skip
    assert sorted(kept) == sorted(ledger.told)
    assert len(kept) > KILLS
