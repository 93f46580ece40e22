"""Turnaround counted again in the plainest way, from the rows of the event log and the formulas alone.

Nothing of the product that measures or counts is used here: a figure that differs is wrong on one of the two sides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from consult.domain.calendars import business_seconds_between
from consult.store.unit import Store

ENDED = {"rejected", "withdrawn", "cancelled", "expired", "closed", "acknowledged"}
PAUSED = ("returned", "awaiting_images")
SIGNING = {"submitted", "queued", "assigned", "accepted", "scheduled", "in_progress", "preliminary", "in_review"}
HOUR = 3600
LIMITS: dict[str, tuple[set[str], dict[str, tuple[float, bool]], str]] = {
    "request_to_accept": (
        {"submitted", "queued", "assigned"},
        {"emergency": (180, False), "urgent": (600, False), "routine": (3600, True)}, "accepted",
    ),
    "consult_tat": (
        SIGNING, {"emergency": (1800, False), "urgent": (4 * HOUR, False), "routine": (24 * HOUR, False)}, "signed",
    ),
    "sign_to_delivered": (
        {"signed"}, {"emergency": (300, False), "urgent": (900, False), "routine": (3600, False)}, "delivered",
    ),
    "delivered_to_acknowledged": (
        {"delivered"}, {"emergency": (900, False), "urgent": (8 * HOUR, True), "routine": (8 * HOUR, True)},
        "acknowledged",
    ),
}  # fmt: skip
"""Which states run, how many seconds by priority (True: of business time), and what ends it."""


@dataclass
class Lived:
    """What the log tells of one case."""

    stays: list[tuple[str, datetime]] = field(default_factory=list[tuple[str, datetime]])
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    reasons: set[str] = field(default_factory=set[str])

    def first(self, *states: str) -> datetime | None:
        """When it first came into one of these."""
        return next((at for state, at in self.stays if state in states), None)

    def spans(self, now: datetime) -> list[tuple[str, datetime, datetime]]:
        """Each state with its beginning and end."""
        ends = [at for _, at in self.stays[1:]] + [now]
        return [(state, at, end) for (state, at), end in zip(self.stays, ends, strict=True)]


@dataclass
class Counted:
    """A metric counted."""

    values: list[int] = field(default_factory=list[int])
    judged: int = 0
    late: int = 0
    overdue: int = 0

    def percentile(self, percent: int) -> int:
        """The smallest value that at least so many per cent do not exceed."""
        return next(v for v in sorted(self.values)
                    if 100 * sum(other <= v for other in self.values) >= percent * len(self.values))  # fmt: skip


def lives(store: Store) -> tuple[dict[str, Lived], dict[tuple[str, str], list[tuple[datetime, str, str]]]]:
    """Every case, and what was told of every hospital's studies, from the rows of the log."""
    found: dict[str, Lived] = {}
    images: dict[tuple[str, str], list[tuple[datetime, str, str]]] = {}
    with store.read() as connection:
        rows = connection.execute(text("SELECT subject, subject_id, kind, at, data FROM facts ORDER BY seq")).all()
    for subject, key, kind, at, data in rows:
        said = data if isinstance(data, dict) else _json(data)
        when = _moment(at)
        if subject == "study":
            images.setdefault((said["institution"], key), []).append((when, kind, said["status"]))
            continue
        lived = found.setdefault(key, Lived())
        lived.values |= said["set"]
        if not lived.stays or lived.stays[-1][0] != said["to"]:
            lived.stays.append((said["to"], when))
        if kind == "return_for_supplement":
            lived.reasons |= {asked["item"] for asked in said["set"]["asked"]}
    return found, images


