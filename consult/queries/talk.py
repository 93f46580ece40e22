"""What was said and handed over about cases, for those who may see them."""

from dataclasses import dataclass

from consult.domain.access import What
from consult.domain.cases import Case
from consult.domain.errors import NotFound
from consult.domain.people import Actor, Institution
from consult.domain.talk import File, Message, may_talk
from consult.store import cases, people, talk
from consult.store.unit import Store

PAGE = 200
FOUND = 40


@dataclass(frozen=True, slots=True)
class Said:
    """Messages of a case in order, up to where the actor has read, and whether the actor may add to them."""

    messages: tuple[Message, ...]
    read_to: int
    talks: bool
    sites: dict[str, Institution]


@dataclass(frozen=True, slots=True)
class Found:
    """Messages that match, each with its case, newest first; ``more`` where there are others behind them."""

    items: tuple[tuple[Message, Case], ...]
    more: bool


def messages(store: Store, case_id: str, actor: Actor, after: int) -> Said:
    """Up to 200 messages after one. Raises NotFound."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor)
        said = tuple(talk.messages(connection, case_id, after, PAGE))
        read_to = talk.read_to(connection, case_id, actor.person_id or "")
        sites = {site.code: site for site in people.all_institutions(connection)}
    return Said(said, read_to, may_talk(actor, case), sites)


def search(store: Store, actor: Actor, text: str, before: int | None) -> Found:
    """Messages by patient, case number or words, over all cases that the actor may open."""
    with store.read() as connection:
        found = talk.found(connection, actor, text.strip(), before, FOUND + 1)
    return Found(tuple(found[:FOUND]), len(found) > FOUND)


def files(store: Store, case_id: str, actor: Actor) -> tuple[tuple[File, ...], bool]:
    """The files of a case, oldest first, and whether the actor may add to them. Raises NotFound."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor, What.IMAGES)
        return tuple(talk.files(connection, case_id)), may_talk(actor, case)


def file(store: Store, case_id: str, file_id: str, actor: Actor) -> File:
    """One file. Raises NotFound."""
    for each in files(store, case_id, actor)[0]:
        if each.id == file_id:
            return each
    raise NotFound
