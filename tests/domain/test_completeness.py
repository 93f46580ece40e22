"""Promises about completeness: what is lost is found and named; what is not lost is never cried over."""

import json
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from math import cos, radians, sin
from pathlib import Path
from typing import Any

import pytest

from consult.domain.completeness import Expectation, Kind, Status, StudyCompleteness, assess, assess_series
from consult.domain.studies import Instance
from consult.formats.instances import read_instance
from tests.makers.dicom import SAMPLES, instance, needs_samples

Axial = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def axial(count: int, spacing: float = 5.0, start: float = -100.0, first: int = 1, **said: Any) -> list[Instance]:
    """An axial stack, numbered upwards."""
    return [
        instance(
            sop_uid=f"2.25.9.{said.get('series_uid', '')}{first + n}",
            position=(0.0, 0.0, round(start + n * spacing, 4)),
            instance_number=first + n,
            **{"slice_thickness": spacing, "spacing_between": spacing} | said,
        )
        for n in range(count)
    ]


def without(images: Sequence[Instance], *left_out: int) -> list[Instance]:
    return [image for index, image in enumerate(images) if index not in left_out]


def changed(image: Instance, **said: Any) -> Instance:
    return replace(image, **said)


def study(images: Iterable[Instance], **more: Any) -> StudyCompleteness:
    return assess([(image, "0" * 64, 0) for image in images], **more)


def lost(images: Sequence[Instance]) -> list[tuple[int | None, float | None]]:
    return [(each.instance_number, each.position_mm) for each in assess_series(images).missing]


def test_a_missing_slice_is_named_by_number_and_position() -> None:
    found = study(without(axial(40, 1.25, -157.5), 36))
    (missing,) = found.missing
    assert missing.sentence.zh == "缺第 37 层（位置 −112.5 mm）。"
    assert missing.sentence.en == "Slice 37 is missing (position −112.5 mm)."
    assert (found.status, found.received, found.expected) == (Status.SHORT, 39, 40)
    assert (missing.kind, missing.instance_number, missing.position_mm) == (Kind.SLICE, 37, -112.5)


def test_missing_slices_are_named_one_by_one() -> None:
    assert lost(without(axial(30), 4, 5, 6, 20)) == [(5, -80.0), (6, -75.0), (7, -70.0), (21, 0.0)]


def test_the_direction_of_numbering_does_not_matter() -> None:
    images = axial(30)
    turned = [changed(image, instance_number=31 - (image.instance_number or 0)) for image in images]
    assert lost(without(turned, 4)) == [(26, -80.0)]


def test_the_order_of_arrival_does_not_matter() -> None:
    images = without(axial(60), 10, 41)
    random.Random(4).shuffle(images)
    assert sorted(lost(images)) == [(11, -50.0), (42, 105.0)]


def test_a_whole_stack_with_nothing_announced_is_only_quiet() -> None:
    found = study(axial(30))
    assert (found.status, found.expected, found.missing) == (Status.QUIET, None, ())


def test_a_study_is_complete_only_against_what_was_announced() -> None:
    assert study(axial(30), expectations=[Expectation(instances=30)]).status == Status.COMPLETE
    assert study(axial(30), expectations=[Expectation(series={"2.25.2": 30})]).status == Status.COMPLETE
    uids = frozenset(image.sop_uid for image in axial(30))
    assert study(axial(30), expectations=[Expectation(sop_uids=uids)]).status == Status.COMPLETE


