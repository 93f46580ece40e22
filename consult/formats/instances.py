"""Makes an Instance out of one received object, or says why it cannot be kept."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.domain.studies import Instance, PatientName, is_uid
from consult.formats import dicomjson
from consult.formats.dicom import NATIVE, Opened, open_dicom, text_of
from consult.formats.elements import ANY, PIXEL_DATA, Bounds, DataSet, Element
from consult.formats.names import Charset, charset_of
from consult.formats.sources import broken

MAX_FRAME_PIXELS = 1 << 28  # a 16384 × 16384 detector; larger images are tiled
MAX_FRAMES = 1_000_000
MAX_UNBACKED = 64 << 20  # bytes that rows, columns and frames may promise without pixel data or far beyond it
MAX_COMPRESSION = 10_000  # times, above MAX_UNBACKED
MAX_METADATA = 64 << 20  # bytes of DICOM JSON
DICOMDIR = "1.2.840.10008.1.3.10"

_FLOAT_PIXELS, _DOUBLE_PIXELS = 0x7FE00008, 0x7FE00009
# PS3.5 §10: syntaxes that lose whatever the object says, and those that may.
_LOSSY = frozenset(f"1.2.840.10008.1.2.4.{tail}" for tail in (*range(50, 57), 81, 112))
_MAY_LOSE = frozenset(f"1.2.840.10008.1.2.4.{tail}" for tail in ("91", "93", "203"))
_VIDEO_PREFIX = "1.2.840.10008.1.2.4.10"  # .100 to .109

_BINARY = {
    "US": ("H", 2),
    "SS": ("h", 2),
    "UL": ("I", 4),
    "SL": ("i", 4),
    "FL": ("f", 4),
    "FD": ("d", 8),
    "UV": ("Q", 8),
    "SV": ("q", 8),
}


def is_video(transfer_syntax: str) -> bool:
    """Whether all frames are one stream (MPEG-2, H.264, HEVC)."""
    return transfer_syntax.startswith(_VIDEO_PREFIX)


@dataclass(frozen=True, slots=True)
class Values:
    """Reads single values out of a data set, forgiving: what is not there or makes no sense is None or ""."""

    data: DataSet
    charset: Charset
    big: bool

    def text(self, *tags: int) -> str:
        """The first value of the first tag that has one."""
        for tag in tags:
            element = self.data.get(tag)
            if element is not None and element.value:
                text = self.charset.text(element.value).split("\\")[0].strip(" \0")
                if text:
                    return text
        return ""

    def texts(self, tag: int) -> tuple[str, ...]:
        """All values."""
        element = self.data.get(tag)
        if element is None or not element.value:
            return ()
        return tuple(part.strip(" \0") for part in self.charset.text(element.value).split("\\"))

    def name(self, tag: int) -> PatientName:
        """A person name."""
        element = self.data.get(tag)
        return self.charset.name(element.value.rstrip(b" \0")) if element and element.value else PatientName()

    def floats(self, tag: int, count: int = 1) -> tuple[float, ...] | None:
        """The first ``count`` numbers; None where there are fewer, or one is no finite number."""
        element = self.data.get(tag)
        if element is None or not element.value:
            return None
        binary = _BINARY.get(element.vr)
        try:
            if binary is None:
                numbers = [float(part) for part in element.value.decode("ascii").split("\\")[:count]]
            else:
                code = f"{'>' if self.big else '<'}{count}{binary[0]}"
                numbers = [float(number) for number in struct.unpack_from(code, element.value)]
        except (ValueError, struct.error):
            return None
        good = len(numbers) == count and all(abs(number) < 1e15 for number in numbers)
        return tuple(numbers) if good else None

    def number(self, *tags: int) -> float | None:
        """The first number of the first tag that has one."""
        for tag in tags:
            if (found := self.floats(tag)) is not None:
                return found[0]
        return None

    def whole(self, tag: int) -> int | None:
        """A whole number."""
        found = self.number(tag)
        return int(found) if found is not None and found == int(found) else None

    def item(self, *tags: int) -> "Values":
        """The first item of a sequence, then of a sequence in it …; empty where there is none."""
        data = self.data
        for tag in tags:
            element = data.get(tag)
            data = element.items[0] if element is not None and element.items else {}
        return Values(data, self.charset, self.big)

    def private(self, creator: str, tag: int) -> "Values":
        """This data set if the block of a private tag is the creator's, else an empty one (PS3.5 §7.8.1)."""
        holder = self.data.get((tag & 0xFFFF0000) | ((tag & 0xFF00) >> 8))
        mine = holder is not None and (holder.value or b"").strip(b" \0").decode("latin_1").upper() == creator.upper()
        return self if mine else Values({}, self.charset, self.big)


