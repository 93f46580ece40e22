"""Promises about DICOM JSON: every kind of value as PS3.18 Annex F wants it, and nothing lost on the way."""

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from consult.formats import dicomjson
from consult.formats.dicom import open_dicom
from consult.formats.elements import Encoding, Walk
from consult.formats.names import charset_of
from consult.formats.sources import Source
from tests.makers.dicom import BIG, SAMPLES, UNDEFINED, ct_slice, element, item, needs_samples, part10, saved

ROOT = "/bulk/"


def written(*elements: bytes, big: bool = False) -> dict[str, Any]:
    """The JSON of a data set of these elements."""
    data = Walk(Source.of(b"".join(elements)), Encoding(True, big)).run()
    return json.loads(dicomjson.write(data, charset_of(data, None), big, ROOT))


@pytest.mark.parametrize(
    ("tag", "vr", "raw", "value"),
    [
        (0x00080005, "CS", b"GB18030 ", ["ISO_IR 192"]),
        (0x00080008, "CS", b"ORIGINAL\\PRIMARY ", ["ORIGINAL", "PRIMARY"]),
        (0x00080018, "UI", b"1.2.3\0", ["1.2.3"]),
        (0x00080020, "DA", b"20240102", ["20240102"]),
        (0x00081030, "LO", b"a\\\\c", ["a", None, "c"]),
        (0x00104000, "LT", b" a\\b ", [" a\\b"]),
        (0x00280030, "DS", b"0.50\\+.5\\1e-3 ", [0.5, 0.5, 0.001]),
        (0x00200013, "IS", b"007 ", [7]),
        (0x00200013, "IS", b"1A", ["1A"]),
        (0x00280010, "US", struct.pack("<2H", 4, 65535), [4, 65535]),
        (0x00189219, "SS", struct.pack("<h", -4), [-4]),
        (0x00081163, "FD", struct.pack("<2d", 0.1, float("nan")), [0.1, "NaN"]),
        (0x00189089, "FD", struct.pack("<2d", float("inf"), -1e300), ["Infinity", -1e300]),
        (0x00186020, "SL", struct.pack("<i", -70000), [-70000]),
        (0x00720082, "SV", struct.pack("<2q", -5, 1 << 60), [-5, str(1 << 60)]),
        (0x00080001, "UL", struct.pack("<I", 1 << 31), [1 << 31]),
        (0x00209165, "AT", struct.pack("<4H", 0x0020, 0x9057, 0x7FE0, 0x0010), ["00209057", "7FE00010"]),
        (0x0040A160, "UT", b"x" * 40, ["x" * 40]),
        (0x00080120, "UR", b"http://a/b?c=1\\2 ", ["http://a/b?c=1\\2"]),
    ],
)
def test_each_kind_of_value_is_written_as_the_standard_says(tag: int, vr: str, raw: bytes, value: list[Any]) -> None:
    assert written(element(tag, vr, raw)) == {f"{tag:08X}": {"vr": vr, "Value": value}}


def test_an_empty_value_has_no_value() -> None:
    assert written(element(0x00100020, "LO", b""), element(0x00080050, "SH", b"  ")) == {
        "00080050": {"vr": "SH"},
        "00100020": {"vr": "LO"},
    }


def test_a_name_keeps_its_three_groups_apart() -> None:
    raw = "Wang^XiaoDong=王^小东=\\Li^Na".encode()
    json_name = written(element(0x00080005, "CS", b"ISO_IR 192"), element(0x00101001, "PN", raw))["00101001"]
    assert json_name["Value"] == [
        {"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"},
        {"Alphabetic": "Li^Na"},
    ]


def test_all_texts_are_decoded_like_the_name() -> None:
    found = written(
        element(0x00080080, "LO", "青山县人民医院".encode("gbk")),
        element(0x00081030, "LO", "头部".encode("gbk")),
        element(0x00104000, "LT", "外伤，意识不清".encode("gbk")),
        element(0x00180015, "CS", "头颅".encode("gbk")),
        element(
            0x00400275, "SQ", item(element(0x00400007, "LO", "急诊".encode("gbk")), element(0x00400009, "SH", b"S1 "))
        ),
    )
    texts = [found[tag]["Value"][0] for tag in ("00080080", "00081030", "00104000", "00180015")]
    assert texts == ["青山县人民医院", "头部", "外伤，意识不清", "头颅"]
    assert found["00400275"]["Value"][0]["00400007"]["Value"] == ["急诊"]


def test_an_item_may_have_its_own_character_set() -> None:
    inner = item(element(0x00080005, "CS", b"ISO_IR 144"), element(0x00100010, "PN", "Люк".encode("iso8859_5")))
    found = written(
        element(0x00080005, "CS", b"GB18030 "),
        element(0x00100010, "PN", "张^伟".encode("gb18030")),
        element(0x00101002, "SQ", inner),
    )
    assert found["00100010"]["Value"] == [{"Alphabetic": "张^伟"}]
    assert found["00101002"]["Value"][0]["00100010"]["Value"] == [{"Alphabetic": "Люк"}]


