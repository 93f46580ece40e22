"""Lays documents out and judges foreign ones in processes of their own: threads would queue, hostile files may kill.

Each worker is warm before its first job, does one job at a time, and is replaced when it dies or takes too long.
"""

import contextlib
import hashlib
import queue
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from consult.domain.errors import Broken, NotFound, Refusal, Unavailable, Words
from consult.formats.attachments import UNREADABLE
from consult.formats.document import Rendered, ReportDocument, Stamp
from consult.formats.figures_page import FiguresPage
from consult.formats.measured import KeyImages, MeasuredStudy
from consult.formats.trust import TrustSource
from consult.formats.verdict import REASONS, Identity, Reason, Verdict

_START_S: Final = 90.0  # s for a worker to import and to find its fonts, on a machine that starts everything at once
_STOP_S: Final = 5.0
_LISTING_S: Final = 0.05  # s for each object of a directory, many times what reading its header takes
_REFUSALS: Final[dict[str, type[Refusal]]] = {kind.code: kind for kind in (Broken, NotFound, Unavailable)}

_LATE = Words("文书处理超时，请稍后重试。", "The document took too long; try again later.")
_JOBS: Final = {
    "ready_to_print": ("pdf", "warm_up"),
    "ready_to_judge": ("verdict", "warm_up"),
    "ready_to_paint": ("rendering", "warm_up"),
    "render": ("pdf", "render"),
    "figures": ("figures_page", "render"),
    "stamp": ("pdf", "render_stamp"),
    "png": ("rendering", "render_png"),
    "paint": ("rendering", "render"),
    "waveforms": ("waveforms", "read_waveforms"),
    "document": ("pages", "document"),
    "page": ("pages", "page"),
    "directory": ("media", "directory"),
    "shrink": ("attachments", "shrink"),
    "measured_sr": ("measured_sr", "measured_sr"),
    "measured_pr": ("measured_pr", "measured_pr"),
    "key_objects": ("key_objects", "key_objects"),
    "verify": ("verdict", "verify"),
    "identify": ("verdict", "identify"),
}
"""What a worker can do: a module of this package, loaded when it is needed, and its function."""

_BUSY = Words("文书处理繁忙，请稍后重试。", "Too many documents at once; try again later.")
_GONE = Words("文书处理进程异常退出，请稍后重试。", "The process for documents went away; try again later.")


ObjectKind = Literal["measured_sr", "measured_pr", "key_objects"]
Trade = Literal["print", "judge", "paint"]


class _Lost(Unavailable):
    """The worker took too long or died on this job."""


class _Died(_Lost):
    """The worker died: of this job, or of something else."""


