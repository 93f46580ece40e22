"""What a client takes, by its Accept header or parameter (PS3.18 §8.3.3, §8.7.5; RFC 9110 §12.5.1)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from flask import request
from werkzeug.exceptions import NotAcceptable

from consult.formats.frames import HTJ2K_LOSSLESS_RPCL
from consult.formats.prepared import MEDIA_TYPE
from consult.web.multipart import parameter

DICOM = "application/dicom"
OCTETS = "application/octet-stream"
RELATED = "multipart/related"
JSON = "application/dicom+json"
JSON_TYPES = (JSON, "application/json")
XML = "application/dicom+xml"
STORED = "*"  # the transfer syntax as it is stored
_SPLIT = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')  # commas outside of quotes


@dataclass(frozen=True, slots=True)
class Taken:
    """A media range that a client takes: its type, that of its parts ("" for any), the transfer syntax ("" as stored).

    All in lower case; ``quality`` 0 is a refusal.
    """

    media: str
    part: str
    syntax: str
    quality: float

    def fits(self, media: str, part: str = "") -> bool:
        """Whether it holds for a media type, and for parts of that type."""
        group = media.partition("/")[0]
        return self.media in (media, f"{group}/*", "*/*") and self.part in ("", "*/*", part)


def taken() -> tuple[Taken, ...]:
    """What the client takes, best first; without any word about it, everything."""
    return read(",".join(request.args.getlist("accept")) or request.headers.get("Accept", ""))


@lru_cache(maxsize=512)
def read(said: str) -> tuple[Taken, ...]:
    """What a client takes that said this, best first."""
    ranges = [_range(value) for value in _SPLIT.split(said) if value.strip()]
    found = [each for each in ranges if each is not None]
    return tuple(sorted(found, key=lambda each: -each.quality)) if said.strip() else (Taken("*/*", "", "", 1.0),)


def takes_prepared(each: Taken) -> bool:
    """Whether a client asks for HTJ2K by name, in the syntax we make: who takes anything gets what is stored."""
    named = MEDIA_TYPE in (each.part, each.media) and each.syntax in ("", STORED, HTJ2K_LOSSLESS_RPCL)
    return bool(each.quality) and (named or each.syntax == HTJ2K_LOSSLESS_RPCL)


@lru_cache(maxsize=512)
def takes_wrapped(said: str) -> bool:
    """Whether the best answer to a client that said this is a prepared frame in its wrapping."""
    first = next(filter(takes_prepared, read(said)), None)
    return first is not None and first.media != MEDIA_TYPE


def _range(value: str) -> Taken | None:
    charset = parameter(value, "charset").lower()
    if charset not in ("", "utf-8", "utf8", "*"):
        return None  # all that is text goes out in UTF-8
    try:
        quality = min(1.0, max(0.0, float(parameter(value, "q") or 1)))
    except ValueError:
        quality = 0.0
    media = value.partition(";")[0].strip().lower()
    return Taken(media, parameter(value, "type").lower(), parameter(value, "transfer-syntax"), quality)


def chosen(offers: Sequence[str]) -> str:
    """Which of our media types, the first being the one that we prefer. XML only ever comes in parts.

    Raises NotAcceptable.
    """
    every = taken()
    for each in every:
        for offer in offers:
            media = RELATED if offer == XML else offer
            asked = each.part == offer if offer == XML else each.fits(offer)
            if each.quality and asked and each.fits(media, offer) and not _refused(every, media):
                return offer
    raise NotAcceptable


def _refused(every: Sequence[Taken], media: str) -> bool:
    """Whether a type is refused by its full name: what is more specific counts (RFC 9110 §12.5.1)."""
    named = [each for each in every if each.media == media]
    return bool(named) and all(each.quality == 0 for each in named)


def ways(part: str, alone: bool) -> Iterator[tuple[bool, str]]:
    """The ways in which the client takes objects of a type, best first: (by itself, transfer syntax).

    By itself only where there is just one (``alone``); a client that takes anything gets parts (PS3.18 §8.7.3.4).
    """
    every = taken()
    for each in every:
        if not each.quality:
            continue
        if each.fits(RELATED, part) and not _refused(every, RELATED):
            yield False, each.syntax or STORED
        elif alone and each.fits(part) and not _refused(every, part):
            yield True, each.syntax or STORED


def takes_gzip() -> bool:
    """Whether the answer may go gzipped."""
    return request.accept_encodings.quality("gzip") > 0
