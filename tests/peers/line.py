"""A line between us and a peer that can be cut, or go silent, and be mended: a small TCP proxy on loopback."""

import selectors
import socket
import threading
from types import TracebackType
from typing import Self


class Line:
    """Listens on a port of its own and passes bytes to ``port``; whole at first. A context manager."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._whole = threading.Event()
        self._whole.set()
        self._silent = False
        self._ending = False
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._after: int | None = None
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]

    def __enter__(self) -> Self:
        self._begin(self._answer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending = True
        socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        self._hang_up()
        self._whole.set()
        for thread in self._threads:
            thread.join(10)
        self._door.close()

    def cut(self) -> None:
        """Every connection breaks, and new ones break at once."""
        self._silent = False
        self._whole.clear()
        self._hang_up()

    def cut_after(self, sent: int) -> None:
        """The line is cut by itself when so many more bytes have gone to the peer."""
        self._after = sent

    def fall_silent(self) -> None:
        """Connections are accepted, and nothing is passed on, in neither direction."""
        self._silent = True
        self._whole.clear()

    def mend(self) -> None:
        """As at first; whoever waited in silence has to call again."""
        self._after = None
        self._hang_up()
        self._silent = False
        self._whole.set()

    def _begin(self, work: object, *told: object) -> None:
        thread = threading.Thread(target=work, args=told, daemon=True)  # type: ignore[arg-type]  # any of ours
        self._threads.append(thread)
        thread.start()

    def _answer(self) -> None:
        while True:
            near, _ = self._door.accept()
            if self._ending:
                near.close()
                return
            self._begin(self._pass_on, near)

    def _pass_on(self, near: socket.socket) -> None:
        with near, socket.create_connection(self._target, timeout=10) as far:
            with self._guard:
                self._open |= {near, far}
            try:
                if self._whole.is_set() or self._silent:
                    self._carry(near, far)
            except OSError:
                pass  # one of the ends has gone
            finally:
                with self._guard:
                    self._open -= {near, far}

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(near, selectors.EVENT_READ, far)
            ready.register(far, selectors.EVENT_READ, near)
            while True:
                for key, _ in ready.select():
                    taken = key.fileobj.recv(64 << 10)  # type: ignore[union-attr]  # it is a socket
                    if not taken:
                        return
                    self._count(len(taken) if key.data is far else 0)
                    self._whole.wait()
                    key.data.sendall(taken)

    def _count(self, sent: int) -> None:
        if self._after is None:
            return
        self._after -= sent
        if self._after < 0:
            self._after = None
            self.cut()
            raise OSError

    def _hang_up(self) -> None:
        with self._guard:
            for each in self._open:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it has gone already
