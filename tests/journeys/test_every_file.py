"""Every file of the test data comes in by both doors, or is refused with its reason, and nothing else comes to harm."""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydicom import dcmread
from sqlalchemy import select

from consult.actions.nodes import Call
from consult.domain.nodes import Node
from consult.formats.bounded import HeaderReader
from consult.formats.datasets import data_set_at
from consult.listeners.dimse import DimseListener
from consult.store.tables_studies import instances, refused, series, studies
from tests.makers.archive import a_slice
from tests.makers.dicom import CT, EXPLICIT, IMPLICIT, SAMPLES, needs_samples
from tests.makers.web import Site, site
from tests.peers.dicom import data_set_of, raw_association, store_raw

pytestmark = [needs_samples, pytest.mark.slow]

SUCCESS, CANNOT_UNDERSTAND = 0x0000, 0xC000
GOOD = a_slice(1)
GOOD_UID = "2.25.1002.1"
NONE: dict[str, list[Any]] = {"Value": []}

NO_STUDY, NO_DICOM = "study UID is missing", "not a DICOM file"
DIRECTORY, SHORT = "media directory", "declares more than it holds"

REFUSED = {
    # They open, and cannot be filed: the manifest calls some of these valid, but nobody's study can hold them.
    **dict.fromkeys(("charset/pydicom/chrSQEncoding.dcm", "charset/pydicom/chrSQEncoding1.dcm"), NO_STUDY),
    **dict.fromkeys(("syntax/HTJ2KLossless_08_RGB.dcm", "syntax/HTJ2K_08_RGB.dcm"), NO_STUDY),
    **dict.fromkeys(("syntax/JLSL_RGB_ILV0.dcm", "syntax/JLSN_RGB_ILV0.dcm", "syntax/JLSL_16_15_1_1F.dcm"), NO_STUDY),
    **dict.fromkeys((f"malformed/pydicom/{name}.dcm" for name in ("UN_sequence", "nested_priv_SQ")), NO_STUDY),
    "malformed/pydicom/no_meta_group_length.dcm": NO_STUDY,
    "malformed/gen/empty_uids.dcm": NO_STUDY,
    "malformed/gen/no_study_uid.dcm": NO_STUDY,
    "malformed/gen/no_series_uid.dcm": "series UID is missing",
    "malformed/gen/no_sop_uid.dcm": "SOP instance UID is missing",
    "malformed/gen/invalid_uid.dcm": "study UID has characters",
    "malformed/gen/long_uid.dcm": "series UID has characters or a length",
    "malformed/gen/path_uid.dcm": "SOP instance UID has characters",
    # They hold less than they say.
    "malformed/gen/frames_lie.dcm": "16384000 bytes declared, 32768 there",
    "malformed/gen/rows_too_large.dcm": "1024000 bytes declared, 32768 there",
    "malformed/gen/rows_zero.dcm": "lacks rows",
    "malformed/gen/wrong_vr_rows.dcm": "lacks rows",
    "malformed/pydicom/badVR.dcm": "number of frames",
    **dict.fromkeys((f"malformed/gen/{name}.dcm" for name in ("length_overrun", "truncated_pixels")), SHORT),
    **dict.fromkeys((f"malformed/pydicom/{name}_truncated.dcm" for name in ("MR", "rtplan")), SHORT),
    "malformed/gen/truncated_header.dcm": SHORT,
    # They would cost more than they are worth.
    "malformed/gen/deep_nesting.dcm": "nested too deep",
    "malformed/gen/deflate_bomb_100MB.dcm": "too large when inflated",
    # They are no objects.
    **dict.fromkeys((f"malformed/gen/{name}_as.dcm" for name in ("html", "pdf", "text")), NO_DICOM),
    **dict.fromkeys((f"malformed/gen/{name}.dcm" for name in ("dicm_then_garbage", "zero_length")), NO_DICOM),
    **dict.fromkeys((f"malformed/gen/{name}.zip" for name in ("zip_bomb_200MB", "zip_slip")), NO_DICOM),
    "malformed/gen/random_bytes.dcm": NO_DICOM,
    "malformed/gen/bad_vr_letters.dcm": "no valid value representation",
    "malformed/no_preamble_dicm_in_data": NO_DICOM,
    "malformed/pydicom/meta_missing_tsyntax.dcm": NO_DICOM,
    **dict.fromkeys((f"prior_current/synthetic_chinese/{when}/truth.json" for when in ("current", "prior")), NO_DICOM),
    **dict.fromkeys(
        (f"dicomdir/DICOMDIR{kind}" for kind in ("", "-bigEnd", "-empty.dcm", "-implicit", "-nopatient", "-reordered")),
        DIRECTORY,
    ),
    "dicomdir/DICOMDIR-nooffset": SHORT,
}
"""Who is not taken, and what the sender is told by STOW."""

