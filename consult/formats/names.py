"""Reads DICOM text in the character set it is really in, Chinese names above all, declared well, badly or not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from consult.domain.studies import PatientName
from consult.formats.elements import DataSet

ESCAPE = 0x1B
_CHARACTER_SET = 0x00080005
_TEXT_RESETS = b"\\\t\n\f\r"  # PS3.5 §6.1.2.5.3
_NAME_RESETS = _TEXT_RESETS + b"^="

# Defined terms without code extensions (PS3.3 §C.12.1.1.2) and how Python calls them.
_PLAIN = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 13": "shift_jis",
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
    "ISO_IR 192": "utf_8",
    "GB18030": "gb18030",
    "GBK": "gb18030",  # GB 18030 reads all of GBK
}
_MULTIBYTE = {"ISO 2022 IR 58": "gb2312", "ISO 2022 IR 149": "euc_kr"}  # these live in G1
_JAPANESE = {"ISO 2022 IR 87", "ISO 2022 IR 159"}  # these live in G0, by escape only

# What senders write instead of the defined terms.
_ALIASES = {
    "UTF-8": "ISO_IR 192",
    "UTF8": "ISO_IR 192",
    "GB2312": "GBK",
    "GB 18030": "GB18030",
    "GB18030-2000": "GB18030",
    "GB18030-2005": "GB18030",
    "CP936": "GBK",
    "ISO 2022 GBK": "GBK",
    "ISO 2022 58": "ISO 2022 IR 58",
    "ISO_IR 58": "ISO 2022 IR 58",
}


class _Half(NamedTuple):
    """What is designated to one half of the code table: its Python codec and bytes a character."""

    codec: str
    width: int


_ASCII = _Half("ascii", 1)
_ROMAN = _Half("jis_roman", 1)  # ISO-IR 14: ASCII but for yen and overline
# PS3.3 tables C.12-3 and C.12-4. G0 holds bytes below 0x80, G1 those above.
_TO_G0 = {
    b"(B": _ASCII,
    b"(J": _ROMAN,
    b"$B": _Half("jisx0208", 2),
    b"$@": _Half("jisx0208", 2),
    b"$(D": _Half("jisx0212", 2),
    b"$A": _Half("gb2312", 2),
    b"$(A": _Half("gb2312", 2),
    b"$(C": _Half("euc_kr", 2),
}
_TO_G1 = {
    b"$)A": _Half("gb2312", 2),
    b"$)C": _Half("euc_kr", 2),
    b")I": _Half("shift_jis", 1),
    b"-A": _Half("latin_1", 1),
    b"-B": _Half("iso8859_2", 1),
    b"-C": _Half("iso8859_3", 1),
    b"-D": _Half("iso8859_4", 1),
    b"-F": _Half("iso8859_7", 1),
    b"-G": _Half("iso8859_6", 1),
    b"-H": _Half("iso8859_8", 1),
    b"-L": _Half("iso8859_5", 1),
    b"-M": _Half("iso8859_9", 1),
    b"-T": _Half("iso8859_11", 1),
    b"-b": _Half("iso8859_15", 1),
}
_DESIGNATION = re.compile(rb"\x1b(?:\$\([ACD]|\$\)[AC]|\$[@AB]|\([BJ]|\)I|-[A-Za-z])")


@dataclass(frozen=True, slots=True)
class Charset:
    """The character set that a data set's texts are read in.

    ``terms`` are DICOM defined terms, the first the one that each value starts in. ``guessed`` says that the
    declaration was missing or could not be right.
    """

    terms: tuple[str, ...] = ("",)
    guessed: bool = False

    @property
    def label(self) -> str:
        """The terms as one DICOM value."""
        return "\\".join(self.terms)

    def text(self, raw: bytes) -> str:
        """A text value (any VR but PN); bytes that do not fit become U+FFFD. Padding is not removed."""
        return raw.decode("ascii") if raw.isascii() and ESCAPE not in raw else self._decode(raw, _TEXT_RESETS)

    def name(self, raw: bytes) -> PatientName:
        """A single person name."""
        return split_name(self.name_text(raw), raw, self.guessed and not raw.isascii())

    def name_text(self, raw: bytes) -> str:
        """A person name value as text, its groups still joined by ``=`` (several names by a backslash)."""
        return raw.decode("ascii") if raw.isascii() and ESCAPE not in raw else self._decode(raw, _NAME_RESETS)

    def _decode(self, raw: bytes, resets: bytes) -> str:
        if ESCAPE in raw and _DESIGNATION.search(raw) and self.terms[0] not in ("ISO_IR 192", "GB18030", "GBK"):
            return _decode_extended(raw, resets, _start_halves(self.terms))
        codec = _single_codec(self.terms)
        # No character set defined: high bytes that nobody could explain stay visible as Latin-1.
        return raw.decode("latin_1" if codec == "ascii" else codec, errors="replace")


def split_name(text: str, raw: bytes, guessed: bool) -> PatientName:
    """The component groups of one name as they were sent (PS3.5 §6.2.1), without padding and empty tails."""
    groups = [group.strip(" \0").rstrip("^") for group in text.split("=")]
    alphabetic, ideographic, phonetic = (*groups, "", "", "")[:3]
    return PatientName(alphabetic, ideographic, phonetic, raw, guessed)


def has_han(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return any("㐀" <= char <= "鿿" or "豈" <= char <= "﫿" or "\U00020000" <= char <= "\U0003ffff" for char in text)


def settle(declared: Sequence[str], evidence: Sequence[bytes], override: str | None = None) -> Charset:
    """The character set to read a data set in.

    ``declared``: the values of Specific Character Set; ``evidence``: the data set's text values that hold bytes outside
    of ASCII, or escapes; ``override``: what the sender is known to write whatever it declares.
    The declared set wins where it can be right. Where it is missing, unknown or cannot be right: strict UTF-8, then
    strict GB 18030, flagged as guessed.
    """
    if override and _fits((_term(override),), evidence):
        return Charset((_term(override),))
    terms = tuple(_term(one) for one in declared) or ("",)
    high = [raw for raw in evidence if not raw.isascii()]
    known = all(term in _PLAIN or term.replace("ISO 2022 IR", "ISO_IR") in _PLAIN or _extends(term) for term in terms)
    if known and _credible(terms, evidence, high):
        return Charset(terms)
    if not high and not any(_DESIGNATION.search(raw) for raw in evidence):
        return Charset(terms if known else ("",))
    return Charset(_guess(evidence, high) or (terms if known else ("ISO_IR 100",)), guessed=True)


def _term(written: str) -> str:
    tidy = " ".join(written.upper().replace("ISO-IR", "ISO_IR").replace("ISO IR", "ISO_IR").split())
    tidy = tidy.replace("ISO_2022", "ISO 2022").replace("ISO2022", "ISO 2022")
    return _ALIASES.get(tidy, tidy)


def _extends(term: str) -> bool:
    return term in _MULTIBYTE or term in _JAPANESE or term.startswith("ISO 2022 IR")


def _single_codec(terms: Sequence[str]) -> str:
    """The codec for values without escapes. A multi-byte set in G1 is used without its escape, as senders forget it."""
    for term in terms:
        if term in _MULTIBYTE:
            return "gb18030" if term == "ISO 2022 IR 58" else "euc_kr"
    return _PLAIN.get(terms[0].replace("ISO 2022 IR", "ISO_IR"), "ascii")


def _fits(terms: tuple[str, ...], evidence: Sequence[bytes]) -> bool:
    """Whether every text decodes strictly under the terms."""
    codec = _single_codec(terms)
    for raw in evidence:
        if ESCAPE in raw and _DESIGNATION.search(raw):
            if "�" in Charset(terms).name_text(raw):
                return False
            continue
        try:
            raw.decode(codec)
        except UnicodeDecodeError:
            return False
    return True


def _credible(terms: tuple[str, ...], evidence: Sequence[bytes], high: Sequence[bytes]) -> bool:
    """Whether the declared terms decode every text, and to something a person could have meant."""
    escaped = any(_DESIGNATION.search(raw) for raw in evidence)
    if escaped and len(terms) == 1 and not _extends(terms[0]) and terms[0] not in ("ISO_IR 192", "GB18030", "GBK"):
        return False
    if not _fits(terms, evidence):
        return False
    if not high or escaped:
        return True
    first = terms[0]
    if first in ("GB18030", "GBK") or (first == "" and "ISO 2022 IR 58" in terms):
        return not _rather_utf8(high)
    if first.replace("ISO 2022 IR", "ISO_IR") == "ISO_IR 100" and len(terms) == 1:
        return not _strict(high, "utf_8") and not _rather_chinese(high)
    return True


def _strict(values: Sequence[bytes], codec: str) -> str:
    """All values decoded strictly and joined by line ends; empty where one does not decode."""
    try:
        return "\n".join(raw.decode(codec) for raw in values)
    except UnicodeDecodeError:
        return ""


def _guess(evidence: Sequence[bytes], high: Sequence[bytes]) -> tuple[str, ...] | None:
    if any(_DESIGNATION.search(raw) for raw in evidence) and not _strict(high, "utf_8"):
        return ("", "ISO 2022 IR 58") if any(b"\x1b$)A" in raw for raw in evidence) else ("", "ISO 2022 IR 87")
    as_utf8 = _strict(high, "utf_8")
    if as_utf8 and (re.search("[A-Za-z]", as_utf8) or has_han(as_utf8) or _everyday(_strict(high, "gb18030")) < 1):
        return ("ISO_IR 192",)
    if has_han(_strict(high, "gb18030")) and (_rather_chinese(high) or not _strict(high, "latin_1")):
        return ("GB18030",)
    return None


def _everyday(text: str) -> float:
    """How many of the characters outside ASCII are everyday Chinese: GB 2312 level 1, or its punctuation."""
    outside = [char for char in text if not char.isascii()]
    everyday = 0
    for char in outside:
        code = char.encode("gb2312", errors="ignore")
        everyday += len(code) == 2 and (0xB0 <= code[0] <= 0xD7 or code[0] in (0xA1, 0xA3))
    return everyday / len(outside) if outside else 0.0


def _rather_utf8(high: Sequence[bytes]) -> bool:
    """Bytes declared as GB that are valid UTF-8 and read as more everyday Chinese in it."""
    as_utf8, as_gb = _strict(high, "utf_8"), _strict(high, "gb18030")
    return has_han(as_utf8) and (not as_gb or _everyday(as_utf8) > _everyday(as_gb))


_TWO_HIGH = re.compile(b"[\x80-\xff]{2}")
_WORD = re.compile("[A-Za-zÀ-ÖØ-öø-ÿ]+")
_WRONG_CASE = re.compile("[a-zß-öø-ÿ][A-ZÀ-ÖØ-Þ]|[A-ZÀ-ÖØ-Þ]{2}[a-zß-öø-ÿ]")


def _rather_chinese(high: Sequence[bytes]) -> bool:
    """Bytes declared as Latin-1, or not at all, that decode strictly to Chinese and make no Latin words."""
    chinese = _strict(high, "gb18030")
    if not has_han(chinese) or not any(_TWO_HIGH.search(raw) for raw in high):
        return False  # a high byte here and there amid ASCII: "Müller", "36 °C", "Patient’s"
    latin = _strict(high, "latin_1")
    if any(not char.isascii() and not char.isalpha() and char not in "°±²³µ·×ºª§©®«»¿¡ " for char in latin):
        return True
    words = [word for word in _WORD.findall(latin) if not word.isascii()]
    common = _everyday(chinese) > 0.5
    odd = sum(1 for word in words if _odd_word(word, common))
    return odd * 2 > len(words) or (common and not words)


def _odd_word(word: str, common: bool) -> bool:
    """Whether no European language would write that word: no plain letter, too many accents, capitals amid small ones.

    ``common`` says that the Chinese reading is everyday Chinese, so that less is needed to prefer it.
    """
    plain = sum(char.isascii() for char in word)
    runs = re.findall("[^\x00-\x7f]+", word)
    crowded = common and (plain * 2 < len(word) or max(map(len, runs)) > 2)
    return not plain or crowded or _WRONG_CASE.search(word) is not None


def _start_halves(terms: Sequence[str]) -> tuple[_Half, _Half | None, _Half | None]:
    """G0 and G1 as every value starts, and what high bytes mean where G1 is empty (a forgotten escape)."""
    first = terms[0].replace("ISO 2022 IR", "ISO_IR")
    codec = _PLAIN.get(first, "ascii")
    g1 = None if codec in ("ascii", "utf_8", "gb18030") else _Half(codec, 1)
    forgotten = next((_Half(_MULTIBYTE[term], 2) for term in terms if term in _MULTIBYTE), None)
    return (_ROMAN if first == "ISO_IR 13" else _ASCII), g1, forgotten


def _decode_extended(raw: bytes, resets: bytes, start: tuple[_Half, _Half | None, _Half | None]) -> str:
    """Text with ISO 2022 escapes (PS3.5 §6.1.2.5). Delimiters put the halves back as they were at the start."""
    g0, g1, forgotten = start
    out: list[str] = []
    at = 0
    while at < len(raw):
        byte = raw[at]
        if byte == ESCAPE and (found := _DESIGNATION.match(raw, at)):
            code = found.group()[1:]
            g0, g1 = _TO_G0.get(code, g0), _TO_G1.get(code, g1)
            at = found.end()
            continue
        half = g0 if byte < 0x80 else (g1 or forgotten)
        width = half.width if half and byte >= 0x21 else 1
        if width == 1 and byte in resets:
            g0, g1, forgotten = start
        if half is None:
            out.append("�")
        elif byte < 0x21:
            out.append(chr(byte))
        else:
            out.append(_character(raw[at : at + width], half))
        at += width
    return "".join(out)


def _character(code: bytes, half: _Half) -> str:
    """One character of a half; U+FFFD where the bytes are none."""
    if half.codec == "jis_roman":
        return code.decode("ascii")  # yen and overline are left as \ and ~: they delimit values
    if half.codec in ("jisx0208", "jisx0212"):
        high = bytes(byte | 0x80 for byte in code)
        code, codec = (high if half.codec == "jisx0208" else b"\x8f" + high), "euc_jp"
    elif half.width == 2:
        code, codec = bytes(byte | 0x80 for byte in code), half.codec
        codec = "gb18030" if codec == "gb2312" else codec
    else:
        codec = half.codec
    return code.decode(codec, errors="replace")


_READ_AS_TEXT = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"})  # CS and AE by habit, not by right


def charset_of(data: DataSet, override: str | None) -> Charset:
    """The character set of a data set, settled on all its texts but those of items that declare their own."""
    declared: list[str] = []
    evidence: list[bytes] = []
    held = data.get(_CHARACTER_SET)
    if held is not None and held.value:
        declared = [part.strip(" \0") for part in held.value.decode("latin_1").split("\\")]
    waiting = [data]
    while waiting:
        for element in waiting.pop().values():
            if element.items:
                waiting.extend(item for item in element.items if _CHARACTER_SET not in item)
            elif (value := element.value) and element.vr in _READ_AS_TEXT and (not value.isascii() or ESCAPE in value):
                evidence.append(value.rstrip(b" \0"))
    return settle(declared, evidence, override)
