"""The first promise of the store: no update is lost, no fact is skipped, and a reader sees one moment."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, insert, select, text, update

from consult.domain.errors import Refusal, Stale, Unavailable
from consult.domain.events import Fact
from consult.store import outbox
from consult.store.tables import counters, facts, metadata
from consult.store.unit import Store, Taken
from tests.makers.parallel import together

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
THREADS, INCREMENTS = 8, 50
FEW = 15


def a_fact(subject_id: str, kind: str = "noted") -> Fact:
    return Fact("case", subject_id, kind, NOW, None, "系统", 1, {"n": 1})


def count_up(store: Store) -> int:
    """Read, add one in Python, write back on the version that was read; again when stale. Answers how often stale."""
    stale = 0
    for _ in range(INCREMENTS):
        while True:
            try:
                with store.read() as connection:
                    value = connection.scalar(select(counters.c.value))
                with store.write() as unit:
                    changed = unit.connection.execute(
                        update(counters).where(counters.c.value == value).values(value=(value or 0) + 1)
                    )
                    if changed.rowcount != 1:
                        raise Stale
                break
            except Stale:
                stale += 1
    return stale


def test_no_update_is_lost_when_eight_write_at_once(store: Store) -> None:
    with store.write() as unit:
        unit.connection.execute(insert(counters).values(name="n", value=0))

    stale = sum(together(THREADS, lambda _: count_up(store)))

    with store.read() as connection:
        assert connection.scalar(select(counters.c.value)) == THREADS * INCREMENTS
    assert stale > 0, "nobody ever met another: the test did not test"


def test_no_update_is_lost_when_the_value_is_read_inside_the_writing_transaction(store: Store) -> None:
    """On SQLite the write lock is taken before the read; on PostgreSQL the row is locked by whoever reads to write."""
    with store.write() as unit:
        unit.connection.execute(insert(counters).values(name="n", value=0))

    def add(_: int) -> None:
        for _ in range(INCREMENTS):
            with store.write() as unit:
                value = unit.connection.scalar(select(counters.c.value).with_for_update())
                unit.connection.execute(update(counters).values(value=(value or 0) + 1))

    together(THREADS, add)
    with store.read() as connection:
        assert connection.scalar(select(counters.c.value)) == THREADS * INCREMENTS


def test_the_drivers_own_transactions_lose_updates_which_is_why_ours_are_not_theirs(tmp_path: Path) -> None:
    """Without the recipe the same work goes wrong: the lock is taken after the value was read."""
    engine = create_engine(f"sqlite:///{tmp_path}/stock.db", connect_args={"timeout": 30})
    metadata.create_all(engine, tables=[counters])
    with engine.begin() as connection:
        connection.execute(insert(counters).values(name="n", value=0))

    def add(_: int) -> None:
        for _ in range(FEW):
            with engine.begin() as connection:
                value = connection.scalar(select(counters.c.value))
                connection.execute(update(counters).values(value=(value or 0) + 1))

    together(THREADS, add)
    with engine.connect() as connection:
        kept = connection.scalar(select(counters.c.value)) or 0
    engine.dispose()
    assert kept < THREADS * FEW


def test_facts_are_read_in_commit_order_and_none_is_skipped_while_others_write(store: Store) -> None:
    """A reader with a cursor goes on while eight write: what it has passed never gets a new fact behind it."""
    seen: list[tuple[int, str]] = []
    done = threading.Event()

    def follow() -> None:
        after = 0
        while True:
            last_look = done.is_set()
            with store.read() as connection:
                batch = outbox.facts_after(connection, after, 50)
            seen.extend((fact.seq or 0, fact.subject_id) for fact in batch)
            after = seen[-1][0] if seen else 0
            if last_look and not batch:
                return

    def write(index: int) -> None:
        for n in range(INCREMENTS):
            with store.write() as unit:
                unit.tell(a_fact(f"{index}-{n}-a"))
                unit.connection.execute(text("SELECT 1"))
                unit.tell(a_fact(f"{index}-{n}-b"))

    reader = threading.Thread(target=follow)
    reader.start()
    together(THREADS, write)
    done.set()
    reader.join(timeout=60)

    expected = {f"{index}-{n}-{half}" for index in range(THREADS) for n in range(INCREMENTS) for half in "ab"}
    assert {subject for _, subject in seen} == expected
    assert len(seen) == len(expected)
    for index in range(THREADS):
        mine = [subject for _, subject in seen if subject.startswith(f"{index}-")]
        assert mine == [f"{index}-{n}-{half}" for n in range(INCREMENTS) for half in "ab"]


def test_facts_get_their_place_only_at_commit(store: Store) -> None:
    """Whoever commits last comes last, however early the fact was told."""
    told, committed = threading.Event(), threading.Event()

    def slow() -> None:
        with store.write() as unit:
            unit.tell(a_fact("slow"))
            told.set()
            if store.engine.dialect.name == "postgresql":
                committed.wait(timeout=30)

    def quick() -> None:
        told.wait(timeout=30)
        with store.write() as unit:
            unit.tell(a_fact("quick"))
        committed.set()

    together(2, lambda index: (slow, quick)[index]())
    with store.read() as connection:
        order = [fact.subject_id for fact in outbox.facts_after(connection, 0, 10)]
    assert order == (["quick", "slow"] if store.engine.dialect.name == "postgresql" else ["slow", "quick"])


def test_a_reader_sees_one_moment_whatever_others_commit_meanwhile(store: Store) -> None:
    with store.write() as unit:
        unit.tell(a_fact("before"))
    with store.read() as connection:
        first = connection.scalar(select(func.count()).select_from(facts))
        with store.write() as unit:
            unit.tell(a_fact("meanwhile"))
        assert connection.scalar(select(func.count()).select_from(facts)) == first == 1
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(facts)) == 2


def test_readers_are_not_held_up_by_a_writer(store: Store) -> None:
    with store.write() as unit:
        unit.connection.execute(insert(counters).values(name="n", value=1))
        with store.read() as connection:
            assert connection.scalar(select(func.count()).select_from(counters)) == 0


def test_a_failure_leaves_neither_row_nor_fact(store: Store) -> None:
    def begin_and_fail() -> None:
        with store.write() as unit:
            unit.connection.execute(insert(counters).values(name="n", value=1))
            unit.tell(a_fact("never"))
            raise Stale

    with pytest.raises(Stale):
        begin_and_fail()
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(counters)) == 0
        assert connection.scalar(select(func.count()).select_from(facts)) == 0


def test_listeners_hear_of_facts_after_the_commit_and_only_then(store: Store) -> None:
    heard: list[int] = []

    def listen() -> None:
        with store.read() as connection:
            heard.append(connection.scalar(select(func.count()).select_from(facts)) or 0)

    store.on_facts(listen)
    with store.write() as unit:
        unit.connection.execute(insert(counters).values(name="n", value=1))
    assert heard == []
    with store.write() as unit:
        unit.tell(a_fact("told"))
        assert heard == []
    assert heard == [1]


def test_a_key_that_exists_already_is_taken(store: Store) -> None:
    with store.write() as unit:
        unit.connection.execute(insert(counters).values(name="n", value=1))
    with pytest.raises(Taken) as refused, store.write() as unit:
        unit.connection.execute(insert(counters).values(name="n", value=2))
    assert isinstance(refused.value, Refusal)


def test_a_fact_comes_back_as_it_was_told(store: Store) -> None:
    told = Fact("study", "1.2.3", "study_settled", NOW, "p1", "陈医师", 7, {"name": "患者一", "no": None, "n": [1]})
    with store.write() as unit:
        unit.tell(told)
    with store.read() as connection:
        (kept,) = outbox.facts_after(connection, 0, 10)
    assert kept.seq == 1
    assert (kept.subject, kept.subject_id, kept.kind, kept.at, kept.by_id, kept.by_name, kept.version, kept.data) == (
        told.subject, told.subject_id, told.kind, told.at, told.by_id, told.by_name, told.version, told.data
    )  # fmt: skip


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    naive = Fact("case", "1", "noted", datetime(2026, 11, 24), None, "系统", 1)
    with pytest.raises(Exception, match="time without a zone"), store.write() as unit:
        unit.tell(naive)


def test_a_database_that_is_away_is_told_as_unavailable(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/folder/consult.db")
    (tmp_path / "folder").rmdir()
    with pytest.raises(Unavailable), store.read() as connection:
        connection.scalar(text("SELECT 1"))
    store.close()
