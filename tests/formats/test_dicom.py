"""Promises about reading DICOM: real files of any syntax open, and no file can lie, hide or exhaust."""

import csv
import json
import random
import struct
import zlib
from pathlib import Path

import pytest

from consult.domain.errors import Broken
from consult.formats import dicom
from consult.formats.elements import MAX_DEPTH
from consult.formats.instances import read_instance
from tests.makers.dicom import (
    BIG,
    CT,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG_LS,
    SAMPLES,
    UNDEFINED,
    ct_slice,
    element,
    fragments,
    implicit,
    item,
    needs_samples,
    part10,
    saved,
)


def test_a_slice_says_who_what_and_where_it_is(tmp_path: Path) -> None:
    found = read_instance(saved(tmp_path, ct_slice()))
    assert (found.study_uid, found.series_uid, found.sop_uid, found.sop_class) == ("2.25.1", "2.25.2", "2.25.3", CT)
    assert (found.patient_id, found.patient_name.alphabetic, found.modality) == ("P1", "Yang^Ban", "CT")
    assert (found.instance_number, found.position) == (7, (-10.0, -20.0, 30.5))
    assert (found.orientation, found.pixel_spacing) == ((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.5, 0.5))
    assert (found.rows, found.columns, found.frames, found.bits_allocated) == (4, 4, 1, 16)
    assert found.transfer_syntax == EXPLICIT
    assert not found.lossy
    assert not found.preamble_used
    assert json.loads(found.metadata)["00200013"] == {"vr": "IS", "Value": [7]}


def test_the_pixels_are_where_the_instance_says(tmp_path: Path) -> None:
    path = saved(tmp_path, ct_slice())
    at = read_instance(path).pixels_at
    assert at is not None
    assert path.read_bytes()[at : at + 32] == struct.pack("<16H", *range(16))


def test_values_that_make_no_sense_are_absent_and_refuse_nothing(tmp_path: Path) -> None:
    changes = {
        0x00200013: ("IS", b"seven"),
        0x00200032: ("DS", b"1\\2"),
        0x00200037: ("DS", b"a\\b\\c\\d\\e\\f"),
        0x00180050: ("DS", b"nan"),
        0x00080020: ("DA", b"yesterday"),
    }
    found = read_instance(saved(tmp_path, ct_slice(changes)))
    assert (found.instance_number, found.position, found.orientation, found.slice_thickness) == (None,) * 4
    assert found.study_date == "yesterday"


def test_the_same_slice_is_read_alike_in_every_native_syntax(tmp_path: Path) -> None:
    plain = read_instance(saved(tmp_path, ct_slice()))
    squeezed = zlib.compressobj(wbits=-15)
    deflated = squeezed.compress(ct_slice()) + squeezed.flush()
    found = read_instance(saved(tmp_path, deflated, DEFLATED, "deflated.dcm"))
    assert (found.position, found.metadata, found.pixels_at) == (plain.position, plain.metadata, None)
    bare = b"".join(
        implicit(tag, raw + b" " * (len(raw) % 2))
        for tag, raw in [
            (0x00080016, CT.encode() + b"\0"),
            (0x00080018, b"2.25.3"),
            (0x0020000D, b"2.25.1"),
            (0x0020000E, b"2.25.2"),
            (0x00200013, b"7"),
            (0x00280010, b"\4\0"),
            (0x00280011, b"\4\0"),
            (0x00280100, b"\x10\0"),
            (0x00280103, b"\1\0"),
            (0x00280106, struct.pack("<h", -5)),
            (0x7FE00010, bytes(32)),
        ]
    )
    found = read_instance(saved(tmp_path, bare, IMPLICIT, "implicit.dcm"))
    assert (found.instance_number, found.rows, found.frames) == (7, 4, 1)
    assert json.loads(found.metadata)["00280106"] == {"vr": "SS", "Value": [-5]}


