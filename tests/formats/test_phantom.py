"""The demonstration's images are what they claim: recognisable anatomy, right side, right scale, plainly marked."""

import hashlib
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pydicom import FileDataset, dcmread

from consult.formats.phantom import PLANS, DemoStudy, make_demo_study, make_head_series

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SEED = 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("phantom")


@pytest.fixture(scope="module")
def bleed(folder: Path) -> DemoStudy:
    return make_demo_study(folder, "head-bleed", SEED, NOW)


@pytest.fixture(scope="module")
def before(folder: Path) -> DemoStudy:
    return make_demo_study(folder, "head-before", SEED, NOW)


@pytest.fixture(scope="module")
def others(folder: Path) -> list[DemoStudy]:
    return [make_demo_study(folder, plan.key, SEED, NOW) for plan in PLANS if not plan.key.startswith("head-be")]


def series_of(study: DemoStudy) -> list[list[FileDataset]]:
    """The data sets of each series, by series number, in instance order."""
    found = defaultdict(list)
    for path in study.files:
        ds = dcmread(path)
        found[int(ds.SeriesNumber)].append(ds)
    return [sorted(found[number], key=lambda ds: int(ds.InstanceNumber)) for number in sorted(found)]


def hounsfield(ds: FileDataset) -> np.ndarray:
    return ds.pixel_array.astype(np.float64) * float(ds.RescaleSlope) + float(ds.RescaleIntercept)


def around(ds: FileDataset, x: float, y: float, radius: float) -> np.ndarray:
    """The values (HU) within ``radius`` mm of a point in patient coordinates (mm: left, back)."""
    x0, y0, _ = (float(v) for v in ds.ImagePositionPatient)
    spacing = float(ds.PixelSpacing[0])
    rows, columns = np.indices((ds.Rows, ds.Columns))
    near = (columns * spacing + x0 - x) ** 2 + (rows * spacing + y0 - y) ** 2 <= radius**2
    return hounsfield(ds)[near]


def at_height(series: list[FileDataset], lowest: float) -> FileDataset:
    """The slice that lies ``lowest`` mm above the series' first."""
    first = float(series[0].ImagePositionPatient[2])
    return min(series, key=lambda ds: abs(float(ds.ImagePositionPatient[2]) - first - lowest))


@pytest.mark.slow
def test_a_haemorrhage_lies_in_the_left_basal_ganglia_with_swelling_around_it(bleed: DemoStudy) -> None:
    thin, _ = series_of(bleed)
    slice_ = at_height(thin, 66)
    left, right = around(slice_, 29, -10, 4), around(slice_, -25, -10, 4)
    assert 55 <= left.mean() <= 75
    assert 20 <= right.mean() <= 45
    rim = hounsfield(slice_)
    x0, y0, _ = (float(v) for v in slice_.ImagePositionPatient)
    spacing = float(slice_.PixelSpacing[0])
    line = [rim[round((-10 - y0) / spacing), round((x - x0) / spacing)] for x in np.arange(29, 52, spacing)]
    assert min(np.convolve(line, np.ones(5) / 5, "valid")) < 25, "between clot and cortex lies dark swelling"


@pytest.mark.slow
def test_the_haemorrhage_is_as_large_as_the_study_says(bleed: DemoStudy) -> None:
    thin, _ = series_of(bleed)
    dense = []
    for ds in thin[40:100]:
        brain = hounsfield(ds)[120:330, 270:380]
        smooth = sum(np.roll(brain, (i, j), (0, 1)) for i in range(-2, 3) for j in range(-2, 3)) / 25
        dense.append((smooth > 52) & (smooth < 90))
    voxel = float(thin[0].PixelSpacing[0]) ** 2 * float(thin[0].SliceThickness) / 1000
    assert 4 < sum(mask.sum() for mask in dense) * voxel < 11, "millilitres"


@pytest.mark.slow
def test_the_older_study_of_the_same_patient_shows_no_haemorrhage(bleed: DemoStudy, before: DemoStudy) -> None:
    thin, _ = series_of(before)
    for height in (60, 66, 72):
        assert around(at_height(thin, height), 26, -7, 4).mean() < 45
    new, old = dcmread(bleed.files[0]), dcmread(before.files[0])
    assert (new.PatientID, str(new.PatientName)) == (old.PatientID, str(old.PatientName))
    assert new.StudyInstanceUID != old.StudyInstanceUID
    assert new.FrameOfReferenceUID != old.FrameOfReferenceUID
    assert bleed.exam_started - before.exam_started > timedelta(days=180)
    assert before.prior_of == bleed.key


@pytest.mark.slow
def test_tissues_have_their_known_densities(bleed: DemoStudy) -> None:
    _, thick = series_of(bleed)
    middle = at_height(thick, 66)
    values = hounsfield(middle)
    assert values[2:12, 2:12].mean() == pytest.approx(-1000, abs=15)
    bone = values[values > 700]
    assert bone.size * 0.49**2 > 2000, "square millimetres of skull"
    ventricle = around(middle, -6, -26, 2).mean()
    white = around(at_height(thick, 95), -25, 5, 5).mean()
    assert ventricle < 18 < white < 33
    fat = values[(values < -60) & (values > -120)]
    assert fat.size > 700, "a rim of fat under the scalp"


@pytest.mark.slow
def test_a_thick_slice_is_the_mean_of_its_thin_ones(bleed: DemoStudy) -> None:
    thin, thick = series_of(bleed)
    assert (len(thin), len(thick)) == (150, 30)
    group = np.mean([hounsfield(ds) for ds in thin[65:70]], axis=0)
    assert np.abs(group - hounsfield(thick[13])).max() <= 1.5
    heights = [float(ds.ImagePositionPatient[2]) for ds in thin[65:70]]
    assert float(thick[13].ImagePositionPatient[2]) == pytest.approx(np.mean(heights))


