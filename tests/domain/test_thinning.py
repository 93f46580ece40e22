"""Promises about thinning: a copy that was thinned is found by its own word or by its siblings', a whole one never."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from consult.domain.completeness import Kind, assess, assess_series
from consult.domain.losses import Expectation, Listed, SeriesCompleteness, Source, Status
from consult.domain.studies import Instance
from consult.domain.telling import advice, line, ranges_of, unit_of
from tests.makers.dicom import instance


def axial(count: int, spacing: float = 5.0, start: float = -100.0, **said: Any) -> list[Instance]:
    return [
        instance(
            sop_uid=f"2.25.9.{said.get('series_uid', '')}{n + 1}",
            position=(0.0, 0.0, round(start + n * spacing, 4)),
            instance_number=n + 1,
            **{"slice_thickness": spacing, "spacing_between": spacing} | said,
        )
        for n in range(count)
    ]


def renumbered(images: Sequence[Instance]) -> list[Instance]:
    return [replace(image, instance_number=n + 1) for n, image in enumerate(images)]


@pytest.mark.parametrize("step", [2, 3, 5])
def test_a_decimated_copy_with_numbers_made_anew_is_found_by_the_spacing_in_its_header(step: int) -> None:
    (missing,) = assess_series(renumbered(axial(100, 1.0)[::step])).missing
    assert missing.kind is Kind.THINNED


def test_a_decimated_copy_that_says_no_spacing_is_found_by_its_numbers() -> None:
    (missing,) = assess_series(axial(100, 1.0, spacing_between=None)[::2]).missing
    assert (missing.kind, missing.count) == (Kind.THINNED, 49)


WHOLE: dict[str, list[Instance]] = {
    "high-resolution lung: thin slices far apart": axial(25, 10.0, slice_thickness=1.0, spacing_between=None),
    "a scanner that writes the gap as the spacing": axial(20, 7.5, slice_thickness=5.0, spacing_between=2.5),
    "overlapping slices": axial(60, 0.625, slice_thickness=1.25),
    "a gap between slices of an MR": axial(20, 6.5, modality="MR", slice_thickness=5.0, spacing_between=1.5),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_series_of_odd_spacing_are_not_called_thinned(kind: str) -> None:
    found = assess_series(WHOLE[kind])
    assert (found.missing, found.evidence) == ((), ())


def test_a_spacing_unlike_the_headers_is_told_with_both_figures() -> None:
    (told,) = assess_series(axial(30, 3.1, slice_thickness=2.0, spacing_between=2.0)).evidence
    assert told.zh == "实测层间距 3.1 mm，与标注的 2 mm 不符。"


def test_a_position_that_came_twice_is_told() -> None:
    images = axial(30)
    (told,) = assess_series([*images, replace(images[7], sop_uid="2.25.77", instance_number=31)]).evidence
    assert "1 个位置各有多于一层（-65 mm）" in told.zh


def test_an_averaged_copy_alone_is_told() -> None:
    averaged = axial(20, image_type=("DERIVED", "SECONDARY", "AXIAL", "AVERAGE"))
    assert [words.zh for words in study(averaged).notices] == ["只有平均（厚层叠加）图像，未收到原始薄层。"]
    assert study([*averaged, *axial(100, 1.0, series_uid="2.25.4")]).notices == ()


def test_lost_end_slices_are_told_by_the_other_reconstruction() -> None:
    soft = axial(30, series_uid="2.25.4", kernel="B30f", series_description="soft")
    bone = axial(30, series_uid="2.25.5", kernel="B70f")
    assert all(not one.evidence for one in study([*soft, *bone]).series)
    (told,) = study([*soft, *bone[2:-1]]).series[1].evidence
    assert told.zh == "比同次扫描的另一重建（soft）少首尾 3 层（位置 -100、-95、45 mm）。"


def test_a_lost_time_point_is_found_by_how_many_the_series_says() -> None:
    def at(time: int) -> list[Instance]:
        base = axial(12, modality="MR", temporal_positions=5, temporal_position=time)
        return [replace(one, sop_uid=f"{one.sop_uid}.{time}", instance_number=None) for one in base]

    whole = [image for time in range(1, 6) for image in at(time)]
    assert assess_series(whole).missing == ()
    (missing,) = assess_series([image for image in whole if image.temporal_position != 3]).missing
    assert (missing.sentence.zh, missing.count) == ("缺 1 个时相（数据称共 5 个）。", 12)


def study(images: Sequence[Instance], expectations: Sequence[Expectation] = (), sha256: str = "0" * 64) -> Any:
    return assess([(image, sha256, 0) for image in images], expectations)


def listing(images: Sequence[Instance], **said: Any) -> Expectation:
    listed = {one.sop_uid: Listed(one.series_uid, one.instance_number, said.pop("sha256", "")) for one in images}
    return Expectation(
        series={images[0].series_uid: len(images)}, sop_uids=frozenset(listed), listed=listed, **said
    )  # fmt: skip


def test_what_the_list_has_and_did_not_come_is_named_by_number() -> None:
    images = axial(30)
    found = study(images[:26], [listing(images, source=Source.SIGNED)])
    assert [each.instance_number for each in found.missing] == [27, 28, 29, 30]
    (series,) = found.series
    assert line(series).zh == "缺 4 幅（已收 26，应有 30）"
    assert advice(series) == ("请设备重发第 27–30 层。", "Send slices 27–30 again from the scanner.")
    assert [(claim.source, claim.expected, claim.short) for claim in found.claims] == [(Source.SIGNED, 30, 4)]


def test_sources_that_contradict_each_other_are_shown_and_not_averaged() -> None:
    images = axial(30)
    found = study(images, [Expectation(series={"2.25.2": 32}, source=Source.COUNTED), listing(images)])
    assert [(claim.source, claim.expected, claim.short) for claim in found.claims] == [
        (Source.LISTED, 30, 0),
        (Source.COUNTED, 32, 2),
    ]
    assert found.status is Status.SHORT, "one source misses something"
    assert [words.zh for words in found.notices] == ["各来源的数量不一致：未签名清单 30 幅，设备查询 32 幅。"]


def test_commitment_for_a_part_proves_nothing_of_the_rest() -> None:
    images = axial(30)
    asked = frozenset(image.sop_uid for image in images[:10])
    part = Expectation(sop_uids=asked, source=Source.COMMITMENT, partial=True)
    assert study(images, [part]).status is Status.QUIET
    assert study(images[:10], [part]).status is Status.COMPLETE
    assert study(images[1:10], [part]).status is Status.SHORT


def test_bytes_unlike_the_list_are_a_conflict() -> None:
    images = axial(3)
    told = listing(images[:1], sha256="a" * 64)
    assert [each.kind for each in study(images, [told], "b" * 64).conflicts] == [Kind.ALTERED]
    assert study(images, [told], "a" * 64).conflicts == ()


def test_numbers_are_written_as_ranges() -> None:
    assert ranges_of([41, 37, 38, 39, 40, 50, 52, 53]) == "37–41、50、52–53"
    assert ranges_of([]) == ""


@pytest.mark.parametrize(
    ("modality", "told"),
    [("CT", "2 幅"), ("SR", "2 份"), ("DOC", "2 份"), ("KO", "2 份"), ("ECG", "2 条"), ("XX", "2 幅")],
)
def test_what_is_no_image_is_counted_by_its_own_word(modality: str, told: str) -> None:
    for status in (Status.QUIET, Status.COMPLETE, Status.RECEIVING):
        said = line(SeriesCompleteness("2.25.2", status, 2), modality).zh
        assert told in said
        assert ("幅" in said) == ("幅" in told)


def test_a_study_is_counted_in_images_where_it_has_any() -> None:
    assert unit_of(["CT", "SR"])[0] == "幅"
    assert unit_of(["SR", "KO"])[0] == unit_of(["SR", "PR"])[0] == "份"
    assert unit_of(["ECG"])[0] == "条"
    assert unit_of([])[0] == "幅"
