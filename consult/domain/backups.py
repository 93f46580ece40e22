"""Which backups are kept and which have had their time, and when the last one is too old."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LATE = timedelta(hours=26)
"""A daily backup with two hours of grace; whoever makes them more often looks at their timer."""
EVERY, DAILY, MONTHLY = timedelta(days=1), timedelta(days=35), timedelta(days=400)
"""All of the last day stay, the last of each day for five weeks, and the last of each month for thirteen months."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A file of a backup, by its path inside it, with the SHA-256 and size of its bytes."""

    name: str
    sha256: str
    size: int


def late(last: datetime | None, now: datetime) -> bool:
    """Whether the last backup (None: there never was one) is older than it should be."""
    return last is None or now - last > LATE


def outlived(made: Iterable[datetime], now: datetime) -> set[datetime]:
    """Those of the backups (aware) that may go; the newest one never does."""
    newest_first = sorted(made, reverse=True)
    stay: set[datetime] = set(newest_first[:1])
    taken: set[str] = set()
    for at in newest_first:
        age, day = now - at, at.astimezone(UTC)
        if age <= EVERY:
            stay.add(at)
        for name, term in ((f"{day:%Y-%m-%d}", DAILY), (f"{day:%Y-%m}", MONTHLY)):
            if age <= term and name not in taken:
                taken.add(name)
                stay.add(at)
    return set(newest_first) - stay
