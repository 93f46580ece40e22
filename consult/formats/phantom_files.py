"""Drawn images as the DICOM files that a county's scanners would send, each marked as demonstration data."""

import hashlib
import struct
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.charset import convert_encodings
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.uid import CTImageStorage, DigitalXRayImageStorageForPresentation, MRImageStorage

from consult.formats.dicom import EXPLICIT, part10_head
from consult.formats.phantom_shapes import Array, Frame

Stored = NDArray[np.uint16] | NDArray[np.int16]
CHINA = timezone(timedelta(hours=8))
MARK = "演示数据"
COMMENT = "演示数据：由程序生成的模拟影像，不属于任何病人，不得用于诊断。"
PIXEL_DATA = b"\xe0\x7f\x10\x00OW\0\0"  # tag and VR as they stand in an explicit little endian file
OUTSIDE = -2000  # what some makers store outside the reconstructed circle


@dataclass(frozen=True)
class DemoPatient:
    """An invented person: ``name`` in Chinese (family name, given name), ``latin`` the same in Latin letters."""

    id: str
    name: tuple[str, str]
    latin: tuple[str, str]
    sex: str
    birth_date: str  # YYYY-MM-DD


@dataclass(frozen=True)
class Exam:
    """What all files of one study share; ``spelling`` its specific character set, ``root`` makes its UIDs its own."""

    patient: DemoPatient
    root: str
    spelling: str
    institution: str
    modality: str
    body_part: str
    description: str
    accession: str
    began: datetime

    def uid(self, *labels: object) -> str:
        """A UID under 2.25 that depends on the study's root and the labels only (PS3.5 §B.2)."""
        digest = hashlib.sha256("/".join([self.root, *map(str, labels)]).encode()).digest()
        return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"


@dataclass(frozen=True)
class Series:
    """What the files of one series share; ``thickness`` and ``spacing`` in mm, ``signed`` the pixel representation."""

    number: int
    description: str
    thickness: float = 0.0
    spacing: float = 0.0
    signed: bool = False
    kernel: str = ""
    table: float = 0.0  # mm from the scanner's zero to the drawing's
    windows: tuple[tuple[float, float], ...] = field(default=((40, 90), (500, 2500)))


class SeriesWriter:
    """Writes the files of one series into a folder; what they share is encoded once, not for each slice."""

    def __init__(self, folder: Path, exam: Exam, series: Series, sop_class: str, shared: Dataset) -> None:
        self._folder, self._exam, self._series, self._class = folder, exam, series, sop_class
        _begin(shared, exam, series, sop_class)
        self._prefix = f"{exam.modality}{series.number:02d}"
        self._shared = _encoded(shared, exam.spelling)
        self._local = exam.began.astimezone(CHINA)
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, number: int, own: Dataset, values: Stored) -> Path:
        """The file of the ``number``-th instance, from what it alone says and its pixels."""
        own.SOPInstanceUID, own.InstanceNumber = self._exam.uid("image", self._series.number, number), number
        taken = self._local + timedelta(seconds=90 * self._series.number + number)
        own.ContentTime = taken.strftime("%H%M%S")
        own.Rows, own.Columns = values.shape
        signed = values.dtype == np.int16
        own.BitsAllocated, own.BitsStored, own.HighBit = 16, 16 if signed else 12, 15 if signed else 11
        own.PixelRepresentation = int(signed)
        elements = self._shared | _encoded(own, self._exam.spelling)
        pixels = values.astype(values.dtype.newbyteorder("<")).tobytes()
        path = self._folder / f"{self._prefix}-{number:04d}.dcm"
        with path.open("wb") as file:
            file.write(part10_head(self._class, own.SOPInstanceUID, EXPLICIT))
            file.writelines(elements[tag] for tag in sorted(elements))
            file.write(PIXEL_DATA + struct.pack("<I", len(pixels)))
            file.write(pixels)
        return path


