"""Reads headers in subprocesses with little memory and little time, so that no file can harm the rest."""

from pathlib import Path
from types import TracebackType
from typing import Self

from consult.domain.studies import Instance


class HeaderReader:
    """Bounded parser processes: ``workers`` of them, each with at most ``memory_mb`` MB and ``timeout_s`` s a file.

    A context manager. ``read`` may be called from any thread; as many files as there are workers are read at once,
    more calls wait their turn. A worker that dies, or is killed for its time, is replaced.
    """

    def __init__(self, workers: int, memory_mb: int, timeout_s: float) -> None:
        self._workers = workers
        self._memory_mb = memory_mb
        self._timeout_s = timeout_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def read(self, path: Path, charset_override: str | None = None) -> Instance:
        """What the DICOM file at ``path`` (Part 10, or a bare data set) says of itself.

        ``charset_override`` is the character set to believe instead of the declared one ("GB18030"), set for a sender
        known to label wrongly. Raises :class:`consult.domain.errors.Broken` with the reason where the file is not what
        it claims, would take too much memory or time, or nests too deep; FileNotFoundError where it is not there.
        """
        raise NotImplementedError
