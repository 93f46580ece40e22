"""A receiving process brings its rows to the process that writes them, over a pipe, and waits for each."""

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

from consult.actions.rows import Arrival, Kept, packed
from consult.domain.errors import Unavailable, Words
from consult.listeners.places import SharedCounts

log = logging.getLogger(__name__)

READY, ROW, HUNG_UP, CONNECTED = "ready", "row", "hung up", "connected"
AWAY = Words("暂时无法接收，请稍后重发。", "It cannot be received now; send again later.")


class HandedRows:
    """Rows that another process writes. ``ended`` is called when that process is gone: nothing can be received then."""

    def __init__(self, pipe: "Connection[Any, Any]", counts: SharedCounts, slot: int) -> None:
        self._pipe = pipe
        self._counts = counts
        self._slot = slot
        self.ended: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._numbers = count()
        self._waiting: dict[int, Future[Kept]] = {}
        self._is_gone = False
        self._thread = threading.Thread(target=self._hear, name="rows-answers", daemon=True)

    def start(self) -> None:
        """Begin to hear the answers."""
        self._thread.start()

    def ready(self) -> None:
        """Connections may be handed on. Raises Unavailable."""
        with self._lock:
            self._send((READY, 0, ()))

    def coming(self, more: int) -> None:
        """So many more objects are about to be brought; fewer where negative."""
        self._counts.add_coming(self._slot, more)

    def put(self, arrival: Arrival) -> Future[Kept]:
        """Bring an object that is on disk; done when its row is committed. Raises Unavailable."""
        kept: Future[Kept] = Future()
        sent = packed(arrival)
        with self._lock:
            if self._is_gone:
                raise Unavailable(AWAY)
            number = next(self._numbers)
            self._waiting[number] = kept
            self._send((ROW, number, sent))
        return kept

    def hung_up(self, study_ids: Iterable[str]) -> None:
        """Nobody here sends into these studies any more. Raises Unavailable."""
        with self._lock:
            self._send((HUNG_UP, 0, tuple(study_ids)))

    def still_connected(self, study_ids: Iterable[str]) -> None:
        """Somebody here sends into just these studies. Raises Unavailable."""
        with self._lock:
            self._send((CONNECTED, 0, tuple(study_ids)))

    def close(self) -> None:
        """Nothing more will be brought, and every answer has come."""
        self._pipe.close()

    def _send(self, message: object) -> None:
        try:
            self._pipe.send(message)
        except OSError as gone:
            raise Unavailable(AWAY) from gone

    def _hear(self) -> None:
        """Settle what is answered; when the writer has gone, nothing will ever be."""
        try:
            while True:
                number, kept, why = self._pipe.recv()
                waiting = self._waiting.pop(number)
                if kept is not None:
                    waiting.set_result(kept)
                else:
                    waiting.set_exception(Unavailable(Words(*why)))
        except (EOFError, OSError):
            with self._lock:
                self._is_gone = True
                left = [self._waiting.popitem()[1] for _ in list(self._waiting)]
            for each in left:
                each.set_exception(Unavailable(AWAY))
            self.ended()
