"""The limits that houses decided for themselves, read whole: they are a handful of rows."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from consult.domain.clocks import Limit, Pace
from consult.domain.limits import LimitBook, LimitRule
from consult.store.tables_limits import limits
from consult.store.unit import Unit


def book(connection: Connection) -> LimitBook:
    """Every house's rules."""
    kept: dict[str, list[LimitRule]] = {}
    for row in connection.execute(select(limits).order_by(limits.c.service_type, limits.c.clock, limits.c.priority)):
        rule = LimitRule(row.clock, row.priority, Limit(row.seconds, Pace(row.pace)), row.service_type)
        kept.setdefault(row.institution, []).append(rule)
    return LimitBook(kept)


def keep(unit: Unit, institution: str, rules: Sequence[LimitRule]) -> None:
    """A house's rules, all of them anew."""
    unit.connection.execute(delete(limits).where(limits.c.institution == institution))
    rows = [
        {
            "institution": institution,
            "service_type": rule.service_type,
            "clock": rule.clock,
            "priority": rule.priority,
            "seconds": rule.limit.seconds,
            "pace": str(rule.limit.pace),
        }
        for rule in rules
    ]
    if rows:
        unit.connection.execute(insert(limits), rows)
