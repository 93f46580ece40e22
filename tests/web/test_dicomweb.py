"""DICOMweb as viewers and other systems speak it: found, sent by range, never to whom it does not concern."""

import gzip
import hashlib
import json
import re
import struct
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from consult.domain.cases import State
from consult.domain.events import Fact
from consult.formats.bounded import HeaderReader
from consult.store import cases
from consult.store.arrivals import study_key
from tests.makers.archive import SERIES, STUDY, a_slice
from tests.makers.cases import a_case
from tests.makers.dicom import BIG, CT, EXPLICIT, SAMPLES, element, fragments, needs_samples, padded
from tests.makers.people import NOW
from tests.makers.pictures import make_ready
from tests.makers.web import Site, site

ROOT = "/dicom-web"
OF_STUDY = f"{ROOT}/studies/{STUDY}"
OF_SERIES = f"{OF_STUDY}/series/{SERIES}"
OF_SOP = f"{OF_SERIES}/instances/{SERIES}.1"
EVERYTHING = "multipart/related; type=application/octet-stream; transfer-syntax=*"
POLYGLOT = b"MZ" + b"\x90" * 126
RESOURCES = (
    OF_STUDY, OF_SERIES, OF_SOP, f"{OF_STUDY}/metadata", f"{OF_SERIES}/metadata", f"{OF_SOP}/metadata",
    f"{OF_STUDY}/series", f"{OF_STUDY}/instances", f"{OF_SERIES}/instances",
    f"{OF_SOP}/frames/1", f"{OF_SOP}/bulkdata/7FE00010",
)  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(2, 300, 20) as opened:
        yield opened


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, reader: HeaderReader) -> Iterator[Site]:
    """Five slices of one study; slice 5 hides another file type in its preamble."""
    people = ("anlong.doctor", "dushan.doctor", "guiyang.ct", "anlong.admin")
    with site(tmp_path_factory.mktemp("dicomweb"), reader, *people) as opened:
        name = "Yang^Ban=杨^半".encode("gb18030")
        for number in range(1, 5):
            opened.archive.put(a_slice(number, name=name))
        opened.archive.put(a_slice(5, preamble=POLYGLOT))
        yield opened


def parts_of(answer: TestResponse) -> list[tuple[str, bytes]]:
    """(content type, body) of each part of a multipart answer, split by hand."""
    boundary = re.search(r"boundary=([^;]+)", answer.headers["Content-Type"])
    assert boundary is not None
    found = []
    for part in answer.data.split(b"--" + boundary.group(1).encode())[1:-1]:
        head, _, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        found.append((head.decode().removeprefix("Content-Type: "), body.removesuffix(b"\r\n")))
    return found


# who sees what


def test_nobody_sees_anything_unsigned(door: Site) -> None:
    for path in (f"{ROOT}/studies", *RESOURCES):
        assert door.anyone().get(path).status_code == 401, path
    assert door.anyone().post(f"{ROOT}/studies", data=b"").status_code == 401


@pytest.mark.parametrize("path", RESOURCES)
@pytest.mark.parametrize("who", ["dushan.doctor", "guiyang.ct", "anlong.admin"])
def test_another_institutions_study_is_not_found(door: Site, path: str, who: str) -> None:
    assert door["anlong.doctor"].get(path).status_code == 200
    assert door[who].get(path).status_code == 404
    assert door[who].get(path.replace("2.25.100", "2.25.404")).status_code == 404


def test_a_search_shows_only_what_one_may_see(door: Site) -> None:
    for level in ("studies", "series", "instances"):
        for who in ("dushan.doctor", "guiyang.ct", "anlong.admin"):
            answer = door[who].get(f"{ROOT}/{level}?StudyInstanceUID={STUDY}")
            assert (answer.status_code, answer.json, answer.headers["X-Total-Count"]) == (200, [], "0")


@pytest.mark.parametrize("uid", ["..%2f..%2fetc", "1.2.3'--", "2.25." + "9" * 80])
def test_what_is_no_uid_is_nothing(door: Site, uid: str) -> None:
    assert door["anlong.doctor"].get(f"{ROOT}/studies/{uid}/metadata").status_code == 404


