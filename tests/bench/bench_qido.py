"""QIDO-RS over ten and over a hundred thousand studies, on both engines, to people who see all or a part of them."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from flask.testing import FlaskClient

from consult.cli.demo import prepare, settings_for
from consult.settings import Database
from consult.store.unit import Store
from consult.wiring import build_web, open_parts
from tests.bench.table import Row
from tests.makers.many_studies import DAYS, FAMILY, GIVEN, fill
from tests.peers.postgresql import PostgreSQL, binaries

SMALL, LARGE = 10_000, 100_000
DRAWS = 40
ASKED_MS, ASKED_RATIO = 50.0, 1.3
FLOOR_MS = 5.0  # below which a ratio says nothing
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


QUERIES: tuple[tuple[str, Asked], ...] = (
    ("newest page", lambda chance, count: "limit=50"),
    ("a patient's number", lambda chance, count: f"PatientID=P{chance.randrange(count // 2):07d}"),
    ("a family name*", lambda chance, count: f"PatientName={chance.choice(FAMILY)[chance.randrange(2)]}*&limit=50"),
    ("most of a name*", lambda chance, count: f"PatientName={_family(chance)}^{_given(chance)}*&limit=50"),
    (
        "two words, fuzzy",
        lambda chance, count: f"PatientName={_given(chance)} {_family(chance)}&fuzzymatching=true&limit=50",
    ),
    ("a week's MR", lambda chance, count: f"StudyDate={_week(chance)}&ModalitiesInStudy=MR&limit=50"),
    ("page after page", lambda chance, count: ""),
    ("a jump to the middle", lambda chance, count: f"limit=50&offset={count // 6 + chance.randrange(50) * 7}"),
)


def run(folder: Path, _files: list[Path], _rounds: int) -> list[Row]:
    """p50 and p95 (ms) of a page, in one process without the network, on each engine and at both sizes."""
    rows = _on(None, folder, "SQLite")
    if binaries() is not None:
        with PostgreSQL() as cluster:
            rows += _on(cluster, folder, "PostgreSQL")
    return rows


def _on(cluster: PostgreSQL | None, folder: Path, engine: str) -> list[Row]:
    took: dict[tuple[str, str], list[tuple[float, float]]] = {}
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
            for who, username in PEOPLE:
                client = app.test_client()
                client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
                for what, asked in QUERIES:
                    took.setdefault((who, what), []).append(_times(client, asked, count))
    return [_row(engine, who, what, *both) for (who, what), both in took.items()]


def _times(client: FlaskClient, asked: Asked, count: int) -> tuple[float, float]:
    chance, took = Random(5), list[float]()
    for draw in range(DRAWS):
        query = asked(chance, count) or f"limit=100&offset={draw * 100}"
        began = time.perf_counter()
        answer = client.get(f"/dicom-web/studies?{query}")
        took.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{query}: {answer.status_code} {answer.text[:200]}")
    took.sort()
    return took[len(took) // 2], took[int(len(took) * 0.95)]


def _row(engine: str, who: str, what: str, small: tuple[float, float], large: tuple[float, float]) -> Row:
    ratio = large[1] / small[1]
    held = large[1] <= ASKED_MS and (ratio <= ASKED_RATIO or large[1] <= FLOOR_MS)
    name = f"QIDO {engine}, who {who}: {what}"
    figures = (f"p50 {each[0]:.0f} p95 {each[1]:.1f} ms" for each in (large, small))
    return Row(name, next(figures), f"{SMALL:,}: {next(figures)}", ratio, f"≤ {ASKED_MS:g} ms, ≤ {ASKED_RATIO}", held)
