"""The nginx site in front: a real nginx takes it, ends TLS, tells who calls, and hides what is for the machine."""

import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.peers.nginx import HOST, LONGEST_S, NGINX, certificate, free_port, nginx


class Behind(BaseHTTPRequestHandler):
    """Stands where Consult stands: answers with what it was told."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(0)

    def do_POST(self) -> None:
        server: BehindServer = self.server  # type: ignore[assignment]
        left, got = int(self.headers["Content-Length"]), 0
        while got < left:
            piece = self.rfile.read1(min(65536, left - got))
            if not piece:
                return
            got += len(piece)
            server.began.set()
        self._answer(got)

    def _answer(self, got: int) -> None:
        server: BehindServer = self.server  # type: ignore[assignment]
        body = json.dumps({"name": server.name, "path": self.path, "got": got, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class BehindServer(ThreadingHTTPServer):
    """One of the processes behind nginx; ``began`` is set when the first bytes of a body have come."""

    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), Behind)
        self.name = name
        self.began = threading.Event()


@dataclass
class Front:
    """A running nginx with the site, and what is behind it."""

    port: int
    plain_port: int
    web: BehindServer
    trusted: ssl.SSLContext

    def connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=LONGEST_S, context=self.trusted)

    def get(self, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        connection = self.connection()
        connection.request("GET", path, headers={"Host": HOST, **{k.replace("_", "-"): v for k, v in headers.items()}})
        answer = connection.getresponse()
        found = answer.status, answer.read(), dict(answer.headers)
        connection.close()
        return found


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if NGINX is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    folder = tmp_path_factory.mktemp("nginx")
    web, feed = BehindServer("web"), BehindServer("feed")
    for server in (web, feed):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    trusted = certificate(folder)
    ports = {"plain": free_port(), "tls": free_port(), "web": web.server_port, "feed": feed.server_port}
    try:
        with nginx(folder, ports):
            yield Front(ports["tls"], ports["plain"], web, trusted)
    finally:
        for server in (web, feed):
            server.shutdown()
            server.server_close()


def test_consult_is_told_who_calls_and_by_what_address(front: Front) -> None:
    status, body, headers = front.get("/api/v1/cases?q=1")
    told = json.loads(body)
    assert (status, told["name"], told["path"]) == (200, "web", "/api/v1/cases?q=1")
    assert told["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert told["headers"]["X-Forwarded-Proto"] == "https"
    assert told["headers"]["X-Forwarded-Host"] == HOST
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_an_address_that_a_caller_made_up_is_not_passed_on(front: Front) -> None:
    for path in ("/livez", "/dicom-web/studies", "/socket.io/"):
        told = json.loads(front.get(path, X_Forwarded_For="10.1.2.3", X_Forwarded_Host="evil.example")[1])
        assert told["headers"]["X-Forwarded-For"] == "127.0.0.1", path
        assert told["headers"]["X-Forwarded-Host"] == HOST, path


def test_figures_are_not_for_the_network(front: Front) -> None:
    assert front.get("/metrics")[0] == 404


def test_without_tls_a_browser_is_sent_to_the_tls_address(front: Front) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", front.plain_port, timeout=LONGEST_S)
    connection.request("GET", "/cases/1?tab=images", headers={"Host": HOST})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (308, f"https://{HOST}/cases/1?tab=images")
    connection.close()


def test_sockets_go_to_the_feed_with_their_upgrade(front: Front) -> None:
    told = json.loads(front.get("/socket.io/?EIO=4", Upgrade="websocket", Connection="Upgrade")[1])
    assert told["name"] == "feed"
    assert told["headers"]["Upgrade"] == "websocket"
    assert told["headers"]["Connection"] == "upgrade"
    assert "Upgrade" not in json.loads(front.get("/socket.io/?EIO=4&transport=polling")[1])["headers"]


def test_images_are_passed_on_while_they_still_come_in_and_may_be_large(front: Front) -> None:
    size, piece = 80 * 2**20, b"\0" * 2**20
    front.web.began.clear()
    connection = front.connection()
    connection.putrequest("POST", "/dicom-web/studies", skip_host=True)
    for name, value in (("Host", HOST), ("Content-Length", str(size))):
        connection.putheader(name, value)
    connection.endheaders()
    for _ in range(8):
        connection.send(piece)
    assert front.web.began.wait(LONGEST_S), "nothing came before the request was whole"
    for _ in range(size // 2**20 - 8):
        connection.send(piece)
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["got"]) == (200, size)
    connection.close()


def test_a_body_elsewhere_is_bounded(front: Front) -> None:
    connection = front.connection()
    connection.putrequest("POST", "/api/v1/cases", skip_host=True)
    for name, value in (("Host", HOST), ("Content-Length", str(80 * 2**20))):
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
