"""What a house decides for itself: how long is too long, and whom to call; each change on record with what it was."""

from collections.abc import Sequence

from consult.actions.parts import Parts
from consult.domain import administration, contacts, limits
from consult.domain.audit import Deed, Entry
from consult.domain.contacts import PhoneContact
from consult.domain.limits import LimitRule
from consult.domain.people import Actor
from consult.store import contacts as kept_contacts
from consult.store import limits as kept_limits
from consult.store import people
from consult.store.unit import Unit


def keep_limits(parts: Parts, actor: Actor, code: str, rules: Sequence[LimitRule]) -> None:
    """The limits of a performing house, all of them anew. Raises Invalid, NotFound.

    Cases at work are held to them from their next move on; lists show them at once.
    """
    administration.check_house(actor, code)
    limits.check(rules)
    with parts.store.write() as unit:
        people.institution(unit.connection, code)
        before = kept_limits.book(unit.connection).rules.get(code, ())
        kept_limits.keep(unit, code, rules)
        _note(unit, parts, actor, code, "limits", [_limit(r) for r in before], [_limit(r) for r in rules])


def keep_contacts(parts: Parts, actor: Actor, code: str, listed: Sequence[PhoneContact]) -> None:
    """Whom to call at a house, in order, all of it anew. Raises Invalid, NotFound."""
    administration.check_house(actor, code)
    contacts.check(listed)
    with parts.store.write() as unit:
        people.institution(unit.connection, code)
        before = kept_contacts.of(unit.connection, code)
        kept_contacts.keep(unit, code, listed)
        _note(unit, parts, actor, code, "contacts", [_contact(c) for c in before], [_contact(c) for c in listed])


def _limit(rule: LimitRule) -> str:
    name = ".".join(part for part in (rule.service_type, rule.clock, rule.priority) if part)
    return f"{name}={rule.limit.seconds:g}s/{rule.limit.pace}"


def _contact(each: PhoneContact) -> str:
    return f"{each.duty} {each.name} {each.phone}".strip()


def _note(unit: Unit, parts: Parts, actor: Actor, code: str, what: str, old: list[str], new: list[str]) -> None:
    gone, come = [each for each in old if each not in new], [each for each in new if each not in old]
    told = f"{'; '.join(gone)} → {'; '.join(come)}"
    detail = {"what": what, what: told}
    at = parts.clock()
    unit.note(Entry(Deed.ADMINISTER, at, actor.person_id, actor.name, "institution", code, detail=detail))
