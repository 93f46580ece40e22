"""Messages and files of cases: added, read up to a place, and found by patient, number or words."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select

from consult.domain.access import What
from consult.domain.cases import Case, case_of
from consult.domain.people import Actor
from consult.domain.talk import File, Message
from consult.store.cases import visible_to
from consult.store.tables import cases
from consult.store.tables_talk import case_files, case_messages, case_reads
from consult.store.unit import Unit
from consult.store.upsert import put


def add_message(unit: Unit, said: Message) -> Message:
    """Keep what was said; its id is its place among all messages."""
    values = {name: getattr(said, name) for name in Message.__slots__ if name != "id"}
    kept = unit.connection.execute(insert(case_messages).values(values).returning(case_messages.c.id)).scalar_one()
    return Message(id=kept, **values)


def messages(connection: Connection, case_id: str, after: int, limit: int) -> list[Message]:
    """What was said about a case after a message, in order."""
    query = (
        select(case_messages)
        .where(case_messages.c.case_id == case_id, case_messages.c.id > after)
        .order_by(case_messages.c.id)
        .limit(limit)
    )
    return [_message(row) for row in connection.execute(query)]


def _message(row: Any) -> Message:
    return Message(row.id, row.case_id, row.author_id, row.author_name, row.author_site, row.text, row.at)


def read_up_to(unit: Unit, case_id: str, person_id: str, message_id: int) -> None:
    """Somebody has read a case up to a message; a mark never goes back."""
    key = {"case_id": case_id, "person_id": person_id}
    known = read_to(unit.connection, case_id, person_id)
    if message_id > known:
        put(unit.connection, case_reads, key, {"read_to": message_id})


def read_to(connection: Connection, case_id: str, person_id: str) -> int:
    """Up to which message somebody has read a case; 0 where nothing."""
    mine = case_reads.c.case_id == case_id, case_reads.c.person_id == person_id
    return connection.scalar(select(case_reads.c.read_to).where(*mine)) or 0


def unread(connection: Connection, case_ids: Sequence[str], person_id: str) -> dict[str, int]:
    """How many messages of others somebody has not read, by case; without those of which there are none."""
    mine = and_(case_reads.c.case_id == case_messages.c.case_id, case_reads.c.person_id == person_id)
    query = (
        select(case_messages.c.case_id, func.count())
        .outerjoin(case_reads, mine)
        .where(
            case_messages.c.case_id.in_(case_ids),
            case_messages.c.author_id != person_id,
            case_messages.c.id > func.coalesce(case_reads.c.read_to, 0),
        )
        .group_by(case_messages.c.case_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def found(
    connection: Connection, actor: Actor, text: str, before: int | None, limit: int
) -> list[tuple[Message, Case]]:
    """Messages of cases that the actor may open, newest first: by the patient's name, the case's number, or words."""
    query = (
        select(case_messages, cases.c.document)
        .join(cases, cases.c.id == case_messages.c.case_id)
        .where(visible_to(actor, What.CASE))
        .order_by(case_messages.c.id.desc())
        .limit(limit)
    )
    if text:
        like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        columns = (cases.c.patient_name, cases.c.number, case_messages.c.text)
        query = query.where(or_(*(column.ilike(like, escape="\\") for column in columns)))
    if before is not None:
        query = query.where(case_messages.c.id < before)
    return [(_message(row), case_of(row.document)) for row in connection.execute(query)]


def add_file(unit: Unit, added: File) -> None:
    """Keep a file of a case."""
    unit.connection.execute(insert(case_files).values({name: getattr(added, name) for name in File.__slots__}))


def files(connection: Connection, case_id: str) -> list[File]:
    """The files of a case, oldest first."""
    query = select(case_files).where(case_files.c.case_id == case_id).order_by(case_files.c.at, case_files.c.id)
    return [File(**row) for row in connection.execute(query).mappings()]
