"""Promises about frames: each is found where it lies, whole and alone, and copies of it are exact."""

import csv
import io
import struct
from pathlib import Path

import numpy as np
import pytest

from consult.domain.errors import Broken, NotFound
from consult.formats.frames import (
    FrameTable,
    frame_ranges,
    frame_table,
    inflated_copy,
    media_type,
    misread_by_browsers,
    read_frame,
)
from consult.formats.pixels import decode_frame, to_htj2k
from consult.formats.transcoding import to_explicit
from tests.makers.dicom import (
    BIG,
    DEFLATED,
    EXPLICIT,
    JPEG_LS,
    SAMPLES,
    ct_slice,
    element,
    fragments,
    needs_samples,
    saved,
)

ONE, TWO, THREE = b"\xff\xd8\xff1111", b"\xff\xd8\xff22222222", b"\xff\xd8\xff33"
MORE = b"tail of two."


def compressed(folder: Path, pixels: bytes, frames: int, extra: bytes = b"") -> Path:
    """A compressed image of several frames."""
    return saved(
        folder, ct_slice({0x7FE00010: None, 0x00280008: ("IS", str(frames).encode())}) + extra + pixels, JPEG_LS
    )


def frames_of(path: Path) -> list[bytes]:
    table = frame_table(path)
    return [read_frame(path, table, number) for number in range(1, table.frames + 1)]


def test_native_frames_lie_one_after_the_other(tmp_path: Path) -> None:
    pixels = struct.pack("<48H", *range(48))
    path = saved(tmp_path, ct_slice({0x00280008: ("IS", b"3"), 0x7FE00010: ("OW", pixels)}))
    table = frame_table(path)
    assert (table.frames, table.transfer_syntax, table.as_it_lies) == (3, EXPLICIT, True)
    assert table.media_type == "application/octet-stream"
    assert b"".join(frames_of(path)) == pixels
    whole = path.read_bytes()
    assert [whole[piece.at : piece.at + piece.length] for (piece,) in frame_ranges(path)] == [
        pixels[:32],
        pixels[32:64],
        pixels[64:],
    ]


@pytest.mark.parametrize(("photometric", "size"), [(b"RGB", 48), (b"YBR_FULL", 48), (b"YBR_FULL_422", 32)])
def test_colour_frames_are_as_long_as_their_colours_need(tmp_path: Path, photometric: bytes, size: int) -> None:
    pixels = bytes(range(2 * size))
    changes = {
        0x00280002: ("US", b"\3\0"),
        0x00280004: ("CS", photometric),
        0x00280008: ("IS", b"2"),
        0x00280100: ("US", b"\x08\0"),
        0x7FE00010: ("OB", pixels),
    }
    assert frames_of(saved(tmp_path, ct_slice(changes))) == [pixels[:size], pixels[size:]]


def test_each_compressed_frame_is_its_fragment(tmp_path: Path) -> None:
    assert frames_of(compressed(tmp_path, fragments(ONE, TWO, THREE), 3)) == [ONE, TWO, THREE]


def _offsets(*lengths: int) -> list[int]:
    return [sum(lengths[:index]) + 8 * index for index in range(len(lengths))]


def test_frames_in_several_fragments_are_told_apart_by_the_offset_table(tmp_path: Path) -> None:
    plain = (b"one.", b"two two.", b"and more", b"three.")  # nothing in them says where a frame begins
    at = _offsets(*map(len, plain))
    table = struct.pack("<3I", at[0], at[1], at[3])
    assert frames_of(compressed(tmp_path, fragments(*plain, table=table), 3)) == [
        b"one.",
        b"two two.and more",
        b"three.",
    ]


def test_frames_in_several_fragments_are_told_apart_by_the_extended_offset_table(tmp_path: Path) -> None:
    plain = (b"one.", b"two two.", b"and more", b"three.")
    at = _offsets(*map(len, plain))
    extended = element(0x7FE00001, "OV", struct.pack("<3Q", at[0], at[1], at[3]))
    path = compressed(tmp_path, fragments(*plain), 3, extended)
    assert frames_of(path) == [b"one.", b"two two.and more", b"three."]


def test_frames_in_several_fragments_without_table_are_told_apart_by_how_they_begin(tmp_path: Path) -> None:
    assert frames_of(compressed(tmp_path, fragments(ONE, TWO, MORE, THREE), 3)) == [ONE, TWO + MORE, THREE]


def test_frames_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    path = compressed(tmp_path, fragments(b"abcd", b"efgh", b"ijkl"), 2)
    with pytest.raises(Broken):
        frame_table(path)
    at = _offsets(len(ONE), len(TWO), len(MORE))
    wrong = struct.pack("<2I", at[0], at[1] + 2)
    with pytest.raises(Broken):
        frame_table(compressed(tmp_path, fragments(ONE, TWO, MORE, table=wrong), 2))


