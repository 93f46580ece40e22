"""What proves that a study is whole, and how the checking of all studies stands."""

from collections.abc import Sequence
from typing import Any

from consult.domain.access import What, scope_of
from consult.domain.errors import NotAllowed, Words
from consult.domain.people import Actor
from consult.store import announcements, proof, studies
from consult.store.proof import Standing
from consult.store.unit import Store

NOT_YOURS = Words("仅平台管理员可查看核验结果。", "The results of checking are the platform administrator's.")
MOST_FAULTY = 100


def manifests(store: Store, study_uid: str, actor: Actor) -> Sequence[Any]:
    """The manifests of a study's series, oldest first. Raises NotFound."""
    with store.read() as connection:
        return proof.manifests(connection, studies.find(connection, study_uid, actor).id)


def standing(store: Store) -> Standing:
    """The figures of checking; for /metrics."""
    with store.read() as connection:
        return proof.standing(connection)


def results(store: Store, actor: Actor) -> tuple[Standing, Sequence[Any]]:
    """The figures of checking and the studies that did not stand it, newest first. Raises NotAllowed."""
    if not scope_of(actor, What.OPERATIONS):
        raise NotAllowed(NOT_YOURS)
    with store.read() as connection:
        return proof.standing(connection), proof.faulty(connection, MOST_FAULTY)


def studies_of(store: Store, study_uid: str) -> list[Any]:
    """The studies with this UID, one an institution; for the operator's command."""
    with store.read() as connection:
        return proof.by_uid(connection, study_uid)


def keys(store: Store) -> list[Any]:
    """The keys that sign lists; for the operator's command."""
    with store.read() as connection:
        return announcements.keys(connection)
