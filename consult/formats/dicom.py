"""Opens what came as DICOM, file or bare data set, and writes the file head of what came by DIMSE."""

import os
import struct
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from consult.domain.errors import Broken
from consult.domain.studies import is_uid
from consult.formats.dicomjson import little_endian
from consult.formats.elements import (
    ANY,
    PIXEL_DATA,
    SMALL,
    Bounds,
    DataSet,
    Element,
    Encoding,
    TooCostly,
    Walk,
    encoding_of,
)
from consult.formats.sources import Source, broken, inflate

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
GE_PRIVATE = "1.2.840.113619.5.2"  # implicit data set, big-endian pixels
# Whole data sets that are deflated (PS3.5 §A.5, §A.7, §A.12); the last two have their pixels elsewhere.
_INFLATED = frozenset({DEFLATED, "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})
NATIVE = frozenset({IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, GE_PRIVATE})

IMPLEMENTATION_UID = "2.25.203814059906213610844925033079495728865"
IMPLEMENTATION_NAME = "CONSULT"

PREAMBLE = 128  # bytes, PS3.10 §7.1
_META_EXPLICIT = Encoding(explicit=True, big=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A data set as walked. Offsets in ``data`` count in ``source``: the file, or the inflated data set.

    ``head`` is where the data set starts in the file; 0 where no File Meta Information came with it.
    """

    data: DataSet
    meta: DataSet
    encoding: Encoding
    source: Source
    head: int
    transfer_syntax: str
    declared: bool  # the file says its transfer syntax
    preamble_used: bool

    @property
    def inflated(self) -> bool:
        """Whether offsets count in an inflated data set rather than in the file."""
        return self.transfer_syntax in _INFLATED


@contextmanager
def open_dicom(path: Path, bounds: Bounds = ANY) -> Generator[Opened]:
    """Walk the file at ``path``; raises Broken where it is not DICOM or does not hold what it declares.

    Raises TooCostly where a walk within ``bounds`` does not do.
    """
    file = os.open(path, os.O_RDONLY)
    try:
        yield _opened(Source(file), bounds)
    finally:
        os.close(file)


def _opened(source: Source, bounds: Bounds) -> Opened:
    at, preamble_used = _start(source)
    meta: DataSet = {}
    if source.peek(at, 2) == b"\2\0":
        walk = Walk(source, encoding_of(source, at, _META_EXPLICIT), at=at, only_group=2, bounds=bounds)
        meta, at = walk.run(), walk.at
    syntax = text_of(meta.get(0x00020010))
    if syntax in _INFLATED:
        if not bounds.inflates:
            raise TooCostly
        inflated = inflate(source, at)
        data = Walk(inflated, _META_EXPLICIT).run()
        return Opened(data, meta, _META_EXPLICIT, inflated, at, syntax, True, preamble_used)
    implicit = syntax in (IMPLICIT, GE_PRIVATE)
    encoding = encoding_of(source, at, Encoding(not implicit, syntax == BIG_ENDIAN))
    if not syntax and not _plausible(source, at):
        raise broken("不是 DICOM 文件。", "This is not a DICOM file.")
    data = Walk(source, encoding, at=at, bounds=bounds).run()
    known = syntax or (EXPLICIT if encoding.explicit else IMPLICIT)
    return Opened(data, meta, encoding, source, at if meta else 0, known, bool(syntax), preamble_used)


def _start(source: Source) -> tuple[int, bool]:
    """Where File Meta or the bare data set starts, and whether the preamble holds anything (PS3.10 §7.1)."""
    lead = source.peek(0, PREAMBLE + 4)
    if lead[PREAMBLE:] == b"DICM":
        return PREAMBLE + 4, any(lead[:PREAMBLE])
    if lead[:4] == b"DICM":
        return 4, False
    if lead[:2] == b"\2\0" or _plausible(source, 0):
        return 0, False
    raise broken("不是 DICOM 文件。", "This is not a DICOM file.")


def _plausible(source: Source, at: int) -> bool:
    """Whether a data set could start here: group 0008 in little endian, and a value that ends in the file."""
    head = source.peek(at, 8)
    if len(head) < 8 or head[:2] != b"\x08\x00":
        return False
    length = struct.unpack_from("<H" if head[4:6].isalpha() else "<I", head, 6 if head[4:6].isalpha() else 4)[0]
    return at + 8 + int(length) <= source.size


def text_of(element: Element | None) -> str:
    """The text of an element in the default repertoire, without padding; "" where there is none."""
    return element.value.decode("latin_1").strip(" \0") if element is not None and element.value else ""


def _meta_element(number: int, vr: str, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    if vr == "OB":
        return struct.pack("<HH2sHI", 2, number, b"OB", 0, len(value)) + value
    return struct.pack("<HH2sH", 2, number, vr.encode(), len(value)) + value


def part10_head(sop_class: str, sop_uid: str, transfer_syntax: str) -> bytes:
    """Preamble, prefix and File Meta Information for a data set received by itself (PS3.10 §7.1).

    Says nothing of the sender, so that the same data set from two senders makes the same file.
    """
    rest = b"".join(
        [
            _meta_element(0x0001, "OB", b"\0\1"),
            _meta_element(0x0002, "UI", sop_class.encode("ascii")),
            _meta_element(0x0003, "UI", sop_uid.encode("ascii")),
            _meta_element(0x0010, "UI", transfer_syntax.encode("ascii")),
            _meta_element(0x0012, "UI", IMPLEMENTATION_UID.encode("ascii")),
            _meta_element(0x0013, "SH", IMPLEMENTATION_NAME.ljust(8).encode("ascii")),
        ]
    )
    return b"\0" * PREAMBLE + b"DICM" + _meta_element(0x0000, "UL", struct.pack("<I", len(rest))) + rest


def part10(dataset: bytes, sop_class: str, sop_uid: str, transfer_syntax: str) -> bytes:
    """A whole Part 10 file around a received data set, whose bytes stay as they came."""
    return part10_head(sop_class, sop_uid, transfer_syntax) + dataset


def named_by_head(start: bytes) -> tuple[str, str] | None:
    """SOP class and instance that a file names in its File Meta Information; None where its first bytes tell neither.

    What it holds may be another object, or none: good for saying which one could not be taken.
    """
    source = Source.of(start)
    try:
        at, _ = _start(source)
        if source.peek(at, 2) != b"\2\0":
            return None
        meta = Walk(source, _META_EXPLICIT, at=at, only_group=2, bounds=SMALL).run()
    except (Broken, TooCostly):
        return None
    sop_class, sop_uid = (text_of(meta.get(tag)) for tag in (0x00020002, 0x00020003))
    return (sop_class, sop_uid) if is_uid(sop_class) and is_uid(sop_uid) else None


def served_head(path: Path) -> tuple[bytes, int]:
    """What to send in place of the file's first bytes, and the offset from which to send the rest.

    The preamble goes out as zeros whatever it held: another file type may hide there (CVE-2019-11687). A file that
    came without preamble or without File Meta Information gets them.
    """
    with path.open("rb") as file:
        lead = file.read(PREAMBLE + 4)
    clean = b"\0" * PREAMBLE + b"DICM"
    if lead[PREAMBLE:] == b"DICM":
        return clean, PREAMBLE + 4
    if lead[:4] == b"DICM":
        return clean, 4
    if lead[:2] == b"\2\0":
        return clean, 0
    with open_dicom(path) as opened:
        sop_class, sop_uid = (text_of(opened.data.get(tag)) for tag in (0x00080016, 0x00080018))
        return part10_head(sop_class, sop_uid, opened.transfer_syntax), 0


def bulk_element(path: Path, tag_path: str) -> tuple[int, int] | None:
    """Offset and length of a bulk value that can be sent from the file as it lies; None where it needs ``bulk_value``.

    Raises KeyError where nothing is there.
    """
    with open_dicom(path) as opened:
        element = _at_path(opened.data, tag_path.split("/"))
        plain = not opened.inflated and not opened.encoding.big and opened.transfer_syntax != GE_PRIVATE
        return (element.at, element.length) if plain and element.at and element.fragments is None else None


def bulk_value(path: Path, tag_path: str) -> bytes:
    """The bulk value behind a BulkDataURI's tag path (``54000100/0/54001010``), little endian, unencapsulated.

    Raises KeyError where nothing is there. Pixel data of several frames comes whole: frames.py gives frames.
    """
    with open_dicom(path) as opened:
        element = _at_path(opened.data, tag_path.split("/"))
        pieces = element.fragments
        if pieces is not None:
            return b"".join(opened.source.peek(piece.at, piece.length) for piece in pieces[1:])
        raw = opened.source.peek(element.at, element.length)
        vr = "OW" if element.tag == PIXEL_DATA and text_of(opened.meta.get(0x00020010)) == GE_PRIVATE else element.vr
        return little_endian(vr, raw, opened.encoding.big or opened.transfer_syntax == GE_PRIVATE)


def _at_path(data: DataSet, steps: list[str]) -> Element:
    """The element at tags and item indices in turn; KeyError where there is none."""
    try:
        element = data[int(steps[0], 16)]
        for index, tag in zip(steps[1::2], steps[2::2], strict=True):
            element = (element.items or [])[int(index)][int(tag, 16)]
    except (IndexError, ValueError) as error:
        raise KeyError("/".join(steps)) from error
    if element.items is not None:
        raise KeyError("/".join(steps))
    return element