def read_instance(path: Path, charset_override: str | None = None, bounds: Bounds = ANY) -> Instance:
    """What the object at ``path`` says of itself.

    Raises Broken where it is not DICOM, lies about its size, or has no usable study, series or instance UID; TooCostly
    where reading it within ``bounds`` does not do.
    """
    with open_dicom(path, bounds) as opened:
        charset = charset_of(opened.data, charset_override)
        return _instance(opened, Values(opened.data, charset, opened.encoding.big), charset)


def _uids(values: Values, opened: Opened) -> tuple[str, str, str, str]:
    sop_class = values.text(0x00080016)
    if DICOMDIR in (sop_class, text_of(opened.meta.get(0x00020002))):
        raise broken("这是光盘目录（DICOMDIR），不是影像。", "This is a media directory (DICOMDIR), not an image.")
    study, series, sop = (values.text(tag) for tag in (0x0020000D, 0x0020000E, 0x00080018))
    kinds = (("检查", "study", study), ("序列", "series", series), ("影像", "SOP instance", sop))
    for zh, en, uid in kinds:
        if not uid:
            raise broken(f"缺少{zh} UID，无法归档。", f"The {en} UID is missing; it cannot be filed.")
        if not is_uid(uid):
            raise broken(f"{zh} UID 含有不允许的字符或过长。", f"The {en} UID has characters or a length not allowed.")
    if not is_uid(sop_class):
        raise broken("缺少 SOP 类 UID，无法归档。", "The SOP class UID is missing or wrong; it cannot be filed.")
    return study, series, sop, sop_class


@dataclass(frozen=True, slots=True)
class Pixels:
    """What the image pixel module says, checked against what is there."""

    rows: int | None
    columns: int | None
    frames: int | None
    samples: int | None
    bits: int | None
    photometric: str
    at: int | None


def pixels_of(opened: Opened, values: Values) -> Pixels:
    """The pixel description; raises Broken where it is absurd or the data cannot hold it."""
    rows, columns, bits = (values.whole(tag) for tag in (0x00280010, 0x00280011, 0x00280100))
    samples = values.whole(0x00280002)
    frames = _frame_count(opened.data.get(0x00280008), values)
    photometric = values.text(0x00280004)
    found = next((opened.data[tag] for tag in (PIXEL_DATA, _FLOAT_PIXELS, _DOUBLE_PIXELS) if tag in opened.data), None)
    promised = (rows or 0) * (columns or 0)
    if promised > MAX_FRAME_PIXELS or frames > MAX_FRAMES:
        raise broken("声明的图像尺寸过大，已拒收。", "The declared image size is absurd; refused.")
    need = _bytes_needed(promised * frames, samples or 1, bits or 8, photometric)
    if found is None or (not found.length and not rows):
        if need > MAX_UNBACKED:
            raise broken("声明了很大的图像却没有像素数据。", "It declares a large image and holds no pixels.")
        return Pixels(rows, columns, None, samples, bits, photometric, None)
    if not rows or not columns or not bits:
        raise broken("像素数据缺少行数、列数或位数。", "The pixel data lacks rows, columns or bits allocated.")
    if found.fragments is None:
        _check_native(opened, found, need)
    else:
        _check_encapsulated(opened, found, frames, need)
    at = None if opened.inflated else found.at
    return Pixels(rows, columns, frames, samples or 1, bits, photometric, at)


def _frame_count(element: Element | None, values: Values) -> int:
    if element is None or not (element.value or b"").strip(b" \0"):
        return 1
    frames = values.whole(0x00280008)
    if frames is None or frames < 1:
        raise broken("帧数无效。", "The number of frames is not a number of frames.")
    return frames


