"""Who may see which study, remembered for two seconds: a viewer asks for hundreds of frames of the same one."""

import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection

from consult.domain.people import Actor

OPTION = "consult_seen"  # of the connections of a store
SECONDS = 2.0  # for which a change by another process may go unseen; one of this process counts when it is told
MOST = 4096


class Seen:
    """What actors were found to see: the study's key, by actor and UID."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[Actor, str], tuple[float, str]] = {}
        self._changes = 0

    def key_of(self, actor: Actor, study_uid: str, find: Callable[[], str]) -> str:
        """The key of the study with this UID that the actor sees; ``find`` looks for it and may refuse."""
        known = self._known.get((actor, study_uid))
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        changes = self._changes
        found = find()
        with self._lock:
            if changes == self._changes:  # nothing was told while we looked
                if len(self._known) >= MOST:
                    self._known.clear()
                self._known[actor, study_uid] = (time.monotonic() + SECONDS, found)
        return found

    def forget(self) -> None:
        """Something changed: look again."""
        with self._lock:
            self._changes += 1
            self._known.clear()


def seen_by(connection: Connection) -> Seen:
    """What is remembered in the store of this connection."""
    found: Seen = connection.get_execution_options()[OPTION]
    return found