def test_less_than_announced_is_short_by_that_number() -> None:
    found = study(axial(28), expectations=[Expectation(series={"2.25.2": 30, "2.25.7": 12})])
    assert found.status == Status.SHORT
    assert (found.received, found.expected) == (28, 42)
    assert [(each.kind, each.instance_number) for each in found.missing[:2]] == [(Kind.NUMBER, 29), (Kind.NUMBER, 30)]
    assert [(each.kind, each.count) for each in found.missing[2:]] == [(Kind.SERIES, 12)]
    renumbered = [changed(image, instance_number=None) for image in axial(28)]
    found = study(renumbered, expectations=[Expectation(series={"2.25.2": 30})])
    assert [(each.kind, each.count) for each in found.missing] == [(Kind.COUNT, 2)]
    found = study(axial(28), expectations=[Expectation(instances=30)])
    assert [(each.sentence.zh, each.count) for each in found.missing] == [("比未签名清单少 2 幅影像。", 2)]
    found = study(without(axial(30), 3, 29), expectations=[Expectation(series={"2.25.2": 30})])
    assert [each.count for each in found.missing] == [1, 1], "one by its place, one because it was announced"


def test_a_study_that_still_arrives_says_so_whatever_is_missing() -> None:
    found = study(without(axial(30), 4), receiving=True)
    assert (found.status, len(found.missing)) == (Status.RECEIVING, 1)
    assert StudyCompleteness.receiving(7) == StudyCompleteness(Status.RECEIVING, 7)


def test_an_assessment_can_be_kept_and_read_again() -> None:
    said = [(image, "0" * 64, 0) for image in without(axial(30), 4)] + [(axial(1)[0], "f" * 64, 1)]
    found = assess(said, [Expectation(instances=31)])
    assert StudyCompleteness.of_document(json.loads(json.dumps(found.document()))) == found


def at_times(images: Sequence[Instance], times: int, tell: Callable[[int], dict[str, Any]]) -> list[Instance]:
    """The same positions again and again, numbered on."""
    return [
        changed(image, sop_uid=f"2.25.8.{n}.{index}", instance_number=n * len(images) + index + 1, **tell(n))
        for n in range(times)
        for index, image in enumerate(images)
    ]


def oblique(count: int) -> list[Instance]:
    """A stack tilted by 20° about the left-right axis, slices following their normal."""
    c, s = cos(radians(20)), sin(radians(20))
    return [
        changed(image, orientation=(1.0, 0.0, 0.0, 0.0, c, s), position=(0.0, -s * 4 * n, c * 4 * n))
        for n, image in enumerate(axial(count, 4))
    ]


def test_a_gap_in_an_oblique_stack_is_found() -> None:
    ((number, position),) = lost(without(oblique(20), 9))
    assert number == 10
    assert position == pytest.approx(cos(radians(20)) * 36, abs=0.01)


def tilted(count: int) -> list[Instance]:
    """A head CT with the gantry tilted: slices stay tilted while the table moves straight."""
    c, s = cos(radians(18)), sin(radians(18))
    return [
        changed(image, orientation=(1.0, 0.0, 0.0, 0.0, c, s), position=(-90.0, -120.0, 4.0 * n), gantry_tilt=18.0)
        for n, image in enumerate(axial(count, 4))
    ]


def turned(count: int) -> list[Instance]:
    """An axial stack turned by 30° in its own plane."""
    c, s = cos(radians(30)), sin(radians(30))
    return [changed(image, orientation=(c, s, 0.0, -s, c, 0.0)) for image in axial(count)]


def interleaved(images: Sequence[Instance]) -> list[Instance]:
    """An MR whose slices are numbered as they were measured: every second one first."""
    order = [*range(0, len(images), 2), *range(1, len(images), 2)]
    return [changed(images[at], modality="MR", instance_number=n + 1) for n, at in enumerate(order)]


def rounded(count: int, spacing: float) -> list[Instance]:
    """Positions written with one decimal."""
    return [
        changed(image, position=(0.0, 0.0, round(spacing * n - 50, 1))) for n, image in enumerate(axial(count, spacing))
    ]


def zones() -> list[Instance]:
    """A head CT of old: the posterior fossa thinly, the rest more coarsely, one acquisition."""
    base = axial(20, 4, -100, slice_thickness=4.0)
    return base + axial(4, 8, -16, first=21, slice_thickness=4.0)


