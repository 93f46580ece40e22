"""The monthly report of turnaround: made once for every institution that took part, and told to who looks after it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from consult.domain.calendars import ASIA_SHANGHAI
from consult.domain.notices import Urgency
from consult.domain.people import Actor, Institution, Role
from consult.domain.reach import Channel, Open, quiet_until
from consult.domain.sendings import MONTH, Standing
from consult.store import people, reach, sendings, turnaround_months
from consult.store.sendings import NewSending
from consult.store.unit import Store, Unit

Make = Callable[[Actor, str, str, datetime], bytes | None]
"""Lays out the report for whoever may count those cases: the actor, the month, the institution's name, now.

None where the month has no case of theirs.
"""


def make_due(store: Store, make: Make, out: Open, now: datetime) -> int:
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
                sendings.add(unit, _letters(unit, site.code, month, out, now), now)
            made += 1
    return made


def _letters(unit: Unit, house: str, month: str, out: Open, now: datetime) -> list[NewSending]:
    """A mail to each of the house's administrators who has an address and wants mail at all; a link, not the report."""
    if Channel.EMAIL not in out.ways:
        return []
    administrators = people.holders_of(unit.connection, house, Role.SITE_ADMIN)
    known = reach.of_people(unit.connection, [person.id for person in administrators])
    letters: list[NewSending] = []
    for person_id, at in sorted(known.items()):
        if at.email and at.ways.get(Channel.EMAIL):
            held = quiet_until(at, now)
            letters.append(
                NewSending(
                    f"{MONTH}/{house}/{month}/{person_id}/{Channel.EMAIL}", Channel.EMAIL, Urgency.NEWS, MONTH,
                    {"month": month}, held or now, Standing.HELD if held else Standing.WAITING,
                    person_id=person_id, institution=None,
                )
            )  # fmt: skip
    return letters


def last_month(now: datetime) -> str:
    """The month before this one in China's time, such as 2026-10."""
    first = now.astimezone(ASIA_SHANGHAI).replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}"


def _administrator(site: Institution) -> Actor:
    """Who looks after an institution sees in its report what they would see on the page, and nothing else."""
    return Actor("", "月报", frozenset({Role.SITE_ADMIN}), site.code)
