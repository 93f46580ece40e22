"""The tick: it says "now" to the leader's jobs, and one job's failure stops neither itself nor the others."""

import threading
from collections.abc import Callable
from datetime import datetime

from consult.worker.jobs import Job, Ticker
from tests.doubles import Clock
from tests.makers.people import NOW

LONGEST = 20


def counted(
    times: int, done: threading.Event, fails: bool = False
) -> tuple[list[datetime], Callable[[datetime], None]]:
    seen: list[datetime] = []

    def run(now: datetime) -> None:
        seen.append(now)
        if len(seen) >= times:
            done.set()
        if fails:
            raise ConnectionError("this job always fails")

    return seen, run


def test_jobs_tick_with_the_clocks_time_and_go_on_after_failures() -> None:
    good, bad = threading.Event(), threading.Event()
    seen, run = counted(3, good)
    _, fail = counted(3, bad, fails=True)
    ticker = Ticker((Job("good", 0.05, run), Job("bad", 0.05, fail)), lambda: True, Clock(NOW))
    ticker.start()
    try:
        assert good.wait(LONGEST)
        assert bad.wait(LONGEST)
    finally:
        ticker.stop()
    assert set(seen) == {NOW}


def test_only_the_leader_runs_jobs() -> None:
    leads, asked, ran = threading.Event(), threading.Event(), threading.Event()

    def held() -> bool:
        asked.set()
        return leads.is_set()

    ticker = Ticker((Job("job", 0.05, lambda _: ran.set()),), held, Clock(NOW))
    ticker.start()
    try:
        assert asked.wait(LONGEST)
        assert not ran.is_set()
        leads.set()
        assert ran.wait(LONGEST)
    finally:
        ticker.stop()


def test_a_job_that_takes_long_is_not_started_twice() -> None:
    running, most, enough = [0], [0], threading.Event()
    lock, calls = threading.Lock(), [0]

    def slow(_now: datetime) -> None:
        with lock:
            running[0] += 1
            calls[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.1)
        with lock:
            running[0] -= 1
        if calls[0] >= 3:
            enough.set()

    ticker = Ticker((Job("slow", 0.02, slow),), lambda: True, Clock(NOW))
    ticker.start()
    try:
        assert enough.wait(LONGEST)
    finally:
        ticker.stop()
    assert most == [1]
