"""Renders a frame as people look at it: windowed, the right way round in grey, in colour where it has colour."""

import io
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from consult.formats.dicom import Opened, open_dicom
from consult.formats.elements import Element
from consult.formats.frames import frame_table, read_frame
from consult.formats.instances import Values
from consult.formats.names import Charset
from consult.formats.pixels import Image, decode, layout_of, seekable

_SHARED, _PER_FRAME = 0x52009229, 0x52009230
_TRANSFORMATION, _FRAME_VOI = 0x00289145, 0x00289132


class Window(NamedTuple):
    """Window centre and width, in the modality's units (HU for CT)."""

    center: float
    width: float


JPEG, PNG = "image/jpeg", "image/png"
_SAVED_AS = {JPEG: "JPEG", PNG: "PNG"}


def warm_up() -> None:
    """Load what pictures need."""
    for needed in ("imagecodecs", "PIL.Image", "PIL.JpegImagePlugin", "PIL.PngImagePlugin"):
        import_module(needed)


def render_png(path: Path, frame: int = 1, window: Window | None = None, longest: int | None = None) -> bytes:
    """As ``render``, as PNG."""
    return render(path, frame, window, (longest, longest) if longest else None)


def render(
    path: Path,
    frame: int = 1,
    window: Window | None = None,
    within: tuple[int, int] | None = None,
    media_type: str = PNG,
    quality: int = 90,
) -> bytes:
    """Frame ``frame`` (from 1) as a picture of 8 bits, grey or RGB, in square pixels; fitted ``within`` pixels.

    ``window`` None takes the object's own window or VOI LUT, else the range of its values. Raises Broken where the
    pixels cannot be decoded, NotFound where there is no such frame.
    """
    from PIL import Image as Picture

    with seekable(path) as place:
        table = frame_table(place)
        values, photometric = decode(read_frame(place, table, frame), table.transfer_syntax, layout_of(place))
        with open_dicom(place) as opened:
            look = _Look(opened, frame)
            shown = look.colour(values, photometric) if _coloured(values, photometric) else look.grey(values, window)
            if photometric == "MONOCHROME1" or look.inverse:
                shown = 255 - shown
            aspect = look.aspect
    picture = Picture.fromarray(np.ascontiguousarray(shown))
    width, height = picture.width, max(1, round(picture.height * aspect))
    scale = min(1.0, within[0] / width, within[1] / height) if within else 1.0
    if scale < 1 or height != picture.height:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = picture.resize(size, Picture.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, _SAVED_AS[media_type], **({"quality": quality} if media_type == JPEG else {}))
    return out.getvalue()


def _coloured(values: Image, photometric: str) -> bool:
    return values.ndim == 3 or photometric == "PALETTE COLOR"


