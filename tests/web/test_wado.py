"""WADO-RS: every client gets objects in what it takes, whole, by range or by value, and nobody can take one away."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.config import disable_value_validation
from pydicom.dataelem import DataElement

from consult.formats.bounded import HeaderReader
from tests.makers.archive import a_slice
from tests.makers.dicom import EXPLICIT, IMPLICIT, SAMPLES, needs_samples
from tests.makers.web import Site, site
from tests.web.test_dicomweb import OF_SERIES, OF_SOP, OF_STUDY, ROOT, parts_of

WHOLE = "application/dicom"
XML = 'multipart/related; type="application/dicom+xml"'


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(2, 300, 20) as opened:
        yield opened


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, reader: HeaderReader) -> Iterator[Site]:
    """Three slices of one series."""
    with site(tmp_path_factory.mktemp("wado"), reader, "anlong.doctor") as opened:
        for number in range(1, 4):
            opened.archive.put(a_slice(number))
        yield opened


@pytest.mark.parametrize("path", [OF_STUDY, OF_SERIES, OF_SOP, f"{OF_SOP}/metadata", f"{ROOT}/studies"])
@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
def test_nothing_can_be_deleted_or_replaced(door: Site, path: str, method: str) -> None:
    browser = door["anlong.doctor"]
    answer = browser.client.open(path, method=method, headers={"X-CSRF-Token": browser.csrf})
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert method not in answer.headers["Allow"]


def test_a_part_of_an_object_can_be_asked_for(door: Site) -> None:
    browser, file = door["anlong.doctor"], a_slice(1)
    whole = browser.get(OF_SOP, Accept=WHOLE)
    assert (whole.headers["Accept-Ranges"], whole.headers["X-Content-Type-Options"]) == ("bytes", "nosniff")
    part = browser.get(OF_SOP, Accept=WHOLE, Range="bytes=100-299")
    assert (part.status_code, part.data) == (206, file[100:300])
    assert part.headers["Content-Range"] == f"bytes 100-299/{len(file)}"
    assert browser.get(OF_SOP, Accept=WHOLE, Range="bytes=-5").data == file[-5:]
    assert browser.get(OF_SOP, Accept=WHOLE, Range=f"bytes={len(file)}-").status_code == 416


def test_a_range_of_what_has_changed_is_all_of_it(door: Site) -> None:
    browser = door["anlong.doctor"]
    etag = browser.get(OF_SOP, Accept=WHOLE).headers["ETag"]
    same = browser.get(OF_SOP, Accept=WHOLE, Range="bytes=0-9", If_Range=etag)
    other = browser.get(OF_SOP, Accept=WHOLE, Range="bytes=0-9", If_Range='"other"')
    assert (same.status_code, len(same.data)) == (206, 10)
    assert (other.status_code, other.data) == (200, a_slice(1))


@pytest.mark.parametrize("path", [OF_STUDY, OF_SERIES, OF_SOP, f"{OF_SERIES}/metadata"])
def test_the_head_tells_the_length_and_gives_nothing(door: Site, path: str) -> None:
    browser = door["anlong.doctor"]
    got, head = browser.get(path), browser.client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.data))
    assert head.headers["ETag"] == got.headers["ETag"]
    assert browser.get(path, If_None_Match=got.headers["ETag"]).status_code == 304


@pytest.mark.parametrize(
    ("accept", "alone"),
    [
        (WHOLE, True),
        ("*/*", False),
        ("application/dicom, multipart/related", True),
        ('multipart/related; type="application/dicom"; transfer-syntax=*', False),
        ('application/dicom;q=0.3, multipart/related; type="application/dicom";q=0.9', False),
        ('multipart/related; type="application/octet-stream", application/dicom;q=0.1', True),
        (f"application/dicom; transfer-syntax={EXPLICIT}", True),
        ("application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90, application/dicom;q=0.5", True),
    ],
)
def test_an_instance_comes_as_the_client_takes_it(door: Site, accept: str, alone: bool) -> None:
    answer = door["anlong.doctor"].get(OF_SOP, Accept=accept)
    assert answer.status_code == 200
    assert (answer.headers["Content-Type"] == WHOLE) is alone
    assert (answer.data if alone else parts_of(answer)[0][1]) == a_slice(1)


@pytest.mark.parametrize("accept", ["image/png", "application/dicom;q=0", 'multipart/related; type="image/jp2"',
                                    "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90"])  # fmt: skip
def test_what_cannot_be_given_is_refused(door: Site, accept: str) -> None:
    assert door["anlong.doctor"].get(OF_SOP, Accept=accept).status_code == 406


def test_a_series_does_not_come_without_parts(door: Site) -> None:
    assert door["anlong.doctor"].get(OF_SERIES, Accept=WHOLE).status_code == 406


def test_metadata_comes_as_xml_too(door: Site) -> None:
    answer = door["anlong.doctor"].get(f"{OF_SERIES}/metadata", Accept=XML)
    assert [kind for kind, _ in parts_of(answer)] == ["application/dicom+xml; charset=utf-8"] * 3
    assert b'keyword="PatientName"' in answer.data
    assert f"{OF_SOP}/bulkdata/7FE00010".encode() in answer.data


def put(opened: Site, file: Path) -> str:
    """Where a stored file is."""
    receipt = opened.archive.put(file.read_bytes())
    return f"{ROOT}/studies/{receipt.study_uid}/series/{receipt.series_uid}/instances/{receipt.sop_uid}"


def syntax_of(file: Path) -> str:
    return str(dcmread(file, stop_before_pixels=True, force=True).file_meta.get("TransferSyntaxUID", ""))


@needs_samples
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"])
def test_another_syntax_is_made_without_loss(tmp_path: Path, reader: HeaderReader, syntax: str) -> None:
    (found, *_) = (
        each for each in sorted((SAMPLES / "syntax/ct_same_image").glob("*.dcm")) if syntax_of(each) == syntax
    )
    with site(tmp_path, reader, "anlong.doctor") as opened:
        path = put(opened, found)
        answer = opened["anlong.doctor"].get(path, Accept=f"{WHOLE}; transfer-syntax={EXPLICIT}")
        made, stored = dcmread(BytesIO(answer.data)), dcmread(found)
        assert made.file_meta.TransferSyntaxUID == EXPLICIT
        assert (made.pixel_array == stored.pixel_array).all()
        accept = f'multipart/related; type="{WHOLE}"; transfer-syntax={EXPLICIT}'
        ((kind, body),) = parts_of(opened["anlong.doctor"].get(path, Accept=accept))
        assert (kind, body) == (f"{WHOLE}; transfer-syntax={EXPLICIT}", answer.data)
        assert opened["anlong.doctor"].get(path, Accept=WHOLE).data[132:] == found.read_bytes()[132:]
        (tmp_path / "made.dcm").write_bytes(answer.data)
        subprocess.run(["/usr/bin/dcmftest", tmp_path / "made.dcm"], check=True, capture_output=True)


# every value that JSON leaves out


def left_out(data: dict[str, Any]) -> Iterator[tuple[list[str | int], dict[str, Any]]]:
    for tag, held in data.items():
        if "BulkDataURI" in held:
            yield [tag], held
        if held["vr"] == "SQ":
            for number, inner in enumerate(held.get("Value", ())):
                for steps, element in left_out(inner or {}):
                    yield [tag, number, *steps], element


def element_at(data: Dataset, steps: list[str | int]) -> DataElement:
    held: Any = data
    for step in steps:
        held = held[step] if isinstance(step, int) else held[int(step, 16)] if len(steps) else held
        if isinstance(step, str) and step is not steps[-1]:
            held = held.value
    return held  # type: ignore[no-any-return]


FILES = sorted(SAMPLES.rglob("*.dcm")) if SAMPLES.is_dir() else []


@needs_samples
def test_every_value_that_json_leaves_out_can_be_fetched(tmp_path: Path, reader: HeaderReader) -> None:
    checked = 0
    with site(tmp_path, reader, "anlong.doctor") as opened:
        browser = opened["anlong.doctor"]
        for file in sample_of(FILES):
            try:
                path, stored = put(opened, file), dcmread(file)
            except Exception:  # noqa: BLE001  what is refused, or what pydicom cannot read, is another test's
                continue
            if browser.get(path, Accept=WHOLE).data[132:] != file.read_bytes()[132:]:
                continue  # another object with its UIDs came first
            (said,) = browser.get(f"{path}/metadata").json
            for steps, held in left_out(said):
                answer = browser.get(held["BulkDataURI"])
                assert answer.status_code == 200, (file.name, steps)
                checked += fits(stored, steps, answer)
    assert checked > 50


def sample_of(files: list[Path]) -> list[Path]:
    """One file of each folder and transfer syntax: a series of hundreds says nothing new."""
    kept: dict[tuple[Path, str], Path] = {}
    for file in files:
        with file.open("rb") as opened:
            head = opened.read(1024)
        kept.setdefault((file.parent, hashlib.sha256(head[132:330]).hexdigest() if "syntax" in str(file) else ""), file)
    return list(kept.values())


def fits(stored: Dataset, steps: list[str | int], answer: Any) -> bool:
    bodies = [body for _, body in parts_of(answer)]
    element = element_at(stored, steps)
    value, syntax = element.value, str(stored.file_meta.get("TransferSyntaxUID", IMPLICIT))
    if not isinstance(value, bytes) or syntax == "1.2.840.10008.1.2.2":
        return False
    if steps == ["7FE00010"] and dcm_is_compressed(syntax):
        from pydicom.encaps import generate_frames

        frames = list(generate_frames(value, number_of_frames=int(stored.get("NumberOfFrames", 1) or 1)))
        assert [body.rstrip(b"\0") for body in bodies] == [frame.rstrip(b"\0") for frame in frames]
    else:
        assert b"".join(bodies) == value, steps
    return True


def dcm_is_compressed(syntax: str) -> bool:
    return syntax.startswith("1.2.840.10008.1.2.4") or syntax == "1.2.840.10008.1.2.5"


@needs_samples
def test_our_json_is_what_another_program_reads(tmp_path: Path, reader: HeaderReader) -> None:
    """pydicom makes a data set of it, and writes the same JSON from that."""
    checked = 0
    with site(tmp_path, reader, "anlong.doctor") as opened:
        for file in sample_of(FILES):
            try:
                path = put(opened, file)
            except Exception:  # noqa: BLE001  refused, as other tests say
                continue
            (said,) = opened["anlong.doctor"].get(f"{path}/metadata").json
            with disable_value_validation():  # real files break the rules of VRs
                again = Dataset.from_json(json.dumps(said), lambda *_: b"")
            assert set(again.to_json_dict()) == set(said), file.name
            checked += 1
    assert checked > 30
