"""Writes a data set as DICOM JSON (PS3.18 Annex F), in one pass and without its bulk."""

import base64
import re
import struct
import sys
from array import array
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring
from math import isfinite, isnan

from consult.formats.elements import DataSet, Element
from consult.formats.names import Charset, charset_of, split_name

MAX_REMEMBERED = 64  # bytes of a text whose JSON is kept: the slices of a series say nearly all the same
MAX_INLINE = 1024  # bytes of a binary value that travels with the metadata
# Palettes and lookup tables: a viewer needs them before the first pixel (PS3.3 §C.7.9, §C.11.1).
_ALWAYS_INLINE = frozenset(
    {0x00281201, 0x00281202, 0x00281203, 0x00281204, 0x00281221, 0x00281222, 0x00281223, 0x00283006}
)
CHARACTER_SET = 0x00080005
_TRAILING_PADDING = 0xFFFCFFFC

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_EXACT_IN_JSON = 1 << 53  # beyond it a browser's numbers are not exact

# VR: its struct letter and bytes a number.
_NUMBERS = {
    "US": ("H", 2),
    "SS": ("h", 2),
    "UL": ("I", 4),
    "SL": ("i", 4),
    "UV": ("Q", 8),
    "SV": ("q", 8),
    "FL": ("f", 4),
    "FD": ("d", 8),
}
_WORD_CODES = {"OW": "H", "OL": "I", "OF": "I", "OD": "Q", "OV": "Q"}


def write(data: DataSet, charset: Charset, big: bool, bulk_root: str) -> bytes:
    """The data set as one JSON object, UTF-8 without white space.

    Bulk values become ``BulkDataURI`` ``bulk_root`` + path, the path being tags and item indices from 0:
    ``54000100/0/54001010``. Group lengths, File Meta and trailing padding are left out (PS3.18 §F.2.2).
    """
    out: list[str] = []
    _Writer(out, big, bulk_root).data_set(data, charset, "")
    return "".join(out).encode()


class _Writer:
    """Appends the pieces of one JSON text to ``out``."""

    def __init__(self, out: list[str], big: bool, bulk_root: str) -> None:
        self._out = out
        self._order = ">" if big else "<"
        self._big = big
        self._bulk_root = bulk_root

    def data_set(self, data: DataSet, charset: Charset, path: str) -> None:
        out = self._out
        mark = "{"
        for tag in sorted(data):
            if not tag & 0xFFFF or tag >> 16 == 2 or tag == _TRAILING_PADDING:
                continue
            element = data[tag]
            if element.value is not None and len(element.value) <= MAX_REMEMBERED and element.vr in _TEXTS:
                out.append(mark + _remembered(tag, element.vr, element.value, charset.terms))
                mark = ","
                continue
            out.append(f'{mark}"{tag:08X}":{{"vr":"{element.vr}"')
            mark = ","
            if element.items:
                self._sequence(element.items, charset, f"{path}{tag:08X}/")
            elif element.value is None and element.items is None:
                out.append(f',"BulkDataURI":{encode_basestring(f"{self._bulk_root}{path}{tag:08X}")}')
            elif element.value:
                out.append(self._value(element, element.value, charset, path))
            out.append("}")
        out.append("}" if mark == "," else "{}")

    def _sequence(self, items: list[DataSet], charset: Charset, path: str) -> None:
        mark = ',"Value":['
        for index, item in enumerate(items):
            self._out.append(mark)
            mark = ","
            inner = charset_of(item, None) if CHARACTER_SET in item else charset
            self.data_set(item, inner, f"{path}{index}/")
        self._out.append("]")

    def _value(self, element: Element, raw: bytes, charset: Charset, path: str) -> str:
        """``,"Value":[…]`` or another holder of a value that is not empty; "" where only padding is there."""
        tag, vr = element.tag, element.vr
        texts = _TEXTS.get(vr)
        if texts is not None:
            values = texts(raw, charset)
            return f',"Value":[{values}]' if values else ""
        if vr in _NUMBERS:
            code, width = _NUMBERS[vr]
            if len(raw) % width == 0:
                numbers = struct.unpack(f"{self._order}{len(raw) // width}{code}", raw)
                return f',"Value":[{",".join(map(_number, numbers))}]'
        elif vr == "AT" and len(raw) % 4 == 0:
            pairs = struct.iter_unpack(self._order + "HH", raw)
            tags = ",".join([f'"{group:04X}{number:04X}"' for group, number in pairs])
            return f',"Value":[{tags}]'
        if len(raw) > MAX_INLINE and tag not in _ALWAYS_INLINE:
            return f',"BulkDataURI":{encode_basestring(f"{self._bulk_root}{path}{tag:08X}")}'
        return f',"InlineBinary":"{base64.b64encode(little_endian(vr, raw, self._big)).decode()}"'


