"""One leader among the workers: whoever holds the lock ticks; when it dies the lock falls to another."""

import fcntl
import threading
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from consult.store.unit import Store

LEADER_LOCK = 0x4C454144  # "LEAD": the key for pg_try_advisory_lock


class Leadership:
    """The lock of one worker; ``held`` takes or confirms it, ``give_up`` lets it go."""

    def __init__(self, store: Store) -> None:
        self._engine = store.engine
        self._turn = threading.Lock()  # jobs tick in threads of their own
        self._file: IO[str] | None = None
        self._session: Connection | None = None

    def held(self) -> bool:
        """Whether this worker leads now; tries to take the lock when it does not."""
        with self._turn:
            return self._held_postgresql() if self._engine.dialect.name == "postgresql" else self._held_file()

    def _held_file(self) -> bool:
        if self._file is not None:
            return True
        database = self._engine.url.database or "consult"
        file = Path(database + ".leader").open("w")  # noqa: SIM115  kept open: the lock lives with it
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def _held_postgresql(self) -> bool:
        try:
            if self._session is not None:
                self._session.execute(text("SELECT 1"))
                return True
            self._session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self._session.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_LOCK}):
                return True
            self._session.close()
            self._session = None
        except DBAPIError:
            self._lose_session()
        return False

    def _lose_session(self) -> None:
        """End the session itself: back in the pool it could go on holding the lock."""
        if self._session is not None:
            self._session.invalidate()
            self._session.close()
            self._session = None

    def give_up(self) -> None:
        """Let another worker lead."""
        with self._turn:
            if self._file is not None:
                self._file.close()
                self._file = None
            if self._session is not None:
                try:
                    self._session.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LEADER_LOCK})
                except DBAPIError:
                    self._lose_session()
                else:
                    self._session.close()
                    self._session = None
