"""Stand-ins that keep the protocol of what they stand in for, where the real one would make a test wait."""

from datetime import datetime, timedelta

from consult.domain.events import Fact


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now

    def advance(self, **by: float) -> datetime:
        """Go on by so much, as ``timedelta`` takes it; answers the new time."""
        self.now += timedelta(**by)
        return self.now


class Ledger:
    """A subscriber that writes down what it was given, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.refuses = 0

    def __call__(self, fact: Fact, _now: datetime) -> None:
        """Take one fact."""
        if self.refuses:
            self.refuses -= 1
            raise ConnectionError("told to fail")
        self.facts.append(fact)

    @property
    def seqs(self) -> list[int]:
        """The places in the log of what was taken, as they came."""
        return [fact.seq or 0 for fact in self.facts]
