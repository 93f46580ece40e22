"""The monthly report of turnaround: made once for every institution that took part, on the first of the next month."""

from collections.abc import Callable
from datetime import datetime, timedelta

from consult.domain.calendars import ASIA_SHANGHAI
from consult.domain.people import Actor, Institution, Role
from consult.store import people, turnaround_months
from consult.store.unit import Store

Make = Callable[[Actor, str, str, datetime], bytes | None]
"""Lays out the report for whoever may count those cases: the actor, the month, the institution's name, now.

None where the month has no case of theirs.
"""


def make_due(store: Store, make: Make, now: datetime) -> int:
    """Make what is lacking of last month; how many were made. A second look at the same time makes nothing twice."""
    month = last_month(now)
    with store.read() as connection:
        there = turnaround_months.made(connection, month)
        lacking = [site for site in people.all_institutions(connection) if site.code not in there]
    made = 0
    for site in lacking:
        pdf = make(_administrator(site), month, site.name.zh, now)
        if pdf is not None:
            with store.write() as unit:
                turnaround_months.keep(unit, site.code, month, pdf, now)
            made += 1
    return made


def last_month(now: datetime) -> str:
    """The month before this one in China's time, such as 2026-10."""
    first = now.astimezone(ASIA_SHANGHAI).replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}"


def _administrator(site: Institution) -> Actor:
    """Who looks after an institution sees in its report what they would see on the page, and nothing else."""
    return Actor("", "月报", frozenset({Role.SITE_ADMIN}), site.code)