class CtSeries:
    """An axial CT series, slice by slice."""

    def __init__(self, folder: Path, exam: Exam, series: Series, frame: Frame) -> None:
        self._series, self._frame = series, frame
        ds = _stack(exam, series, frame)
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.KVP, ds.XRayTubeCurrent, ds.ExposureTime, ds.GantryDetectorTilt = "120", "280", "1000", "0"
        ds.ConvolutionKernel, ds.FilterType = series.kernel, "HEAD"
        ds.ReconstructionDiameter = f"{frame.pixels * frame.spacing:g}"
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
        if series.signed:
            ds.add_new(0x00280120, "SS", OUTSIDE)
        self._writer = SeriesWriter(folder, exam, series, CTImageStorage, ds)

    def write(self, number: int, z: float, image: Array) -> Path:
        """The file of the ``number``-th slice, at height ``z`` (mm), from its image in HU."""
        values = _stored_ct(image, self._frame, self._series.signed)
        return self._writer.write(number, _position(self._series, self._frame, z), values)


class MrSeries:
    """An axial T2-weighted MR series, slice by slice."""

    def __init__(self, folder: Path, exam: Exam, series: Series, frame: Frame) -> None:
        self._series, self._frame = series, frame
        ds = _stack(exam, series, frame)
        ds.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
        ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = "SE", ["SK", "SP"], ""
        ds.MRAcquisitionType, ds.SequenceName = "2D", "tse2d1_11"
        ds.RepetitionTime, ds.EchoTime, ds.EchoTrainLength, ds.FlipAngle = "4200", "98", 11, "150"
        ds.MagneticFieldStrength, ds.ImagingFrequency, ds.NumberOfAverages = "1.5", "63.67", "2"
        self._writer = SeriesWriter(folder, exam, series, MRImageStorage, ds)

    def write(self, number: int, z: float, image: Array) -> Path:
        """The file of the ``number``-th slice, at height ``z`` (mm), from its signal."""
        values: NDArray[np.uint16] = np.clip(np.rint(image), 0, 4095).astype(np.uint16)
        return self._writer.write(number, _position(self._series, self._frame, z), values)


def dx_file(folder: Path, exam: Exam, series: Series, image: Array, pixel_mm: float, inverted: bool) -> Path:
    """Writes a postero-anterior chest radiograph of values 0–4095; ``inverted`` stores it as MONOCHROME1."""
    ds = Dataset()
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.PresentationIntentType, ds.PresentationLUTShape = "FOR PRESENTATION", "INVERSE" if inverted else "IDENTITY"
    ds.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    ds.PatientOrientation = ["L", "F"]
    ds.ViewPosition, ds.ImageLaterality = "PA", "U"
    ds.PositionerType, ds.ImagerPixelSpacing = "NONE", [f"{pixel_mm:g}", f"{pixel_mm:g}"]
    ds.PixelIntensityRelationship, ds.PixelIntensityRelationshipSign = "LOG", 1 if inverted else -1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.DetectorType, ds.DetectorID, ds.DetectorConfiguration = "SCINTILLATOR", "DEMO-1", "AREA"
    ds.KVP, ds.Exposure, ds.DistanceSourceToDetector, ds.Grid = "120", "3", "1800", "RECIPROCATING"
    ds.AcquisitionContextSequence = []
    ds.AnatomicRegionSequence = [_code("51185008", "Chest")]
    ds.ViewCodeSequence = [_code("399348003", "postero-anterior")]
    values: NDArray[np.uint16] = np.clip(np.rint(image), 0, 4095).astype(np.uint16)
    writer = SeriesWriter(folder, exam, series, DigitalXRayImageStorageForPresentation, ds)
    return writer.write(1, Dataset(), 4095 - values if inverted else values)


def _stored_ct(image: Array, frame: Frame, signed: bool) -> Stored:
    """Stored values of an image in HU, for a rescale intercept of −1024."""
    stored = np.rint(image + 1024)
    if not signed:
        unsigned: NDArray[np.uint16] = np.clip(stored, 0, 4095).astype(np.uint16)
        return unsigned
    values: NDArray[np.int16] = np.clip(stored, -1024, 4095).astype(np.int16)
    circle = frame.axis[None, :] ** 2 + frame.axis[:, None] ** 2 > (frame.pixels * frame.spacing / 2) ** 2
    values[circle] = OUTSIDE
    return values


