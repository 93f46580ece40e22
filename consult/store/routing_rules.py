"""Versions of a house's routing policy in the database: each written once, the highest one holds."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from consult.domain.errors import NotFound, Stale
from consult.domain.people import Actor
from consult.domain.routing_policy import STANDARD, Edition, Policy, Rule
from consult.domain.work_units import SEED_UNITS
from consult.store.tables_rota import routing_policies, routing_rules, work_units
from consult.store.unit import Unit

NUMBERS = ("weights", "accept_s", "broadcast_after", "unopened", "seconds_per_unit")
RULE = ("note", "modality", "body_part", "subspecialty", "requesting_site", "priority", "pool", "skill", "language",
        "hard", "points")  # fmt: skip


def policy_of(connection: Connection, site: str) -> Policy:
    """What holds at an institution now."""
    return edition(connection, site).policy


def edition(connection: Connection, site: str, version: int | None = None) -> Edition:
    """A version of an institution's policy, the newest where none is named; number 0 is the standard.

    Raises NotFound.
    """
    newest = _newest(connection, site)
    if version == 0 or (version is None and newest == 0):
        return Edition(site, 0, STANDARD)
    wanted = newest if version is None else version
    which = (routing_policies.c.institution == site) & (routing_policies.c.version == wanted)
    row = connection.execute(select(routing_policies).where(which)).first()
    if row is None:
        raise NotFound
    return _edition(connection, row)


def _newest(connection: Connection, site: str) -> int:
    query = select(func.max(routing_policies.c.version)).where(routing_policies.c.institution == site)
    return int(connection.scalar(query) or 0)


def history(connection: Connection, site: str, before: int | None, limit: int) -> list[Edition]:
    """The versions without their rules, newest first."""
    query = select(routing_policies).where(routing_policies.c.institution == site)
    if before is not None:
        query = query.where(routing_policies.c.version < before)
    rows = connection.execute(query.order_by(routing_policies.c.version.desc()).limit(limit))
    return [Edition(site, row.version, STANDARD, row.changed_at, row.changed_by, row.note) for row in rows]


def _edition(connection: Connection, row: Any) -> Edition:
    site, version = row.institution, row.version
    here = (routing_rules.c.institution == site) & (routing_rules.c.version == version)
    rules = tuple(
        _rule(each) for each in connection.execute(select(routing_rules).where(here).order_by(routing_rules.c.place))
    )
    theirs = (work_units.c.institution == site) & (work_units.c.version == version)
    units = {
        (each.modality, each.body_part): each.units for each in connection.execute(select(work_units).where(theirs))
    }
    policy = Policy(rules=rules, units=units or SEED_UNITS, **{name: row.numbers[name] for name in NUMBERS})
    return Edition(site, version, policy, row.changed_at, row.changed_by, row.note)


def _rule(row: Any) -> Rule:
    values: dict[str, Any] = {name: getattr(row, name) for name in RULE}
    values["pool"] = tuple(row.pool)
    return Rule(**values)


def keep(unit: Unit, site: str, policy: Policy, version: int, actor: Actor, note: str, now: datetime) -> int:
    """Keep a policy as the version after ``version``; its number. Raises Stale when that is not the newest."""
    if _newest(unit.connection, site) != version:
        raise Stale
    key = {"institution": site, "version": version + 1}
    unit.connection.execute(
        insert(routing_policies).values(
            **key,
            changed_at=now,
            changed_by_id=actor.person_id or "",
            changed_by=actor.name,
            note=note,
            numbers={name: _plain(getattr(policy, name)) for name in NUMBERS},
        )
    )
    rules = [
        {**key, "place": n, **{name: _plain(getattr(rule, name)) for name in RULE}}
        for n, rule in enumerate(policy.rules)
    ]
    if rules:
        unit.connection.execute(insert(routing_rules), rules)
    rows = [{**key, "modality": m, "body_part": p, "units": units} for (m, p), units in policy.units.items()]
    if rows:
        unit.connection.execute(insert(work_units), rows)
    return version + 1


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if hasattr(value, "items") else value
