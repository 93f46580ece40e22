"""What the images of a study say themselves of how many there are: counts that scanners and archives wrote in them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from consult.domain.losses import Expectation, Source


class Counting(Protocol):
    """What is asked of an image here; None or empty where it does not say so."""

    @property
    def series_uid(self) -> str: ...
    @property
    def frames(self) -> int | None: ...
    @property
    def image_type(self) -> tuple[str, ...]: ...
    @property
    def acquisition_number(self) -> int | None: ...
    @property
    def images_in_acquisition(self) -> int | None: ...
    @property
    def related_in_series(self) -> int | None: ...
    @property
    def related_in_study(self) -> int | None: ...


def said_by_images(images: Sequence[Counting]) -> list[Expectation]:
    """The expectations that the images carry. A count below what came is of something else, and is left aside."""
    found: list[Expectation] = []
    by_series: dict[str, list[Counting]] = defaultdict(list)
    places: dict[int | None, set[str]] = defaultdict(set)
    for image in images:
        by_series[image.series_uid].append(image)
        places[image.acquisition_number].add(image.series_uid)
    shared = frozenset(number for number, uids in places.items() if len(uids) > 1)
    series = {uid: max(_related(group), _acquired(group, shared)) for uid, group in by_series.items()}
    told = {uid: count for uid, count in series.items() if count}
    if told:
        found.append(Expectation(series=told, source=Source.DATA, partial=True))
    total = _agreed([image.related_in_study for image in images], len(images))
    if total:
        found.append(Expectation(instances=total, source=Source.TOTAL))
    return found


def _related(group: Sequence[Counting]) -> int:
    """Number of Series Related Instances (0020,1209), as an archive that passed the series on may have written it."""
    return _agreed([image.related_in_series for image in group], len(group))


def _acquired(group: Sequence[Counting], shared: frozenset[int | None]) -> int:
    """Images in Acquisition (0020,1002) of a series that is all of its acquisition; 0 where nobody can tell.

    It counts an acquisition (PS3.3 §C.7.6.1): one that was reconstructed into several series has more images than
    each, a reformatted series has the count of its source, a dynamic one that of each pass. The largest count of a
    series with several acquisitions is the least that it must have.
    """
    if any(image.acquisition_number in shared or (image.frames or 1) > 1 or _is_derived(image) for image in group):
        return 0
    counts = [image.images_in_acquisition for image in group]
    known = [count for count in counts if count is not None]
    return max(known) if len(known) == len(counts) and max(known) >= len(group) else 0


def _is_derived(image: Counting) -> bool:
    return "DERIVED" in image.image_type[:1] or "SECONDARY" in image.image_type[1:2]


def _agreed(counts: Sequence[int | None], came: int) -> int:
    """The count that all say alike, where it is no less than what came; else 0."""
    said = set(counts)
    (count,) = said if len(said) == 1 else (None,)
    return count if count is not None and count >= came else 0
