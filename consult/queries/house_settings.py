"""What a house decided for itself, for its administrator."""

from collections.abc import Sequence

from consult.domain import administration
from consult.domain.contacts import PhoneContact
from consult.domain.limits import LimitRule
from consult.domain.people import Actor
from consult.store import contacts, people
from consult.store import limits as kept_limits
from consult.store.unit import Store


def limits(store: Store, actor: Actor, code: str) -> Sequence[LimitRule]:
    """The limits of a house in place of the usual ones. Raises NotFound."""
    administration.check_house(actor, code)
    with store.read() as connection:
        people.institution(connection, code)
        return kept_limits.book(connection).rules.get(code, ())


def phone_list(store: Store, actor: Actor, code: str) -> tuple[PhoneContact, ...]:
    """Whom to call at a house, in order. Raises NotFound."""
    administration.check_house(actor, code)
    with store.read() as connection:
        people.institution(connection, code)
        return contacts.of(connection, code)
