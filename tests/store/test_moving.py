"""A file gets a name that nobody has, and takes nobody's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from consult.store import moving
from tests.makers.parallel import together

both = pytest.mark.parametrize("move", [moving.moved, moving._linked])
Move = Callable[[Path, Path], bool]


@both
def test_a_file_is_moved_where_nothing_is(tmp_path: Path, move: Move) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.write_bytes(b"mine")
    assert move(here, there)
    assert there.read_bytes() == b"mine"
    assert not here.exists()


@both
def test_what_is_there_stays(tmp_path: Path, move: Move) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.write_bytes(b"mine")
    there.write_bytes(b"theirs")
    assert not move(here, there)
    assert (here.read_bytes(), there.read_bytes()) == (b"mine", b"theirs")


@both
def test_of_many_at_once_one_wins(tmp_path: Path, move: Move) -> None:
    for n in range(8):
        (tmp_path / str(n)).write_bytes(str(n).encode())
    won = together(8, lambda n: move(tmp_path / str(n), tmp_path / "there"))
    assert sum(won) == 1
    assert (tmp_path / "there").read_bytes() == str(won.index(True)).encode()


@both
def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, move: Move) -> None:
    (tmp_path / "here").write_bytes(b"mine")
    with pytest.raises(FileNotFoundError):
        move(tmp_path / "here", tmp_path / "nowhere" / "there")
