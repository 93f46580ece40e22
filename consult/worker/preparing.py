"""Makes images ready for viewers, one study after the other, in a thread of the worker that leads."""

from collections.abc import Callable

import structlog

from consult.formats.prepared import FrameMaker
from consult.worker.turns import Turns

REST_S = 5.0  # after something went wrong
log = structlog.get_logger("preparing")


class Preparing(Turns):
    """Takes studies from the row of those that wait.

    ``prepare_next`` makes one ready with a process for its frames, and says whether there was one.
    """

    def __init__(self, prepare_next: Callable[[FrameMaker], bool], leads: Callable[[], bool]) -> None:
        super().__init__("preparing", leads)
        self._prepare_next = prepare_next
        self._maker = FrameMaker()

    def turn(self) -> bool:
        """Make the most urgent study ready; whether there was one."""
        try:
            return self._prepare_next(self._maker)
        except Exception as failure:  # noqa: BLE001  the edge of this thread: the next study gets its turn
            log.warning("a study was not made ready", error=type(failure).__name__)
            self._stop.wait(REST_S)
            return False

    def _run(self) -> None:
        with self._maker:
            super()._run()
