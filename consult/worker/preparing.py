"""Makes images ready for viewers, one study after the other, in a thread of the worker that leads."""

import threading
from collections.abc import Callable
from contextlib import ExitStack

import structlog

from consult.formats.prepared import FrameMaker

POLL_S = 1.0
REST_S = 5.0  # after something went wrong
log = structlog.get_logger("preparing")


class Preparing:
    """The threads that take studies from the row of those that wait; ``nudge`` wakes them.

    ``prepare_next`` makes one ready with a process for its frames, and says whether there was one.
    """

    def __init__(self, prepare_next: Callable[[FrameMaker], bool], leads: Callable[[], bool]) -> None:
        self._prepare_next = prepare_next
        self._leads = leads
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="preparing", daemon=True)

    def start(self) -> None:
        """Begin in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End after the object in hand."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def nudge(self) -> None:
        """There may be a study."""
        self._wake.set()

    def _run(self) -> None:
        with ExitStack() as closing:
            maker = closing.enter_context(FrameMaker())
            while not self._stop.is_set():
                if not (self._leads() and self._turn(maker)):
                    self._wake.wait(POLL_S)
                    self._wake.clear()

    def _turn(self, maker: FrameMaker) -> bool:
        try:
            return self._prepare_next(maker)
        except Exception as failure:  # noqa: BLE001  the edge of this thread: the next study gets its turn
            log.warning("a study was not made ready", error=type(failure).__name__)
            self._stop.wait(REST_S)
            return False