NAMES = {
    "charset/chinese/gb18030.dcm": "GB18030",
    "charset/chinese/gbk.dcm": "GBK",
    "charset/mislabelled/gbk_as_latin1.dcm": "GB18030",
    "charset/mislabelled/gbk_undeclared.dcm": "GB18030",
    "charset/mislabelled/utf8_as_gb18030.dcm": "ISO_IR 192",
    "charset/mislabelled/utf8_undeclared.dcm": "ISO_IR 192",
}


class Sample(NamedTuple):
    """A file of the test data: what the manifest says of it, and what a sender would say of it."""

    said: dict[str, str]
    sop_class: str
    sop_uid: str
    syntax: str

    @property
    def name(self) -> str:
        return self.said["path"]

    @property
    def file(self) -> bytes:
        return (SAMPLES / self.name).read_bytes()

    @property
    def refused(self) -> bool:
        return self.name in REFUSED


def samples() -> list[Sample]:
    with (SAMPLES / "MANIFEST.csv").open(encoding="utf-8") as rows:
        return sorted(map(_sample, csv.DictReader(rows)), key=lambda each: (each.sop_class, each.syntax, each.name))


def _sample(said: dict[str, str]) -> Sample:
    sop_class, syntax = CT, said["transfer_syntax"]
    if said["sop_class"] or not syntax:
        try:
            opened = dcmread(SAMPLES / said["path"], force=True, stop_before_pixels=True, specific_tags=["SOPClassUID"])
        except Exception:  # noqa: BLE001  whoever cannot be read at all is sent as a CT slice
            return Sample(said, sop_class, "2.25.9", syntax or EXPLICIT)
        sop_class = str(opened.get("SOPClassUID", CT))
        syntax = syntax or (IMPLICIT if opened.original_encoding[0] else EXPLICIT)
    return Sample(said, sop_class, said["sop_uid"] or "2.25.9", syntax)


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(2, 300, 20) as opened:
        yield opened


@pytest.fixture
def door(tmp_path: Path, reader: HeaderReader) -> Iterator[Site]:
    with site(tmp_path, reader, "anlong.doctor") as opened:
        yield opened


def rows(door: Site, table: Any) -> list[Any]:
    with door.archive.store.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def machine(call: Call) -> Node | None:
    return Node(call.ae_title, call.ae_title)


def sent_by_dimse(door: Site, each: list[Sample], port: int) -> dict[str, int]:
    """The status of each file, sent as the data set it holds; a good one follows each that is refused."""
    statuses = {}
    with raw_association(port, each[0].sop_class, each[0].syntax, CT, EXPLICIT) as peer:
        for sample in each:
            data = sample.file[data_set_at(SAMPLES / sample.name) :]
            statuses[sample.name] = store_raw(peer, sample.sop_class, sample.sop_uid, data)
            if sample.refused:
                assert store_raw(peer, CT, GOOD_UID, data_set_of(GOOD), 3) == SUCCESS, sample.name
    return statuses


def held(door: Site) -> dict[tuple[str, str], list[Any]]:
    """All rows of instances with their series and studies, by study and SOP instance."""
    found: dict[tuple[str, str], list[Any]] = {}
    with door.archive.store.read() as connection:
        joined = instances.join(series, series.c.id == instances.c.series_id).join(
            studies, studies.c.id == instances.c.study_id
        )
        columns = [*instances.c, series.c.modality, series.c.series_uid, studies.c.study_uid, studies.c.patient_display]
        for row in connection.execute(select(*columns).select_from(joined).order_by(instances.c.rank)):
            found.setdefault((row.study_uid, row.sop_uid), []).append(row)
    return found


def agrees(row: Any, said: dict[str, str]) -> bool:
    """Whether what is listed is what the manifest says."""
    pairs = {"transfer_syntax": row.transfer_syntax, "series_uid": row.series_uid}
    pairs |= {"rows": row.rows, "cols": row.columns, "frames": row.frames}
    return all(said[name] in ("", str(value)) for name, value in pairs.items())


def test_every_file_sent_by_dimse_is_kept_bit_by_bit_or_refused(door: Site) -> None:
    everything = samples()
    statuses: dict[str, int] = {}
    with DimseListener(door.archive.intake, machine, host="127.0.0.1", port=0) as listener:
        for _, group in groupby(everything, lambda each: (each.sop_class, each.syntax)):
            statuses |= sent_by_dimse(door, list(group), listener.port)
    wrong = {each.name: hex(statuses[each.name]) for each in everything if bool(statuses[each.name]) != each.refused}
    assert wrong == {}
    assert {statuses[each.name] for each in everything if each.refused} == {CANNOT_UNDERSTAND}
    found = held(door)
    for each in everything:
        if each.refused:
            continue
        same = found[each.said["study_uid"], each.said["sop_uid"]]
        kept = {door.archive.blobs.path(row.sha256) for row in same}
        data = each.file[data_set_at(SAMPLES / each.name) :]
        assert data in {path.read_bytes()[data_set_at(path) :] for path in kept}, each.name
        assert any(agrees(row, each.said) for row in same), each.name
    assert len(rows(door, refused)) == len(REFUSED) - 1  # of an empty one there is nothing to keep


