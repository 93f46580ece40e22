"""In which context each object goes out: in its own syntax where the peer took that, else in one that loses nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, cast

from pynetdicom import build_context
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from consult.channels.dicom import Outgoing
from consult.formats.datasets import data_set_at
from consult.formats.rewriting import TARGETS, Rewriter
from consult.queries.dimse import Held

MOST_CONTEXTS = 128  # of one association (PS3.8 §9.3.2.2: odd numbers of a byte)


class Chosen(NamedTuple):
    """A presentation context: its id, and the transfer syntax that was agreed in it."""

    id: int
    syntax: str


class Contexts:
    """The contexts of an association that objects can go out in."""

    def __init__(self, accepted: Sequence[PresentationContext]) -> None:
        self._by_class: dict[str, dict[str, int]] = defaultdict(dict)
        for context in accepted:
            syntaxes = self._by_class[str(context.abstract_syntax)]
            syntaxes.setdefault(str(context.transfer_syntax[0]), cast(int, context.context_id))

    def choose(self, held: Held) -> Chosen | None:
        """The context for an object, its own syntax first; None where the peer takes none that it can be put into."""
        agreed = self._by_class.get(held.sop_class, {})
        for syntax in (held.syntax, *TARGETS):
            if syntax in agreed:
                return Chosen(agreed[syntax], syntax)
        return None


def of_association(association: Association) -> Contexts:
    """The contexts in which we may send."""
    return Contexts([context for context in association.accepted_contexts if context.as_scu])


def _syntaxes(objects: Sequence[Held]) -> dict[str, set[str]]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for held in objects:
        wanted[held.sop_class].add(held.syntax)
    return wanted


def proposed(objects: Sequence[Held]) -> list[PresentationContext]:
    """The contexts to ask a peer for: each class in each syntax it is stored in, and in those it can be put into.

    One syntax a context, or the peer would choose one for all objects of the class.
    """
    return [
        build_context(sop_class, syntax)
        for sop_class, stored in sorted(_syntaxes(objects).items())
        for syntax in (*sorted(stored.difference(TARGETS)), *TARGETS)
    ]


def batches(objects: Sequence[Held]) -> Iterator[list[Held]]:
    """Objects in their order, cut where the contexts of one association would not suffice for more classes."""
    batch: list[Held] = []
    wanted: dict[str, set[str]] = defaultdict(set)
    for held in objects:
        wanted[held.sop_class].update((held.syntax, *TARGETS))
        if sum(map(len, wanted.values())) > MOST_CONTEXTS:
            yield batch
            batch, wanted = [], defaultdict(set, {held.sop_class: {held.syntax, *TARGETS}})
        batch.append(held)
    if batch:
        yield batch


class Loader:
    """Brings objects into the syntax that was agreed. A context manager: rewriting begins a process when first needed.

    ``file_of`` tells where the object with a hash lies.
    """

    def __init__(self, file_of: Callable[[str], Path]) -> None:
        self._file_of = file_of
        self._rewriter = Rewriter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rewriter.__exit__(kind, error, trace)

    def load(self, held: Held, syntax: str) -> Outgoing:
        """The object to send. Raises Broken where it cannot be put so, FileNotFoundError where it is gone."""
        path = self._file_of(held.sha256)
        if syntax == held.syntax:
            return Outgoing(held.sop_class, held.sop_uid, syntax, path, data_set_at(path))
        data = self._rewriter.data_set(path, syntax)
        return Outgoing(held.sop_class, held.sop_uid, syntax, data=data)
