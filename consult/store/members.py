"""Opinions of the members of a consultation: revisions that only grow, each its author's own."""

from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, select

from consult.domain.cases import Case
from consult.domain.members import Answer, Opinion, Seat
from consult.store.tables_members import case_opinions


def opinions(connection: Connection, case_id: str) -> dict[str, Opinion]:
    """The newest opinion of each who gave one, by person id."""
    newest = (
        select(case_opinions.c.person_id, func.max(case_opinions.c.revision).label("revision"))
        .where(case_opinions.c.case_id == case_id)
        .group_by(case_opinions.c.person_id)
        .subquery()
    )
    query = (
        select(case_opinions)
        .join(
            newest,
            and_(
                newest.c.person_id == case_opinions.c.person_id,
                newest.c.revision == case_opinions.c.revision,
            ),
        )
        .where(case_opinions.c.case_id == case_id)
    )
    return {
        row.person_id: Opinion(row.person_id, row.revision, row.text, row.dissent, row.saved_at)
        for row in connection.execute(query)
    }


def revisions(connection: Connection, case_id: str, person_id: str) -> list[Opinion]:
    """Every saved state of one person's opinion, oldest first."""
    query = (
        select(case_opinions)
        .where(case_opinions.c.case_id == case_id, case_opinions.c.person_id == person_id)
        .order_by(case_opinions.c.revision)
    )
    return [
        Opinion(row.person_id, row.revision, row.text, row.dissent, row.saved_at) for row in connection.execute(query)
    ]


def keep_opinion(connection: Connection, case_id: str, person_id: str, said: tuple[str, str], now: datetime) -> Opinion:
    """Add a revision of (text, dissent). Raises Taken at the commit where another window was faster."""
    last = opinions(connection, case_id).get(person_id)
    kept = Opinion(person_id, last.revision + 1 if last else 1, *said, now)
    connection.execute(
        insert(case_opinions).values(
            case_id=case_id,
            person_id=person_id,
            revision=kept.revision,
            text=kept.text,
            dissent=kept.dissent,
            saved_at=now,
        )
    )
    return kept


def silent(connection: Connection, case: Case) -> tuple[str, ...]:
    """The names of members who accepted and have not given an opinion; the chair's is the conclusion."""
    waited = [m for m in case.members if m.role == Seat.MEMBER and m.answer == Answer.ACCEPTED]
    if not waited:
        return ()
    given = opinions(connection, case.id)
    return tuple(member.name for member in waited if member.id not in given)
