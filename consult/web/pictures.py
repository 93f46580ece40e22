"""Frames, rendered images and thumbnails (PS3.18 §10.4.1.1.6, §8.3.5): sent as they lie, or painted elsewhere."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from flask import Blueprint, Response, request, send_file
from werkzeug.exceptions import NotAcceptable

from consult.actions.images import THUMBNAIL, thumbnail_name
from consult.actions.parts import Parts
from consult.domain.errors import NotFound, Unavailable, Words
from consult.formats.prepared import MEDIA_TYPE
from consult.queries import dicomweb as questions
from consult.queries import pictures as shown
from consult.queries.dicomweb import Bytes
from consult.queries.pictures import Image, Wrapped
from consult.queries.qido import BadQuery
from consult.web.negotiation import OCTETS, RELATED, STORED, taken, takes_prepared, ways
from consult.web.passes import Passes
from consult.web.sending import ASK_AGAIN, FOREVER, alone, as_made, in_parts
from consult.web.session import current_actor
from consult.web.wado import INSTANCE, SERIES

STUDY = "/studies/<study>"
MOST_FRAMES = 4096  # in one request
JPEG, PNG = "image/jpeg", "image/png"
GONE = Words("图像正在重新生成，请重试。", "The picture is being made again; try once more.")
LARGEST = 8192  # pixels of a side of a rendered image
_KNOWN = frozenset({"window", "viewport", "quality", "annotation", "accept"})
_NUMBER = r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?"


def pictures(routes: Blueprint, parts: Parts, passes: Passes) -> None:
    """The routes of everything that is looked at."""
    _frames(routes, parts, passes)
    _rendered(routes, parts)
    _thumbnails(routes, parts)


# frames


def _frames(routes: Blueprint, parts: Parts, passes: Passes) -> None:
    @routes.get(f"{INSTANCE}/frames/<numbers>")
    def retrieve_frames(study: str, series: str, sop: str, numbers: str) -> Response:
        wanted = _frame_numbers(numbers)
        if any(map(takes_prepared, taken())):
            since = passes.now()
            found = shown.image(parts.store, parts.blobs, current_actor(), study, series, sop)
            ready = _prepared(parts, found, wanted)
            if ready is not None:
                if found.folder is not None:
                    passes.give(request.environ, study, found.folder, since)
                return ready
        return _as_stored(parts, study, series, sop, wanted)


def _prepared(parts: Parts, found: Image, wanted: tuple[int, ...]) -> Response | None:
    """The frames as they were made ready: the file as it lies, or out of its wrapping where that is asked for."""
    first = next(filter(takes_prepared, taken()))
    if len(wanted) == 1 and first.media != MEDIA_TYPE:
        one = shown.wrapped(found, wanted[0])
        return None if one is None else _whole_file(parts, one)
    ready = shown.unwrapped(found, wanted)
    if ready is None:
        return None
    return alone(ready[0], MEDIA_TYPE) if first.media == MEDIA_TYPE and len(ready) == 1 else in_parts(ready, MEDIA_TYPE)


def _as_stored(parts: Parts, study: str, series: str, sop: str, wanted: tuple[int, ...]) -> Response:
    found = questions.frames(parts.store, parts.blobs, current_actor(), study, series, sop, wanted)
    for _, syntax in ways(OCTETS, False):
        if syntax in (STORED, found[0].transfer_syntax):
            answer = in_parts(found, _frame_type(found[0]))
            answer.headers["Cache-Control"] = FOREVER
            return answer
    by_itself = found[0].media_type
    if len(found) == 1 and any(each.quality and each.media == by_itself for each in taken()):
        return alone(found[0], by_itself)  # a video, most of all: a player takes no parts
    raise NotAcceptable


def _frame_numbers(text: str) -> tuple[int, ...]:
    numbers = text.split(",")
    if len(numbers) > MOST_FRAMES or not all(re.fullmatch(r"[1-9][0-9]{0,8}", number) for number in numbers):
        raise BadQuery.at("frames")
    return tuple(int(number) for number in numbers)


def _frame_type(found: Bytes) -> str:
    """The media type to name a frame by: octets where the client asked for them, else what its bytes are."""
    return OCTETS if any(each.media == RELATED and each.part == OCTETS for each in taken()) else found.media_type


def _whole_file(parts: Parts, found: Wrapped) -> Response:
    """A file of the cache as an answer: sent by the server in front where there is one, else from here, in ranges."""
    accel = parts.settings.web.accel
    if accel:
        answer = Response(content_type=found.content_type)
        answer.headers["X-Accel-Redirect"] = f"{accel}{found.path.relative_to(parts.blobs.prepared)}"
        answer.set_etag(found.etag)
    else:
        answer = send_file(found.path, mimetype=found.content_type, conditional=True, etag=found.etag)
        answer.headers["Content-Type"] = found.content_type
    answer.headers["Cache-Control"] = FOREVER
    answer.headers["Vary"] = "Accept"
    return answer


# rendered


def _rendered(routes: Blueprint, parts: Parts) -> None:
    @routes.get(f"{INSTANCE}/rendered")
    def rendered_instance(study: str, series: str, sop: str) -> Response:
        found = shown.image(parts.store, parts.blobs, current_actor(), study, series, sop)
        return _painted(parts, found, (found.frames + 1) // 2, Asked())

    @routes.get(f"{INSTANCE}/frames/<numbers>/rendered")
    def rendered_frame(study: str, series: str, sop: str, numbers: str) -> Response:
        found = shown.image(parts.store, parts.blobs, current_actor(), study, series, sop)
        wanted = _frame_numbers(numbers)
        if max(wanted) > found.frames:
            raise NotFound
        if len(wanted) == 1:
            return _painted(parts, found, wanted[0], Asked())
        return _painted_parts(parts, [(found, number) for number in wanted])

    @routes.get(f"{SERIES}/rendered")
    def rendered_series(study: str, series: str) -> Response:
        every = questions.objects(parts.store, parts.blobs, current_actor(), study, series)
        return _painted_parts(parts, _looked_at(every))

    @routes.get(f"{STUDY}/rendered")
    def rendered_study(study: str) -> Response:
        every = questions.objects(parts.store, parts.blobs, current_actor(), study)
        return _painted_parts(parts, _looked_at(every))


def _looked_at(every: list[questions.Object]) -> list[tuple[Image, int]]:
    images = [Image(each.path, each.sha256, each.frames, each.transfer_syntax) for each in every if each.frames]
    if not images:
        raise NotFound
    return [(image, (image.frames + 1) // 2) for image in images]


class Asked:
    """How an image is to be rendered (PS3.18 §8.3.5): window, viewport, quality, and as what."""

    def __init__(self) -> None:
        self.window = _pair("window", rf"({_NUMBER}),({_NUMBER})(?:,(?:linear|linear-exact|sigmoid))?")
        size = _pair("viewport", r"([1-9][0-9]{0,4}),([1-9][0-9]{0,4})")
        self.within = (int(size[0]), int(size[1])) if size else None
        if self.within and max(self.within) > LARGEST:
            raise BadQuery.at("viewport")
        quality = request.args.get("quality", "90")
        if not re.fullmatch(r"[1-9][0-9]?|100", quality):
            raise BadQuery.at("quality")
        self.quality = int(quality)
        self.media_type = _picture_type()
        unknown = [name for name in request.args if name not in _KNOWN]
        if unknown:
            raise BadQuery.at(unknown[0])

    @property
    def name(self) -> str:
        """The same for whoever asks for the same."""
        return f"{self.window}-{self.within}-{self.quality}-{self.media_type}"


def _pair(name: str, form: str) -> tuple[float, float] | None:
    text = request.args.get(name)
    if text is None:
        return None
    found = re.fullmatch(form, text.lower())
    if found is None:
        raise BadQuery.at(name)
    return float(found[1]), float(found[2])


def _picture_type() -> str:
    """JPEG unless the client prefers PNG. Raises NotAcceptable where it takes neither."""
    for each in taken():
        for offer in (JPEG, PNG):
            if each.quality and (each.fits(offer) or (each.media == RELATED and each.part == offer)):
                return offer
    raise NotAcceptable


def _paint(parts: Parts, image: Image, frame: int, asked: Asked) -> bytes:
    return parts.painter.paint(image.path, frame, asked.window, asked.within, asked.media_type, asked.quality)


def _painted(parts: Parts, image: Image, frame: int, asked: Asked) -> Response:
    picture = _paint(parts, image, frame, asked)
    name = f"{image.sha256}-{frame}-{asked.name}"
    answer = alone(Bytes((picture,), asked.media_type, "", name), asked.media_type)
    return _told(answer)


def _painted_parts(parts: Parts, every: list[tuple[Image, int]]) -> Response:
    """Each picture as a part, painted when its turn comes (PS3.18 §10.4.1.1.3)."""
    asked = Asked()

    def made() -> Iterator[Bytes]:
        for image, frame in every:
            yield Bytes((_paint(parts, image, frame, asked),), asked.media_type, "", f"{image.sha256}-{frame}")

    name = "".join(f"{image.sha256}-{frame}" for image, frame in every)
    return _told(as_made(made(), asked.media_type, name))


def _told(answer: Response) -> Response:
    """What was asked for and not done is said (PS3.18 §8.3.5.1.1)."""
    if "annotation" in request.args:
        answer.headers["Warning"] = '299 consult "annotation is not supported and was left out"'
    return answer


# thumbnails


def _thumbnails(routes: Blueprint, parts: Parts) -> None:
    def small(find: Callable[[], Image], immutable: bool) -> Response:
        found = find()
        frame = (found.frames + 1) // 2
        made = partial(parts.painter.paint, found.path, frame, None, (THUMBNAIL, THUMBNAIL))
        place: Path = parts.blobs.cached(parts.blobs.prepared / thumbnail_name(found.sha256), made)
        picture = shown.file_of(place, JPEG)
        if picture is None:  # thrown away this very moment, to make room
            raise Unavailable(GONE)
        answer = _whole_file(parts, picture)
        answer.headers["Cache-Control"] = FOREVER if immutable else ASK_AGAIN
        return answer

    @routes.get(f"{STUDY}/thumbnail")
    def study_thumbnail(study: str) -> Response:
        return small(lambda: shown.representative(parts.store, parts.blobs, current_actor(), study), False)

    @routes.get(f"{SERIES}/thumbnail")
    def series_thumbnail(study: str, series: str) -> Response:
        return small(lambda: shown.representative(parts.store, parts.blobs, current_actor(), study, series), False)

    @routes.get(f"{INSTANCE}/thumbnail")
    def instance_thumbnail(study: str, series: str, sop: str) -> Response:
        return small(lambda: shown.image(parts.store, parts.blobs, current_actor(), study, series, sop), True)

    @routes.get(f"{INSTANCE}/frames/<numbers>/thumbnail")
    def frame_thumbnail(study: str, series: str, sop: str, numbers: str) -> Response:
        wanted = _frame_numbers(numbers)
        found = shown.image(parts.store, parts.blobs, current_actor(), study, series, sop)
        if len(wanted) != 1 or wanted[0] > found.frames:
            raise NotFound
        number = wanted[0]
        picture = parts.painter.paint(found.path, number, None, (THUMBNAIL, THUMBNAIL))
        return alone(Bytes((picture,), JPEG, "", f"{found.sha256}-{number}-thumbnail"), JPEG)
