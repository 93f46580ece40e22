"""The feed: the state as of N, then facts after N; a page of it can always be asked for again."""

from consult.domain.events import Fact
from consult.domain.people import SYSTEM, Actor
from consult.store import cases
from consult.store.unit import Store

PAGE = 500


def head(store: Store) -> int:
    """Where the log stands."""
    with store.read() as connection:
        return cases.head(connection)


def after(store: Store, actor: Actor, seq: int) -> tuple[list[Fact], int]:
    """Facts of cases the actor may list, after ``seq``, in order, and where the log stands for this page.

    A full page stops at its last fact; the reader goes on from there.
    """
    with store.read() as connection:
        facts = cases.facts_seen(connection, actor, seq, PAGE)
        stands = cases.head(connection)
    return facts, (facts[-1].seq or stands) if len(facts) == PAGE else stands


def facts_since(store: Store, seq: int) -> list[Fact]:
    """All facts of cases after ``seq``, for the process that pushes hints."""
    with store.read() as connection:
        return cases.facts_seen(connection, SYSTEM, seq, PAGE)


def seeing(store: Store, case_id: str, actors: dict[str, Actor]) -> list[str]:
    """Of these keyed actors, the keys of those who may list the case."""
    with store.read() as connection:
        return cases.seeing(connection, case_id, actors.items())
