"""Promises about rendered pictures: values become grey as the window says, the right way round."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from consult.formats.rendering import Window, render_png
from tests.makers.dicom import SAMPLES, ct_slice, element, item, needs_samples, saved

Changes = dict[int, tuple[str, bytes] | None]


def shown(path: Path, window: Window | None = None, longest: int | None = None, frame: int = 1) -> np.ndarray:  # type: ignore[type-arg]
    picture = Image.open(io.BytesIO(render_png(path, frame, window, longest)))
    assert picture.format == "PNG"
    return np.asarray(picture)


def four_by_four(folder: Path, changes: Changes | None = None, tail: bytes = b"") -> Path:
    """Stored values 0 to 15, shown as Hounsfield −100 to 50."""
    rescale: Changes = {0x00281052: ("DS", b"-100"), 0x00281053: ("DS", b"10")}
    return saved(folder, ct_slice(rescale | (changes or {}), tail))


def test_a_window_maps_hounsfield_units_linearly_and_cuts_off_beyond(tmp_path: Path) -> None:
    picture = shown(four_by_four(tmp_path), Window(center=-24.5, width=101)).ravel()
    values = np.arange(16) * 10 - 100
    wanted = np.clip(np.rint(((values + 25) / 100 + 0.5) * 255), 0, 255)
    assert np.array_equal(picture, wanted)
    assert picture[0] == 0
    assert picture[15] == 255


def test_the_object_s_own_window_is_taken_where_none_is_asked_for(tmp_path: Path) -> None:
    own: Changes = {0x00281050: ("DS", b"-24.5"), 0x00281051: ("DS", b"101")}
    assert np.array_equal(
        shown(four_by_four(tmp_path, own)), shown(four_by_four(tmp_path), Window(center=-24.5, width=101))
    )


def test_without_any_window_the_whole_range_is_shown(tmp_path: Path) -> None:
    picture = shown(four_by_four(tmp_path))
    assert (picture.min(), picture.max()) == (0, 255)


def test_padding_does_not_stretch_the_range(tmp_path: Path) -> None:
    padded: Changes = {0x00280120: ("US", b"\0\0"), 0x7FE00010: ("OW", struct.pack("<16H", 0, *range(1001, 1016)))}
    picture = shown(saved(tmp_path, ct_slice(padded | {0x00280101: ("US", b"\x10\0")}))).ravel()
    assert (picture[0], picture[1], picture[15]) == (0, 0, 255)
    assert 100 < picture[8] < 150


@pytest.mark.parametrize(
    ("function", "at_center", "at_edge"), [(b"LINEAR", 128, 0), (b"LINEAR_EXACT", 128, 0), (b"SIGMOID", 128, 30)]
)
def test_each_window_function_has_its_curve(tmp_path: Path, function: bytes, at_center: int, at_edge: int) -> None:
    picture = shown(
        four_by_four(tmp_path, {0x00281056: ("CS", function)}), Window(center=-20, width=100)
    ).ravel()  # stored 8 is the centre, 3 the lower edge, 13 the upper one
    assert abs(int(picture[8]) - at_center) <= 1
    assert abs(int(picture[3]) - at_edge) <= 1
    assert abs(int(picture[13]) - (255 - at_edge)) <= 1


@pytest.mark.parametrize("width", [b"0", b"-5", b"nonsense"])
def test_a_window_that_makes_no_sense_is_ignored(tmp_path: Path, width: bytes) -> None:
    picture = shown(four_by_four(tmp_path, {0x00281050: ("DS", b"0"), 0x00281051: ("DS", width)}))
    assert (picture.min(), picture.max()) == (0, 255)


def test_monochrome1_is_turned_round(tmp_path: Path) -> None:
    plain, turned = shown(four_by_four(tmp_path)), shown(four_by_four(tmp_path, {0x00280004: ("CS", b"MONOCHROME1")}))
    assert np.array_equal(turned, 255 - plain)


def test_signed_values_keep_their_sign(tmp_path: Path) -> None:
    signed: Changes = {
        0x00280103: ("US", b"\1\0"),
        0x00280101: ("US", b"\x10\0"),
        0x7FE00010: ("OW", struct.pack("<16h", *range(-8, 8))),
    }
    assert np.all(np.diff(shown(four_by_four(tmp_path, signed)).ravel().astype(int)) > 0)


def test_a_voi_lookup_table_is_followed(tmp_path: Path) -> None:
    steps = struct.pack("<16H", *([0] * 8 + [65535] * 8))
    lut = item(element(0x00283002, "US", struct.pack("<3H", 16, 0, 16)), element(0x00283006, "OW", steps))
    path = saved(tmp_path, ct_slice({0x00283010: ("SQ", lut)}))
    assert shown(path).ravel().tolist() == [0] * 8 + [255] * 8


def test_a_palette_gives_its_colours(tmp_path: Path) -> None:
    palette: Changes = {
        0x00280004: ("CS", b"PALETTE COLOR"),
        0x00280100: ("US", b"\x08\0"),
        0x00280101: ("US", b"\x08\0"),
    }
    palette[0x7FE00010] = ("OB", bytes(range(16)))
    for channel, factor in enumerate((1, 2, 3)):
        palette[0x00281101 + channel] = ("US", struct.pack("<3H", 16, 0, 16))
        palette[0x00281201 + channel] = ("OW", struct.pack("<16H", *(n * factor * 256 for n in range(16))))
    assert shown(saved(tmp_path, ct_slice(palette)))[2, 1].tolist() == [9, 18, 27]


def test_colour_stays_colour(tmp_path: Path) -> None:
    rgb: Changes = {
        0x00280002: ("US", b"\3\0"),
        0x00280004: ("CS", b"RGB"),
        0x00280006: ("US", b"\1\0"),
        0x00280100: ("US", b"\x08\0"),
        0x00280101: ("US", b"\x08\0"),
        0x7FE00010: ("OB", bytes([10] * 16 + [20] * 16 + [30] * 16)),
    }
    assert shown(saved(tmp_path, ct_slice(rgb)))[3, 3].tolist() == [10, 20, 30]


def test_pixels_that_are_not_square_are_shown_in_proportion(tmp_path: Path) -> None:
    assert shown(four_by_four(tmp_path, {0x00280030: ("DS", b"2\\1")})).shape == (8, 4)
    assert shown(four_by_four(tmp_path, {0x00280030: ("DS", b"0\\-1")})).shape == (4, 4)


def test_a_thumbnail_is_no_longer_than_asked_for(tmp_path: Path) -> None:
    assert shown(four_by_four(tmp_path), longest=2).shape == (2, 2)
    assert shown(four_by_four(tmp_path), longest=100).shape == (4, 4)


@needs_samples
def test_real_bone_is_white_and_real_air_is_black() -> None:
    path = sorted((SAMPLES / "series" / "ct_head_phantom_thin_thick" / "thick_5mm").iterdir())[12]
    picture = shown(path, Window(center=40, width=80))
    assert picture.shape == (512, 512)
    assert picture[2, 2] == 0
    assert (picture == 255).mean() > 0.01


@needs_samples
def test_an_enhanced_object_is_shown_by_the_groups_of_its_frames() -> None:
    picture = shown(SAMPLES / "enhanced" / "ct_legacy_converted.dcm", Window(center=40, width=400), frame=3)
    assert picture.shape == (512, 512)
    assert 0.001 < (picture == 255).mean() < 0.5