def test_a_syntax_that_is_mislabelled_is_read_as_what_it_is(tmp_path: Path) -> None:
    assert read_instance(saved(tmp_path, ct_slice(), IMPLICIT)).instance_number == 7


def test_a_data_set_without_file_meta_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bare"
    path.write_bytes(ct_slice())
    found = read_instance(path)
    assert (found.sop_uid, found.transfer_syntax) == ("2.25.3", EXPLICIT)


def test_the_file_made_around_a_received_data_set_is_dicom_to_others(tmp_path: Path) -> None:
    import pydicom

    path = tmp_path / "made.dcm"
    path.write_bytes(dicom.part10(ct_slice(), CT, "2.25.3", EXPLICIT))
    read = pydicom.dcmread(path)
    assert read.file_meta.MediaStorageSOPInstanceUID == "2.25.3"
    assert read.file_meta.ImplementationClassUID == dicom.IMPLEMENTATION_UID
    assert read.file_meta.TransferSyntaxUID == EXPLICIT
    assert read.InstanceNumber == 7
    assert path.read_bytes().endswith(ct_slice())


def test_what_hides_in_a_preamble_is_noticed_and_never_given_out(tmp_path: Path) -> None:
    path = tmp_path / "polyglot.dcm"
    path.write_bytes(part10(ct_slice(), preamble=b"MZ\x90".ljust(128, b"\x01")))
    assert read_instance(path).preamble_used
    head, rest = dicom.served_head(path)
    assert head + path.read_bytes()[rest:] == part10(ct_slice())


@pytest.mark.parametrize("start", ["", "preamble", "meta"])
def test_what_is_given_out_is_always_a_part_10_file(tmp_path: Path, start: str) -> None:
    import pydicom

    whole = part10(ct_slice())
    path = tmp_path / "odd.dcm"
    path.write_bytes({"": whole, "preamble": whole[132:], "meta": ct_slice()}[start])
    head, rest = dicom.served_head(path)
    given = tmp_path / "given.dcm"
    given.write_bytes(head + path.read_bytes()[rest:])
    read = pydicom.dcmread(given)
    assert (read.SOPInstanceUID, read.file_meta.TransferSyntaxUID) == ("2.25.3", EXPLICIT)


def nested(depth: int) -> bytes:
    """Sequences within sequences."""
    inner = element(0x00100020, "LO", b"P1")
    for _ in range(depth):
        inner = element(0x00091001, "SQ", item(inner))
    return inner


def test_padding_at_the_very_end_is_no_damage(tmp_path: Path) -> None:
    assert read_instance(saved(tmp_path, ct_slice(tail=bytes(6)))).sop_uid == "2.25.3"
    with pytest.raises(Broken):
        read_instance(saved(tmp_path, ct_slice(tail=b"\1" * 6)))


def test_an_element_without_letters_for_its_type_is_read_by_the_dictionary(tmp_path: Path) -> None:
    odd = struct.pack("<HHI", 0x0010, 0x1000, 4) + b"ID 2"
    found = read_instance(saved(tmp_path, ct_slice(tail=odd)))
    assert (found.other_patient_ids, found.sop_uid) == (("ID 2",), "2.25.3")


def test_a_stray_delimiter_does_no_harm_but_a_stray_item_does(tmp_path: Path) -> None:
    stray = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    inside = element(0x00091001, "SQ", item(element(0x00100020, "LO", b"P9"), stray))
    assert read_instance(saved(tmp_path, inside + ct_slice())).patient_id == "P1"
    with pytest.raises(Broken):
        read_instance(saved(tmp_path, item() + ct_slice()))


def test_a_type_of_the_future_is_read_as_unknown(tmp_path: Path) -> None:
    future = struct.pack("<HH2sHI", 0x0009, 0x1001, b"ZZ", 0, 4) + b"abcd"  # PS3.5 §6.2: with a long length
    said = json.loads(read_instance(saved(tmp_path, future + ct_slice())).metadata)
    assert said["00091001"] == {"vr": "UN", "InlineBinary": "YWJjZA=="}


