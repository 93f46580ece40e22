"""A key matches a value as PS3.4 §C.2.2.2 says."""

import pytest

from consult.domain.matching import matches, span_of, values_of


@pytest.mark.parametrize(
    ("vr", "wanted", "held", "expected"),
    [
        ("LO", "", [], True),
        ("LO", "*", [], True),
        ("LO", "x", [], False),
        ("LO", "head*", ["HEAD CT"], True),
        ("LO", "h?ad", ["Head"], True),
        ("LO", "h.ad", ["Head"], False),
        ("LO", "a\\b", ["B"], True),
        ("CS", "AXIAL", ["ORIGINAL", "AXIAL"], True),
        ("PN", "wang*", ["Wang^Xiaodong=王^小东"], True),
        ("PN", "王*", ["Wang^Xiaodong=王^小东"], True),
        ("PN", "小*", ["Wang^Xiaodong=王^小东"], False),
        ("UI", "2.25.1\\2.25.2", ["2.25.2"], True),
        ("UI", "2.25.*", ["2.25.2"], False),
        ("IS", "7", ["7"], True),
        ("DA", "20240101-20240131", ["20240115"], True),
        ("DA", "-20240101", ["20240101"], True),
        ("DA", "20240102-", ["20240101"], False),
        ("TM", "10-1030", ["103059.5"], True),
        ("TM", "10-1030", ["1031"], False),
        ("TM", "10:00-10:30", ["10:15:00"], True),
        ("DA", "20240101", [""], False),
    ],
)
def test_values_match(vr: str, wanted: str, held: list[str], expected: bool) -> None:
    assert matches(vr, wanted, held) == expected


@pytest.mark.parametrize("text", ["", "-", "yesterday", "2024*"])
def test_what_is_no_range_is_none(text: str) -> None:
    assert span_of(text) is None


def test_values_of_dicom_json_are_text() -> None:
    assert values_of({"vr": "DS", "Value": [1.0, 0.5, None]}) == ["1", "0.5"]
    assert values_of({"vr": "PN", "Value": [{"Alphabetic": "Wang", "Ideographic": "王"}]}) == ["Wang=王"]
    assert values_of({"vr": "OB", "InlineBinary": "AA=="}) == []