def _begin(ds: Dataset, exam: Exam, series: Series, sop_class: str) -> None:
    """Adds everything about patient, study, series and equipment."""
    ds.SpecificCharacterSet, ds.SOPClassUID = exam.spelling, sop_class
    local = exam.began.astimezone(CHINA)
    day, clock = local.strftime("%Y%m%d"), local.strftime("%H%M%S")
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = day
    ds.StudyTime, ds.SeriesTime, ds.AcquisitionTime = clock, clock, clock
    ds.TimezoneOffsetFromUTC = "+0800"
    _patient(ds, exam.patient, local)
    ds.PatientComments = ds.ImageComments = COMMENT
    ds.StudyInstanceUID, ds.SeriesInstanceUID = exam.uid("study"), exam.uid("series", series.number)
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = exam.accession[-3:], exam.accession, ""
    ds.StudyDescription = f"{MARK} {exam.description}"
    ds.Modality, ds.BodyPartExamined = exam.modality, exam.body_part
    ds.SeriesNumber, ds.SeriesDescription = series.number, series.description
    ds.ProtocolName, ds.AcquisitionNumber = exam.description, 1
    ds.InstitutionName, ds.StationName = exam.institution, "DEMO"
    ds.Manufacturer, ds.ManufacturerModelName, ds.SoftwareVersions = "Consult", "Demo generator", "1"
    ds.WindowCenter = [f"{centre:g}" for centre, _ in series.windows]
    ds.WindowWidth = [f"{width:g}" for _, width in series.windows]
    ds.SamplesPerPixel, ds.BurnedInAnnotation, ds.LossyImageCompression = 1, "NO", "00"


def _patient(ds: Dataset, patient: DemoPatient, local: datetime) -> None:
    ds.PatientName = f"{'^'.join(patient.latin)}={'^'.join(patient.name)}"
    ds.PatientID, ds.PatientSex = patient.id, patient.sex
    ds.PatientBirthDate = patient.birth_date.replace("-", "")
    born = datetime.strptime(patient.birth_date, "%Y-%m-%d").replace(tzinfo=CHINA)
    years = local.year - born.year - ((local.month, local.day) < (born.month, born.day))
    ds.PatientAge = f"{years:03d}Y"


def _stack(exam: Exam, series: Series, frame: Frame) -> Dataset:
    """What the slices of an axial stack share, head first and supine (PS3.3 §C.7.6.2)."""
    ds = Dataset()
    ds.PatientPosition, ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = "HFS", exam.uid("frame"), "OM"
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.PixelSpacing = [f"{frame.spacing:.8g}", f"{frame.spacing:.8g}"]
    ds.SliceThickness, ds.SpacingBetweenSlices = f"{series.thickness:g}", f"{series.spacing:g}"
    ds.PhotometricInterpretation = "MONOCHROME2"
    return ds


def _position(series: Series, frame: Frame, z: float) -> Dataset:
    """Where one slice of a stack lies."""
    ds = Dataset()
    corner, height = float(frame.axis[0]), round(z + series.table, 3)
    ds.ImagePositionPatient = [f"{corner:.6g}", f"{corner:.6g}", f"{height:g}"]
    ds.SliceLocation = f"{height:g}"
    return ds


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "SCT", meaning
    return code


def _encoded(ds: Dataset, spelling: str) -> dict[int, bytes]:
    """Each element as its bytes in explicit little endian, by tag."""
    charset = convert_encodings(spelling)
    parts: dict[int, bytes] = {}
    for element in ds:
        out = DicomBytesIO()
        out.is_little_endian, out.is_implicit_VR = True, False
        write_data_element(out, element, charset)
        parts[int(element.tag)] = out.getvalue()
    return parts
