"""What the API takes and answers about messages and files of a case."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from consult.domain.talk import LONGEST_MESSAGE
from consult.web.case_shapes import PatientOut
from consult.web.record_shapes import PartyOut
from consult.web.schemas import In, Line, Storable

FileKind = Literal["pdf", "jpeg", "png", "dicom"]
FileCategory = Literal["lab", "ecg", "ultrasound", "report", "other"]


class MessageIn(In):
    """Something to say about a case."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_MESSAGE), Storable]


class MessageOut(BaseModel):
    """Something that was said; ``mine`` by whoever asks."""

    id: int
    author: PartyOut
    site: str
    text: str
    at: datetime
    mine: bool


class MessagesOut(BaseModel):
    """Messages in order; ``read_to`` is the last one read, ``next`` the cursor for ``after`` where there are more."""

    items: list[MessageOut]
    read_to: int
    talks: bool
    next: int | None


class ReadThroughIn(In):
    """Up to which message one has read."""

    message_id: int = Field(ge=0)


class FoundOut(MessageOut):
    """A message with the case that it is about."""

    case_id: str
    number: str
    patient: PatientOut


class FoundsOut(BaseModel):
    """Messages that match, newest first; ``next`` is the cursor for ``before``."""

    items: list[FoundOut]
    next: int | None


class SearchQuery(BaseModel):
    """A patient's name, a case's number or words of a message."""

    q: Line = ""
    before: int | None = Field(default=None, ge=0)


class FileQuery(BaseModel):
    """What a file that comes as the body is called, and what it is about."""

    name: Line = ""
    category: FileCategory = "other"


class FilePath(BaseModel):
    """A file of a case."""

    case_id: str = Field(pattern="^[0-9a-f]{32}$")
    file_id: str = Field(pattern="^[0-9a-f]{32}$")


class FileOut(BaseModel):
    """A file of a case; ``preview`` says that there is a small picture of it."""

    id: str
    name: str
    kind: FileKind
    category: FileCategory
    category_label: str
    size: int
    by: PartyOut
    at: datetime
    study_uid: str | None
    preview: bool


class FilesOut(BaseModel):
    """The files of a case, oldest first; ``limit_bytes`` is the largest that is taken."""

    items: list[FileOut]
    adds: bool
    limit_bytes: int
