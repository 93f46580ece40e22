"""Rewrites an object in the one syntax that every peer reads; for the worker alone, never in a door."""

import struct
from array import array
from pathlib import Path

import numpy as np

from consult.formats.dicom import EXPLICIT, Opened, open_dicom, part10_head, text_of
from consult.formats.elements import LONG_LENGTH, PIXEL_DATA, SEQUENCE_END, UNDEFINED, DataSet, Element
from consult.formats.frames import frame_table, read_frame
from consult.formats.pixels import Image, Layout, decode, layout_of, seekable

_OFFSET_TABLES = (0x7FE00001, 0x7FE00002)  # of encapsulated pixels
_PHOTOMETRIC, _PLANAR, _ICON = 0x00280004, 0x00280006, 0x00880200
_PADDING = 0xFFFCFFFC
# Bytes of one number, for turning big endian round (PS3.5 §7.3).
_WIDTHS = {
    **dict.fromkeys(("AT", "OW", "SS", "US"), "H"),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), "I"),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), "Q"),
}


def to_explicit(path: Path) -> bytes:
    """The whole object as Part 10 file in Explicit VR Little Endian with native pixels.

    Every other value keeps its bytes, in whatever character set. Raises Broken where the pixels cannot be decoded.
    What was lossy stays marked lossy.
    """
    with seekable(path) as place, open_dicom(place) as opened:
        data = {tag: element for tag, element in opened.data.items() if tag not in (*_OFFSET_TABLES, _PADDING)}
        if PIXEL_DATA in data:
            data |= _native(data, place)
        sop_class, sop_uid = (text_of(data.get(tag)) for tag in (0x00080016, 0x00080018))
        out: list[bytes] = [part10_head(sop_class, sop_uid, EXPLICIT)]
        _write(out, data, opened)
    return b"".join(out)


def _native(data: DataSet, path: Path) -> DataSet:
    """The elements that decoded pixels change; none where they are native in little endian already."""
    table, layout = frame_table(path), layout_of(path)
    if table.transfer_syntax == EXPLICIT and table.as_it_lies and not table.lists:
        return {}
    numbers = range(1, table.frames + 1)
    frames = [decode(read_frame(path, table, number), table.transfer_syntax, layout) for number in numbers]
    pixels = b"".join(_packed(frame, layout) for frame, _ in frames)
    photometric = frames[0][1].encode("ascii")
    vr = "OW" if layout.bits_allocated > 8 else "OB"
    changed = [
        Element(PIXEL_DATA, vr, 0, len(pixels), pixels),
        Element(_PHOTOMETRIC, "CS", 0, len(photometric), photometric),
    ]
    if _PLANAR in data:
        changed.append(Element(_PLANAR, "US", 0, 2, b"\0\0"))
    return {element.tag: element for element in changed}


def _packed(frame: Image, layout: Layout) -> bytes:
    """Stored values as native little-endian bytes of the allocated width."""
    if frame.dtype.kind == "f":
        return frame.tobytes()
    if layout.bits_allocated == 1:
        return np.packbits(frame, bitorder="little").tobytes()
    return frame.astype(f"<{frame.dtype.kind}{layout.bits_allocated // 8}").tobytes()


def _write(out: list[bytes], data: DataSet, opened: Opened) -> None:
    """Append the elements in explicit VR; sequences in undefined lengths (PS3.5 §7.5)."""
    for tag in sorted(data):
        element = data[tag]
        if not tag & 0xFFFF or (tag == _ICON and _encapsulated(element)):
            continue  # group lengths would be wrong, and a compressed icon is not allowed beside native pixels
        if element.items is None:
            value = _value(element, opened)
            out.append(_head(tag, element.vr, len(value)) + value)
            continue
        out.append(_head(tag, "SQ", UNDEFINED))
        for item in element.items:
            out.append(struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED))
            _write(out, item, opened)
            out.append(struct.pack("<HHI", 0xFFFE, 0xE00D, 0))
        out.append(struct.pack("<HHI", SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0))


def _encapsulated(element: Element) -> bool:
    return any(inner.fragments is not None for item in element.items or () for inner in item.values())


def _head(tag: int, vr: str, length: int) -> bytes:
    """PS3.5 §7.1.2; a value too long for its VR's 16-bit length goes out as UN (§6.2.2, note 5)."""
    group, number = tag >> 16, tag & 0xFFFF
    if vr not in LONG_LENGTH and length > 0xFFFE:
        vr = "UN"
    if vr in LONG_LENGTH:
        return struct.pack("<HH2sHI", group, number, vr.encode(), 0, length)
    return struct.pack("<HH2sH", group, number, vr.encode(), length)


def _value(element: Element, opened: Opened) -> bytes:
    """The value in little endian and of even length."""
    value = element.value
    if value is None:
        value = opened.source.peek(element.at, element.length)
    if opened.encoding.big and element.at and (code := _WIDTHS.get(element.vr)):
        words = array(code, value[: len(value) - len(value) % array(code).itemsize])
        words.byteswap()
        value = words.tobytes()
    return value + b"\0" * (len(value) % 2)
