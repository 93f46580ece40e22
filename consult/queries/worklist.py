"""The worklist: what waits for this person, in the order of what is due first, page after page."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime

from consult.domain.cases import Case
from consult.domain.clocks import ClockReading
from consult.domain.errors import Invalid, Words
from consult.domain.people import Actor, Institution
from consult.domain.workflow import Move, Verb, open_to
from consult.domain.workflow_needs import Images, World
from consult.store import cases, limits, people, talk
from consult.store.cases import Filters
from consult.store.unit import Store
from consult.store.world import images_of_all, readings_of

__all__ = ["Filters", "Line", "Page", "page"]

MOST = 200

MAIN_PATH = (
    Verb.SUBMIT,
    Verb.RESUBMIT,
    Verb.TRIAGE,
    Verb.CLAIM,
    Verb.ACCEPT,
    Verb.OPEN,
    Verb.SUBMIT_FOR_REVIEW,
    Verb.SIGN,
    Verb.CO_SIGN,
    Verb.ACKNOWLEDGE,
    Verb.CLOSE,
)
"""The verbs that bring a case forward when nothing goes wrong: a list shows the first that is open as the next step."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a worklist."""

    case: Case
    due_at: datetime | None
    clocks: tuple[ClockReading, ...]
    images: Images
    next_move: Move | None
    unread: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, the cursor of the next page (None: that was all), and how many rows the whole list has."""

    lines: tuple[Line, ...]
    after: str | None
    total: int
    sites: dict[str, Institution]


def page(store: Store, actor: Actor, filters: Filters, after: str | None, limit: int, now: datetime) -> Page:
    """One page of the cases that the actor may list. Raises Invalid for a cursor that is not ours."""
    size = max(1, min(limit, MOST))
    with store.read() as connection:
        found = cases.page(connection, actor, filters, _cursor(after), size + 1)
        images = images_of_all(connection, [case for case, _, _ in found[:size]])
        unread = talk.unread(connection, [case.id for case, _, _ in found[:size]], actor.person_id or "")
        book = limits.book(connection)
        lines = tuple(
            Line(
                case,
                due_at,
                readings_of(case, now, book),
                images[case.id],
                _next(case, actor, now),
                unread.get(case.id, 0),
            )
            for case, due_at, _ in found[:size]
        )
        total = cases.count(connection, actor, filters)
        sites = {site.code: site for site in people.all_institutions(connection)}
    more = _told(found[size - 1][2]) if len(found) > size else None
    return Page(lines, more, total, sites)


def _next(case: Case, actor: Actor, now: datetime) -> Move | None:
    """The move that brings the case forward, as far as the case alone tells; its page tells what is still unmet."""
    moves = {move.row.verb: move for move in open_to(case, actor, World(), now)}
    return next((moves[verb] for verb in MAIN_PATH if verb in moves), None)


def _told(cursor: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode()


def _cursor(told: str | None) -> tuple[str, str] | None:
    if not told:
        return None
    try:
        rank, case_id = json.loads(base64.urlsafe_b64decode(told))
    except (ValueError, binascii.Error, TypeError) as broken:
        raise Invalid.at("after", Words("翻页标记无效。", "That cursor is not valid.")) from broken
    return str(rank), str(case_id)
