"""What was refused, for whoever runs the platform, and for a house's own administrator."""

from collections.abc import Mapping
from dataclasses import dataclass

from consult.domain.errors import Words
from consult.domain.people import Actor
from consult.domain.quarantine import whose
from consult.store import people, quarantine
from consult.store.quarantine import RefusedObject as RefusedObject  # noqa: PLC0414  for the doors
from consult.store.unit import Store

MOST = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Refused objects, newest first; names of their institutions; how many are open, and their bytes."""

    items: tuple[RefusedObject, ...]
    names: Mapping[str, Words]
    before: int | None
    open: int
    bytes: int


def page(store: Store, actor: Actor, settled: bool, before: int | None, limit: int) -> Page:
    """A page of what was refused. Raises NotAllowed."""
    house, size = whose(actor), max(1, min(limit, MOST))
    with store.read() as connection:
        found = quarantine.page(connection, house, settled, before, size + 1)
        names = {each.code: each.name for each in people.all_institutions(connection)}
        number, held = quarantine.count_open(connection, house)
    return Page(tuple(found[:size]), names, found[size - 1].id if len(found) > size else None, number, held)