def little_endian(vr: str, raw: bytes, big: bool) -> bytes:
    """Binary words in little endian, as web services give them whatever the file's order (PS3.18 §F.2.7)."""
    code = _WORD_CODES.get(vr)
    if not big or code is None:
        return raw
    words = array(code, raw[: len(raw) - len(raw) % array(code).itemsize])
    words.byteswap()
    return words.tobytes() if sys.byteorder == "little" else raw


def _number(number: float) -> str:
    """A JSON number; a string where JSON has none: NaN, infinities, integers beyond 2⁵³."""
    if isinstance(number, int):
        return str(number) if -_EXACT_IN_JSON < number < _EXACT_IN_JSON else f'"{number}"'
    if isfinite(number):
        return repr(number)
    return '"NaN"' if isnan(number) else '"Infinity"' if number > 0 else '"-Infinity"'


def _decimal(text: str) -> str:
    """A DS or IS value as a number; as a string where it is none (PS3.18 §F.2.3 allows both)."""
    if _JSON_NUMBER.fullmatch(text):
        return text
    try:
        number = float(text)
    except ValueError:
        return encode_basestring(text)
    if not isfinite(number) or "_" in text:
        return encode_basestring(text)
    return repr(int(number) if number == int(number) and abs(number) < _EXACT_IN_JSON else number)


def _person(text: str) -> str:
    name = split_name(text, b"", False)
    groups = zip(
        ("Alphabetic", "Ideographic", "Phonetic"), (name.alphabetic, name.ideographic, name.phonetic), strict=True
    )
    return "{" + ",".join(f'"{kind}":{encode_basestring(group)}' for kind, group in groups if group) + "}"


def _several(one: Callable[[str], str], named: bool = False) -> Callable[[bytes, Charset], str]:
    """A writer of backslash-separated values, each written by ``one``; empty values are null (PS3.18 §F.2.5)."""

    def write_all(raw: bytes, charset: Charset) -> str:
        text = charset.name_text(raw) if named else charset.text(raw)
        if "\\" not in text:
            value = text.strip(" \0")
            return one(value) if value else ""
        values = [part.strip(" \0") for part in text.split("\\")]
        return ",".join([one(value) if value else "null" for value in values]) if any(values) else ""

    return write_all


def _single(raw: bytes, charset: Charset) -> str:
    """A text in which a backslash is a character and leading spaces count (PS3.5 §6.2: LT, ST, UT, UR)."""
    text = charset.text(raw).rstrip(" \0")
    return encode_basestring(text) if text else ""


_TEXTS: dict[str, Callable[[bytes, Charset], str]] = {
    **dict.fromkeys(("AE", "AS", "CS", "DA", "DT", "LO", "SH", "TM", "UC", "UI"), _several(encode_basestring)),
    **dict.fromkeys(("DS", "IS"), _several(_decimal)),
    **dict.fromkeys(("LT", "ST", "UR", "UT"), _single),
    "PN": _several(_person, named=True),
}


@lru_cache(8192)
def _remembered(tag: int, vr: str, raw: bytes, terms: tuple[str, ...]) -> str:
    """A short text element as a member of a JSON object; ``terms`` are the character set's."""
    values = _TEXTS[vr](raw, Charset(terms)) if raw else ""
    if tag == CHARACTER_SET and raw:
        values = '"ISO_IR 192"'
    value = f',"Value":[{values}]' if values else ""
    return f'"{tag:08X}":{{"vr":"{vr}"{value}}}'