class Workshop:
    """``workers`` processes, each with at most ``memory_mb`` MB of address space and ``timeout_s`` s a job.

    Its methods may be called from any thread and wait for a free worker. They raise what the functions behind them
    raise (``pdf.render``, ``pdf.render_stamp``, ``rendering.render``, ``verdict.verify``, ``verdict.identify``),
    and :class:`Unavailable` where a job takes too long, no worker is free for as long, or the worker dies (twice, for
    what is made here). ``trade`` says what its processes make themselves ready for: to print
    pages, to judge files, or to paint pictures.
    They start with the first job, or with :meth:`warm`; use it in the process that opened it.
    """

    def __init__(self, workers: int, timeout_s: float, memory_mb: int = 1536, *, trade: Trade = "print") -> None:
        self._workers = workers
        self._timeout_s = timeout_s
        self._first = (str(memory_mb), f"ready_to_{trade}")
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(_Worker(self._first))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all workers, after the jobs under way."""
        for _ in range(self._workers):
            self._idle.get().stop()

    def warm(self) -> None:
        """Starts all workers, and does not wait until they are ready."""
        workers = [self._idle.get() for _ in range(self._workers)]
        for worker in workers:
            worker.start()
            self._idle.put(worker)

    def render(self, document: ReportDocument) -> Rendered:
        """The report laid out as PDF/A, and where its signatures go."""
        laid_out: Rendered = self._make("render", document)
        return laid_out

    def figures(self, page: FiguresPage) -> bytes:
        """A report of figures as PDF."""
        pdf: bytes = self._make("figures", page)
        return pdf

    def dicom(self, kind: ObjectKind, told: MeasuredStudy | KeyImages) -> bytes:
        """What was measured or chosen on images, as a DICOM object."""
        made: bytes = self._make(kind, told)
        return made

    def stamp(self, stamp: Stamp) -> bytes:
        """A signature's appearance, one page of PDF."""
        page: bytes = self._make("stamp", stamp)
        return page

    def png(self, path: Path, frame: int, longest: int) -> bytes:
        """A frame (from 1) of a DICOM file as PNG, at most ``longest`` pixels on a side."""
        image: bytes = self._make("png", path, frame, longest=longest)
        return image

    def paint(
        self,
        path: Path,
        frame: int = 1,
        window: tuple[float, float] | None = None,
        within: tuple[int, int] | None = None,
        media_type: str = "image/jpeg",
        quality: int = 90,
    ) -> bytes:
        """A frame (from 1) of a DICOM file as a picture, as ``rendering.render`` makes it."""
        picture: bytes = self._make("paint", path, frame, window, within, media_type, quality)
        return picture

    def waveforms(self, path: Path, group: int, at_s: float, seconds: float) -> dict[str, Any]:
        """A stretch of an object's curves, as ``waveforms.read_waveforms`` tells them."""
        curves: dict[str, Any] = self._make("waveforms", path, group, at_s, seconds)
        return curves

    def document(self, path: Path) -> dict[str, Any]:
        """What an encapsulated PDF is, as ``pages.document`` tells it."""
        told: dict[str, Any] = self._make("document", path)
        return told

    def page(self, path: Path, number: int) -> bytes:
        """A page of an encapsulated PDF as PNG."""
        picture: bytes = self._make("page", path, number)
        return picture

    def directory(self, paths: Sequence[Path]) -> tuple[bytes, list[str]]:
        """A DICOMDIR over objects, and each one's name below it; it has longer the more objects there are."""
        job: tuple[str, tuple[Any, ...], dict[str, Any]] = ("directory", (list(paths),), {})
        made: tuple[bytes, list[str]] = self._once(*job, longer_s=_LISTING_S * len(paths))
        return made

    def shrink(self, path: Path, kind: str) -> bytes:
        """A picture from anybody as a small JPEG; one that no worker survives is told to be unreadable."""
        try:
            small: bytes = self._once("shrink", (path, kind), {})
        except _Lost:
            raise Broken(UNREADABLE) from None
        return small

    def verify(self, pdf: bytes, trust: TrustSource, archived_sha256: str | None, *, now: datetime) -> Verdict:
        """Whether a file is our signed report; a foreign file that no worker survives is told to be damaged."""
        try:
            verdict: Verdict = self._once("verify", (pdf, trust.without_keys(), archived_sha256), {"now": now})
        except _Lost:
            digest = hashlib.sha256(pdf).hexdigest()
            if digest == archived_sha256:
                raise
            return Verdict(False, (Reason("damaged", REASONS["damaged"]),), (), digest)
        return verdict

    def identify(self, pdf: bytes) -> Identity | None:
        """Which report a file says it is; None for one that no worker survives."""
        try:
            identity: Identity | None = self._once("identify", (pdf,), {})
        except _Lost:
            return None
        return identity

    def process_ids(self) -> list[int]:
        """The processes that are idle now, for whoever watches them."""
        return [worker.process_id for worker in list(self._idle.queue) if worker.process_id is not None]

    def _make(self, job: str, *values: Any, **named: Any) -> Any:
        """A job on values of our own, so that a worker's death is not of its making: once more with a fresh one."""
        try:
            return self._once(job, values, named)
        except _Died:
            return self._once(job, values, named)

    def _once(self, job: str, values: tuple[Any, ...], named: dict[str, Any], longer_s: float = 0) -> Any:
        try:
            worker = self._idle.get(timeout=self._timeout_s)
        except queue.Empty:
            raise Unavailable(_BUSY) from None
        if not worker.alive:  # died since its last job
            worker.stop()
            worker = _Worker(self._first)
        try:
            return worker.do((job, values, named), self._timeout_s + longer_s)
        finally:
            self._idle.put(worker if worker.alive else _Worker(self._first))


