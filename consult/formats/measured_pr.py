"""Measurements as a presentation state: what was drawn, so that any workstation shows it on the images."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from consult.domain.measurements import KINDS, Kept, Kind
from consult.formats.measured import (
    MANUFACTURER,
    MODEL,
    POINTED,
    VERSION,
    MeasuredStudy,
    dated,
    flat_points,
    header_of,
    lines_of,
    uid_of,
)

if TYPE_CHECKING:
    from pydicom import Dataset

SIGNS = {"mm": " mm", "mm2": " mm²", "deg": "°", "1": "", "{pixel}": " px", "[hnsf'U]": " HU", "{SUVbw}g/ml": " SUV",
         "Bq/ml": " Bq/ml"}  # fmt: skip
"""How a unit is written for people."""
SRGB_MADE = bytes.fromhex("07ea00010001000000000000")
"""The date that our sRGB profile bears: year, month, day, hour, minute, second (ICC.1 §4.2)."""


def measured_pr(study: MeasuredStudy) -> bytes:
    """A Part 10 file for the grey images that were drawn on; for the coloured ones where none is grey.

    A presentation state is of one of the two (PS3.3 §A.33).
    """
    from highdicom.pr import ColorSoftcopyPresentationState, GraphicLayer, GrayscaleSoftcopyPresentationState

    images = {uid: header_of(path, study.patient_name) for uid, path in study.files.items()}
    coloured = all(_coloured(image) for image in images.values())
    images = {uid: image for uid, image in images.items() if _coloured(image) is coloured}
    drawn = [each for each in study.items if each.measurement.sop_uid in images]
    first = next(iter(images.values()))
    signed = [(each.id, each.version) for each in drawn]
    if coloured:
        _profile(images.values())
    layer = GraphicLayer(layer_name="MEASURED", order=1, description="测量")
    told: dict[str, Any] = {
        "referenced_images": list(images.values()),
        "series_instance_uid": uid_of("measured pr", first.StudyInstanceUID, coloured),
        "series_number": 9002,
        "sop_instance_uid": uid_of("measured pr", first.StudyInstanceUID, *signed),
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MODEL,
        "software_versions": VERSION,
        "device_serial_number": MANUFACTURER,
        "content_label": "MEASURED",
        "graphic_layers": [layer],
        "graphic_annotations": _annotations(drawn, images, layer),
        "series_description": "测量标注",
    }
    made = (ColorSoftcopyPresentationState if coloured else GrayscaleSoftcopyPresentationState)(**told)
    if "Laterality" not in made:
        made.Laterality = ""  # type 2C: known to be asked for, and not known
    return dated(made, study.at)


def _coloured(image: "Dataset") -> bool:
    return int(image.get("SamplesPerPixel") or 1) > 1


def _profile(images: "Iterable[Dataset]") -> None:
    """The colours of images that do not say what they mean are sRGB (PS3.3 §C.11.15); told where the maker looks."""
    from PIL import ImageCms
    from pydicom import Dataset

    usual = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    usual = usual[:24] + SRGB_MADE + usual[36:]  # the same whenever it is made
    for image in images:
        path = Dataset()
        profile: bytes = image.get("ICCProfile") or usual
        path.ICCProfile = profile[:12] + b"spac" + profile[16:]  # the class that a presentation state may name
        image.OpticalPathSequence = [path]


def _annotations(drawn: list[Kept], images: "dict[str, Dataset]", layer: Any) -> list[Any]:
    """One annotation a frame, with all that was drawn on it."""
    from highdicom.pr import GraphicAnnotation

    by_frame: dict[tuple[str, int], list[Kept]] = defaultdict(list)
    for each in drawn:
        by_frame[each.measurement.sop_uid, each.measurement.frame].append(each)
    made: list[Any] = []
    for (sop_uid, frame), items in by_frame.items():
        image = images[sop_uid]
        several = int(image.get("NumberOfFrames") or 1) > 1
        made.append(
            GraphicAnnotation(
                referenced_images=[image],
                referenced_frame_number=frame if several else None,
                graphic_layer=layer,
                graphic_objects=[shape for each in items for shape in _shapes(each, image)],
                text_objects=[_text(each, image) for each in items],
            )
        )
    return made


def _shapes(kept: Kept, image: "Dataset") -> list[Any]:
    from highdicom.pr import AnnotationUnitsValues, GraphicObject, GraphicTypeValues

    kind, pixel = kept.measurement.kind, AnnotationUnitsValues.PIXEL
    points = flat_points(kept, image)
    if kind in POINTED and kind is not Kind.ARROW:
        return [GraphicObject(GraphicTypeValues.POINT, points[:1], pixel)]
    if kind is Kind.ELLIPSE:
        return [GraphicObject(GraphicTypeValues.ELLIPSE, lines_of(kind, points)[0], pixel)]
    return [GraphicObject(GraphicTypeValues.POLYLINE, line, pixel) for line in lines_of(kind, points)]


def _text(kept: Kept, image: "Dataset") -> Any:
    from highdicom.pr import AnnotationUnitsValues, TextObject

    anchor = flat_points(kept, image)[0]
    place = (float(anchor[0]), float(anchor[1]))
    return TextObject(words_of(kept), AnnotationUnitsValues.PIXEL, anchor_point=place, anchor_point_visible=False)


def words_of(kept: Kept) -> str:
    """What stands beside a drawing: its words, its numbers, its author."""
    told = kept.measurement
    numbers = [f"{each.value:.1f}{SIGNS[each.unit]}" for each in told.values]
    lines = [told.label or KINDS[told.kind].label.zh, *numbers, kept.author_name]
    return "\r\n".join(lines)
