"""A study comes to rest: it is assessed and told; a late slice starts this anew."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from consult.actions.rows import RELEASED_QUIET
from consult.domain.completeness import assess
from consult.store import announcements, proof, studies
from consult.store.arrivals import RECEIVING, SETTLE
from consult.store.outbox import Timer
from consult.store.unit import Store

SETTLED = "study_settled"


def settle(store: Store, study_id: str, quiet: timedelta, released: bool, now: datetime) -> None:
    """Assess a study that has been quiet for so long; else look again when it may be.

    ``released``: whoever sent into it has hung up, so that a moment is long enough.
    """
    with store.read() as connection:
        row = studies.by_id(connection, study_id)
        if row is None:
            return
        due = row.last_at + (RELEASED_QUIET if released else quiet)
        said = studies.said_by(connection, study_id) if due <= now else []
        expectations = announcements.expected(connection, row)
        decided = proof.decided(connection, study_id)
    if due > now:
        with store.write() as unit:
            studies.await_quiet(unit, study_id, due, released)
        return
    found = assess(said, expectations, decided=decided)
    with store.write() as unit:
        if not studies.settle(unit, row, found, now):
            studies.await_quiet(unit, study_id, now + quiet, False)
        elif row.status == RECEIVING:
            announcements.ask_soon(unit, study_id, now)


def study_timers(quiet_s: float) -> Mapping[str, Callable[[Store, Timer, datetime], None]]:
    """What a due timer of a study does."""
    quiet = timedelta(seconds=quiet_s)

    def due(store: Store, timer: Timer, now: datetime) -> None:
        settle(store, timer.subject_id, quiet, bool(timer.data.get("released")), now)

    return {SETTLE: due}
