"""What goes into the DICOM objects that are made of measurements, and where each point lies in its image."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from consult.domain.measurements import Kept, Kind
from consult.domain.reports import KeyImage

if TYPE_CHECKING:
    import numpy as np
    from pydicom import Dataset

MANUFACTURER = "Consult"
MODEL = "Consult"
VERSION = "1"
UTF_8 = "ISO_IR 192"
OFTEN_LEFT_OUT = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime",
    "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip
"""What every image must have, if only empty (type 2, PS3.3 §C.7.1.1 and §C.7.2.1), and what is made of it asks for."""

OUTLINED = frozenset({Kind.ELLIPSE, Kind.RECTANGLE, Kind.FREEHAND})
POINTED = frozenset({Kind.PROBE, Kind.TEXT, Kind.SPINE, Kind.ARROW})


@dataclass(frozen=True, slots=True)
class MeasuredStudy:
    """The measurements of a case on one study, the files of the images they lie on by SOP Instance UID, and when."""

    items: tuple[Kept, ...]
    files: dict[str, Path]
    at: datetime
    patient_name: str = ""


@dataclass(frozen=True, slots=True)
class KeyImages:
    """The images that somebody chose from one study, in order, with their files by SOP Instance UID."""

    images: tuple[KeyImage, ...]
    files: dict[str, Path]
    author: str
    at: datetime
    patient_name: str = ""


def header_of(path: Path, patient_name: str) -> "Dataset":
    """The data set of an image without its pixels, texts in UTF-8 and the patient's name as the archive reads it."""
    from pydicom import dcmread

    image = dcmread(path, stop_before_pixels=True, force=True)
    image.decode()
    image.SpecificCharacterSet = UTF_8
    for name in OFTEN_LEFT_OUT:
        if name not in image:
            setattr(image, name, None)
    if patient_name:
        image.PatientName = patient_name
    return image


def uid_of(*told: object) -> str:
    """A UID that the same content always gets (PS3.5 §B.2)."""
    digest = hashlib.sha256("\n".join(str(each) for each in told).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def tracking_uid(measurement_id: str) -> str:
    """The UID under which one measurement is known in all its versions."""
    return f"2.25.{UUID(measurement_id).int}"


def flat_points(kept: Kept, image: "Dataset") -> "np.ndarray[Any, Any]":
    """The points as columns and rows of their frame, the corner of the first pixel 0, 0."""
    import numpy as np
    from highdicom.spatial import ReferenceToImageTransformer

    told = kept.measurement
    points = np.array(told.points, dtype=float)
    if not told.frame_of_reference_uid:
        return points
    several = int(image.get("NumberOfFrames") or 1) > 1
    transformer = ReferenceToImageTransformer.for_image(image, frame_number=told.frame if several else None)
    flat: np.ndarray[Any, Any] = transformer(points)[:, :2]
    return flat


def in_order(kind: Kind, points: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """The points as DICOM draws the outline: an ellipse by its longer axis first, a polygon closed."""
    import numpy as np

    if kind is Kind.ELLIPSE:
        longer = np.linalg.norm(points[0] - points[1]) >= np.linalg.norm(points[2] - points[3])
        return points if longer else points[[2, 3, 0, 1]]
    if kind is Kind.RECTANGLE:
        return points[[0, 1, 3, 2, 0]]
    if kind is Kind.FREEHAND:
        return np.concatenate([points, points[:1]])
    return points


def lines_of(kind: Kind, points: "np.ndarray[Any, Any]") -> "list[np.ndarray[Any, Any]]":
    """The lines that were drawn: two for what compares two, else one through all points."""
    if kind in (Kind.COBB, Kind.BIDIRECTIONAL, Kind.CTR):
        return [points[:2], points[2:]]
    return [in_order(kind, points)]


def name_of(name: str) -> str:
    """A name as a person name of one component, which is how a Chinese name comes to us (PS3.5 §6.2.1.2)."""
    return "".join(" " if char in "^=\\" else char for char in name) + "^"


def dated(made: "Dataset", at: datetime) -> bytes:
    """The object as a file that is the same whenever it is made of the same."""
    from io import BytesIO

    for name in ("ContentDate", "InstanceCreationDate", "SeriesDate", "PresentationCreationDate"):
        if name in made:
            setattr(made, name, at.strftime("%Y%m%d"))
    for name in ("ContentTime", "InstanceCreationTime", "SeriesTime", "PresentationCreationTime"):
        if name in made:
            setattr(made, name, at.strftime("%H%M%S"))
    for equipment in made.get("ContributingEquipmentSequence", ()):
        equipment.ContributionDateTime = at.strftime("%Y%m%d%H%M%S")
    made.SpecificCharacterSet = UTF_8
    made.TimezoneOffsetFromUTC = at.strftime("%z")
    out = BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()