def test_short_binary_travels_along_and_long_binary_stays_behind_with_its_path() -> None:
    short, long = bytes(range(100)), bytes(2000)
    nested = item(element(0x00091001, "OB", short)) + item(element(0x00091002, "OB", long))
    found = written(element(0x00091010, "UN", short), element(0x00091020, "SQ", nested), element(0x7FE00010, "OW", b""))
    assert base64.b64decode(found["00091010"]["InlineBinary"]) == short
    items = found["00091020"]["Value"]
    assert base64.b64decode(items[0]["00091001"]["InlineBinary"]) == short
    assert items[1]["00091002"] == {"vr": "OB", "BulkDataURI": "/bulk/00091020/1/00091002"}


def test_a_palette_is_always_at_hand() -> None:
    assert "InlineBinary" in written(element(0x00281201, "OW", bytes(8192)))["00281201"]


def test_pixels_are_never_in_the_metadata(tmp_path: Path) -> None:
    with open_dicom(saved(tmp_path, ct_slice())) as opened:
        found = json.loads(dicomjson.write(opened.data, charset_of(opened.data, None), False, ROOT))
    assert found["7FE00010"] == {"vr": "OW", "BulkDataURI": "/bulk/7FE00010"}


def test_group_lengths_and_padding_are_left_out() -> None:
    assert written(element(0x00080000, "UL", bytes(4)), element(0xFFFCFFFC, "OB", bytes(4))) == {}


def test_an_empty_sequence_and_an_empty_item_are_kept_apart() -> None:
    assert written(element(0x00081140, "SQ", b"")) == {"00081140": {"vr": "SQ"}}
    assert written(element(0x00081140, "SQ", item())) == {"00081140": {"vr": "SQ", "Value": [{}]}}


def test_words_of_a_big_endian_file_come_out_in_little_endian(tmp_path: Path) -> None:
    raw = element(0x00091001, "OW", b"\1\2\3\4", order=">") + element(0x00280010, "US", b"\0\4", order=">")
    found = written(raw, big=True)
    assert base64.b64decode(found["00091001"]["InlineBinary"]) == b"\2\1\4\3"
    assert found["00280010"]["Value"] == [4]
    assert part10(raw, BIG)


def test_control_characters_and_quotes_do_not_break_the_text() -> None:
    text = 'a"b\t<script>\x01\x7f'
    assert written(element(0x00104000, "LT", text.encode()))["00104000"]["Value"] == [text]


def test_a_sequence_of_unknown_type_is_read_as_a_sequence() -> None:
    inner = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + struct.pack("<HHI", 0x0010, 0x0020, 2) + b"P1"
    inner += struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    found = written(element(0x00091001, "UN", inner, UNDEFINED))
    assert found["00091001"] == {"vr": "SQ", "Value": [{"00100020": {"vr": "LO", "Value": ["P1"]}}]}


_NOT_COMPARED = ("InlineBinary", "BulkDataURI", "00080005", "FFFCFFFC")


def _comparable(found: Any) -> Any:
    """JSON with numbers as numbers, without what the two writers may differ in: bulk, and how nothing is said."""
    if isinstance(found, dict):
        kept = {key: value for key, value in found.items() if key not in _NOT_COMPARED and not key.endswith("0000")}
        return {key: _comparable(value) for key, value in kept.items() if value != []}
    if isinstance(found, list):
        return [_comparable(value) for value in found]
    return float(found) if isinstance(found, int | float) else found


@needs_samples
@pytest.mark.parametrize(
    "file",
    [
        "charset/chinese/utf8.dcm",
        "charset/chinese/gb18030.dcm",
        "enhanced/ct_legacy_converted.dcm",
        "enhanced/mr_philips_fieldmap.dcm",
        "objects/test-SR.dcm",
        "objects/gen/gsps.dcm",
        "objects/dcmqi_petct_sr/seg.dcm",
        "pet/ACRIN-FLT-Breast_1.dcm",
    ],
)
def test_the_json_of_real_files_equals_what_pydicom_makes_of_them(file: str) -> None:
    import pydicom

    def bulk(_element: Any) -> str:
        return "elsewhere"

    theirs = pydicom.dcmread(SAMPLES / file).to_json_dict(1 << 30, bulk, suppress_invalid_tags=True)
    with open_dicom(SAMPLES / file) as opened:
        ours = json.loads(dicomjson.write(opened.data, charset_of(opened.data, None), opened.encoding.big, ROOT))
    assert _comparable(ours) == _comparable(theirs)
