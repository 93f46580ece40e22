"""Who may ask whom: the agreements between institutions that every request stands on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Agreement:
    """The requesting side may ask the performing side for these services, from one day through another.

    ``valid_to`` is the last day that counts; None where no end was agreed.
    """

    requesting_site: str
    performing_site: str
    service_types: frozenset[str]
    valid_from: date
    valid_to: date | None = None

    def __post_init__(self) -> None:
        if self.requesting_site == self.performing_site:
            raise ValueError("an agreement is between two institutions")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("an agreement cannot end before it begins")

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on that (local) day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def agreed(
    agreements: Iterable[Agreement], requesting_site: str, performing_site: str, service_type: str, day: date
) -> bool:
    """Whether the requesting side may ask the performing side for this service on that day; it is not mutual."""
    return any(
        a.requesting_site == requesting_site
        and a.performing_site == performing_site
        and service_type in a.service_types
        and a.holds_on(day)
        for a in agreements
    )


def partners(agreements: Iterable[Agreement], requesting_site: str, service_type: str, day: date) -> frozenset[str]:
    """The codes of the institutions that the requesting side may ask for this service on that day."""
    return frozenset(
        a.performing_site
        for a in agreements
        if a.requesting_site == requesting_site and service_type in a.service_types and a.holds_on(day)
    )
