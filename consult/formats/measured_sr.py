"""Measurements as a DICOM structured report: Comprehensive 3D SR after TID 1500 (PS3.16), in Chinese."""

from typing import TYPE_CHECKING, Any

from consult.domain.measurements import KINDS, SCALES, Kept, Kind, Scale, Value, ValueName
from consult.formats.measured import (
    MANUFACTURER,
    OUTLINED,
    POINTED,
    MeasuredStudy,
    dated,
    flat_points,
    header_of,
    in_order,
    lines_of,
    name_of,
    tracking_uid,
    uid_of,
)

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept
    from pydicom import Dataset

_SCT, _DCM, _UCUM, _OWN = "SCT", "DCM", "UCUM", "99CONSULT"

CONCEPTS: dict[tuple[Kind | None, ValueName], tuple[str, str, str]] = {
    (None, ValueName.LENGTH): ("410668003", _SCT, "Length"),
    (None, ValueName.WIDTH): ("103355008", _SCT, "Width"),
    (None, ValueName.ANGLE): ("1483009", _SCT, "Angle"),
    (None, ValueName.AREA): ("42798000", _SCT, "Area"),
    (None, ValueName.RATIO): ("CTR", _OWN, "Cardiothoracic ratio"),
    (Kind.COBB, ValueName.ANGLE): ("285285000", _SCT, "Cobb angle"),
    (Kind.BIDIRECTIONAL, ValueName.LENGTH): ("103339001", _SCT, "Long axis"),
    (Kind.BIDIRECTIONAL, ValueName.WIDTH): ("103340004", _SCT, "Short axis"),
    (Kind.CTR, ValueName.LENGTH): ("CTR-HEART", _OWN, "Transverse diameter of heart"),
    (Kind.CTR, ValueName.WIDTH): ("CTR-CHEST", _OWN, "Transverse diameter of chest"),
}
"""What a value is called, by kind where it has a name of its own."""

DERIVATIONS: dict[ValueName, tuple[str, str, str]] = {
    ValueName.MEAN: ("373098007", _SCT, "Mean"),
    ValueName.SD: ("386136009", _SCT, "Standard Deviation"),
    ValueName.MIN: ("255605001", _SCT, "Minimum"),
    ValueName.MAX: ("56851009", _SCT, "Maximum"),
}
INTENSITIES: dict[str, tuple[str, str, str]] = {
    "[hnsf'U]": ("112031", _DCM, "Attenuation Coefficient"),
    "{SUVbw}g/ml": ("126401", _DCM, "SUVbw"),
    "Bq/ml": ("110852", _OWN, "Activity concentration"),
    "1": ("STORED", _OWN, "Stored value"),
}
"""What is measured in a region, told by its unit."""

UNIT_MEANINGS = {
    "mm": "mm", "mm2": "mm2", "deg": "deg", "1": "no units", "{pixel}": "pixels", "[hnsf'U]": "Hounsfield unit",
    "{SUVbw}g/ml": "Standardized Uptake Value body weight", "Bq/ml": "Becquerels/milliliter",
}  # fmt: skip


def measured_sr(study: MeasuredStudy) -> bytes:
    """A Part 10 file. Raises Broken where an image has no place for a point in space."""
    from highdicom.sr import (
        Comprehensive3DSR,
        DeviceObserverIdentifyingAttributes,
        LanguageOfContentItemAndDescendants,
        MeasurementReport,
        ObservationContext,
        ObserverContext,
    )

    images = {uid: header_of(path, study.patient_name) for uid, path in study.files.items()}
    signed = [(each.id, each.version) for each in study.items]
    first = next(iter(images.values()))
    device = DeviceObserverIdentifyingAttributes(uid=uid_of(MANUFACTURER), name=MANUFACTURER)
    report = MeasurementReport(
        ObservationContext(observer_device_context=ObserverContext(_code(("121007", _DCM, "Device")), device)),
        procedure_reported=_code(("363679005", _SCT, "Imaging procedure")),
        imaging_measurements=[_group(each, images) for each in study.items],
        title=_code(("126000", _DCM, "Imaging Measurement Report")),
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(
            _code(("zh-CN", "RFC5646", "Chinese (China)"))
        ),
    )
    made = Comprehensive3DSR(
        evidence=list(images.values()),
        content=report,
        series_instance_uid=uid_of("measured sr", first.StudyInstanceUID),
        series_number=9001,
        sop_instance_uid=uid_of("measured sr", first.StudyInstanceUID, *signed),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        series_description="测量",
    )
    return dated(made, study.at)


def _code(told: tuple[str, str, str]) -> "CodedConcept":
    from highdicom.sr import CodedConcept

    return CodedConcept(*told)