def _bytes_needed(pixels: int, samples: int, bits: int, photometric: str) -> int:
    """Bytes of native pixel data; YBR_FULL_422 shares colour between two pixels (PS3.3 §C.7.6.3.1.2)."""
    shared = 2 if photometric == "YBR_FULL_422" and samples == 3 else samples
    return (pixels * shared * bits + 7) // 8


def _check_native(opened: Opened, found: Element, need: int) -> None:
    if opened.declared and opened.transfer_syntax not in NATIVE and not opened.transfer_syntax.endswith(".98"):
        raise broken("传输语法声明为压缩，像素数据却未封装。", "A compressed syntax is declared, the pixels are not.")
    if found.length < need:
        raise broken(
            f"像素数据不完整：应有 {need} 字节，实有 {found.length} 字节，请重新发送。",
            f"The pixel data is incomplete: {need} bytes declared, {found.length} there; send it again.",
        )


def _check_encapsulated(opened: Opened, found: Element, frames: int, need: int) -> None:
    fragments = (found.fragments or [])[1:]
    if not opened.declared or opened.transfer_syntax in NATIVE:
        raise broken(
            "像素数据是压缩的，但没有声明传输语法。", "The pixels are compressed, their syntax is not declared."
        )
    held = sum(fragment.length for fragment in fragments)
    short = len(fragments) < frames and not is_video(opened.transfer_syntax)
    if not held or short:
        raise broken(
            f"像素数据不完整：应有 {frames} 帧，实有 {len(fragments)} 段，请重新发送。",
            f"The pixel data is incomplete: {frames} frames declared, {len(fragments)} fragments there; send it again.",
        )
    if need > MAX_UNBACKED and need > held * MAX_COMPRESSION and not is_video(opened.transfer_syntax):
        raise broken("声明的图像尺寸与压缩数据不符，已拒收。", "The declared size does not fit the compressed data.")


def _gradient(values: Values) -> str:
    """The diffusion direction, rounded, as text: only good for telling images apart."""
    found = (
        values.item(0x00189117, 0x00189076).floats(0x00189089, 3)
        or values.floats(0x00189089, 3)
        or values.private("SIEMENS MR HEADER", 0x0019100E).floats(0x0019100E, 3)
        or values.private("Image Private Header", 0x00651037).floats(0x00651037, 3)
    )
    return "\\".join(f"{part:.4f}" for part in found) if found else ""


def _b_value(values: Values) -> float | None:
    """The diffusion b-value in s/mm², where the standard or a maker's private element holds it."""
    found = values.number(0x00189087)
    if found is None:
        found = values.item(0x00189117).number(0x00189087)
    for creator, tag in (
        ("SIEMENS MR HEADER", 0x0019100C),
        ("GEMS_PARM_01", 0x00431039),
        ("Philips Imaging DD 001", 0x20011003),
        ("Image Private Header", 0x00651009),
    ):
        if found is None:
            found = values.private(creator, tag).number(tag)
    return found % 1e9 if found is not None else None  # GE adds 10⁹ as a mark


def _expected(values: Values) -> int | None:
    """How many images a PET series says it has (PS3.3 §C.8.9.1); other modalities' counts are not of the series."""
    slices = values.whole(0x00540081)
    if values.text(0x00080060) != "PT" or not slices or values.text(0x00541000) == "GATED":
        return None
    return slices * (values.whole(0x00540101) or 1)


