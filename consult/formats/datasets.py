"""Tells whether two Part 10 files hold the same data set, whatever their heads say."""

import struct
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

_PREFIX_AT = 128
_LONG = frozenset({b"OB", b"OW", b"UN", b"SQ", b"UT", b"OF", b"OD", b"OL", b"UC", b"UR"})  # PS3.5 §7.1.2
_HEAD = 1 << 20  # bytes; a longer File Meta Information is nobody's
_CHUNK = 1 << 20
_TRANSFER_SYNTAX = 0x0010


def same_data_set(one: Path, other: Path) -> bool:
    """Whether both files hold the same data set in the same transfer syntax, byte by byte."""
    with one.open("rb") as first, other.open("rb") as second:
        if _at_data_set(first) != _at_data_set(second):
            return False
        while chunk := first.read(_CHUNK):
            if chunk != second.read(_CHUNK):
                return False
        return not second.read(1)


def data_set_at(whole: Path | bytes) -> int:
    """Where the data set of a Part 10 file starts, in a file or in its bytes; 0 where no head came with it."""
    with whole.open("rb") if isinstance(whole, Path) else BytesIO(whole) as file:
        _at_data_set(file)
        return file.tell()


def _at_data_set(file: BinaryIO) -> bytes:
    """Put the file at the start of its data set; its transfer syntax, empty where it says none."""
    head = file.read(_HEAD)
    at = _PREFIX_AT + 4 if head[_PREFIX_AT : _PREFIX_AT + 4] == b"DICM" else 4 if head[:4] == b"DICM" else 0
    syntax = b""
    while head[at : at + 2] == b"\2\0":
        number, vr, length = struct.unpack_from("<H2sH", head, at + 2)
        value = at + 8
        if vr in _LONG:
            (length,) = struct.unpack_from("<I", head, at + 8)
            value = at + 12
        if number == _TRANSFER_SYNTAX:
            syntax = head[value : value + length].rstrip(b"\0 ")
        at = value + length
    file.seek(at)
    return syntax
