"""One worker leads, and when it goes, whether it says so or not, another can."""

import subprocess
import sys
import threading
from pathlib import Path

from sqlalchemy import text

from consult.store.leader import LEADER_LOCK, Leadership
from consult.store.unit import Store
from tests.peers.postgresql import PostgreSQL

ROOT = Path(__file__).resolve().parents[2]


def test_only_one_leads_and_keeps_leading(store: Store, store_url: str) -> None:
    other_store = Store(store_url)
    one, other = Leadership(store), Leadership(other_store)
    assert one.held()
    assert not other.held()
    assert one.held()
    assert not other.held()
    one.give_up()
    other.give_up()
    other_store.close()


def test_whoever_gives_up_leaves_the_lead_to_another(store: Store, store_url: str) -> None:
    """Even while the first one's process and its pool of connections live on."""
    other_store = Store(store_url)
    one, other = Leadership(store), Leadership(other_store)
    assert one.held()
    one.give_up()
    assert other.held()
    assert not one.held()
    other.give_up()
    assert one.held()
    one.give_up()
    other_store.close()


def test_a_killed_process_leaves_the_lead_to_another(store: Store, store_url: str) -> None:
    program = (
        "import sys; from consult.store.leader import Leadership; from consult.store.unit import Store\n"
        "lead = Leadership(Store(sys.argv[1])); print(lead.held(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, store_url], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as leading:
        assert leading.stdout is not None
        assert leading.stdout.readline() == "True\n"
        mine = Leadership(store)
        assert not mine.held()
        leading.kill()
        leading.wait(timeout=30)
        waited = threading.Event()
        for _ in range(100):  # PostgreSQL notices the broken connection a moment later
            if mine.held():
                break
            waited.wait(0.05)
        assert mine.held()
        mine.give_up()


def test_jobs_that_tick_together_all_lead_together(store: Store) -> None:
    """Ticks run in threads of their own; the one lock serves them all."""
    lead = Leadership(store)
    gate, answers = threading.Barrier(8), []

    def tick() -> None:
        gate.wait(timeout=30)
        answers.append(lead.held())

    threads = [threading.Thread(target=tick) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert answers == [True] * 8
    lead.give_up()


def test_a_leader_that_lost_its_database_session_does_not_think_it_leads(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database()
    store, other_store = Store(url), Store(url)
    one, other = Leadership(store), Leadership(other_store)
    assert one.held()
    with other_store.write() as unit:
        unit.connection.execute(
            text("SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key"),
            {"key": LEADER_LOCK},
        )
    assert other.held()
    assert not one.held()
    other.give_up()
    assert one.held()
    one.give_up()
    store.close()
    other_store.close()
