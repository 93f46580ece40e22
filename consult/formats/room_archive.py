"""A meeting as one file that stands for itself: deeds, views, attendance, and a manifest with the hash of everything.

A ZIP of ``ops.jsonl``, ``views.jsonl``, ``attendance.json`` and ``manifest.json``. The manifest names the room, its
case, how many deeds there are and the hash of the last, which is chained over all before it.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from consult.domain.errors import Broken, Words
from consult.domain.meetings import Attendance, Meeting
from consult.domain.room_log import Op, beginning, canonical, first_bad, moment

FORMAT = 1
OPS, VIEWS, ATTENDANCE, MANIFEST = "ops.jsonl", "views.jsonl", "attendance.json", "manifest.json"
LARGEST = 512 << 20  # bytes of one file in it, unpacked
NOT_ONE = Words("这不是一份会诊记录档案。", "This is not the archive of a meeting.")


@dataclass(frozen=True, slots=True)
class Found:
    """What an archive holds, and what is wrong with it; good where ``flaws`` is empty."""

    room_id: str
    case_id: str
    ops: int
    head: str
    flaws: tuple[str, ...]


def written(
    meeting: Meeting,
    ops: Iterable[Op],
    views: Iterable[tuple[datetime, str, Any]],
    attendance: Iterable[Attendance],
) -> bytes:
    """The archive."""
    deeds = list(ops)
    files = {
        OPS: _lines([op.seq, moment(op.at), op.by, op.cid, op.kind, dict(op.body), op.hash] for op in deeds),
        VIEWS: _lines([moment(at), by, view] for at, by, view in views),
        ATTENDANCE: json.dumps([asdict(each) for each in attendance], ensure_ascii=False, default=moment).encode(),
    }
    told = {
        "format": FORMAT,
        "meeting": asdict(meeting),
        "ops": len(deeds),
        "head": deeds[-1].hash if deeds else beginning(meeting.id, meeting.case_id),
        "files": {name: {"sha256": _sha256(data), "size": len(data)} for name, data in files.items()},
    }
    files[MANIFEST] = json.dumps(told, ensure_ascii=False, indent=1, default=moment).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def _lines(rows: Iterable[list[Any]]) -> bytes:
    return "".join(canonical(row) + "\n" for row in rows).encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def checked(data: bytes) -> Found:
    """Whether an archive is whole and its deeds are as they were written. Raises Broken for what is no archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            told = json.loads(_read(archive, MANIFEST))
            files = {name: _read(archive, name) for name in (OPS, VIEWS, ATTENDANCE)}
        meeting: Mapping[str, Any] = told["meeting"]
        room_id, case_id = str(meeting["id"]), str(meeting["case_id"])
        ops = [_op(json.loads(line)) for line in files[OPS].splitlines()]
        flaws = [f"{name} was changed" for name in files if _sha256(files[name]) != told["files"][name]["sha256"]]
        begun, head = beginning(room_id, case_id), str(told["head"])
        bad = first_bad(begun, ops)
        if bad is not None:
            flaws.append(f"deed {bad} is not as it was written, or is missing")
        elif (len(ops), ops[-1].hash if ops else begun) != (told["ops"], head):
            flaws.append("deeds are missing at the end")
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, RecursionError) as bad_file:
        raise Broken(NOT_ONE) from bad_file
    return Found(room_id, case_id, len(ops), head, tuple(flaws))


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > LARGEST:
        raise ValueError(name)
    return archive.read(name)


def _op(row: list[Any]) -> Op:
    seq, at, by, cid, kind, body, digest = row
    return Op(seq, datetime.fromisoformat(at), by, cid, kind, body, digest)
