"""A browser's socket: what it is told goes out in order, a slow one is let go, and a hasty one is slowed down."""

import asyncio

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from consult.media.room import said

MOST_WAITING = 200
"""Messages that a browser has not taken yet; it enters again and is told all that counts."""
PER_S, BURST = 20.0, 60.0
_OVER = object()


class Socket:
    """A Line over a WebSocket, with a task that sends."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._waiting: asyncio.Queue[object] = asyncio.Queue()
        self._sending = asyncio.create_task(self._send())
        self._over = False

    def tell(self, message: str) -> None:
        """See Line."""
        if self._over:
            return
        if self._waiting.qsize() >= MOST_WAITING:
            self.hang_up("too-slow", "网络太慢，请重新进入。", "The line is too slow; enter again.")
            return
        self._waiting.put_nowait(message)

    def hang_up(self, code: str, zh: str, en: str) -> None:
        """See Line."""
        if not self._over:
            self._waiting.put_nowait(said("refused", code=code, zh=zh, en=en))
            self._end()

    async def close(self) -> None:
        """Send what waits and close."""
        self._end()
        await self._sending

    def _end(self) -> None:
        self._over = True
        self._waiting.put_nowait(_OVER)

    async def _send(self) -> None:
        try:
            while (message := await self._waiting.get()) is not _OVER:
                await self._connection.send(str(message))
            await self._connection.close()
        except ConnectionClosed:
            self._over = True


class Allowance:
    """So many messages a second, and a burst of some more."""

    def __init__(self) -> None:
        self._left, self._at = BURST, 0.0

    def take(self, now: float) -> bool:
        """Whether one more is all right at this second."""
        self._left = min(BURST, self._left + (now - self._at) * PER_S)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
