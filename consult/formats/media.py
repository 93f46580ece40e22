"""A disc: a DICOMDIR over objects as they are kept, the name of each (PS3.3 annex F), and all of it as one ZIP."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.domain.errors import Broken, Words

UNREADABLE = Words(
    "有一份影像编不进光盘目录，请联系管理员。", "An object cannot be listed in a DICOMDIR; tell an operator."
)
_KEPT = (
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "PatientID", "PatientName", "StudyInstanceUID",
    "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber", "SeriesInstanceUID", "SeriesNumber",
    "Modality", "InstanceNumber", "Rows", "Columns", "ContentDate", "ContentTime", "ContentLabel",
    "ContentDescription", "ContentCreatorName", "PresentationCreationDate", "PresentationCreationTime",
    "ReferencedSeriesSequence", "CompletionFlag", "VerificationFlag", "ConceptNameCodeSequence", "DocumentTitle",
    "MIMETypeOfEncapsulatedDocument", "StructureSetLabel", "StructureSetDate", "StructureSetTime", "RTPlanLabel",
    "RTPlanDate", "RTPlanTime", "DoseSummationType",
)  # fmt: skip
"""What directory records tell (PS3.3 §F.5); nothing else of an object is read."""


def directory(paths: Sequence[Path]) -> tuple[bytes, list[str]]:
    """A DICOMDIR over the objects at ``paths``, and each one's name below it, of at most eight characters a level.

    Raises Broken where an object is not one that a directory can name.
    """
    from pydicom.errors import InvalidDicomError
    from pydicom.fileset import FileSet

    files = FileSet()
    try:
        listed = [files.add(_record(path, number)) for number, path in enumerate(paths, 1)]
        names = [Path(each.FileID).as_posix() for each in listed]
        with tempfile.TemporaryDirectory() as folder:
            files.write(folder)
            written = (Path(folder) / "DICOMDIR").read_bytes()
    except (InvalidDicomError, ValueError, AttributeError, KeyError, TypeError, NotImplementedError) as error:
        raise Broken(UNREADABLE) from error
    return written, names


def _record(path: Path, number: int) -> Any:
    """What a directory needs of an object; what must not be empty there and is, is numbered (PS3.3 §F.5)."""
    from pydicom import Dataset, dcmread

    read = dcmread(path, stop_before_pixels=True, specific_tags=list(_KEPT))
    record = Dataset()
    record.update({element.tag: element for element in read})
    record.file_meta = read.file_meta
    for name, value in (
        ("PatientID", "0"),
        ("StudyID", "1"),
        ("SeriesNumber", 1),
        ("InstanceNumber", number),
        ("Modality", "OT"),
    ):
        if name not in record or record[name].is_empty:
            setattr(record, name, value)
    record.StudyDate = record.get("StudyDate") or "19000101"
    record.StudyTime = record.get("StudyTime") or "000000"
    return record


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive: its name, how many bytes, and what begins to give them."""

    name: str
    size: int
    bytes: Callable[[], Iterable[bytes]]


def archive(members: Sequence[Member]) -> tuple[int, Iterator[bytes]]:
    """A ZIP of files as they are, made while it is sent: how long it will be, and its bytes.

    Nothing is compressed, so that its length is known and images, which hardly shrink, cost no time.
    """
    from zipstream import ZipStream

    zipped = ZipStream(sized=True)
    for member in members:
        zipped.add(_lazily(member), member.name, size=member.size)
    return len(zipped), iter(zipped)


def _lazily(member: Member) -> Iterator[bytes]:
    yield from member.bytes()
