"""The data sets of queries: keys read out of an identifier, answers written in a character set that the asker reads."""

import base64
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from consult.formats.dicom import EXPLICIT
from consult.formats.elements import LONG_LENGTH, DataSet, Element, Encoding, Walk
from consult.formats.names import Charset, charset_of
from consult.formats.sources import Source, broken

CHARACTER_SET, LEVEL = 0x00080005, 0x00080052
UTF_8 = ("ISO_IR 192",)
ESCAPE_TO_GB = b"\x1b$)A"  # GB 2312 into G1 (PS3.3 table C.12-4)
MAX_SHORT = 0xFFFE  # bytes of a value whose length has 16 bits

_CODECS = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 192": "utf_8",
    "GB18030": "gb18030",
    "GBK": "gbk",
    "ISO_IR 100": "latin_1",
    "ISO_IR 101": "iso8859_2",
    "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 127": "iso8859_6",
    "ISO_IR 138": "iso8859_8",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 166": "iso8859_11",
    "ISO_IR 203": "iso8859_15",
}
ANSWERED_IN = (*(term for term in _CODECS if term), "\\ISO 2022 IR 58")
"""The character sets that a query may be written in to be answered in them."""

_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
_DELIMITERS = re.compile(r"([\\^=\r\n\t\f])")  # each puts the code table back to its start (PS3.5 §6.1.2.5.3)
_NUL_PADDED = frozenset({"UI", "OB", "UN", "OW", "OD", "OF", "OL", "OV"})

JsonObject = Mapping[str, Any]
"""A data set as DICOM JSON (PS3.18 Annex F)."""


@dataclass(frozen=True, slots=True)
class Key:
    """One attribute of an identifier: its value as text, or the keys in the item of a sequence."""

    tag: int
    vr: str
    value: str = ""
    item: "tuple[Key, ...]" = ()


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a query asks: the level it names, its keys by tag, and the character set that the asker writes."""

    level: str
    keys: Mapping[int, Key]
    charset: Charset = field(default_factory=Charset)

    def value(self, tag: int) -> str:
        """The value of a key; empty where it is not asked for."""
        key = self.keys.get(tag)
        return key.value if key is not None else ""


def read_identifier(data: bytes, syntax: str, override: str | None = None) -> Identifier:
    """The identifier of a C-FIND, C-MOVE or C-GET in a transfer syntax. Raises Broken.

    ``override`` is the character set to believe instead of the declared one.
    """
    held = Walk(Source.of(data), Encoding(syntax == EXPLICIT, big=False)).run()
    charset = charset_of(held, override)
    keys = {key.tag: key for key in _keys(held, charset)}
    level = keys.pop(LEVEL, Key(LEVEL, "CS")).value.strip().upper()
    if not level:
        raise broken("查询未指明级别。", "The query names no level (0008,0052).")
    return Identifier(level, keys, charset)


def _keys(held: DataSet, charset: Charset) -> tuple[Key, ...]:
    told: list[Key] = []
    for tag, element in held.items():
        if tag in (CHARACTER_SET, 0x00080001) or not tag & 0xFFFF:
            continue
        item = _keys(element.items[0], charset) if element.items else ()
        told.append(Key(tag, element.vr, _text(element, charset), item))
    return tuple(told)


def _text(element: Element, charset: Charset) -> str:
    raw = element.value or b""
    if code := _NUMBERS.get(element.vr):
        width = struct.calcsize(code)
        return "\\".join(str(one) for (one,) in struct.iter_unpack("<" + code, raw[: len(raw) // width * width]))
    if element.vr == "PN":
        text = charset.name_text(raw)
    else:
        text = charset.text(raw) if element.vr not in _NUL_PADDED or element.vr == "UI" else ""
    return text.strip(" \0") if element.vr != "PN" else text.strip(" \0").rstrip("^=")


# answers


def write_answer(answer: JsonObject, asked: Charset, syntax: str) -> bytes:
    """A data set in a transfer syntax: in the asker's character set where that holds every text, else in UTF-8."""
    explicit = syntax == EXPLICIT
    try:
        return _Writer(asked.terms, explicit).whole(answer)
    except (UnicodeEncodeError, LookupError):
        return _Writer(UTF_8, explicit).whole(answer)


