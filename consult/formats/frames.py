"""Finds each frame's bytes in a file, so that a door can send them without decoding or reading the rest."""

import json
import os
import struct
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from consult.domain.errors import NotFound, Words
from consult.formats.dicom import DEFLATED, EXPLICIT, GE_PRIVATE, Opened, open_dicom, part10_head, text_of
from consult.formats.elements import PIXEL_DATA, Element, Fragment
from consult.formats.instances import Pixels, Values, is_video, pixels_of
from consult.formats.names import Charset
from consult.formats.sources import broken

_EXTENDED_OFFSETS, _EXTENDED_LENGTHS = 0x7FE00001, 0x7FE00002
_PIXEL_TAGS = (PIXEL_DATA, 0x7FE00008, 0x7FE00009)
HTJ2K_LOSSLESS_RPCL = "1.2.840.10008.1.2.4.202"  # what ``pixels.to_htj2k`` writes
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"

_JPEG = "1.2.840.10008.1.2.4."
_JPEG_12_BITS = frozenset(_JPEG + str(tail) for tail in (51, 53, 55))
# PS3.18 table 8.7.3-5.
_MEDIA_TYPES = {
    **{_JPEG + str(tail): "image/jpeg" for tail in (50, 51, 53, 55, 57, 70)},
    **{_JPEG + tail: "image/jls" for tail in ("80", "81")},
    **{_JPEG + tail: "image/jp2" for tail in ("90", "91")},
    **{_JPEG + tail: "image/jpx" for tail in ("92", "93")},
    **{_JPEG + str(tail): "video/mpeg" for tail in (100, 101)},
    **{_JPEG + str(tail): "video/mp4" for tail in range(102, 109)},
    **{_JPEG + str(tail): "image/jxl" for tail in (110, 111, 112)},
    **{_JPEG + str(tail): "image/jphc" for tail in (201, 202, 203)},
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}


def media_type(transfer_syntax: str) -> str:
    """The media type of one frame in a transfer syntax; octets where it is native or not known."""
    return _MEDIA_TYPES.get(transfer_syntax, "application/octet-stream")


def misread_by_browsers(transfer_syntax: str, bits_allocated: int | None) -> bool:
    """Whether frames are lossy JPEG of 12 bits, which the decoders in browsers read with wrong values.

    Such an object is given out decoded: from a copy made by ``transcoding.to_explicit``.
    """
    return transfer_syntax in _JPEG_12_BITS and (bits_allocated or 8) > 8


class Piece(NamedTuple):
    """A stretch of the file: offset and length in bytes."""

    at: int
    length: int


