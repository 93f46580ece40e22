"""A thin line between two ends: so many bits a second each way, and a delay; what does not fit waits at its sender."""

import asyncio
import socket
from types import TracebackType
from typing import Self

PIECE = 512  # bytes that go at once
NARROW = 4096  # bytes that the kernel may hold for us: what waits shall wait where it can still be replaced


class ThinLine:
    """A TCP relay to one address. An asynchronous context manager; ``port`` is where to call."""

    def __init__(self, host: str, port: int, bits_per_s: float, delay_s: float = 0.0) -> None:
        self.port = 0
        self.carried = 0
        self._to = (host, port)
        self._bytes_per_s, self._delay_s = bits_per_s / 8, delay_s
        self._tasks: list[asyncio.Task[None]] = []
        self._ends: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._call, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for end in self._ends:
            end.close()
        await asyncio.gather(*(end.wait_closed() for end in self._ends), return_exceptions=True)

    async def _call(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        upstream = socket.socket()
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
        upstream.setblocking(False)
        await asyncio.get_running_loop().sock_connect(upstream, self._to)
        far_in, far_out = await asyncio.open_connection(sock=upstream, limit=PIECE)
        self._ends += [near_out, far_out]
        for source, out in ((near_in, far_out), (far_in, near_out)):
            self._tasks.append(asyncio.create_task(self._carry(source, out)))

    async def _carry(self, source: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        try:
            while piece := await source.read(PIECE):
                self.carried += len(piece)
                await asyncio.sleep(len(piece) / self._bytes_per_s)
                loop.call_later(self._delay_s, out.write, piece)
        except ConnectionError:
            pass
        finally:
            loop.call_later(self._delay_s, out.close)
