"""Who was faster: what may come between what somebody saw of a case and their move, without making the move stale."""

from collections.abc import Iterable

from consult.domain.events import Fact
from consult.domain.verbs import Verb

REMINDING = frozenset(
    {Verb.ESCALATE, Verb.CALL_CONTACT, Verb.REMIND_REQUEST, Verb.REMIND_SUPPLEMENT, Verb.REMIND_APPOINTMENT}
)
"""Moves by which the system reminds or calls: the state stays, and nothing changes that a person's move rests on."""


def still_fits(verb: Verb, meanwhile: Iterable[Fact]) -> bool:
    """Whether a move by ``verb`` may be decided anew on the case as it is after these facts, unseen by its mover.

    The same verb is the exception: what the mover asks for has just been done.
    """
    return all(fact.by_id is None and fact.kind in REMINDING and fact.kind != verb for fact in meanwhile)