def test_an_enhanced_object_says_what_its_frames_share(tmp_path: Path) -> None:
    measures = (
        element(0x00180050, "DS", b"1.5 ") + element(0x00180088, "DS", b"2 ") + element(0x00280030, "DS", b"1\\1 ")
    )
    plane = element(0x00200037, "DS", b"0\\1\\0\\0\\0\\-1")
    shared = item(element(0x00289110, "SQ", item(measures)) + element(0x00209116, "SQ", item(plane)))
    changes = {0x52009229: ("SQ", shared), 0x00200037: None, 0x00280030: None}
    found = read_instance(saved(tmp_path, ct_slice(changes)))
    assert (found.slice_thickness, found.spacing_between, found.pixel_spacing) == (1.5, 2.0, (1.0, 1.0))
    assert found.orientation == (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
    own = {**changes, 0x00180050: ("DS", b"5"), 0x00180088: ("DS", b"6")}
    found = read_instance(saved(tmp_path, ct_slice(own)))
    assert (found.slice_thickness, found.spacing_between) == (5.0, 6.0)


def test_overlays_have_their_type_in_implicit_syntax_too(tmp_path: Path) -> None:
    uids = [
        (0x00080016, CT.encode() + b"\0"),
        (0x00080018, b"2.25.3"),
        (0x0020000D, b"2.25.1"),
        (0x0020000E, b"2.25.2"),
    ]
    overlay = implicit(0x60020010, b"\4\0") + implicit(0x60023000, bytes(8)) + implicit(0x00090010, b"MAKER ")
    whole = b"".join(implicit(tag, raw) for tag, raw in uids) + overlay + implicit(0x00091001, b"ab")
    said = json.loads(read_instance(saved(tmp_path, whole, IMPLICIT)).metadata)
    assert said["60020010"] == {"vr": "US", "Value": [4]}
    assert [said[tag]["vr"] for tag in ("60023000", "00090010", "00091001")] == ["OW", "LO", "UN"]


def test_pixels_may_be_longer_than_needed_but_not_by_one_byte_shorter(tmp_path: Path) -> None:
    assert read_instance(saved(tmp_path, ct_slice({0x7FE00010: ("OW", bytes(40))}))).frames == 1
    one_bit = {0x00280100: ("US", b"\1\0"), 0x00280010: ("US", b"\5\0"), 0x00280011: ("US", b"\5\0")}
    assert read_instance(saved(tmp_path, ct_slice({**one_bit, 0x7FE00010: ("OB", bytes(4))}))).frames == 1
    with pytest.raises(Broken):
        read_instance(saved(tmp_path, ct_slice({**one_bit, 0x7FE00010: ("OB", bytes(2))})))


def test_colour_that_two_pixels_share_needs_two_bytes_a_pixel(tmp_path: Path) -> None:
    shared = {
        0x00280002: ("US", b"\3\0"),
        0x00280004: ("CS", b"YBR_FULL_422"),
        0x00280100: ("US", b"\x08\0"),
        0x7FE00010: ("OB", bytes(32)),
    }
    assert read_instance(saved(tmp_path, ct_slice(shared))).frames == 1
    with pytest.raises(Broken):
        read_instance(saved(tmp_path, ct_slice({**shared, 0x00280004: ("CS", b"RGB")})))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({0x00080060: ("CS", b"PT"), 0x00540081: ("US", b"\x28\0")}, 40),
        ({0x00080060: ("CS", b"PT"), 0x00540081: ("US", b"\x28\0"), 0x00540101: ("US", b"\3\0")}, 120),
        ({0x00080060: ("CS", b"PT"), 0x00540081: ("US", b"\x28\0"), 0x00541000: ("CS", b"GATED\\IMAGE")}, None),
        ({0x00080060: ("CS", b"MR"), 0x00540081: ("US", b"\x28\0")}, None),
    ],
)
def test_only_a_plain_pet_series_says_how_many_slices_it_has(
    changes: dict[int, tuple[str, bytes]], expected: int | None, tmp_path: Path
) -> None:
    assert read_instance(saved(tmp_path, ct_slice(changes))).expected_in_series == expected


