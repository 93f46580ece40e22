"""Two at one case: whoever moves it holds its row first, and is told what came since the version that they saw."""

from sqlalchemy import Connection, select

from consult.domain.access import What
from consult.domain.cases import Case, case_of
from consult.domain.errors import NotFound
from consult.domain.events import Fact
from consult.domain.people import Actor
from consult.store.cases import fact_of, visible_to
from consult.store.tables import cases, facts
from consult.store.unit import Unit


def hold(unit: Unit, case_id: str, actor: Actor) -> Case:
    """The case as it is now, kept from everybody else until this transaction ends. Raises NotFound as ``cases.find``.

    On PostgreSQL the row is locked, so that the second of two waits for the first and decides on what it left;
    on SQLite there is one writer at a time anyway.
    """
    query = select(cases.c.document).where(cases.c.id == case_id, visible_to(actor, What.CASE))
    document = unit.connection.scalar(query.with_for_update(of=cases))
    if document is None:
        raise NotFound
    return case_of(document)


def told_since(connection: Connection, case: Case, version: int) -> list[Fact] | None:
    """The facts that made ``case`` out of its earlier version; None where it never had that version."""
    if not 1 <= version <= case.version:
        return None
    if version == case.version:
        return []
    query = select(facts).where(facts.c.subject == "case", facts.c.subject_id == case.id, facts.c.version > version)
    return [fact_of(row) for row in connection.execute(query.order_by(facts.c.seq))]
