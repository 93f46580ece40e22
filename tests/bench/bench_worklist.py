"""The worklist over a hundred thousand cases: how long a page takes to come, to people who see more or less of them."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import httpx

from consult.domain.cases import Case, Consent, Party, Patient, Priority, ServiceType, State, Stay
from consult.domain.people import Actor, actor_for
from consult.domain.workflow import begin
from consult.settings import Settings
from consult.store import cases, outbox, people
from consult.store.outbox import Position
from consult.store.unit import Store
from consult.store.world import due_of
from consult.wiring import open_parts, subscribers
from tests.bench.table import Row
from tests.peers.site import Site

COUNT, BATCH, DRAWS, AT_ONCE = 100_000, 500, 60, 4
STATES = (
    [State.CLOSED] * 60 + [State.ACKNOWLEDGED] * 16 + [State.DELIVERED] * 8 + [State.WITHDRAWN, State.REJECTED]
    + [State.SUBMITTED] * 2 + [State.QUEUED] * 4 + [State.ASSIGNED] * 2
    + [State.IN_PROGRESS] * 3 + [State.IN_REVIEW] * 3
)  # fmt: skip
KINDS = (("CT", "HEAD"), ("CT", "CHEST"), ("MR", "HEAD"), ("DX", "CHEST"))
FAMILY, GIVEN = ("韦", "岑", "罗", "潘", "黄", "王", "欧阳"), ("德明", "秀兰", "开福", "小梅", "正平", "安顺", "玉")
ASKED: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("the whole region", "xingyi.coordinator", {}),
    ("own hospital", "anlong.doctor", {"queue": "site"}),
    ("to be claimed", "guiyang.ct", {"queue": "pool"}),
    ("a name", "xingyi.coordinator", {"q": "欧阳玉"}),
)


def run(folder: Path, _files: list[Path], _rounds: int) -> list[Row]:
    """p50 and p95 (ms) of the first page of 40 cases, to one person at a time and to ``AT_ONCE`` at the same time."""
    site = Site(folder / "worklist", folder / "template")
    fill(site.settings, COUNT)
    with site:
        rows = [_row(site, what, username, query, 1) for what, username, query in ASKED]
        what, username, query = ASKED[0]
        return [*rows, _row(site, f"{what}, {AT_ONCE} people at once", username, query, AT_ONCE)]


def _row(site: Site, what: str, username: str, query: dict[str, str], people_at_once: int) -> Row:
    with ThreadPoolExecutor(people_at_once) as pool:
        each = [pool.submit(_times, site.signed_in(username), query) for _ in range(people_at_once)]
        took = sorted(ms for one in each for ms in one.result())
    middle, late = (took[int(len(took) * share)] for share in (0.5, 0.95))
    return Row(f"worklist of {COUNT:,}: {what}", f"p50 {middle:.0f} p95 {late:.0f} ms")


def _times(client: httpx.Client, query: dict[str, str]) -> list[float]:
    took = []
    with closing(client):
        for _ in range(DRAWS):
            began = time.perf_counter()
            answer = client.get("/api/v1/cases", params=query)
            took.append((time.perf_counter() - began) * 1000)
            if answer.status_code != 200 or not answer.json()["items"]:
                raise RuntimeError(f"worklist {query}: {answer.status_code} {answer.text[:200]}")
    return took


def fill(settings: Settings, count: int) -> None:
    """Keep so many cases of the last half year in the states that a busy region has them in."""
    now, chance = datetime.now(UTC), Random(11)
    store = Store(settings.database.url)
    with store.read() as connection:
        names = ("anlong.doctor", "dushan.doctor", "guiyang.ct", "guiyang.mr")
        actors = [actor_for(found) for name in names if (found := people.person_named(connection, name)) is not None]
    for first in range(0, count, BATCH):
        with store.write() as unit:
            for number in range(first, min(first + BATCH, count)):
                case = _case(number, actors, now, chance)
                cases.add(unit, case, begin(case, actors[0])[1], due_of(case, now))
    _as_told(settings, store)
    store.close()


def _as_told(settings: Settings, store: Store) -> None:
    """The facts of these cases are history: whoever reacts to facts begins after them."""
    with open_parts(settings) as parts:
        names = list(subscribers(parts))
    with store.write() as unit:
        last = outbox.facts_after(unit.connection, 0, COUNT * 2)[-1].seq
        for name in names:
            outbox.set_position(unit, name, Position(last, 0, None))


def _case(number: int, actors: Sequence[Actor], now: datetime, chance: Random) -> Case:
    doctor, reader = actors[number % 2], actors[2 + number % 2]
    state = chance.choice(STATES)
    ended = state in (State.CLOSED, State.ACKNOWLEDGED, State.DELIVERED, State.WITHDRAWN, State.REJECTED)
    begun = now - (timedelta(hours=chance.uniform(2, 4400)) if ended else timedelta(minutes=chance.uniform(1, 600)))
    modality, body_part = chance.choice(KINDS)
    party = Party(str(reader.person_id), reader.name)
    assigned = party if state not in (State.SUBMITTED, State.QUEUED, State.WITHDRAWN, State.REJECTED) else None
    return Case(
        id=f"{number:032x}",
        number=f"B{number:09d}",
        state=state,
        version=6,
        priority=chance.choices(list(Priority), (1, 3, 6))[0],
        service_type=ServiceType.TELEDIAGNOSIS,
        requesting_site=str(doctor.institution_code),
        performing_site="GUIYANG",
        centre="XINGYI",
        requester=Party(str(doctor.person_id), doctor.name),
        patient=Patient(chance.choice(FAMILY) + chance.choice(GIVEN), chance.choice("MF"), date(1960, 1, 1)),
        question="头痛三天，排除出血",
        clinical_history="高血压十年",
        modality=modality,
        body_part=body_part,
        created_at=begun,
        updated_at=begun + timedelta(minutes=50),
        stays=(
            Stay(State.DRAFT, begun),
            Stay(State.SUBMITTED, begun + timedelta(minutes=2)),
            Stay(State.QUEUED, begun + timedelta(minutes=4)),
            Stay(state, begun + timedelta(minutes=50)),
        ),
        study_uids=(f"2.25.{chance.getrandbits(120)}",),
        consent=Consent("患者本人", begun),
        assignee=assigned,
        author=assigned if ended else None,
    )