@pytest.mark.slow
def test_positions_numbers_and_spacing_of_every_stack_agree(bleed: DemoStudy, before: DemoStudy) -> None:
    for study in (bleed, before):
        for series in series_of(study):
            heights = [float(ds.ImagePositionPatient[2]) for ds in series]
            assert np.allclose(np.diff(heights), float(series[0].SpacingBetweenSlices), atol=1e-3)
            assert [int(ds.InstanceNumber) for ds in series] == list(range(1, len(series) + 1))
            assert {ds.Rows for ds in series} == {ds.Columns for ds in series} == {512}
            assert len({ds.FrameOfReferenceUID for ds in series}) == 1


@pytest.mark.slow
def test_both_pixel_representations_of_real_scanners_are_there(bleed: DemoStudy, before: DemoStudy) -> None:
    new, old = dcmread(bleed.files[0]), dcmread(before.files[0])
    assert (new.PixelRepresentation, new.BitsStored) == (0, 12)
    assert (old.PixelRepresentation, old.BitsStored) == (1, 16)
    assert old.pixel_array[0, 0] == old.PixelPaddingValue == -2000
    assert new.RescaleIntercept == old.RescaleIntercept == -1024


@pytest.mark.slow
def test_every_file_is_marked_and_names_nobody_real(bleed: DemoStudy, others: list[DemoStudy]) -> None:
    for study in [bleed, *others]:
        for path in study.files[:3]:
            ds = dcmread(path, stop_before_pixels=True)
            assert "演示数据" in ds.StudyDescription
            assert "演示数据" in ds.PatientComments
            assert ds.PatientID.startswith("DEMO-")
            assert str(ds.PatientName.ideographic) == "^".join(study.patient.name)
            assert ds.InstitutionName in ("安龙县人民医院", "独山县人民医院")
            assert ds.StudyInstanceUID == study.study_uid


@pytest.mark.slow
def test_a_subdural_collection_lies_on_the_right_and_pushes_the_middle_over(others: list[DemoStudy]) -> None:
    (stack,) = series_of(next(study for study in others if study.key == "head-subdural"))
    slice_ = at_height(stack, 90)
    values = hounsfield(slice_)
    middle = values[230:300]
    skull = np.flatnonzero((middle > 600).mean(axis=0) > 0.5)
    right, left = skull[skull < 256].max(), skull[skull > 256].min()
    assert middle[:, right + 6 : right + 16].mean() > 50 > middle[:, left - 16 : left - 6].mean()


@pytest.mark.slow
def test_names_come_in_both_character_sets_that_counties_send(bleed: DemoStudy, others: list[DemoStudy]) -> None:
    spellings = {dcmread(study.files[0], stop_before_pixels=True).SpecificCharacterSet for study in [bleed, *others]}
    assert spellings == {"GB18030", "ISO_IR 192"}


@pytest.mark.slow
def test_the_chest_has_the_heart_on_its_left_and_the_letter_on_its_right(others: list[DemoStudy]) -> None:
    nodule, plain = (study for study in others if study.modality == "DX")
    for study, kind in ((nodule, "MONOCHROME2"), (plain, "MONOCHROME1")):
        ds = dcmread(study.files[0])
        assert ds.PhotometricInterpretation == kind
        bright = ds.pixel_array.astype(np.int32) if kind == "MONOCHROME2" else 4095 - ds.pixel_array.astype(np.int32)
        assert bright.shape == (2400, 2000)
        assert bright[1400:1600, 1200:1420].mean() > bright[1400:1600, 580:800].mean() + 500, "heart"
        assert bright[150:240, 80:160].max() > 3900 > bright[150:240, 1840:1920].max(), "lead letter"
    image = dcmread(nodule.files[0]).pixel_array.astype(np.int32)
    x, y = round((175 - 84) / 0.175), round(126 / 0.175)
    assert image[y - 20 : y + 20, x - 20 : x + 20].mean() > image[y + 70 : y + 110, x - 20 : x + 20].mean() + 100


@pytest.mark.slow
def test_fluid_is_bright_in_the_t2_images(others: list[DemoStudy]) -> None:
    (series,) = series_of(next(study for study in others if study.modality == "MR"))
    assert len(series) == 20
    image = series[7].pixel_array
    assert np.percentile(image, 99.5) > 2 * np.median(image[150:250, 120:260])


def test_the_same_seed_draws_the_same_pixels_and_two_demos_share_no_uid(tmp_path: Path) -> None:
    def made(name: str, seed: int, now: datetime) -> list[Path]:
        return make_head_series(tmp_path / name, seed, now, 3)

    first, again = made("first", SEED, NOW), made("again", SEED, NOW)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    one, two = dcmread(first[1]), dcmread(made("later", SEED, NOW + timedelta(seconds=1))[1])
    assert one.PixelData == two.PixelData
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        assert one[keyword].value != two[keyword].value
    assert dcmread(made("other", SEED + 1, NOW)[1]).PixelData != one.PixelData


def test_a_load_series_has_as_many_different_slices_as_asked(tmp_path: Path) -> None:
    files = make_head_series(tmp_path, SEED, NOW, 12)
    assert len({hashlib.sha256(dcmread(path).PixelData).digest() for path in files}) == 12
    assert len({dcmread(path).SeriesInstanceUID for path in files}) == 1
