"""Reports in the database: revisions that only grow, and the signed documents with their signatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from consult.domain.errors import Stale
from consult.domain.reports import ReportState, ReportText, text_document, text_from
from consult.store.tables_reports import deliveries, report_documents, report_revisions, signing_keys

PENDING, ISSUED, RETURNED, RETRACTED = "pending", "issued", "returned", "retracted"


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved state of the text; ``number`` counts from 1."""

    number: int
    text: ReportText
    saved_by: str
    saved_by_name: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """One signed PDF: ``sha256`` is of its bytes, ``content_sha256`` of what the signers answer for."""

    case_id: str
    number: str
    version: int
    state: str
    kind: ReportState
    sha256: str
    content_sha256: str
    previous_sha256: str | None
    text: ReportText
    signatures: tuple[dict[str, Any], ...]
    overrides: tuple[dict[str, str], ...]
    signed_at: datetime
    id: int = 0


def latest(connection: Connection, case_id: str) -> Revision | None:
    """The newest revision of a case's text."""
    query = (
        select(report_revisions)
        .where(report_revisions.c.case_id == case_id)
        .order_by(report_revisions.c.revision.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _revision(row)


def revisions(connection: Connection, case_id: str) -> list[Revision]:
    """All revisions, oldest first."""
    query = select(report_revisions).where(report_revisions.c.case_id == case_id).order_by(report_revisions.c.revision)
    return [_revision(row) for row in connection.execute(query)]


def _revision(row: Any) -> Revision:
    return Revision(row.revision, text_from(row.text), row.saved_by, row.saved_by_name, row.saved_at)


def keep(connection: Connection, case_id: str, text: ReportText, by: tuple[str, str], now: datetime) -> Revision:
    """Add a revision and give it its number."""
    number = (
        connection.scalar(select(func.max(report_revisions.c.revision)).where(report_revisions.c.case_id == case_id))
        or 0
    ) + 1
    connection.execute(
        insert(report_revisions).values(
            case_id=case_id,
            revision=number,
            text=text_document(text),
            saved_by=by[0],
            saved_by_name=by[1],
            saved_at=now,
        )
    )
    return Revision(number, text, by[0], by[1], now)


def add_document(connection: Connection, document: SignedDocument) -> None:
    """Keep a signed PDF's record."""
    connection.execute(
        insert(report_documents).values(
            case_id=document.case_id,
            number=document.number,
            version=document.version,
            state=document.state,
            kind=str(document.kind),
            sha256=document.sha256,
            content_sha256=document.content_sha256,
            previous_sha256=document.previous_sha256,
            text=text_document(document.text),
            signatures=list(document.signatures),
            overrides=list(document.overrides),
            signed_at=document.signed_at,
        )
    )


def countersign(
    connection: Connection, pending: SignedDocument, sha256: str, signature: dict[str, Any], now: datetime
) -> None:
    """A pending document got its second signature: it is issued under its final hash. Raises Stale."""
    changed = connection.execute(
        update(report_documents)
        .where(report_documents.c.id == pending.id, report_documents.c.state == PENDING)
        .values(state=ISSUED, sha256=sha256, signatures=[*pending.signatures, signature], signed_at=now)
    )
    if changed.rowcount != 1:
        raise Stale


def turn(connection: Connection, case_id: str, before: str, after: str) -> None:
    """Every document of the case in the state ``before`` comes into ``after`` (a returned or retracted one)."""
    connection.execute(
        update(report_documents)
        .where(report_documents.c.case_id == case_id, report_documents.c.state == before)
        .values(state=after)
    )


def retract(connection: Connection, case_id: str, version: int) -> None:
    """One issued version is withdrawn; it stays readable, marked."""
    connection.execute(
        update(report_documents)
        .where(report_documents.c.case_id == case_id, report_documents.c.version == version)
        .values(state=RETRACTED)
    )


def documents(
    connection: Connection, case_id: str, states: Sequence[str] = (ISSUED, RETRACTED)
) -> list[SignedDocument]:
    """The signed documents of a case in these states, oldest version first."""
    query = (
        select(report_documents)
        .where(report_documents.c.case_id == case_id, report_documents.c.state.in_(states))
        .order_by(report_documents.c.version, report_documents.c.id)
    )
    return [_document(row) for row in connection.execute(query)]


def document_by_hash(connection: Connection, sha256: str) -> SignedDocument | None:
    """The issued document with exactly these bytes."""
    query = select(report_documents).where(
        report_documents.c.sha256 == sha256, report_documents.c.state.in_((ISSUED, RETRACTED))
    )
    row = connection.execute(query).first()
    return None if row is None else _document(row)


def documents_by_number(connection: Connection, number: str) -> list[SignedDocument]:
    """All issued versions under a report number, oldest first."""
    query = (
        select(report_documents)
        .where(report_documents.c.number == number, report_documents.c.state.in_((ISSUED, RETRACTED)))
        .order_by(report_documents.c.version)
    )
    return [_document(row) for row in connection.execute(query)]


def _document(row: Any) -> SignedDocument:
    return SignedDocument(
        row.case_id,
        row.number,
        row.version,
        row.state,
        ReportState(row.kind),
        row.sha256,
        row.content_sha256,
        row.previous_sha256,
        text_from(row.text),
        tuple(row.signatures),
        tuple(row.overrides),
        row.signed_at,
        row.id,
    )


def confirm_delivery(
    connection: Connection, case_id: str, version: int, channel: str, receiver: str, now: datetime
) -> None:
    """Record a confirmed delivery; a second confirmation of the same changes nothing."""
    known = select(deliveries.c.id).where(
        deliveries.c.case_id == case_id,
        deliveries.c.version == version,
        deliveries.c.channel == channel,
        deliveries.c.receiver == receiver,
    )
    if connection.scalar(known) is None:
        connection.execute(
            insert(deliveries).values(case_id=case_id, version=version, channel=channel, receiver=receiver, at=now)
        )


def receipts(connection: Connection, case_id: str, version: int) -> int:
    """How many confirmed deliveries a version has."""
    query = select(func.count()).where(deliveries.c.case_id == case_id, deliveries.c.version == version)
    return connection.scalar(query) or 0


def serials_of(connection: Connection, person_id: str) -> list[str]:
    """The serial numbers of a person's certificates, oldest first."""
    query = select(signing_keys.c.serial).where(signing_keys.c.person_id == person_id)
    return list(connection.execute(query.order_by(signing_keys.c.issued_at, signing_keys.c.serial)).scalars())


def receivers(connection: Connection, case_id: str, version: int) -> list[tuple[str, str]]:
    """Everyone who confirmed that they have a version: (channel, receiver)."""
    query = (
        select(deliveries.c.channel, deliveries.c.receiver)
        .where(deliveries.c.case_id == case_id, deliveries.c.version == version)
        .order_by(deliveries.c.id)
    )
    return [(row.channel, row.receiver) for row in connection.execute(query)]


def keep_key(connection: Connection, person_id: str, serial: str, sealed: bytes, now: datetime) -> None:
    """A new signing key of a person; earlier ones stay on record."""
    connection.execute(insert(signing_keys).values(person_id=person_id, serial=serial, sealed=sealed, issued_at=now))


def sealed_key(connection: Connection, person_id: str) -> bytes | None:
    """The newest signing key of a person that is not revoked, sealed."""
    query = (
        select(signing_keys.c.sealed)
        .where(signing_keys.c.person_id == person_id, signing_keys.c.revoked_at.is_(None))
        .order_by(signing_keys.c.issued_at.desc())
        .limit(1)
    )
    return connection.scalar(query)


def reseal(connection: Connection, person_id: str, sealed: bytes, resealed: bytes) -> None:
    """The same key of a person in another seal. Raises Stale where that seal is not there any more."""
    mine = (signing_keys.c.person_id == person_id, signing_keys.c.sealed == sealed)
    if connection.execute(update(signing_keys).where(*mine).values(sealed=resealed)).rowcount != 1:
        raise Stale
