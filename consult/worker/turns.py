"""A thread of the worker that takes its turn whenever there may be work, and only while this worker leads."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

POLL_S = 1.0
END_S = 10.0


class Turns(ABC):
    """``turn`` is taken again at once after work was found, else when nudged, else after ``POLL_S`` seconds."""

    def __init__(self, name: str, leads: Callable[[], bool]) -> None:
        self._leads = leads
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def turn(self) -> bool:
        """Do what there is to do; whether there was any."""

    def start(self) -> None:
        """Begin in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End after the work in hand."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=END_S)

    def nudge(self) -> None:
        """There may be work."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            if not (self._leads() and self.turn()):
                self._wake.wait(POLL_S)
                self._wake.clear()