@dataclass(frozen=True, slots=True)
class FrameTable:
    """Where the frames of one file are. Kept with the study so that a frame is one seek away.

    Native frames lie ``stride_bits`` apart from ``start`` on; of encapsulated ones, ``lists[n]`` holds the pieces of
    frame n + 1 as offset, length, offset, length …. ``transfer_syntax`` is that of the bytes given out: native frames
    go out in little endian whatever the file's order, ``swap`` bytes at a time.
    """

    transfer_syntax: str
    frames: int
    start: int = 0
    stride_bits: int = 0
    swap: int = 0
    lists: tuple[tuple[int, ...], ...] = ()

    @property
    def media_type(self) -> str:
        """The media type of a frame (PS3.18 §8.7.3.3)."""
        return media_type(self.transfer_syntax)

    @property
    def as_it_lies(self) -> bool:
        """Whether a frame's pieces can be sent from the file unchanged: no byte swap, no frame inside of a byte."""
        return not self.swap and self.stride_bits % 8 == 0

    def pieces(self, frame: int) -> tuple[Piece, ...]:
        """The stretches of the file that make up a frame, 1 being the first; raises NotFound beyond the last.

        Mostly one; several where one compressed frame was cut into fragments. Where ``as_it_lies`` is false, the bytes
        need ``read_frame``.
        """
        if not 1 <= frame <= self.frames:
            raise NotFound(Words(f"没有第 {frame} 帧。", f"There is no frame {frame}."))
        if self.lists:
            found = self.lists[frame - 1]
            return tuple(Piece(found[at], found[at + 1]) for at in range(0, len(found), 2))
        first, last = (frame - 1) * self.stride_bits, frame * self.stride_bits
        return (Piece(self.start + first // 8, (last + 7) // 8 - first // 8),)

    def to_bytes(self) -> bytes:
        """The table for a cache."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, kept: bytes) -> "FrameTable":
        """The table out of a cache."""
        known = json.loads(kept)
        return cls(**known | {"lists": tuple(tuple(pieces) for pieces in known["lists"])})


def frame_table(path: Path) -> FrameTable:
    """The frame table of a Part 10 file.

    Raises NotFound where it holds no pixels; Broken where its fragments cannot be told apart by frame, or where it is
    deflated: such a file needs an ``inflated_copy`` first.
    """
    with open_dicom(path) as opened:
        values = Values(opened.data, Charset(), opened.encoding.big)
        pixels = pixels_of(opened, values)
        if pixels.frames is None:
            raise NotFound(Words("该对象没有图像。", "This object holds no image."))
        if opened.inflated:
            raise broken("该文件整体压缩，需先展开。", "The file is deflated; it must be inflated first.")
        element = next(opened.data[tag] for tag in _PIXEL_TAGS if tag in opened.data)
        if element.fragments is None:
            return _native(opened, pixels, element)
        groups = _grouped(opened, element.fragments, pixels.frames)
        lists = tuple(tuple(figure for piece in pieces for figure in piece) for pieces in groups)
        given = EXPLICIT if opened.transfer_syntax == ENCAPSULATED_UNCOMPRESSED else opened.transfer_syntax
        return FrameTable(given, len(lists), lists=lists)


def frame_ranges(path: Path) -> list[tuple[Piece, ...]]:
    """Offset and length of the pieces of every frame of a file."""
    table = frame_table(path)
    return [table.pieces(frame) for frame in range(1, table.frames + 1)]


def _native(opened: Opened, pixels: Pixels, element: Element) -> FrameTable:
    per_pixel = 2 if pixels.photometric == "YBR_FULL_422" and pixels.samples == 3 else pixels.samples or 1
    bits = (pixels.rows or 0) * (pixels.columns or 0) * per_pixel * (pixels.bits or 8)
    wide = max((pixels.bits or 8) // 8, 2 if element.vr == "OW" else 1)
    swapped = opened.encoding.big or opened.transfer_syntax == GE_PRIVATE
    swap = wide if swapped and wide > 1 else 0
    return FrameTable(EXPLICIT, pixels.frames or 1, element.at, bits, swap)


def _grouped(opened: Opened, fragments: Sequence[Fragment], frames: int) -> list[list[Fragment]]:
    """Fragments by frame, by whichever of the standard's ways the object allows (PS3.5 §A.4)."""
    table, parts = fragments[0], list(fragments[1:])
    if is_video(opened.transfer_syntax) or frames == 1:
        return [parts]
    if len(parts) == frames:
        return [[part] for part in parts]
    starts = _extended_offsets(opened, frames) or _basic_offsets(opened, table, frames)
    if starts is None:
        starts = [part.at - 8 - (parts[0].at - 8) for part in parts if _begins_frame(opened, part)]
    if len(starts) != frames:
        raise broken("无法区分各帧的压缩数据。", "The compressed data cannot be told apart by frame.")
    base = parts[0].at - 8
    wanted = {start + base for start in starts}
    groups: list[list[Fragment]] = []
    for part in parts:
        if part.at - 8 in wanted:
            groups.append([])
        if not groups:
            raise broken("帧偏移表与数据不符。", "The offset table does not fit the data.")
        groups[-1].append(part)
    if len(groups) != frames:
        raise broken("帧偏移表与数据不符。", "The offset table does not fit the data.")
    return groups


def _extended_offsets(opened: Opened, frames: int) -> list[int] | None:
    element = opened.data.get(_EXTENDED_OFFSETS)
    if element is None or element.length != 8 * frames:
        return None
    return list(struct.unpack(f"<{frames}Q", opened.source.peek(element.at, element.length)))


def _basic_offsets(opened: Opened, table: Fragment, frames: int) -> list[int] | None:
    if table.length != 4 * frames:
        return None
    return list(struct.unpack(f"<{frames}I", opened.source.peek(table.at, table.length)))


def _begins_frame(opened: Opened, part: Fragment) -> bool:
    """Whether a fragment starts a JPEG, JPEG-LS or JPEG 2000 codestream."""
    return opened.source.peek(part.at, 4).startswith((b"\xff\xd8\xff", b"\xff\x4f\xff\x51"))


def read_frame(path: Path, table: FrameTable, frame: int) -> bytes:
    """The bytes of a frame as they are given out, 1 being the first."""
    pieces = table.pieces(frame)
    file = os.open(path, os.O_RDONLY)
    try:
        raw = b"".join(os.pread(file, piece.length, piece.at) for piece in pieces)
    finally:
        os.close(file)
    if table.swap:
        words = array({2: "H", 4: "I", 8: "Q"}[table.swap], raw[: len(raw) - len(raw) % table.swap])
        words.byteswap()
        return words.tobytes()
    if table.stride_bits % 8:
        shift = (frame - 1) * table.stride_bits % 8
        bits = int.from_bytes(raw, "little") >> shift & ((1 << table.stride_bits) - 1)
        return bits.to_bytes((table.stride_bits + 7) // 8, "little")
    return raw


def inflated_copy(path: Path) -> bytes:
    """A deflated file as Explicit VR Little Endian (PS3.5 §A.5); at most ``sources.MAX_INFLATED`` bytes."""
    with open_dicom(path) as opened:
        if opened.transfer_syntax != DEFLATED:
            raise ValueError("not a deflated file")
        sop_class, sop_uid = (text_of(opened.data.get(tag)) for tag in (0x00080016, 0x00080018))
        return part10_head(sop_class, sop_uid, EXPLICIT) + opened.source.peek(0, opened.source.size)
