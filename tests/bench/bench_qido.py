"""QIDO-RS over ten and over a hundred thousand studies, on both engines, to people who see all or a part of them."""

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from flask.testing import FlaskClient

from consult.cli.demo import prepare, settings_for
from consult.settings import Database
from consult.store.unit import Store
from consult.wiring import build_web, open_parts
from tests.bench.proc import peak_mb
from tests.bench.table import Row
from tests.makers.many_studies import DAYS, FAMILY, GIVEN, fill, nth_uid
from tests.peers.postgresql import PostgreSQL, binaries

SMALL, LARGE = 10_000, 100_000
DRAWS = 20
ASKED_MS, ASKED_RATIO = 50.0, 1.3
PASSWORD = "Bench-4mK9-平台"
PEOPLE = (("sees all of the region", "xingyi.coordinator"), ("sees a county's", "anlong.doctor"))
Asked = Callable[[Random, int], str]


def _week(chance: Random) -> str:
    first = chance.randrange(DAYS - 7)
    day, last = (
        time.strftime("%Y%m%d", time.gmtime(1796000000 - 86400 * (DAYS - each))) for each in (first, first + 6)
    )
    return f"{day}-{last}"


def _family(chance: Random) -> str:
    return chance.choice(FAMILY)[0]


def _given(chance: Random) -> str:
    return chance.choice(GIVEN)[0]


def _uid(chance: Random, count: int) -> str:
    """The UID of one of the first studies of the archive: as the maker draws them."""
    return nth_uid(chance.randrange(min(count, 2000)))


QUERIES: tuple[tuple[str, Asked], ...] = (
    ("newest page", lambda chance, count: "limit=50"),
    ("a patient's number", lambda chance, count: f"PatientID=P{chance.randrange(count // 2):07d}"),
    ("an accession number", lambda chance, count: f"AccessionNumber=A{chance.randrange(count):08d}"),
    ("a study's UID", lambda chance, count: f"StudyInstanceUID={_uid(chance, count)}"),
    ("a family name*", lambda chance, count: f"PatientName={chance.choice(FAMILY)[0]}*&limit=50"),
    ("a Chinese family name*", lambda chance, count: f"PatientName={chance.choice(FAMILY)[1]}*&limit=50"),
    ("*in a Chinese name*", lambda chance, count: f"PatientName=*{chance.choice(GIVEN)[1]}*&limit=50"),
    ("most of a name*", lambda chance, count: f"PatientName={_family(chance)}^{_given(chance)}*&limit=50"),
    (
        "two words, fuzzy",
        lambda chance, count: f"PatientName={_given(chance)} {_family(chance)}&fuzzymatching=true&limit=50",
    ),
    (
        "a Chinese name, fuzzy",
        lambda chance, count: (
            f"PatientName={chance.choice(FAMILY)[1]}{chance.choice(GIVEN)[1]}&fuzzymatching=true&limit=50"
        ),
    ),
    ("a week", lambda chance, count: f"StudyDate={_week(chance)}&limit=50"),
    ("a week's MR", lambda chance, count: f"StudyDate={_week(chance)}&ModalitiesInStudy=MR&limit=50"),
    (
        "a name*, MR, since then",
        lambda chance, count: f"PatientName={_family(chance)}*&ModalitiesInStudy=MR&StudyDate=20250101-&limit=50",
    ),
    ("page after page", lambda chance, count: ""),
    ("a jump to the middle", lambda chance, count: f"limit=50&offset={count // 6 + chance.randrange(50) * 7}"),
)


def run(folder: Path, _files: list[Path], _rounds: int) -> list[Row]:
    """p50 and p95 (ms) of all these together, in one process without the network, at both sizes and on both engines.

    On SQLite by the processor time of the thread that answers, which is all there is to it; on PostgreSQL by the clock.
    """
    rows = _on(None, folder, "SQLite", time.thread_time)
    if binaries() is not None:
        with PostgreSQL() as cluster:
            rows += _on(cluster, folder, "PostgreSQL", time.perf_counter)
    return rows


def _on(cluster: PostgreSQL | None, folder: Path, engine: str, clock: Callable[[], float]) -> list[Row]:
    took: dict[str, list[dict[str, list[float]]]] = {who: [] for who, _ in PEOPLE}
    for count in (SMALL, LARGE):
        settings = settings_for(folder / f"{engine}-{count}", 8080, 11112)
        if cluster is not None:
            settings = settings.model_copy(update={"database": Database(url=cluster.new_database())})
        prepare(settings, PASSWORD)
        store = Store(settings.database.url)
        fill(store, count)
        store.close()
        with open_parts(settings) as parts:
            app = build_web(parts)
            gc.collect()
            gc.freeze()  # as a process does that answers
            for who, username in PEOPLE:
                client = app.test_client()
                client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
                took[who].append({what: _times(client, asked, count, clock) for what, asked in QUERIES})
    memory = f"{peak_mb(os.getpid()):.0f} MB at most"
    return [_row(f"QIDO {engine}, who {who}", small, large, memory) for who, (small, large) in took.items()]


def _times(client: FlaskClient, asked: Asked, count: int, clock: Callable[[], float]) -> list[float]:
    chance, took = Random(5), list[float]()
    for draw in range(DRAWS):
        query = asked(chance, count) or f"limit=100&offset={draw * 100}"
        began = clock()
        answer = client.get(f"/dicom-web/studies?{query}")
        took.append((clock() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{query}: {answer.status_code} {answer.text[:200]}")
    return took


def _row(what: str, small: dict[str, list[float]], large: dict[str, list[float]], memory: str) -> Row:
    figures = [_quantiles([ms for took in each.values() for ms in took]) for each in (large, small)]
    ratio = figures[0][1] / figures[1][1]
    told = "; ".join(f"{kind} {_quantiles(small[kind])[1]:.0f} → {_quantiles(large[kind])[1]:.0f}" for kind in large)
    asked = f"≤ {ASKED_MS:g} ms, ≤ {ASKED_RATIO}"
    ours, theirs = (f"p50 {p50:.0f} p95 {p95:.1f} ms" for p50, p95 in figures)
    held = figures[0][1] <= ASKED_MS and ratio <= ASKED_RATIO
    return Row(what, ours, f"{SMALL:,}: {theirs}", ratio, asked, held, f"p95 {told}; {memory}")


def _quantiles(took: list[float]) -> tuple[float, float]:
    ranked = sorted(took)
    return ranked[len(ranked) // 2], ranked[int(len(ranked) * 0.95)]