@pytest.mark.parametrize(
    ("loss", "syntax", "lossy"),
    [
        (b"", JPEG_LS, False),
        (b"01", JPEG_LS, True),
        (b"00", "1.2.840.10008.1.2.4.50", True),
        (b"", "1.2.840.10008.1.2.4.91", True),
        (b"00", "1.2.840.10008.1.2.4.91", False),
        (b"00", "1.2.840.10008.1.2.4.102", True),
    ],
)
def test_loss_is_told_by_the_header_and_by_the_syntax(loss: bytes, syntax: str, lossy: bool, tmp_path: Path) -> None:
    image = ct_slice({0x7FE00010: None, 0x00282110: ("CS", loss)}) + fragments(b"\xff\xd8\xff\xd9")
    assert read_instance(saved(tmp_path, image, syntax)).lossy is lossy


@pytest.mark.parametrize(
    ("creator", "tag", "value", "b_value"),
    [
        (b"SIEMENS MR HEADER", 0x0019100C, ("IS", b"1000"), 1000),
        (b"GEMS_PARM_01", 0x00431039, ("IS", b"1000000800\\8\\0\\0"), 800),
        (b"Philips Imaging DD 001", 0x20011003, ("FL", struct.pack("<f", 500)), 500),
        (b"Image Private Header", 0x00651009, ("FD", struct.pack("<d", 929.75)), 929.75),
        (b"SOMEBODY ELSE", 0x0019100C, ("IS", b"1000"), None),
    ],
)
def test_b_values_are_found_where_makers_hide_them(
    creator: bytes, tag: int, value: tuple[str, bytes], b_value: float | None, tmp_path: Path
) -> None:
    block = (tag & 0xFFFF0000) | 0x10
    found = read_instance(saved(tmp_path, ct_slice({block: ("LO", creator), tag: value})))
    assert found.b_value == b_value


def test_reasonable_nesting_is_read(tmp_path: Path) -> None:
    assert read_instance(saved(tmp_path, nested(MAX_DEPTH) + ct_slice())).sop_uid == "2.25.3"


def test_a_value_of_odd_place_is_found_by_its_bulk_path(tmp_path: Path) -> None:
    hidden = element(0x00091001, "SQ", item() + item(element(0x00091003, "OB", bytes(range(256)) * 9)))
    path = saved(tmp_path, hidden + ct_slice())
    said = json.loads(read_instance(path).metadata)["00091001"]["Value"][1]["00091003"]["BulkDataURI"]
    start = "/dicom-web/studies/2.25.1/series/2.25.2/instances/2.25.3/bulkdata/"
    assert said == start + "00091001/1/00091003"
    assert dicom.bulk_value(path, said.removeprefix(start)) == bytes(range(256)) * 9
    assert dicom.bulk_value(path, "7FE00010") == struct.pack("<16H", *range(16))
    for wrong in ("00091001/7/00091003", "00091001", "nonsense", "7FE00010/0/00100010", ""):
        with pytest.raises(KeyError):
            dicom.bulk_value(path, wrong)


def _deflated(raw: bytes) -> bytes:
    squeezed = zlib.compressobj(9, wbits=-15)
    return squeezed.compress(raw) + squeezed.flush()


def _us(value: int) -> tuple[str, bytes]:
    return "US", struct.pack("<H", value)