class _Worker:
    """One process and the pipe to it; used by one thread at a time."""

    def __init__(self, first: tuple[str, str]) -> None:
        self._first = first  # MB of address space, and the job that makes it ready
        self._pipe: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False

    @property
    def alive(self) -> bool:
        """Whether it can take a job; one that has not started yet can."""
        return self._process is None or self._process.poll() is None

    @property
    def process_id(self) -> int | None:
        """The operating system's id of the process, None before it started and after it ended."""
        return self._process.pid if self._process is not None and self.alive else None

    def start(self) -> Connection:
        """Begins to warm up, unless it did; the pipe to it."""
        if self._pipe is None:
            root = str(Path(__file__).parents[2])
            ours, theirs = socket.socketpair()
            # No secret of ours is in its environment, and what it might print could be of a patient.
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from consult.formats.pdf_pool import serve; serve()", *self._first],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={
                    "HOME": str(Path.home()),  # where fontconfig keeps its cache
                    "PYTHONPATH": root,
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONUTF8": "1",
                },
                cwd=root,
            )
            theirs.close()
            self._pipe = Connection(ours.detach())
        return self._pipe

    def do(self, job: tuple[str, tuple[Any, ...], dict[str, Any]], timeout_s: float) -> Any:
        pipe = self.start()
        if not self._ready:
            self._await_warm(pipe)
        try:
            pipe.send(job)
        except OSError as error:
            self._kill()
            raise _Died(_GONE) from error
        return self._answer(pipe, timeout_s)

    def stop(self) -> None:
        """Lets the process leave by itself, or not."""
        if self._pipe is not None and self._process is not None:
            self._pipe.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)
        self._kill()

    def _await_warm(self, pipe: Connection) -> None:
        try:
            self._answer(pipe, _START_S)
        except _Lost as error:
            raise Unavailable(_GONE) from error
        except (Refusal, RuntimeError):
            self._kill()
            raise
        self._ready = True

    def _answer(self, pipe: Connection, timeout_s: float) -> Any:
        try:
            if not pipe.poll(timeout_s):
                self._kill()
                raise _Lost(_LATE)
            kind, value = pipe.recv()
        except (EOFError, OSError) as error:
            self._kill()
            raise _Died(_GONE) from error
        if kind == "done":
            return value
        if kind == "refused":
            code, sentence = value
            raise _REFUSALS.get(code, Unavailable)(Words(*sentence))
        raise RuntimeError(f"a document could not be made: {value}")

    def _kill(self) -> None:
        if self._pipe is not None and self._process is not None:
            self._process.kill()
            self._process.wait()
            self._pipe.close()


def serve() -> None:
    """A worker's life: warm up, then job after job from the socket at its standard input, until that closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes the pipe
    memory = int(sys.argv[1]) << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    pipe = Connection(0)
    with contextlib.suppress(EOFError, OSError):  # the parent closed the pipe, or is gone
        pipe.send(_outcome(sys.argv[2], (), {}))
        while True:
            job, values, named = pipe.recv()
            pipe.send(_outcome(job, values, named))


def _outcome(job: str, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[str, Any]:
    try:
        module, function = _JOBS[job]
        return "done", getattr(import_module(f"consult.formats.{module}"), function)(*values, **named)
    except Refusal as refusal:
        return "refused", (refusal.code, tuple(refusal.sentence))
    except Exception as error:  # noqa: BLE001 - the edge of a process; the text could hold a patient's name and stays here
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        where = f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at is not None else "?"
        return "failed", f"{type(error).__name__} at {where}"