def _group(kept: Kept, images: "dict[str, Dataset]") -> Any:
    """A measurement as its group; what is outlined or pointed at is a region, what is a line belongs to its number."""
    from highdicom.sr import (
        MeasurementsAndQualitativeEvaluations,
        PlanarROIMeasurementsAndQualitativeEvaluations,
        TrackingIdentifier,
    )

    told = kept.measurement
    name = told.label or KINDS[told.kind].label.zh
    tracking = TrackingIdentifier(uid=tracking_uid(kept.id), identifier=name)
    if told.kind in OUTLINED | POINTED:
        group: Any = PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=tracking,
            referenced_region=_region(kept, images),
            measurements=[_number(kept, each, ()) for each in told.values] or None,
        )
    else:
        where = _lines(kept, images)
        group = MeasurementsAndQualitativeEvaluations(
            tracking_identifier=tracking,
            measurements=[_number(kept, each, _of_value(where, index)) for index, each in enumerate(told.values)],
        )
    _add_words(group[0].ContentSequence, kept)
    return group


def _of_value(lines: list[Any], index: int) -> list[Any]:
    """The first number of two lines belongs to the first, the second to the second; an only one to all."""
    return [lines[index]] if len(lines) == 2 and index < 2 else lines


def _number(kept: Kept, value: Value, where: Any) -> Any:
    from highdicom.sr import Measurement

    derivation = DERIVATIONS.get(value.name)
    named = CONCEPTS.get((kept.measurement.kind, value.name)) or CONCEPTS.get((None, value.name))
    return Measurement(
        name=_code(named or INTENSITIES[value.unit]),
        value=float(f"{value.value:.6g}"),
        unit=_code((value.unit, _UCUM, UNIT_MEANINGS[value.unit])),
        derivation=_code(derivation) if derivation else None,
        referenced_coordinates=list(where) or None,
    )


def _region(kept: Kept, images: "dict[str, Dataset]") -> Any:
    import numpy as np
    from highdicom.sr import GraphicTypeValues, GraphicTypeValues3D, ImageRegion, ImageRegion3D

    told = kept.measurement
    pointed = told.kind in POINTED
    if told.sop_uid:
        points = in_order(told.kind, flat_points(kept, images[told.sop_uid]))
        kind = "POINT" if pointed else "ELLIPSE" if told.kind is Kind.ELLIPSE else "POLYLINE"
        return ImageRegion(GraphicTypeValues(kind), points[:1] if pointed else points, _source(kept, images))
    points = in_order(told.kind, np.array(told.points))
    kind = "POINT" if pointed else "ELLIPSE" if told.kind is Kind.ELLIPSE else "POLYGON"
    return ImageRegion3D(GraphicTypeValues3D(kind), points[:1] if pointed else points, told.frame_of_reference_uid)


def _lines(kept: Kept, images: "dict[str, Dataset]") -> list[Any]:
    import numpy as np
    from highdicom.sr import (
        CoordinatesForMeasurement,
        CoordinatesForMeasurement3D,
        GraphicTypeValues,
        GraphicTypeValues3D,
    )

    told = kept.measurement
    if told.sop_uid:
        flat = flat_points(kept, images[told.sop_uid])
        source = _source(kept, images)
        kind = GraphicTypeValues.POLYLINE
        return [CoordinatesForMeasurement(kind, line, source) for line in lines_of(told.kind, flat)]
    space, kind3d = told.frame_of_reference_uid, GraphicTypeValues3D.POLYLINE
    return [CoordinatesForMeasurement3D(kind3d, line, space) for line in lines_of(told.kind, np.array(told.points))]


def _source(kept: Kept, images: "dict[str, Dataset]") -> Any:
    from highdicom.sr import SourceImageForRegion

    told = kept.measurement
    image = images[told.sop_uid]
    several = int(image.get("NumberOfFrames") or 1) > 1
    return SourceImageForRegion(image.SOPClassUID, told.sop_uid, [told.frame] if several else None)


def _add_words(content: Any, kept: Kept) -> None:
    """Who measured it, what they called it, and whether its millimetres are true (TID 1003; PS3.3 §10.7.1.3)."""
    from highdicom.sr import CodeContentItem, PnameContentItem, RelationshipTypeValues, TextContentItem

    told, observed = kept.measurement, RelationshipTypeValues.HAS_OBS_CONTEXT
    person = _code(("121006", _DCM, "Person"))
    content.append(CodeContentItem(_code(("121005", _DCM, "Observer Type")), person, observed))
    content.append(
        PnameContentItem(_code(("121008", _DCM, "Person Observer Name")), name_of(kept.author_name), observed)
    )
    words = [told.label, SCALES[told.scale].zh if told.scale is not Scale.PATIENT else ""]
    said = "；".join(each for each in (KINDS[told.kind].label.zh, *words) if each)
    content.append(TextContentItem(_code(("121106", _DCM, "Comment")), said, RelationshipTypeValues.CONTAINS))
