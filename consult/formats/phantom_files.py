"""Drawn images as the DICOM files that a county's scanners would send, each marked as demonstration data."""

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    MRImageStorage,
)

from consult.formats.phantom_shapes import Array, Frame

Stored = NDArray[np.uint16] | NDArray[np.int16]
CHINA = timezone(timedelta(hours=8))
MARK = "演示数据"
COMMENT = "演示数据：由程序生成的模拟影像，不属于任何病人，不得用于诊断。"
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


def ct_file(folder: Path, exam: Exam, series: Series, frame: Frame, number: int, z: float, image: Array) -> Path:
    """Writes the ``number``-th slice of a CT series, at height ``z`` (mm), from its image in HU."""
    ds = _begun(exam, series, CTImageStorage, number)
    _placed(ds, exam, series, frame, z)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.KVP, ds.XRayTubeCurrent, ds.ExposureTime, ds.GantryDetectorTilt = "120", "280", "1000", "0"
    ds.ConvolutionKernel, ds.FilterType = series.kernel, "HEAD"
    ds.ReconstructionDiameter = f"{frame.pixels * frame.spacing:g}"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
    if series.signed:
        ds.add_new(0x00280120, "SS", OUTSIDE)
    return _saved(folder, ds, _stored_ct(image, frame, series.signed))


def mr_file(folder: Path, exam: Exam, series: Series, frame: Frame, number: int, z: float, image: Array) -> Path:
    """Writes the ``number``-th slice of a T2-weighted MR series, at height ``z`` (mm), from its signal."""
    ds = _begun(exam, series, MRImageStorage, number)
    _placed(ds, exam, series, frame, z)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = "SE", ["SK", "SP"], ""
    ds.MRAcquisitionType, ds.SequenceName = "2D", "tse2d1_11"
    ds.RepetitionTime, ds.EchoTime, ds.EchoTrainLength, ds.FlipAngle = "4200", "98", 11, "150"
    ds.MagneticFieldStrength, ds.ImagingFrequency, ds.NumberOfAverages = "1.5", "63.67", "2"
    return _saved(folder, ds, np.clip(np.rint(image), 0, 4095).astype(np.uint16))


def dx_file(folder: Path, exam: Exam, series: Series, image: Array, pixel_mm: float, inverted: bool) -> Path:
    """Writes a postero-anterior chest radiograph of values 0–4095; ``inverted`` stores it as MONOCHROME1."""
    ds = _begun(exam, series, DigitalXRayImageStorageForPresentation, 1)
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
    ds.AnatomicRegionSequence, ds.ViewCodeSequence = (
        [_code("51185008", "Chest")],
        [_code("399348003", "postero-anterior")],
    )
    values = np.clip(np.rint(image), 0, 4095).astype(np.uint16)
    return _saved(folder, ds, 4095 - values if inverted else values)


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


def _begun(exam: Exam, series: Series, sop_class: str, number: int) -> FileDataset:
    """A data set with everything about patient, study, series and equipment."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(exam.uid("image", series.number, number))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = exam.spelling
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    local = exam.began.astimezone(CHINA)
    day, clock = local.strftime("%Y%m%d"), local.strftime("%H%M%S")
    taken = (local + timedelta(seconds=90 * series.number + number)).strftime("%H%M%S")
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = day
    ds.StudyTime, ds.SeriesTime, ds.AcquisitionTime, ds.ContentTime = clock, clock, clock, taken
    ds.TimezoneOffsetFromUTC = "+0800"
    _patient(ds, exam.patient, local)
    ds.PatientComments = ds.ImageComments = COMMENT
    ds.StudyInstanceUID, ds.SeriesInstanceUID = exam.uid("study"), exam.uid("series", series.number)
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = exam.accession[-3:], exam.accession, ""
    ds.StudyDescription = f"{MARK} {exam.description}"
    ds.Modality, ds.BodyPartExamined = exam.modality, exam.body_part
    ds.SeriesNumber, ds.SeriesDescription, ds.InstanceNumber = series.number, series.description, number
    ds.ProtocolName, ds.AcquisitionNumber = exam.description, 1
    ds.InstitutionName, ds.StationName = exam.institution, "DEMO"
    ds.Manufacturer, ds.ManufacturerModelName, ds.SoftwareVersions = "Consult", "Demo generator", "1"
    ds.WindowCenter = [f"{centre:g}" for centre, _ in series.windows]
    ds.WindowWidth = [f"{width:g}" for _, width in series.windows]
    ds.PhotometricInterpretation, ds.SamplesPerPixel = "MONOCHROME2", 1
    ds.BurnedInAnnotation, ds.LossyImageCompression = "NO", "00"
    return ds


def _patient(ds: Dataset, patient: DemoPatient, local: datetime) -> None:
    ds.PatientName = f"{'^'.join(patient.latin)}={'^'.join(patient.name)}"
    ds.PatientID, ds.PatientSex = patient.id, patient.sex
    ds.PatientBirthDate = patient.birth_date.replace("-", "")
    born = datetime.strptime(patient.birth_date, "%Y-%m-%d").replace(tzinfo=CHINA)
    years = local.year - born.year - ((local.month, local.day) < (born.month, born.day))
    ds.PatientAge = f"{years:03d}Y"


def _placed(ds: Dataset, exam: Exam, series: Series, frame: Frame, z: float) -> None:
    """Where an axial slice lies, head first and supine (PS3.3 §C.7.6.2)."""
    corner = float(frame.axis[0])
    height = round(z + series.table, 3)
    ds.PatientPosition, ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = "HFS", exam.uid("frame"), "OM"
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.ImagePositionPatient = [f"{corner:.6g}", f"{corner:.6g}", f"{height:g}"]
    ds.SliceLocation, ds.PixelSpacing = f"{height:g}", [f"{frame.spacing:.8g}", f"{frame.spacing:.8g}"]
    ds.SliceThickness, ds.SpacingBetweenSlices = f"{series.thickness:g}", f"{series.spacing:g}"


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "SCT", meaning
    return code


def _saved(folder: Path, ds: FileDataset, values: Stored) -> Path:
    ds.Rows, ds.Columns = values.shape
    signed = values.dtype == np.int16
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16 if signed else 12, 15 if signed else 11
    ds.PixelRepresentation = int(signed)
    ds.PixelData = values.astype(values.dtype.newbyteorder("<")).tobytes()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{ds.Modality}{ds.SeriesNumber:02d}-{ds.InstanceNumber:04d}.dcm"
    ds.save_as(path, enforce_file_format=True)
    return path
