"""People keep their own phrases."""

from datetime import datetime

from consult.domain.errors import NotAllowed, Stale, Words
from consult.domain.people import Actor
from consult.domain.phrases import OwnPhrases, checked
from consult.store import phrases
from consult.store.unit import Store, Taken

NOBODY = Words("请先登录。", "Please sign in first.")


def keep(store: Store, actor: Actor, asked: OwnPhrases, now: datetime) -> OwnPhrases:
    """Keep the actor's phrases as they are given; as they stand then. Raises Invalid, Stale, NotAllowed."""
    if actor.person_id is None:
        raise NotAllowed(NOBODY)
    kept = OwnPhrases(checked(asked.items), asked.version)
    try:
        with store.write() as unit:
            phrases.keep(unit, actor.person_id, kept, now)
            return phrases.of_person(unit.connection, actor.person_id)
    except Taken:
        raise Stale from None