class _Look:
    """What one object says of how a frame of it should be shown."""

    def __init__(self, opened: Opened, frame: int) -> None:
        self._top = Values(opened.data, Charset(), opened.encoding.big)
        self._opened = opened
        groups = opened.data.get(_PER_FRAME)
        items = groups.items if groups is not None and groups.items else []
        own = items[frame - 1] if frame <= len(items) else {}
        self._own = Values(own, Charset(), opened.encoding.big)
        self._shared = self._top.item(_SHARED)

    def _group(self, tag: int) -> Values:
        """A functional group macro, the frame's own first (PS3.3 §C.7.6.16), else the data set itself."""
        for holder in (self._own, self._shared):
            found = holder.item(tag)
            if found.data:
                return found
        return self._top

    @property
    def inverse(self) -> bool:
        """Whether high values are meant dark though the photometric interpretation says otherwise."""
        return self._top.text(0x20500020) == "INVERSE" and self._top.text(0x00280004) == "MONOCHROME2"

    @property
    def aspect(self) -> float:
        """Height of a pixel over its width; 1 where unknown or absurd."""
        pair = self._top.floats(0x00280030, 2) or self._top.floats(0x00181164, 2) or self._top.floats(0x00280034, 2)
        if not pair or min(pair) <= 0 or not 0.1 <= pair[0] / pair[1] <= 10:
            return 1.0
        return pair[0] / pair[1]

    def grey(self, stored: Image, window: Window | None) -> Image:
        """0 to 255 by modality transformation and window (PS3.3 §C.11.1, §C.11.2)."""
        values = self._modality(stored)
        voi = self._top.item(0x00283010)
        if window is None and voi.data and (table := self._table(voi.data.get(0x00283006), voi)) is not None:
            first = voi.floats(0x00283002, 2)
            looked_up = table[np.clip(values - (first[1] if first else 0), 0, len(table) - 1).astype(np.int64)]
            return _spread(looked_up.astype(np.float32), float(table.min()), float(table.max()))
        chosen = window or self._own_window()
        if chosen is None:
            return _spread(values, *self._range(values, stored))
        return _windowed(values, chosen, self._group(_FRAME_VOI).text(0x00281056))

    def _modality(self, stored: Image) -> Image:
        lut = self._top.item(0x00283000)
        if lut.data and (table := self._table(lut.data.get(0x00283006), lut)) is not None:
            first = lut.floats(0x00283002, 2)
            at = stored.astype(np.int64) - int(first[1] if first else 0)
            looked_up: Image = table[np.clip(at, 0, len(table) - 1)].astype(np.float32)
            return looked_up
        group = self._group(_TRANSFORMATION)
        slope, intercept = group.number(0x00281053), group.number(0x00281052)
        return stored.astype(np.float32) * (slope if slope else 1.0) + (intercept or 0.0)

    def _own_window(self) -> Window | None:
        group = self._group(_FRAME_VOI)
        center, width = group.number(0x00281050), group.number(0x00281051)
        return Window(center, width) if center is not None and width is not None and width >= 1 else None

    def _range(self, values: Image, stored: Image) -> tuple[float, float]:
        """The range of the values without padding (PS3.3 §C.7.5.1.1.2)."""
        padding = self._top.number(0x00280120)
        kept = values[stored != padding] if padding is not None else values
        return (float(kept.min()), float(kept.max())) if kept.size else (0.0, 1.0)

    def _table(self, element: Element | None, holder: Values) -> Image | None:
        """A lookup table's entries, 8 or 16 bits wide (PS3.3 §C.11.1.1); None where it is not there."""
        descriptor = holder.floats(0x00283002, 3)
        if element is None or descriptor is None:
            return None
        raw = element.value or self._opened.source.peek(element.at, element.length)
        return _entries(raw, int(descriptor[0]) or 1 << 16, holder.big)

    def colour(self, values: Image, photometric: str) -> Image:
        """RGB of 8 bits; palettes are looked up (PS3.3 §C.7.6.3.1.5)."""
        if photometric != "PALETTE COLOR":
            return values.astype(np.uint8) if values.dtype.itemsize == 1 else (values >> 8).astype(np.uint8)
        planes = [self._palette(0x00281101 + channel, 0x00281201 + channel, values) for channel in range(3)]
        return np.stack(planes, axis=-1)

    def _palette(self, descriptor_tag: int, data_tag: int, values: Image) -> Image:
        descriptor, element = self._top.floats(descriptor_tag, 3), self._opened.data.get(data_tag)
        if descriptor is None or element is None:
            return values.astype(np.uint8)
        raw = element.value or self._opened.source.peek(element.at, element.length)
        entries = _entries(raw, int(descriptor[0]) or 1 << 16, self._top.big)
        looked_up = entries[np.clip(values.astype(np.int64) - int(descriptor[1]), 0, len(entries) - 1)]
        wide = descriptor[2] > 8 and entries.max() > 255
        return (looked_up >> 8 if wide else looked_up).astype(np.uint8)


def _entries(raw: bytes, count: int, big: bool) -> Image:
    """Table entries; written as bytes where there are only as many bytes as entries."""
    if len(raw) < 2 * count:
        return np.frombuffer(raw, np.uint8)[:count].astype(np.uint16)
    return np.frombuffer(raw, ">u2" if big else "<u2", count).astype(np.uint16)


def _spread(values: Image, low: float, high: float) -> Image:
    scaled = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _windowed(values: Image, window: Window, function: str) -> Image:
    """PS3.3 §C.11.2.1.2 and §C.11.2.1.3."""
    center, width = window
    if function == "SIGMOID":
        scaled = 255.0 / (1.0 + np.exp(-4.0 * (values - center) / width))
    elif function == "LINEAR_EXACT":
        scaled = ((values - center) / width + 0.5) * 255.0
    else:
        scaled = ((values - (center - 0.5)) / max(width - 1.0, 1e-6) + 0.5) * 255.0
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
