"""Whatever a data set holds comes back whole: file to DICOM JSON to data set, and DICOM JSON to XML and back."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, FileMetaDataset, dcmread, dcmwrite
from pydicom.dataelem import DataElement
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from consult.formats import dicomjson, dicomxml
from consult.formats.dicom import bulk_value, open_dicom
from consult.formats.names import charset_of
from tests.makers.dicom import CT

ROOT = "/bulk/"
CREATOR = 0x00090010
Values = st.SearchStrategy[Any]

LATIN = "abcdefgh XYZ0123456789-+./,;()&<>'\"~"
CHINESE = "王小东张三丰患者头颅增强急诊贵州医院龘"
TEXT = st.text(LATIN + CHINESE, max_size=12).map(lambda text: text.strip())
CODE = st.text("ABCXYZ0123456789_ ", max_size=14).map(str.strip)
GROUP = st.lists(st.text("WangXiao", max_size=6), max_size=3).map(lambda parts: "^".join(parts).rstrip("^"))
HAN = st.lists(st.text(CHINESE, max_size=3), max_size=3).map(lambda parts: "^".join(parts).rstrip("^"))
PERSON = st.tuples(GROUP, HAN, HAN).map(lambda groups: "=".join(groups).rstrip("="))
UID = st.lists(st.integers(1, 10**9), min_size=2, max_size=5).map(lambda numbers: ".".join(map(str, (1, *numbers))))
DATE = st.dates().map(lambda day: f"{day:%Y}".zfill(4) + f"{day:%m%d}")
DECIMAL = st.floats(-1e9, 1e9).map(lambda number: f"{number:.6g}")


def whole(bits: int, signed: bool = False) -> Values:
    low = -(1 << (bits - 1)) if signed else 0
    high = low + (1 << bits) - 1
    return st.one_of(st.sampled_from((low, high)), st.integers(low, high))


def several(one: Values) -> Values:
    """None, one or more values."""
    return st.one_of(st.just([]), st.lists(one, min_size=1, max_size=3))


def binary(width: int) -> Values:
    """Bytes of whole words, some just below, at and beyond what travels along."""
    lengths = st.sampled_from((0, 1, 2, 7, 127, 128, dicomjson.MAX_INLINE // 8, dicomjson.MAX_INLINE // 8 + 1))
    return lengths.map(lambda count: bytes(index % 251 for index in range(count * 8 // width * width)))


KINDS: dict[str, Values] = {
    **dict.fromkeys(("AE", "CS"), several(CODE.filter(bool))),
    "AS": several(st.sampled_from(("061Y", "003M", "010D"))),
    "AT": several(st.sampled_from((0x00100010, 0x7FE00010, 0x00091001))),
    "DA": several(DATE),
    "DS": several(DECIMAL),
    "DT": several(DATE.map(lambda day: f"{day}101530.123456+0800")),
    "FD": several(st.floats(allow_nan=False)),
    "FL": several(st.floats(width=32, allow_nan=False)),
    "IS": several(whole(32, True).map(str)),
    **dict.fromkeys(("LO", "SH", "UC"), several(TEXT.filter(bool))),
    **dict.fromkeys(("LT", "ST", "UT"), TEXT.map(lambda text: [text + "\\" + text] if text else [])),
    **dict.fromkeys(("OB", "UN"), binary(2).map(lambda raw: [raw] if raw else [])),
    **{vr: binary(width).map(lambda raw: [raw] if raw else [])
       for vr, width in (("OW", 2), ("OL", 4), ("OF", 4), ("OD", 8), ("OV", 8))},
    "PN": several(PERSON.filter(bool)),
    "SL": several(whole(32, True)),
    "SS": several(whole(16, True)),
    "SV": several(whole(64, True)),
    "TM": several(st.times().map(lambda at: f"{at:%H%M%S.%f}")),
    "UI": several(UID),
    "UL": several(whole(32)),
    "UR": st.sampled_from(([], ["http://a.example/b?c=d&e=%E7%8E%8B"])),
    "US": several(whole(16)),
    "UV": several(whole(64)),
}  # fmt: skip
"""Every value representation of PS3.5 §6.2 but SQ, with lists of what it may hold."""


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 2) -> Dataset:
    """A data set of private elements of any kinds; sequences of such within."""
    made = Dataset()
    made.add_new(CREATOR, "LO", "EVERY VALUE")
    for number, vr in enumerate(draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=2, max_size=12))):
        values = draw(KINDS[vr])
        held = values[0] if len(values) == 1 else values or None
        made.add(DataElement(Tag(0x00091000 + number), vr, held))
    if depth:
        items = draw(st.one_of(st.none(), st.lists(data_sets(depth - 1), max_size=2)))
        if items is not None:
            made.add_new(0x000910F0, "SQ", items)
    return made


CHARSETS = st.sampled_from(("ISO_IR 192", "GB18030", "GBK"))


def saved(path: Path, data: Dataset, charset: str) -> Dataset:
    """The file, and the data set as another program reads it."""
    data.SpecificCharacterSet = charset
    data.SOPClassUID, data.SOPInstanceUID = CT, "2.25.3"
    data.StudyInstanceUID, data.SeriesInstanceUID = "2.25.1", "2.25.2"
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dcmwrite(path, data, enforce_file_format=True)
    return dcmread(path)


def as_json(path: Path) -> dict[str, Any]:
    with open_dicom(path) as opened:
        return dict(json.loads(dicomjson.write(opened.data, charset_of(opened.data, None), False, ROOT)))


def assert_same(ours: Dataset, theirs: Dataset) -> None:
    """Equal element by element; the character set is ours, for the JSON is UTF-8."""
    assert [each.tag for each in ours] == [each.tag for each in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one.VR == other.VR, one.tag
        if one.VR == "SQ":
            assert len(one.value) == len(other.value)
            for inner, outer in zip(one.value, other.value, strict=True):
                assert_same(inner, outer)
        elif one.tag != 0x00080005:
            assert _plain(one.value) == _plain(other.value), one.tag


def _plain(value: Any) -> Any:
    """Numbers as numbers, names and identifiers as text, nothing as nothing."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if value is None or value == "":
        return []
    if isinstance(value, (int, float)):
        return [float(value)]
    if isinstance(value, str) or not hasattr(value, "__iter__") or hasattr(value, "components"):
        return [str(value)]
    return [each for one in value for each in _plain(one)]


