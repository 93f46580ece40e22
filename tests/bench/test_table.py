"""What the benchmarks print can be read: columns stand under each other, a missed figure is said loudly."""

from tests.bench.table import Row, printed


def test_columns_line_up_with_chinese_in_them() -> None:
    lines = printed([Row("接收", "10/s", "5/s", 2.0, "≥ 1.0", True), Row("store", "1/s", "5/s", 0.2, "≥ 1.0", False)])
    first, second = lines.splitlines()[2:4]
    assert len(first.encode("gb18030")) - len("holds") == len(second.encode("gb18030")) - len("MISSED")
    assert first.endswith("holds")
    assert second.endswith("MISSED")


def test_a_note_is_told_under_the_table() -> None:
    assert (
        printed([Row("store", "–", note="needs Debian's orthanc")]).splitlines()[-1] == "store: needs Debian's orthanc"
    )
