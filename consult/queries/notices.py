"""A person's own notices: how many are new, and page after page what they say."""

from collections.abc import Mapping
from dataclasses import dataclass

from consult.domain.access import What
from consult.domain.cases import Case
from consult.domain.errors import NotFound
from consult.domain.notices import Urgency
from consult.domain.people import Actor
from consult.domain.reach import Channel, Reach
from consult.domain.sendings import Sending
from consult.store import notices, reach, sendings
from consult.store.notices import Told
from consult.store.unit import Store

MOST = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Some notices, newest first; the cases that the person may still list, by id; the next page's cursor."""

    items: tuple[Told, ...]
    cases: Mapping[str, Case]
    before: int | None
    unread: Mapping[Urgency, int]


def page(store: Store, actor: Actor, unread: bool, before: int | None, limit: int) -> Page:
    """A page of the actor's own notices."""
    size, person_id = max(1, min(limit, MOST)), actor.person_id or ""
    with store.read() as connection:
        found = notices.page(connection, person_id, unread, before, size + 1)
        seen = notices.seen_of(connection, {each.case_id for each in found[:size]}, actor, What.LIST)
        counts = notices.count_unread(connection, person_id)
    return Page(tuple(found[:size]), seen, found[size - 1].id if len(found) > size else None, counts)


def unread(store: Store, actor: Actor) -> tuple[Mapping[Urgency, int], Told | None]:
    """How many the actor has not looked at, and the newest of these."""
    person_id = actor.person_id or ""
    with store.read() as connection:
        newest = notices.page(connection, person_id, True, None, 1)
        return notices.count_unread(connection, person_id), newest[0] if newest else None


def head(store: Store) -> int:
    """Where the notices of all stand."""
    with store.read() as connection:
        return notices.head(connection)


def told_since(store: Store, after: int) -> tuple[int, set[str]]:
    """Where they stand now, and who was told since: a hint for their open pages."""
    with store.read() as connection:
        found = notices.told_since(connection, after, 1000)
    return (found[-1][0] if found else after), {person_id for _, person_id in found}


def own_reach(store: Store, actor: Actor) -> Reach:
    """How the actor is reached."""
    with store.read() as connection:
        return reach.of_person(connection, actor.person_id or "")


def last_test(store: Store, actor: Actor, channel: Channel) -> Sending:
    """The last message that the actor had sent to see whether it arrives. Raises NotFound."""
    with store.read() as connection:
        found = sendings.newest_test(connection, actor.person_id or "", channel)
    if found is None:
        raise NotFound
    return found