def recount(store: Store, now: datetime) -> dict[str, dict[str, Counted]]:
    """Every metric by group: "" is the whole, "modality CT", "priority urgent", "hour 10"."""
    counted: dict[str, dict[str, Counted]] = {}
    found, images = lives(store)
    for lived in found.values():
        submitted = lived.first("submitted", "queued")
        if submitted is None or lived.stays[-1][0] == "entered_in_error":
            continue
        local = submitted.astimezone(ZoneInfo("Asia/Shanghai"))
        of = lived.values
        keys = ("", f"modality {of['modality']}", f"priority {of['priority']}", f"hour {local:%H}")
        values = _values(lived, submitted, images)
        verdicts = _verdicts(lived, now)
        for key in keys:
            for metric, value in values.items():
                into = counted.setdefault(key, {}).setdefault(metric, Counted())
                if value is not None and value >= timedelta():
                    into.values.append(value // timedelta(microseconds=1))
                judged, late, overdue = verdicts.get(metric, (False, False, False))
                into.judged += judged
                into.late += late
                into.overdue += overdue
    return counted


def _values(
    lived: Lived, submitted: datetime, images: Mapping[tuple[str, str], list[tuple[datetime, str, str]]]
) -> dict[str, timedelta | None]:
    exam = _told(lived.values.get("exam_started"))
    accepted, opened, signed = lived.first("accepted"), lived.first("in_progress"), lived.first("signed")
    delivered, acknowledged = lived.first("delivered"), lived.first("acknowledged")
    review = lived.first("in_review")
    told = [images.get((lived.values["requesting_site"], uid), []) for uid in lived.values["study_uids"]]
    whole = [next((at for at, kind, status in of if kind == "study_settled" and status in ("complete", "quiet")), None)
             for of in told]  # fmt: skip
    complete = max(at for at in whole if at) if whole and all(whole) else None
    arrived = [at for of in told for at, kind, _ in of if kind == "study_received"]
    ready = max(submitted, complete) if complete else submitted
    written = lived.first("preliminary", "in_review", "signed")
    return {
        "exam_to_submit": submitted - exam if exam else None,
        "transfer": complete - max([submitted, *([min(arrived)] if arrived else [])]) if complete else None,
        "request_to_accept": accepted - submitted - _paused(lived, submitted, accepted) if accepted else None,
        "image_to_open": opened - ready - _paused(lived, ready, opened) if opened and opened >= ready else None,
        "read": written - opened if written and opened else None,
        "review": signed - review if signed and review else None,
        "sign_to_delivered": delivered - signed if delivered and signed else None,
        "delivered_to_acknowledged": acknowledged - delivered if acknowledged and delivered else None,
        "consult_tat": signed - submitted - _paused(lived, submitted, signed) if signed else None,
        "patient_tat": signed - exam if signed and exam else None,
    }


def _paused(lived: Lived, begin: datetime, end: datetime) -> timedelta:
    whole = timedelta()
    for state, since, until in lived.spans(end):
        if state in PAUSED and min(until, end) > max(since, begin):
            whole += min(until, end) - max(since, begin)
    return whole


def _verdicts(lived: Lived, now: datetime) -> dict[str, tuple[bool, bool, bool]]:
    priority = lived.values["priority"]
    found: dict[str, tuple[bool, bool, bool]] = {}
    for metric, (runs, limits, ends_in) in LIMITS.items():
        limit, business = limits[priority]
        ended = lived.first(ends_in)
        spans = [span for span in lived.spans(ended or now) if ended is None or span[1] < ended]
        used = _used(spans, runs, business)
        if used is not None:
            late = used > limit
            found[metric] = (ended is not None or late, late, late and ended is None)
    exam, signed = _told(lived.values.get("exam_started")), lived.first("signed")
    if exam is not None and priority == "emergency":
        until = signed or next((at for state, at in lived.stays if state in ENDED), now)
        late = until - exam > timedelta(hours=2)
        found["patient_tat"] = (signed is not None or late, late, late and signed is None)
    return found


def _used(spans: Iterable[tuple[str, datetime, datetime]], runs: set[str], business: bool) -> float | None:
    """Seconds in these states since the last time that something else than a pause came between."""
    used: float | None = None
    other = True
    for state, begin, end in spans:
        if state in runs:
            seconds = business_seconds_between(begin, end) if business else (end - begin).total_seconds()
            used = seconds if other or used is None else used + seconds
            other = False
        elif state not in PAUSED:
            other = True
    return used


def _json(told: str) -> dict[str, Any]:
    import json

    return dict(json.loads(told))


def _moment(at: Any) -> datetime:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("UTC"))


def _told(text_or_none: str | None) -> datetime | None:
    return None if text_or_none is None else datetime.fromisoformat(text_or_none)