def two_slabs(**second: Any) -> list[Instance]:
    """Two blocks in one direction with nothing between them, numbered on."""
    return axial(15, 4, -100) + axial(15, 4, 60, first=16, **second)


def localiser() -> list[Instance]:
    """Three planes in one series."""
    planes = [Axial, (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)]
    return [
        changed(image, orientation=planes[n % 3], image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"), modality="MR")
        for n, image in enumerate(axial(15, 10))
    ]


def dual_numbered() -> list[Instance]:
    """Two reconstructions share one count: this series has the odd numbers."""
    return [changed(image, instance_number=2 * n + 1, spacing_between=5.0) for n, image in enumerate(axial(30))]


def numbered_in_blocks() -> list[Instance]:
    """Another series took the numbers 21 to 60; and nothing tells of positions."""
    numbers = [*range(1, 21), *range(61, 81)]
    return [instance(position=None, orientation=None, instance_number=n) for n in numbers]


def gaps_in_numbers_only() -> list[Instance]:
    """Positions without a gap, numbers with some: images that were deleted on the console and made again."""
    return [
        changed(image, instance_number=number)
        for image, number in zip(axial(30), [n for n in range(1, 33) if n not in (7, 22)], strict=True)
    ]


def irregular() -> list[Instance]:
    """Slices put by hand through joints."""
    chance = random.Random(3)
    return [
        changed(image, position=(0.0, 0.0, n * 5 + chance.uniform(-2, 2)), instance_number=n + 1)
        for n, image in enumerate(axial(24))
    ]


def aborted() -> list[Instance]:
    """A dynamic scan that ended in the middle of its last volume."""
    return at_times(axial(12, modality="MR"), 6, lambda n: {"temporal_position": n + 1})[:-5]


def two_kernels() -> list[Instance]:
    """Lung and soft tissue, thin and thick, sent as one series."""
    return axial(30, 2.5, kernel="B70f") + axial(15, 5, -98.75, first=31, kernel="B30f")


def shuffled_times(images: Sequence[Instance]) -> list[Instance]:
    """The same images, numbered position by position instead of volume by volume."""
    places = sorted({image.position or (0.0, 0.0, 0.0) for image in images})
    ordered = sorted(images, key=lambda each: (each.position or (0.0, 0.0, 0.0), each.temporal_position or 0))
    assert len(ordered) % len(places) == 0
    return [changed(image, instance_number=n + 1) for n, image in enumerate(ordered)]


def timed(count: int, times: int) -> list[Instance]:
    return at_times(axial(count, modality="MR"), times, lambda n: {"temporal_position": n + 1})


NOTHING_LOST: dict[str, list[Instance]] = {
    "an oblique stack": oblique(20),
    "a tilted gantry": tilted(24),
    "positions rounded to a tenth": rounded(80, 0.625),
    "positions rounded to a tenth, third of a millimetre": rounded(80, 0.33),
    "a stack turned in its plane": turned(20),
    "numbers in the order of measuring": interleaved(axial(24)),
    "numbers in the order of measuring, over two slabs": interleaved([*axial(12, 5), *axial(12, 5, -30, first=13)]),
    "two zones of different spacing": zones(),
    "two slabs": two_slabs(),
    "two slabs a whole number of spacings apart": [
        *axial(15, 4, -100),
        *axial(15, 4, 20, first=16, acquisition_number=2),
    ],
    "two slabs of an MR": [
        changed(image, modality="MR") for image in [*axial(15, 4, -100), *axial(15, 4, -36, first=16)]
    ],
    "a localiser": localiser(),
    "a dynamic series": at_times(axial(15, modality="MR"), 5, lambda _: {}),
    "a dynamic series with times": at_times(axial(15, modality="MR"), 5, lambda n: {"temporal_position": n + 1}),
    "a dynamic series cut off at its end": aborted(),
    "a diffusion series": at_times(
        axial(20, modality="MR"), 7, lambda n: {"b_value": 0.0 if n == 0 else 1000.0, "gradient": f"0\\{n}\\1"}
    ),
    "two echoes": at_times(axial(20, modality="MR"), 2, lambda n: {"echo": str(n + 1)}),
    "magnitude and phase": at_times(axial(20, modality="MR"), 2, lambda n: {"image_type": ("ORIGINAL", "MP"[n])}),
    "odd numbers only": dual_numbered(),
    "numbers in blocks": numbered_in_blocks(),
    "gaps in numbers without gaps in place": gaps_in_numbers_only(),
    "slices put by hand": irregular(),
    "no numbers at all": [changed(image, instance_number=None) for image in axial(30)],
    "one number for all": [changed(image, instance_number=1) for image in axial(30)],
    "two kernels": two_kernels(),
    "numbers from 101 on": axial(30, first=101),
    "a pair of slices": axial(2),
    "few slices whose spacing nobody tells": without(axial(4, spacing_between=None), 2),
    "a dynamic series, one position once more": [
        *timed(15, 5),
        changed(axial(1)[0], modality="MR", instance_number=99),
    ],
    "a series cut into blocks of four numbers": [
        changed(image, position=None, instance_number=n + 4 * (n > 30)) for n, image in enumerate(axial(60), start=1)
    ],
    "key images of a series": [axial(100)[n] for n in (3, 17, 18, 44, 80)],
    "several frames in one object": [instance(frames=n + 3, instance_number=3 * n + 1) for n in range(12)],
    "secondary captures": [changed(image, sop_class="1.2.840.10008.5.1.4.1.1.7") for image in without(axial(30), 4, 9)],
    "ultrasound of which some were thrown away": [
        instance(modality="US", instance_number=n, position=None, orientation=None) for n in range(1, 40) if n % 7
    ],
    "a report": [instance(modality="SR", frames=None, instance_number=1)],
}


@pytest.mark.parametrize("kind", NOTHING_LOST)
def test_where_nothing_is_lost_nothing_is_said_to_be(kind: str) -> None:
    found = study(NOTHING_LOST[kind])
    assert [each.sentence.zh for each in found.missing] == []
    assert found.status == Status.QUIET


SOMETHING_LOST: dict[str, tuple[list[Instance], list[tuple[int | None, float | None]]]] = {
    "a tilted gantry": (without(tilted(24), 10), [(11, 40.0)]),
    "rounded positions": (without(rounded(80, 0.625), 40), [(41, -25.0)]),
    "a stack turned in its plane": (without(turned(20), 6), [(7, -70.0)]),
    "numbers in the order of measuring": (without(interleaved(axial(24)), 5), [(None, -50.0)]),
    "a slice amid the thin zone": (without(zones(), 8), [(9, -68.0)]),
    "no numbers": ([changed(image, instance_number=None) for image in without(axial(30), 4)], [(None, -80.0)]),
    "numbers made anew": (
        [changed(image, instance_number=n + 1) for n, image in enumerate(without(axial(30), 4))],
        [(None, -80.0)],
    ),
    "a dynamic series": (without(at_times(axial(15, modality="MR"), 5, lambda _: {}), 37), [(38, -65.0)]),
    "a position of a dynamic series, all times": (
        [each for each in at_times(axial(15, modality="MR"), 5, lambda _: {}) if each.position != (0.0, 0.0, -65.0)],
        [(None, -65.0)],
    ),
    "a direction of a diffusion series without numbers": (
        [
            changed(each, instance_number=None)
            for each in without(
                at_times(axial(20, modality="MR"), 7, lambda n: {"b_value": 1000.0, "gradient": f"0\\{n}"}), 45
            )
        ],
        [(None, -75.0)],
    ),
    "two images of a dynamic series, at two positions": (without(timed(15, 5), 37, 49), [(38, -65.0), (50, -80.0)]),
    "a dynamic series numbered by position": (without(shuffled_times(timed(15, 5)), 37), [(38, -65.0)]),
    "a dynamic series numbered by position, two lost": (
        without(shuffled_times(timed(15, 5)), 11, 37),
        [(12, -90.0), (38, -65.0)],
    ),
    "odd numbers only": (without(dual_numbered(), 9), [(19, -55.0)]),
    "one of four, by the scanner's own spacing": (without(axial(4), 2), [(3, -90.0)]),
    "half of the slices, one here, two there": (
        [axial(12)[n] for n in (0, 1, 3, 6, 8, 10, 11)],
        [(3, -90.0), (5, -80.0), (6, -75.0), (8, -65.0), (10, -55.0)],
    ),
    "no position, but a number left out": (
        [instance(position=None, orientation=None, instance_number=n, modality="MR") for n in range(1, 41) if n != 17],
        [(17, None)],
    ),
    "no position, but two numbers in a row left out": (
        [instance(position=None, orientation=None, instance_number=n) for n in range(1, 61) if n not in (17, 18)],
        [(17, None), (18, None)],
    ),
}


@pytest.mark.parametrize("kind", SOMETHING_LOST)
def test_what_is_lost_is_found_in_stacks_of_every_kind(kind: str) -> None:
    images, wanted = SOMETHING_LOST[kind]
    assert lost(images) == wanted


def test_a_series_thinned_to_every_second_slice_is_found_by_what_the_scanner_says() -> None:
    thinned = [image for n, image in enumerate(axial(100, 1.0)) if n % 2 == 0]
    (missing,) = assess_series(thinned).missing
    assert (missing.kind, missing.count) == (Kind.THINNED, 49)
    assert missing.sentence.zh == "序列被抽层，约缺 49 层。"


def test_a_pet_series_says_itself_how_many_slices_it_has() -> None:
    images = axial(40, modality="PT", expected_in_series=40)
    assert study(images).missing == ()
    found = study(without(images, 7, 39))
    assert [each.sentence.zh for each in found.missing] == [
        "缺第 8 层（位置 −65 mm）。",
        "缺第 40 层。",
    ]


def test_a_differing_copy_is_a_conflict_and_no_loss() -> None:
    images = axial(30)
    said = [(image, "0" * 64, 0) for image in images] + [(images[3], "1" * 64, 1), (images[3], "2" * 64, 2)]
    found = assess(said)
    assert (found.received, found.missing) == (30, ())
    (conflict,) = found.conflicts
    assert (conflict.kind, conflict.sop_uid) == (Kind.COPY, images[3].sop_uid)
    assert conflict.sentence.zh == "第 4 层收到 3 个内容不同的版本，均已保留，请核对。"
    assert found.series[0].conflicts == found.conflicts


def test_two_patients_in_one_study_are_a_conflict() -> None:
    images = axial(3, patient_id="A") + axial(3, patient_id="B", series_uid="2.25.4")
    assert [each.kind for each in study(images).conflicts] == [Kind.PATIENT]
    assert study(axial(3, patient_id="A") + axial(3, patient_id="", series_uid="2.25.4")).conflicts == ()


def test_one_identifier_in_two_series_is_a_conflict() -> None:
    one = axial(1)[0]
    assert [each.kind for each in study([one, changed(one, series_uid="2.25.4")]).conflicts] == [Kind.TWICE]


def test_thick_slices_alone_are_noticed_where_thin_ones_were_measured() -> None:
    thick = axial(30, 5, collimation=0.625)
    (notice,) = study(thick).notices
    assert notice.zh == "只有 5 mm 厚层；扫描采集层厚为 0.625 mm，可请申请方补传薄层。"
    assert study(thick + axial(30, 1, series_uid="2.25.4")).notices == ()
    assert study(axial(30, 5)).notices == ()


def test_a_series_tells_its_spacing_and_tilt() -> None:
    found = assess_series(tilted(24))
    assert found.tilt_deg == pytest.approx(18, abs=0.1)
    assert found.spacing_mm == pytest.approx(4 * cos(radians(18)), abs=0.001)
    assert assess_series(axial(10, 2.5)).tilt_deg == 0
    assert assess_series(axial(10, 2.5)).spacing_mm == 2.5


# --- real series, and series made from them with defects put in


def _studies_at(folder: Path) -> list[StudyCompleteness]:
    """Each study in a folder, assessed; of one instance that is there twice the second is a copy."""
    studies: dict[str, list[tuple[Instance, str, int]]] = {}
    seen: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "truth.json":
            image = read_instance(path)
            studies.setdefault(image.study_uid, []).append((image, str(path), int(image.sop_uid in seen)))
            seen.add(image.sop_uid)
    return [assess(said) for said in studies.values()]


CLEAN = ["series/ct_head_phantom_thin_thick", "series/mr_ge_epi_dynamic", "series/mr_siemens_multiseries"]
CLEAN += ["series/mr_uih_dti_3series", "petct", "enhanced", "us", "xa", "prior_current/synthetic_chinese/prior"]


@needs_samples
@pytest.mark.parametrize("folder", CLEAN)
def test_real_series_that_are_whole_raise_no_alarm(folder: str) -> None:
    for found in _studies_at(SAMPLES / folder):
        assert found.received
        assert (found.missing, found.conflicts) == ((), ())


@needs_samples
def test_numbers_left_out_and_a_differing_copy_are_told_from_a_loss() -> None:
    (found,) = _studies_at(SAMPLES / "prior_current" / "synthetic_chinese" / "current")
    assert found.missing == ()
    assert [each.kind for each in found.conflicts] == [Kind.COPY]


MAKER = SAMPLES.parents[1] / "tools" / "make_series.py" if len(SAMPLES.parents) > 1 else Path("nowhere")
SOURCES = ["series/ct_head_phantom_thin_thick/thick_5mm", "series/mr_siemens_multiseries/t1_sag_HFS", "petct/PT"]
DEFECTS: list[dict[str, Any]] = [
    {"count": 30, "drop_slices": 1},
    {"count": 60, "drop_slices": 3, "missing_numbers": 7, "shuffle_names": True},
    {"count": 50, "spacing": 0.625, "drop_slices": 5, "duplicate_sops": 2},
    {"count": 40, "spacing": 2.5, "missing_numbers": 5},
    {"count": 60, "spacing": 1.0, "thick": 5, "drop_slices": 2, "missing_numbers": 3},
    {"count": 12, "drop_slices": 2},
]


@pytest.fixture(scope="module")
def make() -> Callable[..., dict[str, Any]]:
    """``make(source, target, **defects)`` writes series with defects and returns what was put in."""
    spec = spec_from_file_location("make_series", MAKER)
    assert spec is not None
    assert spec.loader is not None
    tool = module_from_spec(spec)
    sys.modules["make_series"] = tool  # its dataclasses look themselves up there
    spec.loader.exec_module(tool)

    def generate(source: Path, target: Path, **defects: Any) -> dict[str, Any]:
        return tool.generate(source, target, tool.Options(matrix=16, seed=5, **defects))["series"]

    return generate


@needs_samples
@pytest.mark.skipif(not MAKER.is_file(), reason=f"no maker of series at {MAKER}")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("defects", DEFECTS, ids=str)
def test_every_slice_that_was_taken_out_is_found_and_no_other(
    source: str, defects: dict[str, Any], tmp_path: Path, make: Callable[..., dict[str, Any]]
) -> None:
    truth = make(SAMPLES / source, tmp_path, **defects)
    for label, put_in in truth.items():
        (found,) = _studies_at(tmp_path / label if len(truth) > 1 else tmp_path)
        dropped = put_in["dropped_slice_indices"]
        assert [each.count for each in found.missing] == [1] * len(dropped)
        assert found.received == put_in["slices"]
        assert sorted(each.sop_uid for each in found.conflicts) == put_in["duplicated_sop_uids"]
        if not put_in["skipped_instance_numbers"]:
            assert sorted(each.instance_number or 0 for each in found.missing) == [index + 1 for index in dropped]