class _Writer:
    """Encodes DICOM JSON as a data set. Raises UnicodeEncodeError and LookupError where a text cannot be written."""

    def __init__(self, terms: tuple[str, ...], explicit: bool) -> None:
        self._gb_in_g1 = len(terms) == 2 and terms[1] == "ISO 2022 IR 58" and terms[0] in ("", "ISO 2022 IR 6")
        first = terms[0].replace("ISO 2022 IR", "ISO_IR")
        self._codec = "ascii" if self._gb_in_g1 else _CODECS[first]
        self._terms = terms
        self._explicit = explicit
        self._spoken = False  # whether any text is beyond ASCII

    def whole(self, answer: JsonObject) -> bytes:
        """The data set, with its character set where that matters."""
        tags = sorted((int(tag, 16), tag) for tag in answer)
        body = [(number, self._element(number, answer[tag])) for number, tag in tags if number != CHARACTER_SET]
        if self._spoken or self._terms != ("",):
            label = {"vr": "CS", "Value": ["\\".join(self._terms)]}
            body.append((CHARACTER_SET, self._element(CHARACTER_SET, label)))
        return b"".join(encoded for _, encoded in sorted(body))

    def _element(self, tag: int, element: JsonObject) -> bytes:
        vr = str(element.get("vr", "UN"))
        values = [each for each in element.get("Value", ()) if each is not None]
        if vr == "SQ":
            items = b"".join(self._item(each) for each in values)
            return self._head(tag, "SQ", len(items)) + items
        value = self._value(vr, values, element)
        value += (b"\0" if vr in _NUL_PADDED else b" ") * (len(value) % 2)
        return self._head(tag, vr, len(value)) + value

    def _item(self, item: JsonObject) -> bytes:
        body = b"".join(self._element(int(tag, 16), item[tag]) for tag in sorted(item) if tag != "00080005")
        return struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body

    def _head(self, tag: int, vr: str, length: int) -> bytes:
        group, number = tag >> 16, tag & 0xFFFF
        if not self._explicit:
            return struct.pack("<HHI", group, number, length)
        if vr not in LONG_LENGTH and length > MAX_SHORT:
            vr = "UN"  # PS3.5 §6.2.2, note 5
        if vr in LONG_LENGTH:
            return struct.pack("<HH2sHI", group, number, vr.encode(), 0, length)
        return struct.pack("<HH2sH", group, number, vr.encode(), length)

    def _value(self, vr: str, values: list[Any], element: JsonObject) -> bytes:
        if vr in _NUMBERS:
            return b"".join(_packed(_NUMBERS[vr], each) for each in values)
        if vr == "AT":
            return b"".join(struct.pack("<HH", int(each[:4], 16), int(each[4:], 16)) for each in values)
        if "InlineBinary" in element:
            return base64.b64decode(element["InlineBinary"])
        return self._text("\\".join(_as_text(each) for each in values))

    def _text(self, text: str) -> bytes:
        if text.isascii():
            return text.encode("ascii")
        self._spoken = True
        if not self._gb_in_g1:
            return text.encode(self._codec)
        parts = _DELIMITERS.split(text)
        return b"".join(part.encode("ascii") if part.isascii() else _in_gb(part) for part in parts)


def _packed(code: str, number: Any) -> bytes:
    """A number in little endian; nothing where its VR cannot hold it."""
    try:
        return struct.pack("<" + code, number)
    except struct.error:
        return b""


def _in_gb(text: str) -> bytes:
    return ESCAPE_TO_GB + text.encode("gb2312")


def _as_text(value: Any) -> str:
    """A value of DICOM JSON as DICOM text; a person's name with its groups."""
    if isinstance(value, Mapping):
        told: Mapping[str, str] = value
        groups = (told.get("Alphabetic", ""), told.get("Ideographic", ""), told.get("Phonetic", ""))
        return "=".join(groups).rstrip("=")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
