"""Consult behind a real nginx with the site as it is shipped, one image made ready."""

import http.client
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from consult.formats.bounded import HeaderReader
from consult.settings import Settings, Web
from consult.store.arrivals import study_key
from tests.makers.archive import STUDY, a_slice
from tests.makers.pictures import make_ready
from tests.makers.web import Browser, Site, site
from tests.peers.nginx import HOST, LONGEST_S, NGINX, certificate, free_port, nginx

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ACCEL = "/prepared/"


@dataclass
class Front:
    """The address in front, the door behind it, and the paths that the door was asked for."""

    http: http.client.HTTPSConnection
    site: Site
    asked: list[str]

    def get(
        self, path: str, who: Browser | None, method: str = "GET", **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        said = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
        cookie = who.client.get_cookie("consult") if who is not None else None
        if cookie is not None:
            said["Cookie"] = f"consult={cookie.value}"
        self.http.request(method, path, headers=said)
        answer = self.http.getresponse()
        return answer.status, answer.read(), answer.headers

    def kept(self) -> list[Path]:
        """The frames that were made ready."""
        return sorted(path for path in (self.site.archive.blobs.prepared / "studies").rglob("*") if path.is_file())


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def front_of(folder: Path, door: Site, **more: str) -> Iterator[Front]:
    """nginx in front of a door."""
    if NGINX is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    asked: list[str] = []
    inner = door.app.wsgi_app

    def noted(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        asked.append(environ["PATH_INFO"])
        return inner(environ, start_response)

    behind = make_server("127.0.0.1", 0, noted, threaded=True, request_handler=_Quiet)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    ports = {"plain": free_port(), "tls": free_port(), "web": behind.port, "feed": behind.port}
    trusted = certificate(folder)
    try:
        with nginx(folder, ports, door.archive.blobs.prepared, **more):
            line = http.client.HTTPSConnection("127.0.0.1", ports["tls"], timeout=LONGEST_S, context=trusted)
            yield Front(line, door, asked)
            line.close()
    finally:
        behind.shutdown()
        behind.server_close()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    settings = Settings(web=Web(accel=ACCEL))
    people = ("anlong.doctor", "dushan.doctor", "anlong.admin", "xingyi.coordinator")
    with (
        HeaderReader(1, 300, 20) as reader,
        site(tmp_path_factory.mktemp("door"), reader, *people, settings=settings) as door,
    ):
        door.archive.put(a_slice(1))
        make_ready(door.archive, study_key("ANLONG", STUDY))
        with front_of(tmp_path_factory.mktemp("front"), door) as opened:
            yield opened
