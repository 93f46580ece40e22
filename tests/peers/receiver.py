"""A real HTTP server on loopback, standing for a text-message gateway or an institution's system."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Call:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """What it said."""
        return dict(json.loads(self.body))


@dataclass
class Receiver:
    """What came, and what is answered: each of ``answers`` once (status, headers), then 200 with a number."""

    url: str = ""
    calls: list[Call] = field(default_factory=list[Call])
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list[tuple[int, dict[str, str]]])
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A server on a free port."""
    box = Receiver()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with box.lock:
                box.calls.append(Call(self.path, dict(self.headers), body))
                status, headers = box.answers.pop(0) if box.answers else (200, {})
                number = len(box.calls)
            said = json.dumps({"id": f"gw-{number}"}).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    box.url = f"{'https' if tls else 'http'}://localhost:{server.server_address[1]}"
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
