"""Multipart bodies are read in windows, whatever their parts hold and wherever the reads are cut."""

import io
import random

import pytest

from consult.web.multipart import WINDOW, Malformed, Parts, parameter

BOUNDARY = "=_frontier"


def body(*parts: bytes) -> bytes:
    made = b"".join(
        b"--=_frontier\r\nContent-Type: x/y; z=1\r\nX-Name:  some \r\n\r\n" + part + b"\r\n" for part in parts
    )
    return b"preamble\r\n" + made + b"--=_frontier--\r\nepilogue"


class Drip(io.RawIOBase):
    """A body that comes in pieces of any size."""

    def __init__(self, data: bytes, seed: int) -> None:
        super().__init__()
        self._data, self._at, self._chance = data, 0, random.Random(seed)

    def read(self, size: int = -1, /) -> bytes:
        """Between one byte and all that is asked for."""
        take = self._chance.choice((1, 2, 7, 100, size))
        given = self._data[self._at : self._at + min(take, size)]
        self._at += len(given)
        return given


NASTY = (
    b"", b"\r\n", b"--", b"\r\n--", b"--=_frontier", b"\r\n--=_frontie", b"\r\n--=_frontiex\r\n", b"\0" * 1000,
    b"\r" * 50 + b"\n" * 50, b"a\r\n\r\nb",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_parts_come_back_as_they_were_wherever_the_reads_are_cut(seed: int) -> None:
    parts = [(part.headers, b"".join(part.chunks)) for part in Parts(Drip(body(*NASTY), seed), BOUNDARY)]
    assert [content for _, content in parts] == list(NASTY)
    assert parts[0][0] == {"content-type": "x/y; z=1", "x-name": "some"}


def test_a_part_that_is_not_read_is_skipped() -> None:
    names = [part.headers["x-name"] for part in Parts(io.BytesIO(body(b"one" * 10_000, b"two")), BOUNDARY)]
    assert names == ["some", "some"]


def test_a_large_part_is_never_held_whole() -> None:
    (part,) = Parts(io.BytesIO(body(b"x" * (5 << 20))), BOUNDARY)
    del part
    for each in Parts(io.BytesIO(body(b"x" * (5 << 20))), BOUNDARY):
        sizes = [len(chunk) for chunk in each.chunks]
        assert sum(sizes) == 5 << 20
        assert max(sizes) <= WINDOW + 100


@pytest.mark.parametrize("cut", [1, 20, 60, 90, 120])
def test_a_body_that_breaks_off_is_malformed(cut: int) -> None:
    whole = body(b"x" * 40)
    broken = Parts(io.BytesIO(whole[: -cut - len(b"epilogue") - 2]), BOUNDARY)
    with pytest.raises(Malformed):
        [b"".join(part.chunks) for part in broken]


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [
        ('multipart/related; type="application/dicom"; boundary=abc', "type", "application/dicom"),
        ("multipart/related;boundary=abc;type=x", "boundary", "abc"),
        ('multipart/related; boundary="a; b=c"', "boundary", "a; b=c"),
        ("multipart/related; xtype=1", "type", ""),
        ("multipart/related; TYPE=a/b; transfer-syntax=*", "transfer-syntax", "*"),
    ],
)
def test_parameters_of_a_media_type(header: str, name: str, value: str) -> None:
    assert parameter(header, name) == value