def test_one_frame_may_be_in_any_number_of_fragments(tmp_path: Path) -> None:
    path = compressed(tmp_path, fragments(ONE, MORE, MORE), 1)
    assert frames_of(path) == [ONE + MORE + MORE]
    assert len(frame_table(path).pieces(1)) == 3


@pytest.mark.parametrize("frame", [0, -1, 4])
def test_a_frame_that_is_not_there_is_not_found(tmp_path: Path, frame: int) -> None:
    table = frame_table(compressed(tmp_path, fragments(ONE, TWO, THREE), 3))
    with pytest.raises(NotFound):
        table.pieces(frame)


def test_an_object_without_image_has_no_frames(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        frame_table(saved(tmp_path, ct_slice({0x7FE00010: None})))


def test_a_table_comes_out_of_the_cache_as_it_went_in(tmp_path: Path) -> None:
    for path in (compressed(tmp_path, fragments(ONE, TWO, MORE, THREE), 3), saved(tmp_path, ct_slice(), name="n.dcm")):
        table = frame_table(path)
        assert FrameTable.from_bytes(table.to_bytes()) == table


def test_frames_of_a_big_endian_file_go_out_in_little_endian(tmp_path: Path) -> None:
    order = ">"
    whole = b"".join(
        element(tag, "UI", raw, order=order)
        for tag, raw in [
            (0x00080016, b"1.2.840.10008.5.1.4.1.1.2\0"),
            (0x00080018, b"2.25.3"),
            (0x0020000D, b"2.25.1"),
            (0x0020000E, b"2.25.2"),
        ]
    )
    for tag, number in ((0x00280010, 2), (0x00280011, 2), (0x00280100, 16)):
        whole += element(tag, "US", struct.pack(">H", number), order=order)
    whole += element(0x7FE00010, "OW", struct.pack(">4H", 1, 2, 3, 40000), order=order)
    path = saved(tmp_path, whole, BIG)
    assert not frame_table(path).as_it_lies
    assert frames_of(path) == [struct.pack("<4H", 1, 2, 3, 40000)]


def test_frames_of_single_bits_are_cut_inside_of_bytes(tmp_path: Path) -> None:
    bits = np.random.default_rng(1).integers(0, 2, 3 * 15).astype(np.uint8)
    one_bit = {
        0x00280008: ("IS", b"3"),
        0x00280010: ("US", b"\3\0"),
        0x00280011: ("US", b"\5\0"),
        0x00280100: ("US", b"\1\0"),
        0x00280101: ("US", b"\1\0"),
        0x7FE00010: ("OB", np.packbits(bits, bitorder="little").tobytes()),
    }
    path = saved(tmp_path, ct_slice(one_bit))
    for number in (1, 2, 3):
        values, _ = decode_frame(path, number)
        assert np.array_equal(values.ravel(), bits[(number - 1) * 15 : number * 15])


def test_a_deflated_file_is_inflated_before_its_frames_are_sought(tmp_path: Path) -> None:
    import zlib

    squeezed = zlib.compressobj(wbits=-15)
    path = saved(tmp_path, squeezed.compress(ct_slice()) + squeezed.flush(), DEFLATED)
    with pytest.raises(Broken):
        frame_table(path)
    copy = tmp_path / "copy.dcm"
    copy.write_bytes(inflated_copy(path))
    assert frames_of(copy) == [struct.pack("<16H", *range(16))]
    assert np.array_equal(decode_frame(path, 1)[0].ravel(), np.arange(16))


@pytest.mark.parametrize(
    ("syntax", "kind"),
    [
        (EXPLICIT, "application/octet-stream"),
        (JPEG_LS, "image/jls"),
        ("1.2.840.10008.1.2.4.50", "image/jpeg"),
        ("1.2.840.10008.1.2.4.70", "image/jpeg"),
        ("1.2.840.10008.1.2.4.90", "image/jp2"),
        ("1.2.840.10008.1.2.4.202", "image/jphc"),
        ("1.2.840.10008.1.2.5", "image/dicom-rle"),
        ("1.2.840.10008.1.2.4.102", "video/mp4"),
        ("1.2.3", "application/octet-stream"),
    ],
)
def test_each_syntax_has_its_media_type(syntax: str, kind: str) -> None:
    assert media_type(syntax) == kind


def test_twelve_bit_jpeg_is_known_to_be_misread_by_browsers() -> None:
    jpeg = "1.2.840.10008.1.2.4."
    assert all(misread_by_browsers(jpeg + tail, 16) for tail in ("51", "53", "55"))
    assert not misread_by_browsers(jpeg + "51", 8)
    assert not misread_by_browsers(jpeg + "50", 8)
    assert not misread_by_browsers(jpeg + "70", 16)


def test_uncompressed_frames_in_fragments_go_out_as_native_ones(tmp_path: Path) -> None:
    changes = {0x7FE00010: None, 0x00280008: ("IS", b"2")}
    path = saved(tmp_path, ct_slice(changes) + fragments(bytes(range(32)), bytes(32)), "1.2.840.10008.1.2.1.98")
    assert frame_table(path).transfer_syntax == EXPLICIT
    assert frames_of(path) == [bytes(range(32)), bytes(32)]


@pytest.mark.parametrize(
    ("kind", "shape", "low", "high"),
    [("u2", (512, 512), 0, 4096), ("i2", (64, 48), -2000, 3000), ("u1", (33, 77), 0, 256), ("u1", (40, 30, 3), 0, 256)],
)
def test_an_htj2k_copy_is_lossless_and_can_be_shown_from_its_first_bytes(
    kind: str, shape: tuple[int, ...], low: int, high: int
) -> None:
    import imagecodecs

    frame = np.random.default_rng(3).integers(low, high, shape).astype(kind)
    encoded = to_htj2k(frame)
    assert np.array_equal(imagecodecs.htj2k_decode(encoded), frame)
    coding = encoded.index(b"\xff\x52")  # COD: Scod, progression order …
    assert encoded[coding + 5] == 2, "RPCL: all of the coarse picture first"
    assert b"\xff\x55" in encoded[:400], "TLM: the lengths of its parts"


def test_what_htj2k_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Broken):
        to_htj2k(np.zeros((4, 4), np.float32))


