"""Frames made ready, behind a real nginx: Consult says who may see one, nginx sends it, and nobody gets around that."""

from tests.makers.archive import SERIES, STUDY
from tests.ops.conftest import ACCEL, Front
from tests.peers.nginx import HOST

OF_STUDY = f"/dicom-web/studies/{STUDY}"
FRAME = f"{OF_STUDY}/series/{SERIES}/instances/{SERIES}.1/frames/1"
HTJ2K = 'multipart/related; type="image/jphc"'


def test_nginx_sends_the_frame_that_was_made_ready(front: Front) -> None:
    status, body, headers = front.get(FRAME, front.site["anlong.doctor"], Accept=HTJ2K)
    (kept,) = front.kept()
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
    anlong, prepared = front.site["anlong.doctor"], front.site.archive.blobs.prepared
    (kept,) = front.kept()
    inside = f"{ACCEL}{kept.relative_to(prepared)}"
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
