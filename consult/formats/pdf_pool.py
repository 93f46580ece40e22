"""Lays documents out and judges foreign ones in processes of their own: threads would queue, hostile files may kill.

Each worker is warm before its first job, does one job at a time, and is replaced when it dies or takes too long.
"""

import contextlib
import hashlib
import multiprocessing
import queue
import resource
import signal
from datetime import datetime
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Final, Self

from consult.domain.errors import Broken, Refusal, Unavailable, Words
from consult.formats.document import Rendered, ReportDocument, Stamp
from consult.formats.trust import TrustSource
from consult.formats.verdict import REASONS, Identity, Reason, Verdict

_START_S: Final = 90.0  # s for a worker to import and to find its fonts, on a machine that starts everything at once
_STOP_S: Final = 5.0
_SPAWN: Final = multiprocessing.get_context("spawn")
_REFUSALS: Final[dict[str, type[Refusal]]] = {kind.code: kind for kind in (Broken, Unavailable)}

_LATE = Words("文书处理超时，请稍后重试。", "The document took too long; try again later.")
_GONE = Words("文书处理进程异常退出，请稍后重试。", "The process for documents went away; try again later.")


class _Lost(Unavailable):
    """The worker took too long or died on this job."""


class DocumentPool:
    """``workers`` processes, each with at most ``memory_mb`` MB of address space and ``timeout_s`` s a job.

    A context manager; its methods may be called from any thread and wait for a free worker. They raise what the
    functions of the same name raise (``pdf.render``, ``pdf.render_stamp``, ``verdict.verify``, ``verdict.identify``),
    and :class:`Unavailable` where a job takes too long or its worker dies. Open it in the process that uses it.
    """

    def __init__(self, workers: int = 2, timeout_s: float = 30.0, memory_mb: int = 1536) -> None:
        self._workers = workers
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()

    def __enter__(self) -> Self:
        for _ in range(self._workers):
            self._idle.put(_Worker(self._memory_mb))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in range(self._workers):
            self._idle.get().stop()

    def render(self, document: ReportDocument) -> Rendered:
        """The report laid out as PDF/A, and where its signatures go."""
        laid_out: Rendered = self._do("render", document)
        return laid_out

    def render_stamp(self, stamp: Stamp) -> bytes:
        """A signature's appearance."""
        page: bytes = self._do("render_stamp", stamp)
        return page

    def verify(self, pdf: bytes, trust: TrustSource, archived_sha256: str | None, *, now: datetime) -> Verdict:
        """Whether a file is our signed report; a foreign file that no worker survives is told to be damaged."""
        try:
            verdict: Verdict = self._do("verify", pdf, trust.without_keys(), archived_sha256, now)
        except _Lost:
            digest = hashlib.sha256(pdf).hexdigest()
            if digest == archived_sha256:
                raise
            return Verdict(False, (Reason("damaged", REASONS["damaged"]),), (), digest)
        return verdict

    def identify(self, pdf: bytes) -> Identity | None:
        """Which report a file says it is; None for one that no worker survives."""
        try:
            identity: Identity | None = self._do("identify", pdf)
        except _Lost:
            return None
        return identity

    def process_ids(self) -> list[int]:
        """The processes that are idle now, for whoever watches them."""
        return [worker.process_id for worker in list(self._idle.queue)]

    def _do(self, job: str, *values: Any) -> Any:
        worker = self._idle.get()
        try:
            return worker.do(job, values, self._timeout_s)
        finally:
            self._idle.put(worker if worker.alive else _Worker(self._memory_mb))


class _Worker:
    """One process and the pipe to it; used by one thread at a time."""

    def __init__(self, memory_mb: int) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=serve, args=(theirs, memory_mb), daemon=True, name="consult-documents")
        self._process.start()
        theirs.close()
        self._ready = False
        self.alive = True

    @property
    def process_id(self) -> int:
        """The operating system's id of the process."""
        return self._process.pid or 0

    def do(self, job: str, values: tuple[Any, ...], timeout_s: float) -> Any:
        if not self._ready:
            self._await_warm()
        try:
            self._pipe.send((job, values))
        except OSError as error:
            self._kill()
            raise _Lost(_GONE) from error
        return self._answer(timeout_s)

    def stop(self) -> None:
        """Lets the process leave by itself, or not."""
        self._pipe.close()
        self._process.join(_STOP_S)
        self._kill()

    def _await_warm(self) -> None:
        try:
            self._answer(_START_S)
        except _Lost as error:
            raise Unavailable(_GONE) from error
        except (Refusal, RuntimeError):
            self._kill()
            raise
        self._ready = True

    def _answer(self, timeout_s: float) -> Any:
        try:
            if not self._pipe.poll(timeout_s):
                self._kill()
                raise _Lost(_LATE)
            kind, value = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._kill()
            raise _Lost(_GONE) from error
        if kind == "done":
            return value
        if kind == "refused":
            code, sentence = value
            raise _REFUSALS[code](Words(*sentence))
        raise RuntimeError(f"a document could not be made: {value}")

    def _kill(self) -> None:
        self.alive = False
        self._process.kill()
        self._process.join()
        self._process.close()
        self._pipe.close()


def serve(pipe: Connection, memory_mb: int) -> None:
    """A worker's life: warm up, then one job after the other until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes the pipe
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    with contextlib.suppress(EOFError, OSError):  # the parent closed the pipe, or is gone
        pipe.send(_outcome("warm_up", ()))
        while True:
            job, values = pipe.recv()
            pipe.send(_outcome(job, values))


def _outcome(job: str, values: tuple[Any, ...]) -> tuple[str, Any]:
    try:
        return "done", _perform(job, values)
    except Refusal as refusal:
        return "refused", (refusal.code, tuple(refusal.sentence))
    except Exception as error:  # noqa: BLE001 - the edge of a process; the text could hold a patient's name and stays here
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        where = f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at is not None else "?"
        return "failed", f"{type(error).__name__} at {where}"


def _perform(job: str, values: tuple[Any, ...]) -> Any:
    from consult.formats import pdf, verdict

    match job:
        case "warm_up":
            return pdf.warm_up()
        case "render":
            return pdf.render(*values)
        case "render_stamp":
            return pdf.render_stamp(*values)
        case "verify":
            file, trust, archived_sha256, now = values
            return verdict.verify(file, trust, archived_sha256, now=now)
        case "identify":
            return verdict.identify(*values)
        case _:
            raise ValueError("no such job")
