"""The telephone lists of houses."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from consult.domain.contacts import PhoneContact
from consult.store.tables_limits import contacts
from consult.store.unit import Unit


def of(connection: Connection, institution: str) -> tuple[PhoneContact, ...]:
    """Whom to call at this house, in order."""
    query = select(contacts).where(contacts.c.institution == institution).order_by(contacts.c.position)
    return tuple(PhoneContact(row.name, row.duty, row.phone) for row in connection.execute(query))


def keep(unit: Unit, institution: str, listed: Sequence[PhoneContact]) -> None:
    """The list of a house, all of it anew."""
    unit.connection.execute(delete(contacts).where(contacts.c.institution == institution))
    rows = [
        {"institution": institution, "position": place, "name": each.name, "duty": each.duty, "phone": each.phone}
        for place, each in enumerate(listed)
    ]
    if rows:
        unit.connection.execute(insert(contacts), rows)
