"""What can go wrong, as a tree: every refusal has a class, a stable code and one sentence to act on.

Refusal
├── NotSignedIn      who is there is not known
├── NotAllowed       known, but this is not theirs to do
├── NotFound         does not exist, or not for this person (the same answer)
├── Invalid          the input is wrong; ``fields`` names where
├── WrongState       the case cannot do that now; ``allowed`` says what it can
├── Unmet            it could, if something were settled first
├── Stale            somebody was faster; look again
├── VersionMissing   the change did not say which version it was made on
├── KeyReused        the same idempotency key with other content
├── TooMany          slow down
├── Broken           bytes that are not what they claim to be
├── NoRoom           the disk is full; nothing was taken
└── Unavailable      a part that is needed is away for now
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class Words(NamedTuple):
    """One text in the two languages people read here."""

    zh: str
    en: str


NOTHING_HERE = Words("没有找到，或您无权查看。", "Not found, or not yours to see.")
CHANGED_MEANWHILE = Words("内容刚被他人更新，请刷新后再操作。", "Someone just changed it; refresh and try again.")


class FieldError(NamedTuple):
    """One wrong field of an input: where (dotted path) and what to do about it."""

    field: str
    sentence: Words


class Refusal(Exception):
    """A deliberate no, raised where it is known and mapped to a protocol's answer only at the door."""

    code: ClassVar[str] = "refused"

    def __init__(self, sentence: Words) -> None:
        super().__init__(self.code, sentence.en)
        self.sentence = sentence


class NotSignedIn(Refusal):
    """Who is there is not known."""

    code = "not-signed-in"


class NotAllowed(Refusal):
    """The person is known, and this is not theirs to do."""

    code = "not-allowed"


class NotFound(Refusal):
    """It does not exist, or not for this person: the answer is the same."""

    code = "not-found"

    def __init__(self, sentence: Words = NOTHING_HERE) -> None:
        super().__init__(sentence)


class Invalid(Refusal):
    """The input is wrong; ``fields`` names each place with its sentence."""

    code = "invalid"

    def __init__(self, sentence: Words, fields: Sequence[FieldError] = ()) -> None:
        super().__init__(sentence)
        self.fields = tuple(fields)

    @classmethod
    def at(cls, field: str, sentence: Words) -> "Invalid":
        """An input that is wrong in one field."""
        return cls(sentence, [FieldError(field, sentence)])


class WrongState(Refusal):
    """The case cannot do that in its state; ``allowed`` lists the verbs that it can."""

    code = "wrong-state"

    def __init__(self, sentence: Words, allowed: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.allowed = tuple(allowed)


class Unmet(WrongState):
    """The move exists here, but something must be settled first; the sentence says what."""

    code = "unmet"


class Stale(Refusal):
    """Somebody changed it meanwhile; nothing was overwritten."""

    code = "stale"

    def __init__(self, sentence: Words = CHANGED_MEANWHILE) -> None:
        super().__init__(sentence)


class VersionMissing(Refusal):
    """A change that does not say which version it was made on (RFC 6585 §3)."""

    code = "version-missing"


class KeyReused(Refusal):
    """The same idempotency key came with other content."""

    code = "idempotency-key-reused"


class TooMany(Refusal):
    """Too many tries; ``retry_after_s`` says how long to wait, in seconds."""

    code = "too-many"

    def __init__(self, sentence: Words, retry_after_s: int) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class Broken(Refusal):
    """Bytes that are not what they claim to be; refused and kept aside with the reason."""

    code = "broken"


class NoRoom(Refusal):
    """The disk is full; nothing was taken, and it can be sent again."""

    code = "no-room"


class Unavailable(Refusal):
    """A part that is needed is away for now; nothing was changed."""

    code = "unavailable"
