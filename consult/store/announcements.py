"""What was announced of studies: kept as it was said, and read as what is to be expected."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from consult.domain.losses import Expectation, Listed, Source
from consult.store import commitments, outbox, performed
from consult.store.arrivals import SETTLE, study_key
from consult.store.tables_nodes import nodes
from consult.store.tables_proof import announcements, manifest_keys
from consult.store.tables_studies import instances, studies
from consult.store.unit import Unit
from consult.store.upsert import put

ASK = "ask_counts"  # the timer's job


def announce(
    unit: Unit,
    institution: str,
    study_uid: str,
    source: Source,
    said: Mapping[str, Any],
    by_name: str,
    now: datetime,
    signed: tuple[str, str] | None = None,
) -> None:
    """Keep what was said, and look at the study again; ``signed`` is the id of the key and the signature."""
    key_id, signature = signed or (None, None)
    unit.connection.execute(
        insert(announcements).values(
            institution=institution, study_uid=study_uid, source=str(source), at=now, by_name=by_name,
            said=dict(said), key_id=key_id, signature=signature,
        )
    )  # fmt: skip
    study_id = study_key(institution, study_uid)
    if unit.connection.scalar(select(studies.c.id).where(studies.c.id == study_id)) is not None:
        outbox.set_timer(unit, SETTLE, study_id, now, {"released": True})


def newest(connection: Connection, institution: str, study_uid: str) -> list[Any]:
    """The newest announcement of each source."""
    query = (
        select(announcements)
        .where(announcements.c.institution == institution, announcements.c.study_uid == study_uid)
        .order_by(announcements.c.id)
    )
    return list({row.source: row for row in connection.execute(query)}.values())


def expected(connection: Connection, row: Any) -> list[Expectation]:
    """What is to be expected of a study, from all who said something about it."""
    found = [_expectation(each) for each in newest(connection, row.institution, row.study_uid)]
    committed = commitments.expected_by_commitment(connection, row.id)
    if committed:
        found.append(Expectation(sop_uids=committed, source=Source.COMMITMENT, partial=True))
    return [*found, *performed.expected_by_steps(connection, row)]


def _expectation(row: Any) -> Expectation:
    source, at = Source(row.source), row.at.isoformat()
    if "counts" in row.said:
        return Expectation(series=row.said["counts"], source=source, by=row.by_name, at=at)
    listed = {
        each["sop_uid"]: Listed(one["series_uid"], each.get("instance_number"), each.get("sha256") or "")
        for one in row.said["series"]
        for each in one["instances"]
    }
    counts = {one["series_uid"]: len(one["instances"]) for one in row.said["series"]}
    return Expectation(
        series=counts, sop_uids=frozenset(listed), source=source, by=row.by_name, at=at, listed=listed
    )  # fmt: skip


def add_key(unit: Unit, key_id: str, institution: str, public_key: str, now: datetime) -> None:
    """Know a key of an institution."""
    values = {"institution": institution, "public_key": public_key, "added_at": now, "retired_at": None}
    put(unit.connection, manifest_keys, {"id": key_id}, values)


def retire_key(unit: Unit, key_id: str, now: datetime) -> bool:
    """Believe a key no longer; whether it was believed."""
    there = (manifest_keys.c.id == key_id, manifest_keys.c.retired_at.is_(None))
    return unit.connection.execute(update(manifest_keys).where(*there).values(retired_at=now)).rowcount == 1


def keys(connection: Connection) -> list[Any]:
    """All keys, by institution."""
    order = (manifest_keys.c.institution, manifest_keys.c.added_at)
    return list(connection.execute(select(manifest_keys).order_by(*order)))


def key(connection: Connection, key_id: str) -> tuple[str, str] | None:
    """The institution and the public key of an id that is believed."""
    there = (manifest_keys.c.id == key_id, manifest_keys.c.retired_at.is_(None))
    row = connection.execute(select(manifest_keys).where(*there)).first()
    return None if row is None else (row.institution, row.public_key)


def senders_to_ask(connection: Connection, study_id: str) -> list[str]:
    """The AE titles of machines that sent into a study and can be called."""
    query = (
        select(nodes.c.ae_title)
        .join(instances, instances.c.sender == nodes.c.ae_title)
        .join(studies, studies.c.id == instances.c.study_id)
        .where(
            instances.c.study_id == study_id,
            nodes.c.institution == studies.c.institution,
            nodes.c.host.is_not(None),
            nodes.c.port.is_not(None),
        )
        .distinct()
        .order_by(nodes.c.ae_title)
    )
    return list(connection.execute(query).scalars())


def ask_soon(unit: Unit, study_id: str, now: datetime) -> None:
    """Ask the senders of a study how many images they have."""
    outbox.set_timer(unit, ASK, study_id, now)
