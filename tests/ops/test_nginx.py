"""The nginx site in front: a real nginx takes it, ends TLS, tells who calls, and hides what is for the machine."""

import datetime
import http.client
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SITE = Path(__file__).resolve().parents[2] / "ops" / "nginx" / "consult.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
HOST = "consult.example.org"
LONGEST_S = 15


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "fullchain.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    trusted = ssl.create_default_context(cadata=pem.decode())
    trusted.check_hostname = False
    return trusted


def _config(folder: Path, ports: dict[str, int]) -> Path:
    """The site as it is shipped, on other ports and folders, inside the least main configuration."""
    site = SITE.read_text()
    for shipped, here in (
        ("listen 80;", f"listen 127.0.0.1:{ports['plain']};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{ports['tls']} ssl"),
        ("consult_web {\n    server 127.0.0.1:8080;", f"consult_web {{\n    server 127.0.0.1:{ports['web']};"),
        ("consult_feed {\n    server 127.0.0.1:8080;", f"consult_feed {{\n    server 127.0.0.1:{ports['feed']};"),
        ("/etc/consult/tls", str(folder)),
        ("/var/log/nginx", str(folder)),
    ):
        assert shipped in site, shipped
        site = site.replace(shipped, here)
    (folder / "site.conf").write_text(site)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nworker_processes 1;\nuser root;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}include {folder}/site.conf;\n}}\n"
    )
    return config


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if NGINX is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    folder = tmp_path_factory.mktemp("nginx")
    web, feed = BehindServer("web"), BehindServer("feed")
    for server in (web, feed):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    trusted = _certificate(folder)
    ports = {"plain": _free_port(), "tls": _free_port(), "web": web.server_port, "feed": feed.server_port}
    config = _config(folder, ports)
    checked = subprocess.run([NGINX, "-t", "-c", str(config)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr.replace('"user" directive makes sense', "")
    process = subprocess.Popen([NGINX, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        _await(ports["tls"], process)
        yield Front(ports["tls"], ports["plain"], web, trusted)
    finally:
        process.terminate()
        process.wait(timeout=LONGEST_S)
        for server in (web, feed):
            server.shutdown()
            server.server_close()


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + LONGEST_S
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("nginx does not listen")


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
