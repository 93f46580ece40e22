"""Holds what came against what each source says there is; sources that contradict each other all stand."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from consult.domain.errors import Words
from consult.domain.losses import SOURCES, Claim, Conflict, Expectation, Kind, Listed, Missing, Source

_BEST_FIRST = list(Source)


class Known(Protocol):
    """What is asked of an image here."""

    @property
    def series_uid(self) -> str: ...
    @property
    def sop_uid(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Announced:
    """All sources together: images by series (each from the best source that names it), and those listed and not here.

    ``proven`` says that some source accounts for all that there is, and all of it is here.
    """

    series: Mapping[str, int]
    absent: Mapping[str, tuple[Listed, ...]]
    claims: tuple[Claim, ...]
    proven: bool

    def unsaid(self, counted: int) -> tuple[Missing, ...]:
        """What a source misses beyond the ``counted`` images that are told one by one or series by series."""
        found: list[Missing] = []
        for claim in self.claims:
            more = claim.short - counted
            if more > 0:
                source = SOURCES[claim.source]
                words = Words(
                    f"比{source.zh}少 {more} 幅影像。", f"{more} images less than by the sender's {source.en}."
                )
                found.append(Missing(Kind.COUNT, words, count=more))
                counted += more
        return tuple(found)


def announced(images: Sequence[Known], expectations: Sequence[Expectation]) -> Announced:
    """What the sources say together, against the primary images that are here."""
    here = frozenset(image.sop_uid for image in images)
    counts = Counter(image.series_uid for image in images)
    series: dict[str, int] = {}
    absent: dict[str, dict[str, Listed]] = defaultdict(dict)
    claims: list[Claim] = []
    proven = False
    for each in sorted(expectations, key=lambda one: _BEST_FIRST.index(one.source)):
        for uid, count in each.series.items():
            series.setdefault(uid, count)
        for sop_uid, listed in each.listed.items():
            if sop_uid not in here:
                absent[listed.series_uid].setdefault(sop_uid, listed)
        if each.total is None:
            continue
        short = _short(each, here, counts)
        claims.append(Claim(each.source, each.total, short, each.by, each.at, each.partial))
        proven = proven or (not short and (not each.partial or here <= each.sop_uids))
    return Announced(series, {uid: tuple(found.values()) for uid, found in absent.items()}, tuple(claims), proven)


def _short(said: Expectation, here: frozenset[str], counts: Mapping[str, int]) -> int:
    """How many of what the source says are not here."""
    if said.sop_uids:
        return len(said.sop_uids - here)
    if said.series:
        return sum(max(0, count - counts.get(uid, 0)) for uid, count in said.series.items())
    return max(0, (said.instances or 0) - len(here))


def series_in_vain(known: Announced, here: frozenset[str]) -> tuple[Missing, ...]:
    """Whole series that were announced and of which nothing came."""
    return tuple(
        Missing(
            Kind.SERIES,
            Words(f"缺整个序列（{count} 幅）。", f"A whole series is missing ({count} images)."),
            uid,
            count=count,
        )
        for uid, count in known.series.items()
        if uid not in here and count
    )


def altered(hashes: Mapping[str, frozenset[str]], expectations: Sequence[Expectation]) -> tuple[Conflict, ...]:
    """Images of which no version has the bytes that the sender's list says; ``hashes`` by SOP instance UID."""
    words = Words("内容与发送方清单的指纹不符，请核对。", "Its bytes are not those of the sender's list; please check.")
    return tuple(
        Conflict(Kind.ALTERED, words, sop_uid)
        for each in expectations
        for sop_uid, listed in each.listed.items()
        if listed.sha256 and sop_uid in hashes and listed.sha256 not in hashes[sop_uid]
    )


def contradictions(claims: Sequence[Claim]) -> tuple[Words, ...]:
    """A sentence where sources say different numbers; the best is named first."""
    whole = [claim for claim in claims if not claim.partial and claim.source is not Source.COMMITMENT]
    if len({claim.expected for claim in whole}) < 2:
        return ()
    zh = "，".join(f"{SOURCES[claim.source].zh} {claim.expected} 幅" for claim in whole)
    en = ", ".join(f"{SOURCES[claim.source].en} {claim.expected}" for claim in whole)
    return (Words(f"各来源的数量不一致：{zh}。", f"The sources differ on how many images there are: {en}."),)


def told_beside(expectations: Sequence[Expectation]) -> tuple[Words, ...]:
    """What sources said that is no number of images, each once."""
    return tuple(dict.fromkeys(words for each in expectations for words in each.notices))
