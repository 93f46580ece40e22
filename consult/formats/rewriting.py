"""Objects in a syntax that a peer takes, made by a bounded process that serves one retrieval after its start."""

import struct
from pathlib import Path

from consult.domain.errors import Broken, Words
from consult.formats.datasets import data_set_at
from consult.formats.dicom import EXPLICIT, IMPLICIT
from consult.formats.elements import SEQUENCE_END, UNDEFINED, DataSet, Encoding, Walk
from consult.formats.servants import Servant, Undone, serve_requests
from consult.formats.sources import MAX_INFLATED, Source

TARGETS = (EXPLICIT, IMPLICIT)
"""What an object can be rewritten to: nothing is lost on the way, and every peer takes the second (PS3.5 §10.1)."""

MEMORY_MB = 2048
TIMEOUT_S = 60.0
NOT_REWRITTEN = Words(
    "该对象无法转换为接收方支持的格式。", "The object cannot be put into a syntax that the peer takes."
)


class Rewriter(Servant):
    """A process that rewrites objects one by one. A context manager; for one thread."""

    def __init__(self) -> None:
        super().__init__("rewriting", TIMEOUT_S)

    def data_set(self, path: Path, syntax: str) -> bytes:
        """The data set of the file at ``path`` in one of ``TARGETS``. Raises Broken where that cannot be made."""
        try:
            return self.ask(str(path.absolute()), syntax)
        except Undone as impossible:
            raise Broken(NOT_REWRITTEN) from impossible


def serve() -> None:
    """The process; a deflated object is laid aside in a file."""
    serve_requests(lambda path, syntax: rewritten(Path(path), syntax), MEMORY_MB, 2 * MAX_INFLATED)


def rewritten(path: Path, syntax: str) -> bytes:
    """The data set of a file in one of ``TARGETS``, with native pixels; every other value keeps its bytes."""
    from consult.formats.transcoding import to_explicit

    whole = to_explicit(path)
    explicit = whole[data_set_at(whole) :]
    if syntax == EXPLICIT:
        return explicit
    source = Source.of(explicit)
    out: list[bytes] = []
    _write_implicit(out, Walk(source, Encoding(explicit=True, big=False)).run(), source)
    return b"".join(out)


def _write_implicit(out: list[bytes], data: DataSet, source: Source) -> None:
    """Append the elements in implicit VR (PS3.5 §7.1.3); sequences in undefined lengths."""
    for tag in sorted(data):
        element = data[tag]
        group, number = tag >> 16, tag & 0xFFFF
        if element.items is None:
            value = element.value if element.value is not None else source.peek(element.at, element.length)
            out.append(struct.pack("<HHI", group, number, len(value)) + value)
            continue
        out.append(struct.pack("<HHI", group, number, UNDEFINED))
        for item in element.items:
            out.append(struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED))
            _write_implicit(out, item, source)
            out.append(struct.pack("<HHI", 0xFFFE, 0xE00D, 0))
        out.append(struct.pack("<HHI", SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0))
