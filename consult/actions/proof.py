"""Proves that nothing is lost: manifests when a study comes to rest, and everything read and hashed again later."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from consult.actions.assessment import SETTLED
from consult.domain.errors import NotFound, Words
from consult.domain.events import Fact
from consult.formats.manifest import canonical
from consult.store import proof, studies
from consult.store.blobs import Blobs
from consult.store.unit import Store

log = structlog.get_logger("proof")

STUDIES_AT_ONCE = 4  # of a turn of the walk
BYTES_AT_ONCE = 256 << 20  # after which a turn ends
REST = timedelta(days=1)  # after a round


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was kept; ``code`` is stable, ``what`` the hash or UID it is about."""

    code: str
    what: str
    sentence: Words

    def document(self) -> dict[str, str]:
        """As plain JSON values, to be kept."""
        return {"code": self.code, "what": self.what, "zh": self.sentence.zh, "en": self.sentence.en}


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked of a study: objects with their bytes, series against manifests; and what was wrong."""

    study_id: str
    institution: str
    objects: int
    size: int
    series: int
    manifests: int
    faults: tuple[Fault, ...]


def on_study_fact(store: Store, blobs: Blobs, fact: Fact, now: datetime) -> None:
    """A study settled: write down what each of its series holds."""
    if fact.kind == SETTLED:
        make_manifests(store, blobs, str(fact.data["study_id"]), now)


def make_manifests(store: Store, blobs: Blobs, study_id: str, now: datetime) -> int:
    """Make the manifests that are lacking; how many. A series that grows meanwhile gets its next one later."""
    with store.read() as connection:
        study = studies.by_id(connection, study_id)
        if study is None:
            return 0
        lacking = proof.unproven_series(connection, study_id)
        made = [(row, proof.manifest_of(connection, row, study.study_uid)) for row in lacking]
    kept = [(row, blobs.put(canonical(document)), len(document["instances"])) for row, document in made]
    if kept:
        with store.write() as unit:
            for row, sha256, count in kept:
                proof.keep_manifest(unit, row, sha256, count, now)
    return len(kept)


def verify(store: Store, blobs: Blobs, study_id: str, now: datetime) -> Checked:
    """Read and hash everything of a study again, hold it against rows and manifests, and keep what was found.

    Raises NotFound.
    """
    with store.read() as connection:
        study = studies.by_id(connection, study_id)
        if study is None:
            raise NotFound
        held = proof.held(connection, study_id)
        rows = studies.series_of(connection, study_id)
        manifests = proof.manifests(connection, study_id)
    faults = _rows_count(study, rows, held)
    faults += [fault for each in held if (fault := _object(blobs, each)) is not None]
    there = {(each.series_id, each.sop_uid, each.sha256) for each in held}
    for each in manifests:
        faults += _manifest(blobs, each, there)
    size = sum(each.size for each in held)
    found = Checked(study_id, study.institution, len(held), size, len(rows), len(manifests), tuple(faults))
    with store.write() as unit:
        proof.verified(unit, study_id, found.objects, size, [fault.document() for fault in faults], now)
        if faults:
            told = {"institution": study.institution, "study_id": study_id, "faults": len(faults)}
            unit.tell(Fact("study", study.study_uid, "study_faulty", now, None, "系统", study.version, told))
    if faults:
        log.error("a study is not as it was kept", study_id=study_id, faults=len(faults), first=faults[0].code)
    return found


def _rows_count(study: Any, rows: Sequence[Any], held: Sequence[proof.Held]) -> list[Fault]:
    primary = sum(each.rank == 0 for each in held)
    told = sum(row.instance_count for row in rows)
    if primary == told == study.instance_count:
        return []
    words = Words(
        f"登记 {study.instance_count} 幅，实有 {primary} 行。",
        f"{study.instance_count} are counted, {primary} have rows.",
    )
    return [Fault("count", study.study_uid, words)]


def _object(blobs: Blobs, each: proof.Held) -> Fault | None:
    if blobs.verify(each.sha256):
        return None
    if blobs.path(each.sha256).exists():
        words = Words(f"影像文件已改变：{each.sop_uid}。", f"The object has changed: {each.sop_uid}.")
        return Fault("changed", each.sha256, words)
    words = Words(f"影像文件丢失：{each.sop_uid}。", f"The object is gone: {each.sop_uid}.")
    return Fault("gone", each.sha256, words)


def _manifest(blobs: Blobs, row: Any, there: set[tuple[str, str, str]]) -> list[Fault]:
    """The manifest itself, and whether all it lists is still known."""
    try:
        data = blobs.path(row.sha256).read_bytes()
    except FileNotFoundError:
        words = Words("序列清单丢失。", "The manifest of a series is gone.")
        return [Fault("manifest-gone", row.sha256, words)]
    if hashlib.sha256(data).hexdigest() != row.sha256:
        words = Words("序列清单已改变。", "The manifest of a series has changed.")
        return [Fault("manifest-changed", row.sha256, words)]
    return [
        Fault(
            "unlisted",
            each["sop_uid"],
            Words(
                f"清单所列影像已无登记：{each['sop_uid']}（序列 {row.series_uid}）。",
                f"Listed and known no more: {each['sop_uid']} (series {row.series_uid}).",
            ),
        )
        for each in json.loads(data)["instances"]
        if (row.series_id, each["sop_uid"], each["sha256"]) not in there
    ]


def walk(store: Store, blobs: Blobs, now: datetime) -> int:
    """Check the next studies, from where the last turn ended; how many. At the end it rests, then begins anew."""
    done, read = 0, 0
    while done < STUDIES_AT_ONCE and read < BYTES_AT_ONCE:
        with store.read() as connection:
            study_id, after, at = proof.next_to_verify(connection)
        if not after and at is not None and now - at < REST:
            return done
        if study_id is None:
            if after:
                with store.write() as unit:
                    proof.walked(unit, "", now)
            return done
        read += verify(store, blobs, study_id, now).size
        with store.write() as unit:
            proof.walked(unit, study_id, now)
        done += 1
    return done
