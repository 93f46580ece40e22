"""The tick: APScheduler, in memory, only says "now"; what is due stands in rows, and only the leader looks."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import structlog

log = structlog.get_logger("jobs")


class Job(NamedTuple):
    """Something that is done every so many seconds by the leading worker."""

    name: str
    every_s: float
    run: Callable[[datetime], Any]


class Ticker:
    """Runs jobs while this worker leads."""

    def __init__(self, jobs: tuple[Job, ...], leads: Callable[[], bool], clock: Callable[[], datetime]) -> None:
        from apscheduler.schedulers.background import BackgroundScheduler

        self._leads = leads
        self._clock = clock
        self._scheduler = BackgroundScheduler(timezone="UTC", daemon=True)
        for job in jobs:
            self._scheduler.add_job(
                self._tick, "interval", args=[job], seconds=job.every_s, id=job.name,
                coalesce=True, max_instances=1, misfire_grace_time=None,
            )  # fmt: skip

    def start(self) -> None:
        """Begin in the background."""
        self._scheduler.start()

    def stop(self) -> None:
        """End after the job in hand."""
        self._scheduler.shutdown(wait=True)

    def _tick(self, job: Job) -> None:
        try:
            if self._leads():
                job.run(self._clock())
        except Exception as failure:  # noqa: BLE001  the tick goes on, whatever one job meets
            log.warning("job failed", job=job.name, error=type(failure).__name__)
