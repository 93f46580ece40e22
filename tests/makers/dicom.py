"""Small synthetic DICOM objects, written byte by byte apart from the code under test."""

import os
import struct
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from consult.domain.studies import Instance, PatientName

SAMPLES = Path(os.environ.get("CONSULT_TEST_DATA", Path(__file__).parents[3] / "shared" / "data" / "dicom"))
"""Real de-identified files, where there are any."""

needs_samples = pytest.mark.skipif(
    not (SAMPLES / "MANIFEST.csv").is_file(), reason=f"no real DICOM files at {SAMPLES} (CONSULT_TEST_DATA)"
)

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED, JPEG_LS = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.80"
CT = "1.2.840.10008.5.1.4.1.1.2"
LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
UNDEFINED = 0xFFFFFFFF


def padded(raw: bytes, vr: str) -> bytes:
    """A value of even length."""
    return raw + (b"\0" if vr in {"UI", "OB", "UN"} else b" ") * (len(raw) % 2)


def element(tag: int, vr: str, raw: bytes, length: int | None = None, order: str = "<") -> bytes:
    """One element in explicit VR; ``length`` may lie."""
    size = len(raw) if length is None else length
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF) + vr.encode("latin-1")
    if vr in LONG:
        return head + struct.pack(order + "HI", 0, size) + raw
    return head + struct.pack(order + "H", size) + raw


def implicit(tag: int, raw: bytes) -> bytes:
    """One element in implicit VR."""
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(raw)) + raw


def item(*elements: bytes) -> bytes:
    """A sequence item of defined length."""
    body = b"".join(elements)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body


def fragments(*pieces: bytes, table: bytes = b"") -> bytes:
    """The pixel data element of an encapsulated image."""
    parts = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(piece)) + piece for piece in (table, *pieces))
    return element(0x7FE00010, "OB", parts + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0), UNDEFINED)


_CT_SLICE: dict[int, tuple[str, bytes]] = {
    0x00080008: ("CS", b"ORIGINAL\\PRIMARY\\AXIAL"),
    0x00080016: ("UI", CT.encode()),
    0x00080018: ("UI", b"2.25.3"),
    0x00080020: ("DA", b"20240102"),
    0x00080060: ("CS", b"CT"),
    0x00100010: ("PN", b"Yang^Ban"),
    0x00100020: ("LO", b"P1"),
    0x0020000D: ("UI", b"2.25.1"),
    0x0020000E: ("UI", b"2.25.2"),
    0x00200013: ("IS", b"7"),
    0x00200032: ("DS", b"-10\\-20\\30.5"),
    0x00200037: ("DS", b"1\\0\\0\\0\\1\\0"),
    0x00280002: ("US", struct.pack("<H", 1)),
    0x00280004: ("CS", b"MONOCHROME2"),
    0x00280010: ("US", struct.pack("<H", 4)),
    0x00280011: ("US", struct.pack("<H", 4)),
    0x00280030: ("DS", b"0.5\\0.5"),
    0x00280100: ("US", struct.pack("<H", 16)),
    0x00280101: ("US", struct.pack("<H", 12)),
    0x00280103: ("US", struct.pack("<H", 0)),
    0x7FE00010: ("OW", struct.pack("<16H", *range(16))),
}


def ct_slice(changes: Mapping[int, tuple[str, bytes] | None] | None = None, tail: bytes = b"") -> bytes:
    """A 4 × 4 CT slice in explicit little endian; ``changes`` replace, add or (None) leave out elements."""
    held = {**_CT_SLICE, **(changes or {})}
    return b"".join(element(tag, row[0], padded(row[1], row[0])) for tag, row in sorted(held.items()) if row) + tail


def part10(dataset: bytes, syntax: str = EXPLICIT, preamble: bytes = b"\0" * 128) -> bytes:
    """A file around a data set."""
    meta = element(0x00020002, "UI", padded(CT.encode(), "UI"))
    meta += element(0x00020003, "UI", padded(b"2.25.3", "UI")) + element(
        0x00020010, "UI", padded(syntax.encode(), "UI")
    )
    return preamble + b"DICM" + element(0x00020000, "UL", struct.pack("<I", len(meta))) + meta + dataset


def saved(folder: Path, dataset: bytes, syntax: str = EXPLICIT, name: str = "made.dcm") -> Path:
    """A file on disk around a data set."""
    path = folder / name
    path.write_bytes(part10(dataset, syntax))
    return path


_EMPTY: dict[str, Any] = {str: "", bytes: b"{}", bool: False, PatientName: PatientName()}


def instance(**said: Any) -> Instance:
    """An axial CT slice; ``said`` says otherwise."""
    known: dict[str, Any] = {
        field.name: () if str(field.type).startswith("tuple[str") else _EMPTY.get(field.type)  # type: ignore[call-overload]
        for field in fields(Instance)
    }
    known |= {
        "study_uid": "2.25.1",
        "series_uid": "2.25.2",
        "sop_class": CT,
        "modality": "CT",
        "image_type": ("ORIGINAL", "PRIMARY", "AXIAL"),
        "orientation": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "frames": 1,
        "rows": 512,
        "columns": 512,
        "acquisition_number": 1,
    }
    return Instance(**known | said)
