"""What a browser or the control side may say to the media door, each with its shape; anything else is refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from consult.domain.errors import Invalid, Words

LONGEST = 64 * 1024
"""Bytes of a message: a description with six people's candidates is a third of it."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Join(_Message):
    """The first message of a browser."""

    kind: Literal["join"]
    ticket: str = Field(max_length=2048)


class Command(_Message):
    """The first and only message of the control side."""

    kind: Literal["command"]
    signed: str = Field(max_length=2048)


class Offer(_Message):
    """A new way up."""

    kind: Literal["offer"]
    sdp: str = Field(max_length=LONGEST)


class Answer(_Message):
    """To offer number ``n`` of a way down."""

    kind: Literal["answer"]
    n: int
    sdp: str = Field(max_length=LONGEST)


class Again(_Message):
    """My way down is broken: offer a new one."""

    kind: Literal["again"]


class Mute(_Message):
    """Whether my sound is off."""

    kind: Literal["mute"]
    on: bool


class Camera(_Message):
    """Whether my picture is on."""

    kind: Literal["camera"]
    on: bool


class Told(_Message):
    """How my line is: bit/s that it carries, and the worse of the two ways' losses."""

    kind: Literal["stats"]
    available_bps: int | None = Field(None, ge=0)
    loss: float = Field(ge=0, le=1, allow_inf_nan=False)


FIRST: TypeAdapter[Join | Command] = TypeAdapter(Annotated[Join | Command, Field(discriminator="kind")])
LATER: TypeAdapter[Offer | Answer | Again | Mute | Camera | Told] = TypeAdapter(
    Annotated[Offer | Answer | Again | Mute | Camera | Told, Field(discriminator="kind")]
)


def first(message: str | bytes) -> Join | Command:
    """What opens a socket. Raises Invalid."""
    try:
        return FIRST.validate_json(message)
    except ValidationError as error:
        raise _unknown() from error


def later(message: str | bytes) -> Offer | Answer | Again | Mute | Camera | Told:
    """What a person in a room says. Raises Invalid."""
    try:
        return LATER.validate_json(message)
    except ValidationError as error:
        raise _unknown() from error


def _unknown() -> Invalid:
    return Invalid(
        Words(
            "消息格式不正确，请刷新页面后重新进入。", "This message is not understood; reload the page and enter again."
        )
    )
