"""By what turnaround is divided, over which period, and who may see it divided by people."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from consult.domain.calendars import ASIA_SHANGHAI
from consult.domain.errors import Invalid, NotAllowed, Words
from consult.domain.people import Actor, Role

LONGEST = timedelta(days=366 * 3)
NOT_PEOPLE = Words(
    "按专家统计只向专家本人和所在机构的管理员显示。",
    "Figures by specialist are shown only to the person and to the administrator of their institution.",
)


class By(StrEnum):
    """What the figures are divided by; the empty one is the whole."""

    WHOLE = ""
    SITE = "site"
    PERFORMING_SITE = "performing_site"
    MODALITY = "modality"
    PRIORITY = "priority"
    SERVICE = "service"
    SPECIALIST = "specialist"
    HOUR = "hour"
    WEEKDAY_HOUR = "weekday_hour"
    DAY = "day"
    MONTH = "month"


TEXTS: dict[By, tuple[str, str]] = {
    By.SITE: ("requesting_site", ""),
    By.PERFORMING_SITE: ("performing_site", ""),
    By.MODALITY: ("modality", ""),
    By.PRIORITY: ("priority", ""),
    By.SERVICE: ("service_type", ""),
    By.SPECIALIST: ("specialist_id", "specialist_name"),
}
"""The column that a division reads, and the one that names its groups; the others are read from the submission."""

TIMES: dict[By, str] = {
    By.HOUR: "%H",
    By.WEEKDAY_HOUR: "%u-%H",
    By.DAY: "%Y-%m-%d",
    By.MONTH: "%Y-%m",
}
"""How a group of hours or days is called: by the submission in China's time; weekday 1 is Monday."""


@dataclass(frozen=True, slots=True)
class ReadBy:
    """Whose reading may be shown one by one: the actor's own, and that of everyone in the house they look after."""

    person: str
    house: str


def read_by(actor: Actor) -> ReadBy:
    """Raises NotAllowed for whoever neither reads nor looks after those who do."""
    reads = actor.has_any((Role.SPECIALIST, Role.REVIEWER))
    looks_after = Role.SITE_ADMIN in actor.roles
    if actor.person_id is None or not (reads or looks_after):
        raise NotAllowed(NOT_PEOPLE)
    return ReadBy(actor.person_id if reads else "", (actor.institution_code or "") if looks_after else "")


def bound(text: str, field: str, *, end: bool = False) -> datetime:
    """A day (a last day counts whole, in China's time) or a moment with its zone, as ISO 8601. Raises Invalid."""
    try:
        if len(text) == len("2026-11-24"):
            day = date.fromisoformat(text) + timedelta(days=end)
            return datetime.combine(day, time(), ASIA_SHANGHAI)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Invalid.at(field, Words("请写日期，如 2026-11-24。", "Write a day, such as 2026-11-24."))
    return moment


def period(since: str, until: str, now: datetime) -> tuple[datetime, datetime]:
    """From and to as asked; nothing asked is the last thirty days with today. Raises Invalid."""
    last = bound(until, "to", end=True) if until else _midnight(now) + timedelta(days=1)
    first = bound(since, "from") if since else _midnight(last - timedelta(days=30))
    if first >= last:
        raise Invalid.at("to", Words("结束日期早于开始日期。", "The end is before the beginning."))
    if last - first > LONGEST:
        raise Invalid.at("from", Words("一次最多统计三年。", "Three years at a time at most."))
    return first, last


def _midnight(at: datetime) -> datetime:
    local = at.astimezone(ASIA_SHANGHAI)
    return datetime.combine(local.date(), time(), ASIA_SHANGHAI)