HOSTILE: dict[str, bytes] = {
    "not DICOM": b"%PDF-1.7 " * 100,
    "nothing": b"",
    "only a prefix": b"\0" * 128 + b"DICM",
    "noise after the prefix": b"\0" * 128 + b"DICM" + random.Random(1).randbytes(4000),
    "nested too deep": part10(nested(500) + ct_slice()),
    "nested too deep in undefined lengths": part10(
        (struct.pack("<HH2sHI", 9, 1, b"SQ", 0, UNDEFINED) + struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)) * 50_000
    ),
    "length beyond the file": part10(ct_slice({0x00104000: None}) + element(0x7FE10010, "OB", b"12", 1 << 31)),
    "text longer than its sequence": part10(element(0x00091001, "SQ", item(element(0x00100020, "LO", b"P1", 200)))),
    "cut short": part10(ct_slice())[:-20],
    "two gigabytes of pixels, none there": part10(
        ct_slice({0x7FE00010: None}) + element(0x7FE00010, "OW", b"", 2_000_000_000)
    ),
    "absurd image without pixels": part10(ct_slice({0x7FE00010: None, 0x00280010: _us(65535), 0x00280011: _us(65535)})),
    "huge image without pixels": part10(ct_slice({0x7FE00010: None, 0x00280010: _us(8000), 0x00280011: _us(8000)})),
    "more frames than pixels": part10(ct_slice({0x00280008: ("IS", b"500")})),
    "frames beyond counting": part10(ct_slice({0x00280008: ("IS", b"999999999999")})),
    "frames that are no number": part10(ct_slice({0x00280008: ("IS", b"1A")})),
    "no rows": part10(ct_slice({0x00280010: _us(0)})),
    "rows beyond the pixels": part10(ct_slice({0x00280010: _us(4000)})),
    "compressed frames beyond the fragments": part10(
        ct_slice({0x7FE00010: None, 0x00280008: ("IS", b"3")}) + fragments(b"\xff\xd8\xff\xd9"), JPEG_LS
    ),
    "a huge image in a few bytes": part10(
        ct_slice({0x7FE00010: None, 0x00280010: _us(8000), 0x00280011: _us(8000)}) + fragments(b"\xff\xd8\xff\xd9"),
        JPEG_LS,
    ),
    "compressed pixels without their syntax": part10(ct_slice({0x7FE00010: None}) + fragments(b"\xff\xd8\xff\xd9")),
    "native pixels in a compressed syntax": part10(ct_slice(), JPEG_LS),
    "endless fragments": part10(
        ct_slice({0x7FE00010: None})
        + element(0x7FE00010, "OB", struct.pack("<HHI", 0xFFFE, 0xE000, 1 << 30), UNDEFINED),
        JPEG_LS,
    ),
    "a path for a UID": part10(ct_slice({0x00080018: ("UI", b"../../etc/passwd")})),
    "a UID too long": part10(ct_slice({0x0020000E: ("UI", b"1." * 40)})),
    "no study UID": part10(ct_slice({0x0020000D: None})),
    "an empty series UID": part10(ct_slice({0x0020000E: ("UI", b"")})),
    "no instance UID": part10(ct_slice({0x00080018: None})),
    "no class": part10(ct_slice({0x00080016: None})),
    "a media directory": part10(ct_slice({0x00080016: ("UI", b"1.2.840.10008.1.3.10")})),
    "a deflate bomb": part10(_deflated(ct_slice() + element(0x7FE10010, "OB", bytes(20 << 20))), DEFLATED),
    "a damaged deflate stream": part10(b"\xff" * 100, DEFLATED),
    "a deflate stream cut short": part10(_deflated(random.Random(2).randbytes(4000))[:2000], DEFLATED),
    "a name of two megabytes": part10(struct.pack("<HHI", 0x10, 0x10, 2 << 20) + b"A" * (2 << 20), IMPLICIT),
    "no letters for a type": part10(element(0x00091001, "\0\1", b"1234") + ct_slice()),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_that_lies_is_refused_with_a_sentence(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.dcm"
    path.write_bytes(HOSTILE[kind])
    with pytest.raises(Broken) as refused:
        read_instance(path)
    assert refused.value.sentence.zh.endswith("。")
    assert refused.value.sentence.en.endswith(".")


def test_damaged_files_are_read_or_refused_but_never_anything_else(tmp_path: Path) -> None:
    chance = random.Random(20240102)
    whole = part10(nested(3) + ct_slice({0x00101000: ("LO", b"A\\B")}))
    path = tmp_path / "damaged.dcm"
    read = refused = 0
    for _ in range(800):
        damaged = bytearray(whole[: chance.choice([len(whole), chance.randrange(len(whole))])])
        for _ in range(chance.randrange(1, 6)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            json.loads(read_instance(path).metadata)
            read += 1
        except Broken:
            refused += 1
    assert min(read, refused) > 60, "the damage should be of both kinds"


def _manifest() -> list[dict[str, str]]:
    if not (SAMPLES / "MANIFEST.csv").is_file():
        return []
    with (SAMPLES / "MANIFEST.csv").open(newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


NO_STUDY = {"chrSQEncoding.dcm", "chrSQEncoding1.dcm", "HTJ2KLossless_08_RGB.dcm", "HTJ2K_08_RGB.dcm"}
NO_STUDY |= {"JLSL_16_15_1_1F.dcm"}


@needs_samples
def test_every_good_file_opens_and_every_bad_one_is_refused() -> None:
    wrong: list[str] = []
    for row in _manifest():
        path = SAMPLES / row["path"]
        try:
            found = read_instance(path)
            said = (found.modality, found.study_uid, found.series_uid, found.sop_uid)
            known = (row["modality"], row["study_uid"], row["series_uid"], row["sop_uid"])
            if row["validity"] == "no" or (row["validity"] == "yes" and said != known):
                wrong.append(f"{row['path']}: {said}")
            json.loads(found.metadata)
        except Broken as refused:
            if row["validity"] == "yes" and path.name not in NO_STUDY:
                wrong.append(f"{row['path']}: {refused.sentence.en}")
    assert wrong == []


@needs_samples
def test_files_without_study_can_be_opened_but_not_filed() -> None:
    for row in _manifest():
        path = SAMPLES / row["path"]
        if path.name in NO_STUDY:
            with dicom.open_dicom(path) as opened:
                assert opened.data
            with pytest.raises(Broken, match="broken"):
                read_instance(path)


@needs_samples
def test_numbers_agree_with_what_pydicom_reads() -> None:
    import pydicom

    for path in sorted((SAMPLES / "series").rglob("*.dcm"))[::9]:
        ours, theirs = read_instance(path), pydicom.dcmread(path, stop_before_pixels=True)
        assert ours.instance_number == theirs.InstanceNumber
        assert ours.rows == theirs.Rows
        assert list(ours.position or []) == [float(part) for part in theirs.get("ImagePositionPatient") or []]
        assert ours.slice_thickness == theirs.get("SliceThickness")
        assert ours.image_type == tuple(theirs.ImageType)


def test_big_endian_numbers_are_read_right(tmp_path: Path) -> None:
    def big(tag: int, vr: str, raw: bytes) -> bytes:
        return element(tag, vr, raw, order=">")

    uids = [
        (0x00080016, CT.encode() + b"\0"),
        (0x00080018, b"2.25.3"),
        (0x0020000D, b"2.25.1"),
        (0x0020000E, b"2.25.2"),
    ]
    whole = b"".join(big(tag, "UI", raw) for tag, raw in uids)
    whole += big(0x00280010, "US", b"\0\2") + big(0x00280011, "US", b"\0\3") + big(0x00280100, "US", b"\0\x10")
    whole += big(0x7FE00010, "OW", struct.pack(">6H", *range(6)))
    path = saved(tmp_path, whole, BIG)
    found = read_instance(path)
    assert (found.rows, found.columns, found.transfer_syntax) == (2, 3, BIG)
    assert dicom.bulk_value(path, "7FE00010") == struct.pack("<6H", *range(6))
