"""What went out: for those who run the platform, and beside a case's story."""

from collections.abc import Mapping
from dataclasses import dataclass

from consult.domain.access import Scope, What, scope_of
from consult.domain.errors import NotAllowed, Words
from consult.domain.people import Actor
from consult.domain.reach import Channel, masked
from consult.domain.sendings import Sending, Standing
from consult.store import cases, notices, people, reach, sendings
from consult.store.notices import Told
from consult.store.unit import Store

MOST = 100
NOBODY = Words("", "")
NOT_YOURS = Words("只有平台管理员可以查看通知发送。", "Only platform administrators see what went out.")


@dataclass(frozen=True, slots=True)
class Line:
    """A sending, to whom by name, and their address as operators see it."""

    sending: Sending
    name: Words
    to: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of them, newest first; the next page's cursor; how many stand how."""

    items: tuple[Line, ...]
    before: int | None
    counts: Mapping[Standing, int]


def page(store: Store, actor: Actor, standing: Standing, before: int | None, limit: int) -> Page:
    """Those that stand so, newest first. Raises NotAllowed."""
    if Scope.ALL not in scope_of(actor, What.OPERATIONS):
        raise NotAllowed(NOT_YOURS)
    size = max(1, min(limit, MOST))
    with store.read() as connection:
        found = sendings.page(connection, standing, before, size + 1)
        ids = {each.person_id for each in found if each.person_id}
        told = people.names_of(connection, ids)
        houses = {house.code: house.name for house in people.all_institutions(connection)}
        known = reach.of_people(connection, ids)
        counts = sendings.count(connection)
    names = {person_id: Words(name, name) for person_id, name in told.items()} | houses
    lines = [
        Line(
            each,
            names.get(each.person_id or each.institution or "", NOBODY),
            masked(known.get(each.person_id or "", reach.UNKNOWN).address(each.channel)),
        )
        for each in found[:size]
    ]
    return Page(tuple(lines), found[size - 1].id if len(found) > size else None, counts)


def unsent(store: Store) -> Mapping[tuple[Channel, Standing], int]:
    """How many wait, are held, or were given up, by way; for /metrics."""
    with store.read() as connection:
        return sendings.open_by_way(connection)


@dataclass(frozen=True, slots=True)
class ToldOfCase:
    """Who was told of a fact of a case, by name, and by which ways it went to them."""

    told: Told
    name: str
    sendings: tuple[Sending, ...]


def of_case(store: Store, case_id: str, actor: Actor) -> list[ToldOfCase]:
    """Who was told what of a case, in order. Raises NotFound."""
    with store.read() as connection:
        cases.find(connection, case_id, actor)
        told = notices.of_case(connection, case_id)
        went = sendings.of_case(connection, case_id)
        names = people.names_of(connection, {each.person_id for each in told})
    by_way: dict[str, list[Sending]] = {}
    for each in went:
        by_way.setdefault(each.key.rpartition("/")[0], []).append(each)
    return [
        ToldOfCase(each, names[each.person_id], tuple(by_way.get(f"{each.fact_seq}/{each.person_id}", ())))
        for each in told
    ]
