"""Promises about what is looked at: frames as they were made ready, rendered images and thumbnails."""

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from consult.actions import images
from consult.domain.errors import Broken
from consult.formats.bounded import HeaderReader
from consult.formats.pixels import decode_frame
from consult.settings import Settings, Web
from consult.store.arrivals import Kept, study_key
from tests.makers.archive import SERIES, STUDY, a_slice
from tests.makers.dicom import SAMPLES, needs_samples
from tests.makers.pictures import make_ready, work_off
from tests.makers.web import Site, site

ROOT = "/dicom-web"
OF_STUDY = f"{ROOT}/studies/{STUDY}"
OF_SERIES = f"{OF_STUDY}/series/{SERIES}"
OF_SOP = f"{OF_SERIES}/instances/{SERIES}.3"
HTJ2K = 'multipart/related; type="image/jphc"; transfer-syntax=1.2.840.10008.1.2.4.202'
STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, reader: HeaderReader) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("pictures"), reader, "anlong.doctor", "dushan.doctor") as opened:
        for number in range(1, 6):
            opened.archive.put(a_slice(number, pixel=number))
        make_ready(opened.archive, study_key("ANLONG", STUDY))
        yield opened


def body_of(answer: bytes, content_type: str) -> tuple[str, bytes]:
    """Head and body of the only part."""
    boundary = content_type.split("boundary=")[1].encode()
    start, end = answer.index(b"\r\n\r\n") + 4, answer.rindex(b"\r\n--" + boundary + b"--")
    assert answer.startswith(b"--" + boundary)
    return answer[:start].decode(), answer[start:end]


def test_a_viewer_that_asks_for_htj2k_gets_what_was_made_ready(door: Site) -> None:
    answer = door["anlong.doctor"].get(f"{OF_SOP}/frames/1", Accept=f"{HTJ2K}, {STORED}; q=0.5")
    head, codestream = body_of(answer.data, answer.headers["Content-Type"])
    assert "image/jphc" in head
    assert "1.2.840.10008.1.2.4.202" in head
    assert imagecodecs.htj2k_decode(codestream).ravel()[0] == 3
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Accept" in answer.headers["Vary"]


def test_a_frame_by_itself_is_the_codestream_alone(door: Site) -> None:
    parts = door["anlong.doctor"].get(f"{OF_SOP}/frames/1", Accept=HTJ2K)
    alone = door["anlong.doctor"].get(f"{OF_SOP}/frames/1", Accept="image/jphc")
    assert alone.headers["Content-Type"] == "image/jphc"
    assert body_of(parts.data, parts.headers["Content-Type"])[1] == alone.data


def test_whoever_takes_anything_gets_what_is_stored(door: Site) -> None:
    for accept in (STORED, "*/*", "multipart/related"):
        answer = door["anlong.doctor"].get(f"{OF_SOP}/frames/1", Accept=accept)
        head, body = body_of(answer.data, answer.headers["Content-Type"])
        assert "1.2.840.10008.1.2.1\r" in head
        assert len(body) == 32


def test_the_first_bytes_of_a_frame_can_be_asked_for_and_then_the_rest(door: Site) -> None:
    browser = door["anlong.doctor"]
    whole = browser.get(f"{OF_SOP}/frames/1", Accept=HTJ2K)
    first = browser.get(f"{OF_SOP}/frames/1", Accept=HTJ2K, Range="bytes=0-99")
    assert (first.status_code, first.data) == (206, whole.data[:100])
    rest = browser.get(f"{OF_SOP}/frames/1", Accept=HTJ2K, Range="bytes=100-", If_Range=first.headers["ETag"])
    assert first.data + rest.data == whole.data
    known = browser.get(f"{OF_SOP}/frames/1", Accept=HTJ2K, If_None_Match=whole.headers["ETag"])
    assert (known.status_code, known.data) == (304, b"")


def test_what_was_not_made_ready_is_given_as_it_is_stored(tmp_path: Path, reader: HeaderReader) -> None:
    with site(tmp_path, reader, "anlong.doctor") as opened:
        opened.archive.put(a_slice(3))
        both = opened["anlong.doctor"].get(f"{OF_SOP}/frames/1", Accept=f"{HTJ2K}, {STORED}; q=0.5")
        assert "1.2.840.10008.1.2.1\r" in body_of(both.data, both.headers["Content-Type"])[0]
        assert opened["anlong.doctor"].get(f"{OF_SOP}/frames/1", Accept=HTJ2K).status_code == 406


def test_behind_a_server_that_sends_files_only_the_name_is_told(tmp_path: Path, reader: HeaderReader) -> None:
    settings = Settings(web=Web(accel="/_kept/"))
    with site(tmp_path, reader, "anlong.doctor", "dushan.doctor", settings=settings) as opened:
        opened.archive.put(a_slice(3))
        make_ready(opened.archive, study_key("ANLONG", STUDY))
        answer = opened["anlong.doctor"].get(f"{OF_SOP}/frames/1", Accept=HTJ2K)
        name = answer.headers["X-Accel-Redirect"].removeprefix("/_kept/")
        assert (opened.archive.blobs.prepared / name).is_file()
        assert answer.data == b""
        refused = opened["dushan.doctor"].get(f"{OF_SOP}/frames/1", Accept=HTJ2K)
        assert refused.status_code == 404
        assert "X-Accel-Redirect" not in refused.headers


