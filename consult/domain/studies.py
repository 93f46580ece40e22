"""What one received image says of itself, and what a series and a study are in our words."""

import re
from dataclasses import dataclass
from datetime import datetime

from consult.domain.completeness import SeriesCompleteness, StudyCompleteness

UID_PATTERN = re.compile(r"[0-9.]{1,64}")


def is_uid(text: str) -> bool:
    """Whether a text may be kept as a UID: digits and dots, 1 to 64 of them (PS3.5 §9.1).

    Looser than the standard on leading zeros and empty components, which real scanners write;
    strict where it protects: nothing that could be a path.
    """
    return UID_PATTERN.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class PatientName:
    """A person name's three component groups (PS3.5 §6.2.1.1), each with ``^`` between its components.

    ``raw`` are the bytes as received. ``guessed`` says that the declared character set was missing or
    could not be right, so the reading is ours.
    """

    alphabetic: str = ""
    ideographic: str = ""
    phonetic: str = ""
    raw: bytes = b""
    guessed: bool = False

    @property
    def display(self) -> str:
        """The name as people read it: Chinese characters joined, other names with spaces."""
        chosen = self.ideographic or self.alphabetic
        parts = [part for part in chosen.split("^") if part]
        joint = "" if any("㐀" <= char <= "鿿" or "\U00020000" <= char <= "\U0003ffff" for char in chosen) else " "
        return joint.join(parts)

    @property
    def groups(self) -> str:
        """The whole value as DICOM text, ``alphabetic=ideographic=phonetic`` without empty tails."""
        return f"{self.alphabetic}={self.ideographic}={self.phonetic}".rstrip("=")


@dataclass(frozen=True, slots=True)
class Instance:
    """What one received object says of itself; texts are decoded and stripped, absent texts are ``""``.

    Dates are DICOM ``YYYYMMDD``, times ``HHMMSS[.ffffff]`` as received. Lengths are mm. ``metadata`` is the
    data set as DICOM JSON (PS3.18 Annex F), UTF-8, compact, one object without enclosing array; bulk values
    are BulkDataURI under ``/dicom-web/studies/…/instances/…/bulkdata/``.
    """

    # identity
    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class: str
    transfer_syntax: str

    # patient
    patient_name: PatientName
    patient_id: str
    patient_sex: str
    patient_birth_date: str
    patient_age: str
    other_patient_ids: tuple[str, ...]

    # study
    accession_number: str
    study_id: str
    study_date: str
    study_time: str
    study_description: str
    referring_physician: PatientName
    institution: str
    timezone: str  # TimezoneOffsetFromUTC, "+0800" or ""

    # series
    modality: str
    series_number: int | None
    series_description: str
    series_date: str
    series_time: str
    body_part: str
    laterality: str  # "L", "R", "B" or "", of the image, else of the series
    protocol: str
    frame_of_reference: str
    manufacturer: str
    model: str
    station: str
    procedure_start_date: str
    procedure_start_time: str
    scheduled_step_id: str  # RequestAttributesSequence > ScheduledProcedureStepID
    requested_procedure_id: str  # RequestAttributesSequence > RequestedProcedureID

    # order and geometry
    instance_number: int | None
    acquisition_number: int | None
    acquisition_date: str
    acquisition_time: str
    content_date: str
    content_time: str
    image_type: tuple[str, ...]
    position: tuple[float, float, float] | None  # ImagePositionPatient
    orientation: tuple[float, float, float, float, float, float] | None  # ImageOrientationPatient
    slice_location: float | None
    slice_thickness: float | None
    spacing_between: float | None
    pixel_spacing: tuple[float, float] | None  # rows, columns
    gantry_tilt: float | None  # degrees
    kernel: str  # reconstruction kernel, ConvolutionKernel

    # what tells repeated positions of one series apart
    temporal_position: int | None
    temporal_positions: int | None  # NumberOfTemporalPositions
    trigger_time: float | None  # ms
    echo: str  # EchoNumbers, or EchoTime where that is absent
    b_value: float | None  # s/mm²
    gradient: str  # diffusion gradient direction as received, "" where none

    # pixels
    rows: int | None
    columns: int | None
    frames: int | None  # None where there is no pixel data; 1 for a plain image
    samples: int | None
    bits_allocated: int | None
    photometric: str
    pixels_at: int | None  # offset of the pixel data element's value in the file; None: none, or deflated
    expected_in_series: int | None  # how many images the acquisition says it has, where it says so

    # trust
    lossy: bool  # LossyImageCompression "01", or a transfer syntax that loses
    charset: str  # the character set used for the reading, a DICOM term; several joined by "\\"
    charset_guessed: bool
    preamble_used: bool  # the first 128 bytes were not zero: another file type may hide there (CVE-2019-11687)

    metadata: bytes

    collimation: float | None = None  # mm, SingleCollimationWidth: how thin the scanner measured
    images_in_acquisition: int | None = None  # ImagesInAcquisition
    related_in_series: int | None = None  # NumberOfSeriesRelatedInstances, where an archive wrote it into the image
    related_in_study: int | None = None  # NumberOfStudyRelatedInstances, likewise

    @property
    def has_pixels(self) -> bool:
        """Whether there is something to look at as an image."""
        return self.frames is not None


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """A series as a list shows it; lengths in mm, ``tilt`` in degrees."""

    series_uid: str
    number: int | None
    modality: str
    description: str
    body_part: str
    instances: int
    slice_thickness: float | None
    spacing: float | None
    lossy: bool
    tilt: float | None
    completeness: SeriesCompleteness


@dataclass(frozen=True, slots=True)
class StudySummary:
    """A study as a list shows it; the patient as its images say, dates as DICOM writes them."""

    study_uid: str
    patient_name: PatientName
    patient_id: str
    patient_sex: str
    patient_birth_date: str
    modalities: tuple[str, ...]
    body_part: str
    description: str
    study_date: str
    arrived_at: datetime | None
    completeness: StudyCompleteness
    series: tuple[SeriesSummary, ...]
    charset_guessed: bool
    accession_number: str = ""