def part(file: bytes) -> bytes:
    return b"--=_XX\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n"


def test_every_file_sent_by_stow_is_given_out_as_it_came_or_refused(door: Site) -> None:
    browser, everything = door["anlong.doctor"], samples()
    once = Counter((each.said["study_uid"], each.said["sop_uid"]) for each in everything)
    kind = 'multipart/related; type="application/dicom"; boundary="=_XX"'
    for each in everything:
        files = [each.file, GOOD] if each.refused else [each.file]
        body = b"".join(part(file) for file in files) + b"--=_XX--"
        answer = browser.post("/dicom-web/studies", body, Content_Type=kind)
        assert answer.status_code == (202 if each.refused else 200), each.name
        told: Any = answer.json
        stored = told["00081199"]["Value"][0]["00081155"]["Value"][0]
        if each.refused:
            (failure,) = [*told.get("00081198", NONE)["Value"], *told.get("0008119A", NONE)["Value"]]
            assert failure["00081197"]["Value"] == [CANNOT_UNDERSTAND], each.name
            assert REFUSED[each.name] in failure["0040A160"]["Value"][0], each.name
            assert stored == GOOD_UID
            continue
        assert stored == each.said["sop_uid"], each.name
        url = told["00081199"]["Value"][0]["00081190"]["Value"][0].removeprefix("http://localhost")
        if once[each.said["study_uid"], each.said["sop_uid"]] == 1:
            at = data_set_at(SAMPLES / each.name)
            served = browser.get(url, Accept="application/dicom; transfer-syntax=*").data
            assert served[:132] == b"\0" * 128 + b"DICM", each.name
            assert served.endswith(each.file[at:]), each.name
    found = held(door)
    for each in everything:
        if not each.refused:
            same = found[each.said["study_uid"], each.said["sop_uid"]]
            assert any(row.size == len(each.file) for row in same), each.name
            assert any(agrees(row, each.said) for row in same), each.name


def test_what_was_refused_lies_in_quarantine_with_its_reason(door: Site) -> None:
    quarantined = [each for each in samples() if each.refused and each.said["bytes"] != "0"]
    body = b"".join(part(each.file) for each in quarantined) + b"--=_XX--"
    kind = 'multipart/related; type="application/dicom"; boundary="=_XX"'
    assert door["anlong.doctor"].post("/dicom-web/studies", body, Content_Type=kind).status_code == 409
    noted = {row.sha256: row for row in rows(door, refused)}
    for each in quarantined:
        row = noted[each.said["sha256"]]
        assert REFUSED[each.name] in row.reason_en
        assert row.reason_zh
        assert (row.institution, row.door, row.kept) == ("ANLONG", "stow", True)
        assert door.archive.blobs.quarantined(row.sha256).read_bytes() == each.file
    assert rows(door, instances) == []


def test_duplicates_are_one_and_conflicts_are_both_kept(door: Site) -> None:
    of_the_same = {
        "a.dcm": 1,
        "a_exact_copy.dcm": 1,
        "a_same_uid_other_pixels.dcm": 2,
        "a_same_uid_other_patient.dcm": 3,
        "b_same_study_other_patient.dcm": 4,
    }
    for name, kept in of_the_same.items():
        door.archive.put((SAMPLES / "duplicates" / name).read_bytes())
        assert len(rows(door, instances)) == kept, name
    assert len(rows(door, studies)) == 1
    first = (SAMPLES / "duplicates" / "a.dcm").read_bytes()
    primary = [row for row in rows(door, instances) if row.rank == 0]
    assert door.archive.blobs.path(primary[0].sha256).read_bytes() == first


def test_chinese_names_are_read_whatever_the_label_says(door: Site) -> None:
    everything = {each.name: each for each in samples() if each.name in NAMES}
    for each in everything.values():
        door.archive.put(each.file)
    found = held(door)
    for name, each in everything.items():
        (row,) = found[each.said["study_uid"], each.said["sop_uid"]]
        (study,) = [study for study in rows(door, studies) if study.study_uid == row.study_uid]
        assert study.charset_guessed == ("mislabelled" in name), name
        assert any("\u4e00" <= letter <= "\u9fff" for letter in row.patient_display), name
        assert "\ufffd" not in row.patient_display, name
