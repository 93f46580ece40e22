"""The audit log as auditors search it: by person, case, study, deed and time; paged, and as a table to take along."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from consult.domain.access import What, scope_of
from consult.domain.audit import CODES, Deed, Row
from consult.domain.errors import NotAllowed, Words
from consult.domain.people import Actor
from consult.store import audit
from consult.store.audit import Asked as Asked  # noqa: PLC0414  for the doors
from consult.store.unit import Store

MOST = 200
AT_ONCE = 1000
NOT_YOURS = Words("只有审计人员可以查看审计日志。", "Only auditors read the audit log.")
HEAD = (
    "seq",
    "at",
    "person",
    "person_id",
    "address",
    "deed",
    "event_code",
    "outcome",
    "subject",
    "subject_id",
    "detail",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet would take for a formula (OWASP, CSV injection)."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, newest first; numbers of cases and names of accounts by id; ``before`` is the cursor of the next page."""

    rows: tuple[Row, ...]
    names: dict[str, str]
    before: int | None


def check(actor: Actor) -> None:
    """Raises NotAllowed for whoever is no auditor."""
    if not scope_of(actor, What.LOG):
        raise NotAllowed(NOT_YOURS)


def page(store: Store, actor: Actor, asked: Asked, before: int | None, limit: int) -> Page:
    """A page of the log. Raises NotAllowed."""
    check(actor)
    size = max(1, min(limit, MOST))
    with store.read() as connection:
        rows = audit.search(connection, asked, before, size + 1)
        names = audit.case_numbers(connection, _ids(rows, "case")) | audit.usernames(connection, _ids(rows, "person"))
    return Page(tuple(rows[:size]), names, rows[size - 1].seq if len(rows) > size else None)


def _ids(rows: Sequence[Row], subject: str) -> list[str]:
    return [row.entry.subject_id for row in rows if row.entry.subject == subject]


def table(store: Store, actor: Actor, asked: Asked, now: datetime) -> Iterator[str]:
    """All that fits as CSV, newest first, in pieces; no cell is a formula. Raises NotAllowed before the first piece."""
    check(actor)
    return _lines(store, replace(asked, until=min(asked.until or now, now)))


def _lines(store: Store, asked: Asked) -> Iterator[str]:
    yield "\ufeff" + _line(HEAD)
    before: int | None = None
    while True:
        with store.read() as connection:
            rows = audit.search(connection, asked, before, AT_ONCE)
        if not rows:
            return
        yield "".join(_line(_cells(row)) for row in rows)
        before = rows[-1].seq


def _cells(row: Row) -> tuple[str, ...]:
    said = row.entry
    code = str(CODES[Deed(said.deed)].event) if said.deed in CODES else ""
    detail = "; ".join(f"{name}={value}" for name, value in sorted(said.detail.items()))
    at = said.at.astimezone(UTC).isoformat()
    return (str(row.seq), at, said.person_name, said.person_id or "", said.address, str(said.deed), code,
            str(said.outcome), said.subject, said.subject_id, detail)  # fmt: skip


def _line(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells)
    return out.getvalue()


def latest(store: Store, asked: Asked, limit: int) -> list[Row]:
    """The newest rows that fit, for whoever has this machine's command line."""
    with store.read() as connection:
        return audit.search(connection, asked, None, limit)
