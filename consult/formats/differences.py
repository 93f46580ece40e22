"""Sets two objects of one identity side by side: the attributes that differ, and whether their pixels do."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from consult.domain.errors import Refusal
from consult.formats.frames import frame_table
from consult.formats.pixels import decode_frame, seekable

LONGEST = 120  # characters of a value that are shown
_PIXELS = frozenset({"7FE00010", "7FE00008", "7FE00009"})


class Difference(NamedTuple):
    """An attribute by tag and keyword, and its value on either side as text; empty where it is absent."""

    tag: str
    keyword: str
    first: str
    second: str


def differing(first: bytes, second: bytes) -> tuple[Difference, ...]:
    """The attributes in which two data sets differ, from their DICOM JSON, in the order of tags; no pixels."""
    from pydicom.datadict import keyword_for_tag

    one: dict[str, Any] = json.loads(first)
    two: dict[str, Any] = json.loads(second)
    tags = sorted(tag for tag in one.keys() | two.keys() if tag not in _PIXELS and one.get(tag) != two.get(tag))
    return tuple(
        Difference(tag, keyword_for_tag(int(tag, 16)), _text(one.get(tag)), _text(two.get(tag))) for tag in tags
    )


def _text(element: Mapping[str, Any] | None) -> str:
    if element is None:
        return ""
    told = element.get("Value", element.get("InlineBinary", element.get("BulkDataURI", "")))
    parts = [_part(each) for each in told] if isinstance(told, list) else [str(told)]
    joined = "\\".join(parts)
    return joined if len(joined) <= LONGEST else joined[: LONGEST - 1] + "…"


def _part(value: Any) -> str:
    if isinstance(value, Mapping):
        names = [str(value[group]) for group in ("Alphabetic", "Ideographic", "Phonetic") if group in value]
        return "=".join(names) if names else json.dumps(value, ensure_ascii=False)
    return str(value)


def same_pixels(first: Path, second: Path) -> bool | None:
    """Whether all frames decode to the same values; None where either cannot be decoded or has none."""
    try:
        with seekable(first) as one, seekable(second) as two:
            frames = frame_table(one).frames
            if frames != frame_table(two).frames:
                return False
        return all(_alike(first, second, frame) for frame in range(1, frames + 1))
    except (Refusal, OSError):
        return None


def _alike(first: Path, second: Path, frame: int) -> bool:
    one, two = decode_frame(first, frame)[0], decode_frame(second, frame)[0]
    return one.shape == two.shape and bool((one == two).all())
