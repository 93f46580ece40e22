"""Holds and terms, with reason and name; what is over its term is removed only when somebody says so."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from consult.actions import images
from consult.actions.parts import Parts
from consult.domain.audit import Deed, Entry
from consult.domain.errors import Invalid, NotFound, Words
from consult.domain.retention import TERMS_YEARS, Kind, Verdict, may_be_removed
from consult.store import doctor, people, retention
from consult.store.blobs import Blobs
from consult.store.retention import Held, Hold
from consult.store.unit import Store

GRACE_S = 120.0
"""Longer than any object takes from its place in the store to its row."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A study whose usual term may be over, and what the rule says of it."""

    study: Held
    verdict: Verdict


def hold(parts: Parts, subject: str, told: str, reason: str, by: str) -> Hold:
    """Put a hold on a ``study`` (UID) or a ``case`` (number or id). Raises NotFound, Invalid."""
    if not reason.strip():
        raise Invalid.at("reason", Words("请写明封存的原因。", "Say why it is held."))
    now = parts.clock()
    with parts.store.write() as unit:
        key = retention.case_id(unit.connection, told) if subject == "case" else told
        if key is None or (subject == "study" and not retention.is_study(unit.connection, key)):
            raise NotFound
        put = Hold(uuid4().hex, subject, key, reason.strip(), None, by, now)
        retention.hold(unit, put)
        unit.note(Entry(Deed.HOLD, now, None, by, subject, key, detail={"hold": put.id, "reason": put.reason}))
    return put


def release(parts: Parts, hold_id: str, reason: str, by: str) -> None:
    """Release a hold. Raises NotFound, Invalid."""
    if not reason.strip():
        raise Invalid.at("reason", Words("请写明解除封存的原因。", "Say why it is released."))
    now = parts.clock()
    with parts.store.write() as unit:
        held = retention.release(unit, hold_id, by, reason.strip(), now)
        if held is None:
            raise NotFound
        detail = {"hold": hold_id, "reason": reason.strip()}
        unit.note(Entry(Deed.RELEASE, now, None, by, held.subject, held.subject_id, detail=detail))


def held(store: Store) -> list[Hold]:
    """Every hold in force."""
    with store.read() as connection:
        return retention.in_force(connection)


def set_term(parts: Parts, institution: str, kind: Kind, years: int, by: str) -> None:
    """A house's own term, which may only be longer than the usual one. Raises NotFound, Invalid."""
    least = TERMS_YEARS[kind]
    if years < least:
        raise Invalid.at("years", Words(f"不得少于 {least} 年。", f"Not less than {least} years."))
    now = parts.clock()
    with parts.store.write() as unit:
        people.institution(unit.connection, institution)
        retention.set_term(unit, institution, kind, years)
        detail = {"what": "term", "kind": kind.value, "years": years}
        unit.note(Entry(Deed.ADMINISTER, now, None, by, "institution", institution, detail=detail))


def judged(store: Store, now: datetime) -> Iterator[Judged]:
    """What the rule says of every study that is older than the shortest term. Raises Unavailable."""
    shortest = now - timedelta(days=365 * min(TERMS_YEARS.values()))
    with store.read() as connection:
        own = retention.own_years(connection)
        for study in retention.older_than(connection, shortest):
            yield Judged(study, _verdict(study, own, now))


def _verdict(study: Held, own: dict[tuple[str, str], int], now: datetime) -> Verdict:
    return may_be_removed(study.kept, own.get((study.institution, study.kept.kind.value)), now)


def remove(parts: Parts, study_id: str, by: str) -> bool:
    """Remove one study if the rule still allows it: rows, then objects that nothing names; a tombstone stays.

    The objects are set aside, until ``settle``. Raises Unavailable.
    """
    now = parts.clock()
    with parts.store.write() as unit:
        study = retention.one(unit.connection, study_id)
        if study is None or not _verdict(study, retention.own_years(unit.connection), now).removable:
            return False
        unnamed = retention.remove(unit, study, by, now)
        detail = {"institution": study.institution, "objects": len(unnamed)}
        unit.note(Entry(Deed.REMOVE, now, None, by, "study", study.study_uid, detail=detail))
    images.forget(parts.blobs, study_id)
    for sha256 in unnamed:
        parts.blobs.set_aside(sha256)
    return True


def settle(store: Store, blobs: Blobs) -> int:
    """Remove for good what was set aside; how many objects. What a row names by now is put back.

    The same bytes may have come again just before they were set aside, and their row just after: so this is to run
    GRACE_S later, when every row under way is written. Raises Unavailable.
    """
    dropped = 0
    for sha256 in blobs.aside():
        with store.read() as connection:
            named = doctor.is_named(connection, sha256)
        if named:
            blobs.put_back(sha256)
        else:
            blobs.drop(sha256)
            dropped += 1
    return dropped
