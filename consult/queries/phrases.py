"""The phrases a person has."""

from consult.domain.people import Actor
from consult.domain.phrases import OwnPhrases
from consult.store import phrases
from consult.store.unit import Store


def own(store: Store, actor: Actor) -> OwnPhrases:
    """The actor's own phrases; none for a machine."""
    if actor.person_id is None:
        return OwnPhrases()
    with store.read() as connection:
        return phrases.of_person(connection, actor.person_id)