@given(made=data_sets(), charset=CHARSETS)
def test_a_data_set_of_any_values_comes_back_from_its_json(tmp_path: Path, made: Dataset, charset: str) -> None:
    path = tmp_path / "made.dcm"
    theirs = saved(path, made, charset)
    told = as_json(path)
    fetched: list[int] = []

    def bulk(uri: str) -> bytes:
        value = bulk_value(path, uri.removeprefix(ROOT))
        fetched.append(len(value))
        return value

    assert_same(Dataset.from_json(told, bulk), theirs)
    lengths = [len(each.value) for each in theirs.iterall() if isinstance(each.value, bytes)]
    assert sorted(fetched) == sorted(length for length in lengths if length > dicomjson.MAX_INLINE)


# XML, read by hand (PS3.19 §A.1)

MODEL = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")


def of_xml(model: ElementTree.Element) -> dict[str, Any]:
    """DICOM JSON out of the Native DICOM Model, every value as text."""
    return {each.attrib["tag"]: _attribute(each) for each in model.iterfind(f"{MODEL}DicomAttribute")}


def _attribute(attribute: ElementTree.Element) -> dict[str, Any]:
    made: dict[str, Any] = {"vr": attribute.attrib["vr"]}
    values: list[Any] = []
    for child in attribute:
        kind = child.tag.removeprefix(MODEL)
        if kind == "BulkData":
            made["BulkDataURI"] = child.attrib["uri"]
        elif kind == "InlineBinary":
            made["InlineBinary"] = child.text
        else:
            assert child.attrib["number"] == str(len(values) + 1)
            values.append({"Item": of_xml, "PersonName": _person}.get(kind, _text)(child))
    return made | ({"Value": values} if values else {})


def _text(value: ElementTree.Element) -> Any:
    return value.text or ""


def _person(name: ElementTree.Element) -> dict[str, str]:
    groups = {}
    for group in name:
        told = {part.tag.removeprefix(MODEL): part.text or "" for part in group}
        groups[group.tag.removeprefix(MODEL)] = "^".join(told.get(part, "") for part in PARTS).rstrip("^")
    return groups


def as_text(told: Any) -> Any:
    """JSON with every value as text, which is all that XML knows."""
    if isinstance(told, dict):
        return {key: as_text(value) for key, value in told.items()}
    return [as_text(value) for value in told] if isinstance(told, list) else str(told)


@settings(max_examples=40)
@given(made=data_sets(), charset=CHARSETS)
def test_the_xml_of_any_values_says_what_the_json_says(tmp_path: Path, made: Dataset, charset: str) -> None:
    path = tmp_path / "made.dcm"
    saved(path, made, charset)
    told = as_json(path)
    assert of_xml(ElementTree.fromstring(dicomxml.write(told))) == as_text(told)
