"""What is stitched from pieces reads like one file."""

import io
import os
import random
from pathlib import Path

from consult.queries.dicomweb import Piece, Slice
from consult.web.stitched import Stitched


def pieces(folder: Path) -> tuple[list[Piece], bytes]:
    one, two = folder / "one", folder / "two"
    one.write_bytes(bytes(range(256)))
    two.write_bytes(b"second" * 100)
    made: list[Piece] = [
        b"head",
        Slice(one, 10, 100),
        b"",
        Slice(two, 0, 600),
        Slice(one, 0, 0),
        Slice(one, 250, 6),
        b"tail",
    ]
    return made, b"head" + bytes(range(10, 110)) + b"second" * 100 + bytes(range(250, 256)) + b"tail"


def test_it_is_all_there_in_order(tmp_path: Path) -> None:
    made, whole = pieces(tmp_path)
    with Stitched(made) as stitched:
        assert len(stitched) == len(whole)
        assert stitched.read() == whole
        assert stitched.read(5) == b""


def test_any_stretch_can_be_read(tmp_path: Path) -> None:
    made, whole = pieces(tmp_path)
    chance = random.Random(1)
    with io.BufferedReader(Stitched(made)) as stitched:
        for _ in range(300):
            at, length = chance.randrange(len(whole) + 5), chance.randrange(200)
            stitched.seek(at)
            assert stitched.read(length) == whole[at : at + length]
            assert stitched.tell() == min(at, len(whole)) + len(whole[at : at + length]) or at > len(whole)
        assert stitched.seek(-4, io.SEEK_END) == len(whole) - 4
        assert stitched.read() == b"tail"


def test_no_file_stays_open(tmp_path: Path) -> None:
    made, _ = pieces(tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    stitched = Stitched(made)
    stitched.read()
    stitched.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_nothing_is_nothing() -> None:
    with Stitched([]) as stitched:
        assert (len(stitched), stitched.read()) == (0, b"")
