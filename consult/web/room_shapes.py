"""What the API takes and answers about the meetings of a case."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from consult.web.schemas import In, Name, Text


class WayInOut(BaseModel):
    """A way into a room: ``ticket`` opens it once, within a minute; ``media_url`` is None where there is no media."""

    room: str
    role: Literal["participant", "observer", "guest"]
    ticket: str
    live_url: str
    media_url: str | None


class GuestWayInOut(WayInOut):
    """A guest's way in; ``again`` opens the next time, in place of the link."""

    again: str


class FollowIn(In):
    """What stands in a guest's link after the ``#``, or ``again`` of the answer before."""

    token: Annotated[str, StringConstraints(min_length=20, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]


class RoomPath(BaseModel):
    """A room of a case."""

    case_id: str = Field(pattern="^[0-9a-f]{32}$")
    room_id: str = Field(pattern="^[0-9a-f]{32}$")


class GuestPath(BaseModel):
    """A guest of a case's open room."""

    case_id: str = Field(pattern="^[0-9a-f]{32}$")
    guest_id: str = Field(pattern="^[0-9a-f]{32}$")


class CloseIn(In):
    """How the meeting ended; a failed one says why."""

    ending: Literal["ended", "failed"] = "ended"
    reason: Text = ""


class GuestIn(In):
    """Whom a link is for, and whether they may see images."""

    name: Name
    images: bool = False


class GuestOut(BaseModel):
    """A guest's link, without its secret."""

    id: str
    name: str
    images: bool
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    ended_at: datetime | None


class NewGuestOut(GuestOut):
    """A link just made: ``url`` is shown this once."""

    url: str


class GuestsOut(BaseModel):
    """The links of a case's open room, oldest first."""

    items: list[GuestOut]


class AttendedOut(BaseModel):
    """Somebody in a meeting; ``left_at`` is None while they are inside."""

    person_id: str
    name: str
    site: str
    role: str
    role_label: str
    came_at: datetime
    left_at: datetime | None
    seconds: float


class MeetingOut(BaseModel):
    """A meeting; ``met_at`` is when the second came, ``inside`` how many are there now."""

    room: str
    opened_at: datetime
    opened_by: str
    met_at: datetime | None
    closed_at: datetime | None
    closed_by: str
    ending: str
    ending_label: str
    reason: str
    inside: int
    attendance: list[AttendedOut]


class MeetingsOut(BaseModel):
    """The meetings of a case, oldest first; ``opens``: it can be met about now; ``appointment_at`` as booked."""

    items: list[MeetingOut]
    opens: bool
    appointment_at: datetime | None


class DeedOut(BaseModel):
    """A deed of a room's record."""

    seq: int
    at: datetime
    by: str
    kind: str
    label: str
    body: dict[str, Any]


class ShownOut(BaseModel):
    """What the presenter showed at a time."""

    at: datetime
    by: str
    view: dict[str, Any]


class RecordOut(BaseModel):
    """The whole record of a meeting, to be replayed: deeds and views in order, and what they add up to."""

    meeting: MeetingOut
    ops: list[DeedOut]
    views: list[ShownOut]
