"""A person chooses between objects of one identity: audited, reversible, and nothing is deleted."""

from datetime import datetime

from consult.domain.errors import Invalid, NotAllowed, NotFound, Words
from consult.domain.people import Actor, Role
from consult.store import conflicts, studies
from consult.store.unit import Store

NOT_YOURS = Words("由会诊中心调度核对选定。", "Choosing between versions is the coordinator's.")


def may_decide(actor: Actor) -> bool:
    """Whether the actor chooses between versions."""
    return Role.COORDINATOR in actor.roles


def decide(store: Store, study_uid: str, sop_uid: str, sha256: str, reason: str, actor: Actor, now: datetime) -> None:
    """Make a version the one that is shown. Raises NotFound, NotAllowed, Invalid."""
    if not reason.strip():
        raise Invalid.at("reason", Words("请填写选定的理由。", "Say why you chose this one."))
    with store.write() as unit:
        study = studies.find(unit.connection, study_uid, actor)
        if not may_decide(actor):
            raise NotAllowed(NOT_YOURS)
        chosen = conflicts.version(unit.connection, study.id, sop_uid, sha256)
        if chosen is None:
            raise NotFound
        conflicts.decide(unit, study, chosen, reason.strip(), actor, now)
