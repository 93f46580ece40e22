"""How a key of a query matches a value: PS3.4 §C.2.2.2, for values that no column of the database holds."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

RANGED = frozenset({"DA", "TM", "DT"})
EXACT = frozenset({"AT", "FD", "FL", "OB", "OW", "SL", "SS", "SV", "UI", "UL", "US", "UV", "DS", "IS"})
UNIVERSAL = ("", "*")

JsonElement = Mapping[str, object]
JsonItem = Mapping[str, JsonElement]


@lru_cache(1024)
def pattern_of(text: str) -> re.Pattern[str]:
    """A value with wildcards (PS3.4 §C.2.2.2.4): * is any run of characters, ? is one; case does not matter."""
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in text)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def span_of(text: str) -> tuple[str, str] | None:
    """First and last of a range (PS3.4 §C.2.2.2.5), either open end empty; None where it is no range of digits."""
    plain = text.replace(":", "").replace(" ", "")
    first, dash, last = plain.partition("-")
    if not re.fullmatch(r"[0-9.]*", first) or not re.fullmatch(r"[0-9.]*", last) or not (first or last):
        return None
    return (first, last) if dash else (first, first)


def in_span(value: str, span: tuple[str, str]) -> bool:
    """Whether a date or a time lies in a range; a shorter bound stands for all that it begins."""
    first, last = span
    tidy = value.replace(":", "")
    return bool(tidy) and (not first or tidy >= first) and (not last or tidy[: len(last)] <= last)


def matches(vr: str, wanted: str, held: Sequence[str]) -> bool:
    """Whether any of an attribute's values matches a key; an empty key matches everything, also nothing."""
    if wanted in UNIVERSAL:
        return True
    if vr in RANGED and (span := span_of(wanted)) is not None:
        return any(in_span(value, span) for value in held)
    if vr in EXACT:
        return not set(wanted.split("\\")).isdisjoint(held)
    if vr == "PN":
        return any(pattern_of(wanted).fullmatch(form) for value in held for form in (value, *value.split("=")))
    return any(pattern_of(one).fullmatch(value) for one in wanted.split("\\") for value in held)


def values_of(element: JsonElement) -> list[str]:
    """The values of an element of DICOM JSON as text; a person's name with its groups joined by ``=``."""
    told = element.get("Value")
    return [_text(each) for each in told if each is not None] if isinstance(told, list) else []


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        groups = [str(value.get(name, "")) for name in ("Alphabetic", "Ideographic", "Phonetic")]
        return "=".join(groups).rstrip("=")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