def _samples() -> list[Path]:
    if not (SAMPLES / "MANIFEST.csv").is_file():
        return []
    with (SAMPLES / "MANIFEST.csv").open(newline="", encoding="utf-8") as rows:
        return [
            SAMPLES / row["path"]
            for row in csv.DictReader(rows)
            if row["validity"] == "yes"
            and row["decodes"] not in ("", "no pydicom decoder")
            and row["path"].split("/")[0] not in ("series", "petct", "prior_current")
        ]


LOSSY = ("4.50", "4.51", "4.53", "4.55")


@needs_samples
@pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
def test_every_decodable_file_decodes_to_what_others_decode_and_transcodes_to_the_same() -> None:
    import pydicom
    from pydicom.pixels import pixel_array

    for path in _samples():
        ours, _ = decode_frame(path, 1)
        dataset = pydicom.dcmread(path)
        syntax = dataset.file_meta.TransferSyntaxUID
        theirs = dataset.pixel_array if syntax == DEFLATED else pixel_array(dataset, index=0)
        apart = np.abs(ours.astype(np.float64) - theirs).max()
        assert apart <= (3 if syntax.endswith(LOSSY) else 0), path  # lossy decoders may round differently
        explicit = pydicom.dcmread(io.BytesIO(to_explicit(path)))
        assert explicit.file_meta.TransferSyntaxUID == EXPLICIT
        changed = ("PixelData", "PhotometricInterpretation", "PlanarConfiguration", "IconImageSequence")
        kept = [each for each in dataset if each.keyword not in changed and each.tag.element and each.tag < 0xFFFC0000]
        if syntax == BIG:  # pydicom reads UN there in the wrong order (PS3.5 §6.2.2: it is little endian)
            kept = [each for each in kept if not each.tag.is_private]
        assert all(explicit[each.tag] == each for each in kept), path
        again = pixel_array(explicit, index=0, raw=True)
        assert np.array_equal(again.reshape(ours.shape).astype(np.float64), ours.astype(np.float64)), path


@needs_samples
def test_a_series_compressed_in_flight_has_the_frames_that_were_declared() -> None:
    folder = SAMPLES / "series" / "ct_head_phantom_thin_thick" / "thin_1mm"
    for path in sorted(folder.iterdir())[::20]:
        table = frame_table(path)
        assert (table.frames, table.media_type) == (1, "image/jls")
        values, _ = decode_frame(path, 1)
        assert values.shape == (512, 512)
        assert len(to_htj2k(values)) < values.nbytes / 2


def test_a_damaged_compressed_frame_is_refused(tmp_path: Path) -> None:
    path = compressed(tmp_path, fragments(ONE), 1)
    with pytest.raises(Broken):
        decode_frame(path, 1)
    with pytest.raises(Broken):
        to_explicit(path)
