"""Walks the bytes of a DICOM data set element by element, without recursion and never past what is there."""

import struct
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import NamedTuple

from consult.formats.sources import Source, broken, cut_short

MAX_DEPTH = 16  # sequences within sequences; real objects stay under 8
MAX_VALUE = 64 << 10  # bytes; a longer value stays in the file as bulk
MAX_NAME = 1 << 20  # bytes of a value that cannot be bulk in DICOM JSON: a person name

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010

# PS3.5 §7.1.2: the first have a 32-bit length in Explicit VR, the others 16 bits.
LONG_LENGTH = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_SHORT = frozenset(
    {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM"}
    | {"UI", "UL", "US"}
)
_PLAIN_HEAD = struct.Struct("<HH2sH")
_PLAIN_VRS = {vr.encode("ascii"): vr for vr in _SHORT}


class Encoding(NamedTuple):
    """How a data set is written: with value representations in it or not, and its byte order."""

    explicit: bool
    big: bool


class Bounds(NamedTuple):
    """What a walk may cost: elements and fragments, and bytes of the values that are read, that is without bulk."""

    elements: int
    read: int
    inflates: bool


ANY = Bounds(elements=1_000_000, read=64 << 20, inflates=True)
# Nearly every image; walked in some milliseconds and less than a megabyte, whatever the bytes are.
SMALL = Bounds(elements=4096, read=256 << 10, inflates=False)


class TooCostly(Exception):
    """The walk exceeds its bounds, and larger bounds might do."""


class Fragment(NamedTuple):
    """One fragment of encapsulated pixels: offset in the source and length, both in bytes."""

    at: int
    length: int


class Element(NamedTuple):
    """One element: its value's place in the source, and the value where it is short enough to be read.

    ``value`` is None for bulk; ``items`` are the data sets of a sequence; ``fragments`` those of encapsulated pixels,
    the offset table first.
    """

    tag: int
    vr: str
    at: int
    length: int
    value: bytes | None
    items: "list[DataSet] | None" = None
    fragments: list[Fragment] | None = None


DataSet = dict[int, Element]


@cache
def _dictionary() -> tuple[dict[int, str], dict[int, str]]:
    """Public tags with their VR: plain ones, and the repeating groups 50xx and 60xx by their first group.

    Only pydicom's table is loaded: importing the package would cost each parser process a second and 60 MB.
    """
    package = find_spec("pydicom")
    place = Path(package.origin).with_name("_dicom_dict.py") if package and package.origin else None
    spec = spec_from_file_location("consult_dicom_dictionary", place) if place else None
    if spec is None or spec.loader is None:
        raise ImportError("pydicom's data dictionary is missing")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    plain: dict[int, str] = {tag: row[0] for tag, row in module.DicomDictionary.items()}
    repeating: dict[int, str] = {
        int(mask.replace("x", "0"), 16): row[0]
        for mask, row in module.RepeatersDictionary.items()
        if mask[:4] in ("50xx", "60xx")
    }
    return plain, repeating


@lru_cache(8192)
def public_vr(tag: int, signed: bool) -> str | None:
    """The VR of a public tag (PS3.6); None where unknown. ``signed`` settles "US or SS" (PS3.5 §A.1)."""
    plain, repeating = _dictionary()
    group, number = tag >> 16, tag & 0xFFFF
    vr = plain.get(tag)
    if vr is None and number == 0:
        return "UL"
    if vr is None and (group & 0xFF01) in (0x5000, 0x6000):
        vr = repeating.get(tag & 0xFF00FFFF)
    if vr is None or len(vr) == 2:
        return vr if vr != "NO" else None
    if "OW" in vr:
        return "OW"
    if vr == "US or SS":
        return "SS" if signed else "US"
    return None


def implicit_vr(tag: int, signed: bool) -> str:
    """The VR of a tag in Implicit VR Little Endian; UN where nobody says."""
    group, number = tag >> 16, tag & 0xFFFF
    if group & 1:
        return "LO" if 0x10 <= number <= 0xFF else "UL" if number == 0 else "UN"
    return public_vr(tag, signed) or "UN"


@dataclass(slots=True)
class _Level:
    """One open level of the walk: an item being filled (``data``) or a sequence (``items``)."""

    data: DataSet | None
    items: list[DataSet] | None
    end: int | None  # offset; None: closed by its delimiter
    explicit: bool


@dataclass(slots=True)
class Walk:
    """A walk over one data set. ``run`` returns it; ``at`` is then where it stopped."""

    source: Source
    encoding: Encoding
    at: int = 0
    only_group: int | None = None  # stop at the first element of another group (File Meta Information)
    bounds: Bounds = ANY
    _levels: list[_Level] = field(default_factory=list)
    _elements: int = 0
    _read: int = 0
    _signed: bool = False
    _unpack: struct.Struct = field(default_factory=lambda: struct.Struct("<HHI"))

    def run(self) -> DataSet:
        """All elements from ``at`` to the end of the source; raises Broken where lengths do not add up."""
        self._unpack = struct.Struct(">HHI" if self.encoding.big else "<HHI")
        data: DataSet = {}
        self._levels = [_Level(data, None, self.source.size, self.encoding.explicit)]
        quick = not self.encoding.big and self.only_group is None
        while self._levels:
            level = self._levels[-1]
            if level.end is not None and self.at >= level.end:
                if self.at > level.end:
                    raise cut_short()
                self._levels.pop()
            elif level.items is not None:
                self._step_item(level, level.items)
            elif level.data is not None:
                if quick and level.explicit and self._take_plain(level.end, level.data):
                    continue
                if self._step_element(level, level.data):
                    break
        return data

    def _take_plain(self, end: int | None, data: DataSet) -> bool:
        """Take the short elements that lie in the window one after the other: nearly all of a header, so kept quick.

        True where any was taken; what is not so plain is left to ``_step_element``.
        """
        window, start = self.source.window(self.at)
        at = self.at - start
        limit = len(window) if end is None else min(len(window), end - start)
        unpack, plain, taken, first = _PLAIN_HEAD.unpack_from, _PLAIN_VRS, 0, at
        while at + 8 <= limit:
            group, number, vr, length = unpack(window, at)
            value_at = at + 8
            after = value_at + length
            if vr not in plain or after > limit or (group == 0x0028 and number == 0x0103):
                break
            tag = group << 16 | number
            value = window[value_at:after]
            data[tag] = Element(tag, plain[vr], start + value_at, length, value)
            at = after
            taken += 1
        self.at = start + at
        self._count(taken)
        self._count_read(at - first)
        return taken > 0

    def _step_item(self, level: _Level, items: list[DataSet]) -> None:
        head = self.source.peek(self.at, 8)
        if len(head) < 8:
            raise cut_short()
        group, number, length = self._unpack.unpack(head)
        tag = group << 16 | number
        self.at += 8
        if tag == SEQUENCE_END:
            self._levels.pop()
        elif tag == ITEM:
            item: DataSet = {}
            items.append(item)
            self._count()
            end = None if length == UNDEFINED else self._end(self.at + length, level.end)
            self._levels.append(_Level(item, None, end, level.explicit))
        elif tag != ITEM_END:
            raise broken("序列结构错误：缺少条目标记。", "A sequence is malformed: an item tag is missing.")

    def _step_element(self, level: _Level, data: DataSet) -> bool:
        """Read one element into ``data``; True where the walk is to stop before it."""
        head = self.source.peek(self.at, 12)
        if len(head) < 8:
            if len(self._levels) == 1 and not head.strip(b"\0"):
                self.at = self.source.size  # stray padding at the very end
                return False
            raise cut_short()
        group, number, length = self._unpack.unpack_from(head)
        tag = group << 16 | number
        if self.only_group is not None and group != self.only_group:
            return True
        if group == 0xFFFE:
            self._close(tag, level)
            return False
        self._count()
        explicit = level.explicit
        if explicit:
            vr, length, start = self._explicit_head(tag, head, length)
            if vr == "UN" and not self.encoding.big and (known := public_vr(tag, self._signed)) is not None:
                vr, explicit = known, known != "SQ"
        else:
            vr, start = implicit_vr(tag, self._signed), self.at + 8
        if tag == PIXEL_DATA and length == UNDEFINED and vr == "UN":
            vr = "OB"
        self._take(tag, vr, start, length, level, data, explicit)
        return False

    def _explicit_head(self, tag: int, head: bytes, as_implicit: int) -> tuple[str, int, int]:
        """VR, length and start of value (PS3.5 §7.1.2); an element without VR letters is read as implicit."""
        order = ">" if self.encoding.big else "<"
        vr = head[4:6].decode("latin-1")
        if vr in _SHORT:
            return vr, struct.unpack_from(order + "H", head, 6)[0], self.at + 8
        if vr in LONG_LENGTH or (vr.isascii() and vr.isalpha() and vr.isupper()):
            if len(head) < 12:
                raise cut_short()
            return vr if vr in LONG_LENGTH else "UN", struct.unpack_from(order + "I", head, 8)[0], self.at + 12
        if public_vr(tag, self._signed) is None or self.at + 8 + as_implicit > self.source.size:
            raise broken("数据元素的类型标识无效，文件已损坏。", "An element has no valid value representation.")
        return implicit_vr(tag, self._signed), as_implicit, self.at + 8

    def _close(self, tag: int, level: _Level) -> None:
        """A delimiter where an element could stand: it closes the item (and its sequence), or is stray."""
        self.at += 8
        if len(self._levels) == 1 and tag not in (ITEM_END, SEQUENCE_END):
            raise broken("数据结构错误：条目出现在序列之外。", "An item stands outside of a sequence.")
        if level.end is None:
            self._levels.pop()
            if tag == SEQUENCE_END:
                self._levels.pop()

    def _take(self, tag: int, vr: str, start: int, length: int, level: _Level, data: DataSet, explicit: bool) -> None:
        if vr == "SQ" or (length == UNDEFINED and vr == "UN"):
            if len(self._levels) >= 2 * MAX_DEPTH:
                raise broken("序列嵌套过深，已拒收。", "Sequences are nested too deep; refused.")
            items: list[DataSet] = []
            data[tag] = Element(tag, "SQ", start, length, None, items)
            end = None if length == UNDEFINED else self._end(start + length, level.end)
            # PS3.5 §6.2.2 note: inside an UN of undefined length all is Implicit VR Little Endian.
            self._levels.append(_Level(None, items, end, explicit and vr == "SQ"))
            self.at = start
            return
        if length == UNDEFINED:
            fragments, self.at = self._fragments(start)
            data[tag] = Element(tag, vr, start, self.at - start, None, None, fragments)
            return
        self.at = self._end(start + length, level.end)
        data[tag] = Element(tag, vr, start, length, self._value(tag, vr, start, length))

    def _value(self, tag: int, vr: str, start: int, length: int) -> bytes | None:
        if tag == PIXEL_DATA or length > (MAX_NAME if vr == "PN" else MAX_VALUE):
            if vr == "PN":
                raise broken("姓名字段过长，已拒收。", "A person name is far too long; refused.")
            return None
        self._count_read(length)
        value = self.source.peek(start, length)
        if tag == 0x00280103:
            self._signed = value[:1] == b"\1" or value[1:2] == b"\1"
        return value

    def _fragments(self, at: int) -> tuple[list[Fragment], int]:
        """The fragments from ``at`` on and where they end (PS3.5 §A.4)."""
        fragments: list[Fragment] = []
        while True:
            head = self.source.peek(at, 8)
            if len(head) < 8:
                raise cut_short()
            group, number, length = self._unpack.unpack(head)
            tag = group << 16 | number
            at += 8
            if tag == SEQUENCE_END:
                return fragments, at
            if tag != ITEM or at + length > self.source.size:
                raise cut_short()
            self._count()
            fragments.append(Fragment(at, length))
            at += length

    def _end(self, end: int, outer: int | None) -> int:
        if end > (self.source.size if outer is None else outer):
            raise cut_short()
        return end

    def _count(self, more: int = 1) -> None:
        self._elements += more
        if self._elements > self.bounds.elements:
            self._over()
            raise broken("文件头元素过多，已拒收。", "The header holds too many elements; refused.")

    def _count_read(self, more: int) -> None:
        self._read += more
        if self._read > self.bounds.read:
            self._over()
            raise broken("文件头过大，已拒收。", "The header is too large; refused.")

    def _over(self) -> None:
        if self.bounds != ANY:
            raise TooCostly


def encoding_of(source: Source, at: int, declared: Encoding) -> Encoding:
    """The declared encoding, unless the first element plainly shows otherwise (some senders mislabel it)."""
    head = source.peek(at, 8)
    if len(head) < 8 or declared.big:
        return declared
    lettered = head[4:6].decode("latin-1") in _SHORT | LONG_LENGTH
    if declared.explicit and not lettered:
        length = struct.unpack_from("<I", head, 4)[0]
        tag = struct.unpack_from("<H", head)[0] << 16 | struct.unpack_from("<H", head, 2)[0]
        plausible = public_vr(tag, False) is not None and at + 8 + length <= source.size
        return Encoding(False, False) if plausible else declared
    return Encoding(True, False) if lettered else declared
