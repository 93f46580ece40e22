"""Frames made ready, behind a real nginx: Consult says who may see one, nginx sends it, and nobody gets around that."""

import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from werkzeug.serving import make_server

from consult.formats.bounded import HeaderReader
from consult.settings import Settings, Web
from consult.store.arrivals import study_key
from tests.makers.archive import SERIES, STUDY, a_slice
from tests.makers.pictures import make_ready
from tests.makers.web import Browser, Site, site
from tests.peers.nginx import HOST, LONGEST_S, NGINX, certificate, free_port, nginx

OF_STUDY = f"/dicom-web/studies/{STUDY}"
FRAME = f"{OF_STUDY}/series/{SERIES}/instances/{SERIES}.1/frames/1"
HTJ2K = 'multipart/related; type="image/jphc"'
ACCEL = "/prepared/"


@dataclass
class Front:
    """The address in front, and the door behind it."""

    http: http.client.HTTPSConnection
    site: Site

    def get(self, path: str, who: Browser | None, **headers: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        said = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
        cookie = who.client.get_cookie("consult") if who is not None else None
        if cookie is not None:
            said["Cookie"] = f"consult={cookie.value}"
        self.http.request("GET", path, headers=said)
        answer = self.http.getresponse()
        return answer.status, answer.read(), answer.headers


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if NGINX is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    folder = tmp_path_factory.mktemp("front")
    settings = Settings(web=Web(accel=ACCEL))
    with (
        HeaderReader(1, 300, 20) as reader,
        site(tmp_path_factory.mktemp("door"), reader, "anlong.doctor", "dushan.doctor", settings=settings) as door,
    ):
        door.archive.put(a_slice(1))
        make_ready(door.archive, study_key("ANLONG", STUDY))
        behind = make_server("127.0.0.1", 0, door.app, threaded=True)
        threading.Thread(target=behind.serve_forever, daemon=True).start()
        ports = {"plain": free_port(), "tls": free_port(), "web": behind.port, "feed": behind.port}
        trusted = certificate(folder)
        try:
            with nginx(folder, ports, door.archive.blobs.cache):
                line = http.client.HTTPSConnection("127.0.0.1", ports["tls"], timeout=LONGEST_S, context=trusted)
                yield Front(line, door)
                line.close()
        finally:
            behind.shutdown()
            behind.server_close()


def test_nginx_sends_the_frame_that_consult_names(front: Front) -> None:
    status, body, headers = front.get(FRAME, front.site["anlong.doctor"], Accept=HTJ2K)
    (kept,) = (path for path in (front.site.archive.blobs.cache / "frames").rglob("*") if path.is_file())
    assert (status, body) == (200, kept.read_bytes())
    assert headers["Content-Type"].startswith(f"{HTJ2K}; boundary=")
    assert "immutable" in headers["Cache-Control"]
    assert headers["Vary"] == "Accept"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Accel-Redirect" not in headers


def test_ranges_and_what_a_browser_has_already_are_nginx_business(front: Front) -> None:
    anlong = front.site["anlong.doctor"]
    _, whole, headers = front.get(FRAME, anlong, Accept=HTJ2K)
    status, first, _ = front.get(FRAME, anlong, Accept=HTJ2K, Range="bytes=0-99")
    assert (status, first) == (206, whole[:100])
    assert front.get(FRAME, anlong, Accept=HTJ2K, If_None_Match=headers["ETag"])[:2] == (304, b"")


def test_a_small_picture_comes_the_same_way(front: Front) -> None:
    status, body, headers = front.get(f"{OF_STUDY}/thumbnail", front.site["anlong.doctor"])
    assert (status, body[:3], headers["Content-Type"]) == (200, b"\xff\xd8\xff", "image/jpeg")
    assert front.get(f"{OF_STUDY}/thumbnail", front.site["dushan.doctor"])[0] == 404


def test_another_institution_gets_nothing_and_nobody_gets_less(front: Front) -> None:
    assert front.get(FRAME, front.site["dushan.doctor"], Accept=HTJ2K)[0] == 404
    assert front.get(FRAME, None, Accept=HTJ2K)[0] == 401


def test_the_folder_behind_cannot_be_reached_from_outside(front: Front) -> None:
    anlong, cache = front.site["anlong.doctor"], front.site.archive.blobs.cache
    (kept,) = (path for path in (cache / "frames").rglob("*") if path.is_file())
    inside = f"{ACCEL}{kept.relative_to(cache)}"
    for path in (
        inside,
        f"/x/..{inside}",
        inside.replace("prepared", "%70repared"),
        f"/{inside}",
        f"/x/..{ACCEL}",
    ):
        status, body, _ = front.get(path, anlong)
        assert status in (400, 404), path
        assert kept.read_bytes() != body


def test_a_session_that_is_over_opens_nothing(front: Front) -> None:
    dushan = front.site["dushan.doctor"]
    token = dushan.client.get_cookie("consult")
    assert dushan.client.delete("/api/v1/session", headers={"X-CSRF-Token": dushan.csrf}).status_code == 204
    assert token is not None
    front.http.request("GET", FRAME, headers={"Host": HOST, "Accept": HTJ2K, "Cookie": f"consult={token.value}"})
    answer = front.http.getresponse()
    assert (answer.status, bool(answer.read())) == (401, True)