def test_a_specialist_reads_the_images_of_their_case(tmp_path: Path, reader: HeaderReader) -> None:
    with site(tmp_path, reader, "guiyang.ct", "anlong.doctor") as opened:
        opened.archive.put(a_slice(1))
        assert opened["guiyang.ct"].get(f"{OF_SERIES}/metadata").status_code == 404
        who = opened["guiyang.ct"].client.get("/api/v1/session").json["person"]["id"]
        case = a_case(State.IN_PROGRESS, study_uids=(STUDY,))
        assignee = type(case.requester)(who, "陈医师")
        case = a_case(State.IN_PROGRESS, study_uids=(STUDY,), assignee=assignee, author=assignee)
        with opened.archive.store.write() as unit:
            cases.add(unit, case, Fact("case", case.id, "created", NOW, None, "", 1), None)
        assert opened["guiyang.ct"].get(f"{OF_SERIES}/metadata").status_code == 200


# searching


def test_a_study_is_found_with_its_name_in_characters(door: Site) -> None:
    answer = door["anlong.doctor"].get(f"{ROOT}/studies?StudyInstanceUID={STUDY}&includefield=PatientName")
    assert answer.headers["Content-Type"] == "application/dicom+json"
    (study,) = answer.json
    assert study["00100010"]["Value"][0]["Ideographic"] == "杨^半"
    assert study["00201208"]["Value"] == [5]
    assert study["00080061"]["Value"] == ["CT"]
    assert study["00081190"]["Value"] == [f"http://localhost{OF_STUDY}"]
    assert list(study) == sorted(study)


def test_instances_come_in_order_with_what_a_viewer_needs(door: Site) -> None:
    found = door["anlong.doctor"].get(f"{OF_STUDY}/instances").json
    assert [each["00200013"]["Value"] for each in found] == [[1], [2], [3], [4], [5]]
    assert found[0]["00083002"]["Value"] == [EXPLICIT]
    assert (found[0]["00280010"]["Value"], found[0]["00080016"]["Value"]) == ([4], [CT])


def test_a_page_of_a_search_says_what_is_left(door: Site) -> None:
    answer = door["anlong.doctor"].get(f"{ROOT}/instances?limit=2&offset=1")
    assert [each["00200013"]["Value"] for each in answer.json] == [[2], [3]]
    assert answer.headers["X-Total-Count"] == "5"
    assert answer.headers["Warning"] == '299 consult "There are 2 additional results that can be requested"'
    assert "Warning" not in door["anlong.doctor"].get(f"{ROOT}/instances").headers


def test_what_we_keep_no_column_of_comes_from_the_instances(door: Site) -> None:
    plain, more = (
        door["anlong.doctor"].get(f"{OF_SERIES}/instances{query}").json[0]
        for query in ("", "?includefield=00200032,00200037")
    )
    assert "00200032" not in plain
    assert more["00200032"]["Value"] == [-10, -20, 1]
    assert "00200037" in more
    assert "00280030" in door["anlong.doctor"].get(f"{OF_SERIES}/instances?includefield=all").json[0]