@pytest.mark.parametrize("what", ["frames/1", "rendered", "thumbnail", "frames/1/rendered", "frames/1/thumbnail"])
def test_another_institution_sees_nothing(door: Site, what: str) -> None:
    assert door["anlong.doctor"].get(f"{OF_SOP}/{what}").status_code == 200
    assert door["dushan.doctor"].get(f"{OF_SOP}/{what}").status_code == 404


@pytest.mark.parametrize("of", [OF_STUDY, OF_SERIES])
def test_another_institution_sees_no_picture_of_a_study_or_series(door: Site, of: str) -> None:
    for what in ("thumbnail", "rendered"):
        assert door["anlong.doctor"].get(f"{of}/{what}").status_code == 200
        assert door["dushan.doctor"].get(f"{of}/{what}").status_code == 404


def test_an_image_is_rendered_as_it_is_asked_for(door: Site) -> None:
    browser = door["anlong.doctor"]
    jpeg = browser.get(f"{OF_SOP}/rendered")
    assert jpeg.headers["Content-Type"] == "image/jpeg"
    assert Image.open(BytesIO(jpeg.data)).size == (4, 4)
    png = browser.get(f"{OF_SOP}/rendered?window=8,16,linear", Accept="image/png")
    picture = np.asarray(Image.open(BytesIO(png.data)))
    wide = np.asarray(Image.open(BytesIO(browser.get(f"{OF_SOP}/rendered?window=8,4000", Accept="image/png").data)))
    assert np.ptp(picture) > 200
    assert np.ptp(wide) < 5
    small = browser.get(f"{OF_SOP}/rendered?viewport=2,2", Accept="image/png")
    assert Image.open(BytesIO(small.data)).size == (2, 2)
    assert "Warning" in browser.get(f"{OF_SOP}/rendered?annotation=patient").headers


@pytest.mark.parametrize("query", ["window=1", "window=a,b", "viewport=0,1", "viewport=99999,1", "quality=0", "zoom=2"])
def test_a_rendering_that_makes_no_sense_is_refused(door: Site, query: str) -> None:
    answer = door["anlong.doctor"].get(f"{OF_SOP}/rendered?{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "bad-query")


def test_a_series_is_rendered_image_by_image(door: Site) -> None:
    answer = door["anlong.doctor"].get(f"{OF_SERIES}/rendered")
    assert answer.data.count(b"Content-Type: image/jpeg") == 5


def test_a_kind_of_picture_that_nobody_makes_is_not_acceptable(door: Site) -> None:
    assert door["anlong.doctor"].get(f"{OF_SOP}/rendered", Accept="image/webp").status_code == 406


def test_a_frame_that_is_not_there_is_not_found(door: Site) -> None:
    for what in ("frames/2", "frames/2/rendered", "frames/2/thumbnail"):
        assert door["anlong.doctor"].get(f"{OF_SOP}/{what}").status_code == 404


def test_the_thumbnail_of_a_series_is_its_middle_image(door: Site) -> None:
    browser = door["anlong.doctor"]
    assert browser.get(f"{OF_SERIES}/thumbnail").data == browser.get(f"{OF_SOP}/thumbnail").data
    assert browser.get(f"{OF_STUDY}/thumbnail").data == browser.get(f"{OF_SOP}/thumbnail").data


FORMS = (
    "xa/*.dcm",
    "us/US-PAL-8-10x-echo.dcm",
    "us/us_30frames_ybr.dcm",
    "enhanced/*.dcm",
    "objects/examples_palette.dcm",
    "objects/liver_1frame.dcm",
    "objects/rtdose.dcm",
    "photo/image1.dcm",
    "pet/*.dcm",
    "cr_dx/RG1_J2KI.dcm",
    "syntax/*.dcm",
    "syntax/ct_same_image/*",
)


@needs_samples
def test_every_form_of_pixels_has_a_picture_and_frames_that_equal_the_original(
    tmp_path: Path, reader: HeaderReader
) -> None:
    files = [path for form in FORMS for path in sorted(SAMPLES.glob(form)) if path.is_file()]
    with site(tmp_path, reader, "anlong.doctor") as opened:
        kept = {}
        for file in files:
            with suppress(Broken):  # one has no UIDs
                kept[file] = opened.archive.put(file.read_bytes())
        assert len(kept) > 30
        images.rebuild(opened.archive.store, opened.archive.clock.now)
        work_off(opened.archive)
        browser, prepared = opened["anlong.doctor"], 0
        for file, receipt in kept.items():
            path = f"{ROOT}/studies/{receipt.study_uid}/series/{receipt.series_uid}/instances/{receipt.sop_uid}"
            assert browser.get(f"{path}/rendered", Accept="image/png").status_code == 200, file.name
            assert browser.get(f"{path}/thumbnail").status_code == 200, file.name
            ready = browser.get(f"{path}/frames/1", Accept="image/jphc")
            if ready.status_code == 200 and receipt.kept is Kept.STORED:
                shown, (stored, _) = imagecodecs.htj2k_decode(ready.data), decode_frame(file, 1)
                assert np.array_equal(shown, stored), file.name
                prepared += 1
            else:
                assert browser.get(f"{path}/frames/1", Accept=STORED).status_code == 200, file.name
        assert prepared > 10
