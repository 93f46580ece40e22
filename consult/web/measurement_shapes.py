"""What the API takes and answers about measurements."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, FiniteFloat, StringConstraints

from consult.domain.measurements import FARTHEST, KINDS, LONGEST_LABEL, Deed, Kind, Scale, ValueName
from consult.web.record_shapes import PartyOut
from consult.web.schemas import In, Storable, Uid

MOST_POINTS = max(row.most for row in KINDS.values())
MeasurementId = Annotated[str, StringConstraints(pattern="^[0-9a-f-]{32,36}$")]
Coordinate = Annotated[FiniteFloat, Field(ge=-FARTHEST, le=FARTHEST)]


class ValueIn(In):
    """A number with its UCUM unit."""

    name: ValueName
    value: FiniteFloat
    unit: Annotated[str, StringConstraints(min_length=1, max_length=16)]


class DrawnIn(In):
    """What was drawn and what it says; ``sop_uid`` is absent on a reformatted plane.

    ``points`` are x, y, z in LPS mm where ``frame_of_reference_uid`` is told, else column and row of the frame.
    """

    kind: Kind
    study_uid: Uid
    series_uid: Uid
    sop_uid: Uid | None = None
    frame: int = Field(default=1, ge=1)
    frame_of_reference_uid: Uid | None = None
    points: list[Annotated[list[Coordinate], Field(min_length=2, max_length=3)]] = Field(
        min_length=1, max_length=MOST_POINTS
    )
    values: list[ValueIn] = Field(default_factory=list[ValueIn], max_length=len(ValueName))
    label: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_LABEL), Storable] = ""
    scale: Scale = Scale.NONE


class NewMeasurementIn(DrawnIn):
    """A measurement with the id that its drawer gives it (a UUID)."""

    id: MeasurementId


class ValueOut(BaseModel):
    """A number with its UCUM unit."""

    name: ValueName
    label: str
    value: float
    unit: str


class MeasurementOut(BaseModel):
    """A version of a measurement; ``mine`` by whoever asks, who alone may change it then."""

    id: str
    version: int
    deed: Deed
    at: datetime
    author: PartyOut
    site: str
    mine: bool
    kind: Kind
    kind_label: str
    study_uid: str
    series_uid: str
    sop_uid: str | None
    frame: int
    frame_of_reference_uid: str | None
    points: list[list[float]]
    values: list[ValueOut]
    label: str
    scale: Scale
    scale_label: str


class MeasurementsOut(BaseModel):
    """Measurements in the order they were made, or the versions of one; ``measures``: whether one may add."""

    items: list[MeasurementOut]
    measures: bool


class StudyQuery(BaseModel):
    """A study by its UID; absent: the first one that was measured on."""

    study_uid: Uid | None = None


class MeasurementPath(BaseModel):
    """A measurement of a case."""

    case_id: str = Field(pattern="^[0-9a-f]{32}$")
    measurement_id: MeasurementId