@pytest.mark.parametrize("query", ["Nonsense=1", "limit=some", "StudyDate=yesterday", "SOPInstanceUID=1"])
def test_a_search_that_makes_no_sense_is_refused(door: Site, query: str) -> None:
    answer = door["anlong.doctor"].get(f"{ROOT}/studies?{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "bad-query")


# metadata


def test_metadata_is_the_same_before_and_after_it_is_made_ready(door: Site) -> None:
    browser = door["anlong.doctor"]
    before = browser.get(f"{OF_SERIES}/metadata")
    make_ready(door.archive, study_key("ANLONG", STUDY))
    assert list((door.archive.blobs.cache / "metadata").rglob("*.gz"))
    after = browser.get(f"{OF_SERIES}/metadata")
    assert before.json == after.json
    assert [each["00200013"]["Value"] for each in after.json] == [[1], [2], [3], [4], [5]]
    assert browser.get(f"{OF_STUDY}/metadata").json == after.json
    assert browser.get(f"{OF_SOP}/metadata").json == after.json[:1]


def test_metadata_goes_zipped_to_whom_takes_it_and_not_again_to_whom_has_it(door: Site) -> None:
    browser = door["anlong.doctor"]
    zipped = browser.get(f"{OF_SERIES}/metadata", Accept_Encoding="gzip, br")
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(zipped.data)) == browser.get(f"{OF_SERIES}/metadata").json
    again = browser.get(f"{OF_SERIES}/metadata", Accept_Encoding="gzip", If_None_Match=zipped.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")


def test_another_slice_is_in_the_metadata_at_once(tmp_path: Path, reader: HeaderReader) -> None:
    with site(tmp_path, reader, "anlong.doctor") as opened:
        browser = opened["anlong.doctor"]
        opened.archive.put(a_slice(1))
        make_ready(opened.archive, study_key("ANLONG", STUDY))
        first = browser.get(f"{OF_SERIES}/metadata")
        opened.archive.put(a_slice(2))
        second = browser.get(f"{OF_SERIES}/metadata", If_None_Match=first.headers["ETag"])
        assert (len(first.json), second.status_code, len(second.json)) == (1, 200, 2)


def test_bulk_data_is_where_the_metadata_says(door: Site) -> None:
    (said,) = door["anlong.doctor"].get(f"{OF_SOP}/metadata").json
    uri = said["7FE00010"]["BulkDataURI"]
    ((_, pixels),) = parts_of(door["anlong.doctor"].get(uri))
    assert pixels == struct.pack("<16H", *range(16))
    assert door["anlong.doctor"].get(uri, Accept="application/octet-stream").data == pixels
    assert door["anlong.doctor"].get(f"{OF_SOP}/bulkdata/00091001").status_code == 404


# objects


def test_an_instance_comes_as_it_was_sent(door: Site) -> None:
    file = a_slice(1, name="Yang^Ban=杨^半".encode("gb18030"))
    answer = door["anlong.doctor"].get(OF_SOP, Accept="application/dicom")
    assert answer.data == file
    assert answer.headers["Content-Disposition"] == "attachment"
    assert "immutable" in answer.headers["Cache-Control"]
    ((kind, body),) = parts_of(door["anlong.doctor"].get(OF_SOP))
    assert (kind, body) == (f"application/dicom; transfer-syntax={EXPLICIT}", file)


def test_what_hides_in_a_preamble_stays_here(door: Site) -> None:
    path = f"{OF_SERIES}/instances/{SERIES}.5"
    served = door["anlong.doctor"].get(path, Accept="application/dicom").data
    assert served == b"\0" * 128 + a_slice(5, preamble=POLYGLOT)[128:]
    for path in (OF_STUDY, OF_SERIES):
        assert POLYGLOT[:16] not in door["anlong.doctor"].get(path).data


def test_a_series_comes_whole(door: Site) -> None:
    for path in (OF_STUDY, OF_SERIES):
        found = [dcmread(BytesIO(body)) for _, body in parts_of(door["anlong.doctor"].get(path))]
        assert [each.InstanceNumber for each in found] == [1, 2, 3, 4, 5]


def test_a_syntax_that_is_not_stored_is_not_made_up(door: Site) -> None:
    for accept in ("image/png", "multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90"):
        assert door["anlong.doctor"].get(OF_SOP, Accept=accept).status_code == 406
    wanted = f"multipart/related; type=application/dicom; transfer-syntax={EXPLICIT}"
    assert door["anlong.doctor"].get(OF_SOP, Accept=wanted).status_code == 200


# frames


def test_a_frame_says_its_syntax_and_may_be_kept_for_ever(door: Site) -> None:
    answer = door["anlong.doctor"].get(f"{OF_SOP}/frames/1", Accept=EVERYTHING)
    ((kind, body),) = parts_of(answer)
    assert kind == f"application/octet-stream; transfer-syntax={EXPLICIT}"
    assert body == struct.pack("<16H", *range(16))
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    etag = answer.headers["ETag"]
    assert door["anlong.doctor"].get(f"{OF_SOP}/frames/1", If_None_Match=etag).status_code == 304


@pytest.mark.parametrize("wanted", [(0, 9), (5, 140), (100, 10**9), (None, 20), (150, None)])
def test_any_part_of_a_frame_can_be_asked_for(door: Site, wanted: tuple[int | None, int | None]) -> None:
    whole = door["anlong.doctor"].get(f"{OF_SOP}/frames/1").data
    first, last = wanted
    asked = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    part = door["anlong.doctor"].get(f"{OF_SOP}/frames/1", Range=asked)
    expected = whole[-(last or 0) :] if first is None else whole[first : len(whole) if last is None else last + 1]
    assert (part.status_code, part.data) == (206, expected)
    assert part.headers["Content-Range"].endswith(f"/{len(whole)}")


def test_a_range_beyond_the_end_is_told(door: Site) -> None:
    assert door["anlong.doctor"].get(f"{OF_SOP}/frames/1", Range="bytes=100000-").status_code == 416


@pytest.mark.parametrize(("numbers", "status"), [("2", 404), ("0", 400), ("x", 400), ("1,2", 404)])
def test_frames_that_are_not_there(door: Site, numbers: str, status: int) -> None:
    assert door["anlong.doctor"].get(f"{OF_SOP}/frames/{numbers}").status_code == status


def big_endian() -> bytes:
    """A slice in Explicit VR Big Endian with pixels 0 to 15."""
    rows: dict[int, tuple[str, bytes]] = {
        0x00080016: ("UI", CT.encode()), 0x00080018: ("UI", b"2.25.9.1"), 0x0020000D: ("UI", b"2.25.9"),
        0x0020000E: ("UI", b"2.25.90"), 0x00280002: ("US", b"\0\1"), 0x00280004: ("CS", b"MONOCHROME2"),
        0x00280010: ("US", b"\0\4"), 0x00280011: ("US", b"\0\4"), 0x00280100: ("US", b"\0\x10"),
        0x7FE00010: ("OW", struct.pack(">16H", *range(16))),
    }  # fmt: skip
    data = b"".join(element(tag, vr, padded(raw, vr), order=">") for tag, (vr, raw) in rows.items())
    return a_slice(1, syntax=BIG).partition(b"DICM")[0] + b"DICM" + meta(BIG) + data


def meta(syntax: str) -> bytes:
    body = element(0x00020010, "UI", padded(syntax.encode(), "UI"))
    return element(0x00020000, "UL", struct.pack("<I", len(body))) + body


def test_big_endian_pixels_go_out_as_everybody_reads_them(tmp_path: Path, reader: HeaderReader) -> None:
    with site(tmp_path, reader, "anlong.doctor") as opened:
        opened.archive.put(big_endian())
        path = f"{ROOT}/studies/2.25.9/series/2.25.90/instances/2.25.9.1/frames/1"
        ((kind, body),) = parts_of(opened["anlong.doctor"].get(path, Accept=EVERYTHING))
        assert body == struct.pack("<16H", *range(16))
        assert kind.endswith(EXPLICIT)


def test_frames_in_many_fragments_are_put_together(tmp_path: Path, reader: HeaderReader) -> None:
    with site(tmp_path, reader, "anlong.doctor") as opened:
        plain = a_slice(1, syntax="1.2.840.10008.1.2.4.80")
        head = plain[: plain.rindex(b"\xe0\x7f\x10\x00")]
        opened.archive.put(head + fragments(b"\xff\xd8\xff\xf7" + b"a" * 100, b"b" * 60))
        ((kind, body),) = parts_of(opened["anlong.doctor"].get(f"{OF_SOP}/frames/1", Accept=EVERYTHING))
        assert body == b"\xff\xd8\xff\xf7" + b"a" * 100 + b"b" * 60
        assert kind.endswith("1.2.840.10008.1.2.4.80")
        part = opened["anlong.doctor"].get(f"{OF_SOP}/frames/1", Range="bytes=190-260")
        assert part.data == opened["anlong.doctor"].get(f"{OF_SOP}/frames/1").data[190:261]


@needs_samples
def test_every_frame_of_a_real_multiframe_is_its_own(tmp_path: Path, reader: HeaderReader) -> None:
    with site(tmp_path, reader, "anlong.doctor") as opened:
        receipt = opened.archive.put((SAMPLES / "syntax/OBXXXX1A_rle_2frame.dcm").read_bytes())
        path = f"{ROOT}/studies/{receipt.study_uid}/series/{receipt.series_uid}/instances/{receipt.sop_uid}"
        both = parts_of(opened["anlong.doctor"].get(f"{path}/frames/1,2", Accept=EVERYTHING))
        one, two = (parts_of(opened["anlong.doctor"].get(f"{path}/frames/{n}", Accept=EVERYTHING)) for n in (1, 2))
        assert both == one + two
        assert one != two


@needs_samples
def test_a_deflated_object_shows_its_frames(tmp_path: Path, reader: HeaderReader) -> None:
    with site(tmp_path, reader, "anlong.doctor") as opened:
        seen = set()
        for name in ("Deflated", "LittleEndianExplicit", "BigEndian"):
            (file,) = (SAMPLES / "syntax/ct_same_image").glob(f"CTImage.dcm_{name}*")
            receipt = opened.archive.put(file.read_bytes())
            path = f"{ROOT}/studies/{receipt.study_uid}/series/{receipt.series_uid}/instances/{receipt.sop_uid}"
            ((_, body),) = parts_of(opened["anlong.doctor"].get(f"{path}/frames/1", Accept=EVERYTHING))
            seen.add(hashlib.sha256(body).hexdigest())
        assert len(seen) == 1


@needs_samples
def test_what_browsers_would_misread_is_given_out_decoded(tmp_path: Path, reader: HeaderReader) -> None:
    with site(tmp_path, reader, "anlong.doctor") as opened:
        (file,) = (SAMPLES / "syntax/ct_same_image").glob("*1.2.840.10008.1.2.4.51.dcm")
        receipt = opened.archive.put(file.read_bytes())
        path = f"{ROOT}/studies/{receipt.study_uid}/series/{receipt.series_uid}/instances/{receipt.sop_uid}"
        make_ready(opened.archive, receipt.study_id)
        (copy,) = (path for path in (opened.archive.blobs.cache / "explicit").rglob("*") if path.is_file())
        ((kind, body),) = parts_of(opened["anlong.doctor"].get(f"{path}/frames/1", Accept=EVERYTHING))
        assert kind.endswith(EXPLICIT)
        assert body == dcmread(copy).PixelData
        assert dcmread(BytesIO(opened["anlong.doctor"].get(path, Accept="application/dicom").data)) == dcmread(file)


# another program


def test_a_stock_client_stores_searches_and_fetches(tmp_path: Path, reader: HeaderReader) -> None:
    with site(tmp_path, reader, "anlong.doctor") as opened:
        token = (
            opened["anlong.doctor"]
            .client.post(
                "/api/v1/tokens", json={"name": "PACS"}, headers={"X-CSRF-Token": opened["anlong.doctor"].csrf}
            )
            .json["token"]
        )
        server = make_server("127.0.0.1", 0, opened.app, threaded=True)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            client = DICOMwebClient(
                f"http://127.0.0.1:{server.server_port}{ROOT}", headers={"Authorization": f"Bearer {token}"}
            )
            answer = client.store_instances([dcmread(BytesIO(a_slice(n))) for n in range(1, 4)])
            assert len(answer.ReferencedSOPSequence) == 3
            assert len(client.search_for_instances(STUDY, SERIES)) == 3
            assert len(client.retrieve_series_metadata(STUDY, SERIES)) == 3
            fetched: Any = client.retrieve_instance(STUDY, SERIES, f"{SERIES}.2")
            assert fetched.InstanceNumber == 2
            frames = client.retrieve_instance_frames(STUDY, SERIES, f"{SERIES}.2", [1])
            assert frames[0] == struct.pack("<16H", *range(16))
            client._session.close()
        finally:
            server.shutdown()
            serving.join()
            server.server_close()