_TEXT_FIELDS = {
    "patient_id": (0x00100020,),
    "patient_sex": (0x00100040,),
    "patient_birth_date": (0x00100030,),
    "patient_age": (0x00101010,),
    "accession_number": (0x00080050,),
    "study_id": (0x00200010,),
    "study_date": (0x00080020,),
    "study_time": (0x00080030,),
    "study_description": (0x00081030,),
    "institution": (0x00080080,),
    "timezone": (0x00080201,),
    "modality": (0x00080060,),
    "series_description": (0x0008103E,),
    "series_date": (0x00080021,),
    "series_time": (0x00080031,),
    "body_part": (0x00180015,),
    "laterality": (0x00200062, 0x00200060),
    "protocol": (0x00181030,),
    "frame_of_reference": (0x00200052,),
    "manufacturer": (0x00080070,),
    "model": (0x00081090,),
    "station": (0x00081010,),
    "procedure_start_date": (0x00400244,),
    "procedure_start_time": (0x00400245,),
    "content_date": (0x00080023,),
    "content_time": (0x00080033,),
    "kernel": (0x00181210,),
    "echo": (0x00180086, 0x00180081),
}
_WHOLE_FIELDS = {
    "series_number": 0x00200011,
    "instance_number": 0x00200013,
    "acquisition_number": 0x00200012,
    "temporal_position": 0x00200100,
    "temporal_positions": 0x00200105,
    "images_in_acquisition": 0x00201002,
    "related_in_series": 0x00201209,
    "related_in_study": 0x00201208,
}
_NUMBER_FIELDS = {
    "slice_location": 0x00201041,
    "gantry_tilt": 0x00181120,
    "trigger_time": 0x00181060,
    "collimation": 0x00189306,
}


def _geometry(values: Values) -> dict[str, Any]:
    """Place and size of the slice; an enhanced object says what all its frames share (PS3.3 §C.7.6.16)."""
    shared = values.item(0x52009229)
    measures = shared.item(0x00289110)
    orientation = values.floats(0x00200037, 6) or shared.item(0x00209116).floats(0x00200037, 6)
    thickness, spacing = values.number(0x00180050), values.number(0x00180088)
    return {
        "position": values.floats(0x00200032, 3),
        "orientation": orientation,
        "slice_thickness": measures.number(0x00180050) if thickness is None else thickness,
        "spacing_between": measures.number(0x00180088) if spacing is None else spacing,
        "pixel_spacing": values.floats(0x00280030, 2) or measures.floats(0x00280030, 2),
    }


def _instance(opened: Opened, values: Values, charset: Charset) -> Instance:
    study, series, sop, sop_class = _uids(values, opened)
    pixels = pixels_of(opened, values)
    request = values.item(0x00400275)
    text = values.text
    loss, syntax = text(0x00282110), opened.transfer_syntax
    fields: dict[str, Any] = {
        **{field: text(*tags) for field, tags in _TEXT_FIELDS.items()},
        **{field: values.whole(tag) for field, tag in _WHOLE_FIELDS.items()},
        **{field: values.number(tag) for field, tag in _NUMBER_FIELDS.items()},
        **_geometry(values),
        **{field: getattr(pixels, field) for field in ("rows", "columns", "frames", "samples", "photometric")},
    }
    return Instance(
        study_uid=study,
        series_uid=series,
        sop_uid=sop,
        sop_class=sop_class,
        transfer_syntax=syntax,
        patient_name=values.name(0x00100010),
        other_patient_ids=values.texts(0x00101000),
        referring_physician=values.name(0x00080090),
        scheduled_step_id=request.text(0x00400009),
        requested_procedure_id=request.text(0x00401001),
        acquisition_date=text(0x00080022) or text(0x0008002A)[:8],
        acquisition_time=text(0x00080032) or text(0x0008002A)[8:],
        image_type=values.texts(0x00080008),
        b_value=_b_value(values),
        gradient=_gradient(values),
        bits_allocated=pixels.bits,
        pixels_at=pixels.at,
        expected_in_series=_expected(values),
        lossy=loss == "01" or syntax in _LOSSY or is_video(syntax) or (syntax in _MAY_LOSE and loss != "00"),
        charset=charset.label,
        charset_guessed=charset.guessed,
        preamble_used=opened.preamble_used,
        metadata=_metadata(opened, charset, f"/dicom-web/studies/{study}/series/{series}/instances/{sop}/bulkdata/"),
        **fields,
    )


def _metadata(opened: Opened, charset: Charset, bulk_root: str) -> bytes:
    written = dicomjson.write(opened.data, charset, opened.encoding.big, bulk_root)
    if len(written) > MAX_METADATA:
        raise broken("文件头过大，已拒收。", "The header is too large; refused.")
    return written
