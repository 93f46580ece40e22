"""Promises about the parser processes: a file can cost them little memory and little time, and us nothing at all."""

import os
import signal
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from consult.domain.errors import Broken, Unavailable
from consult.formats.bounded import HeaderReader
from consult.formats.elements import SMALL, TooCostly
from consult.formats.instances import read_instance
from tests.makers.dicom import DEFLATED, SAMPLES, ct_slice, element, needs_samples, part10, saved
from tests.makers.memory import highest_memory_kb

PATIENT_S = 60.0  # for a file on a busy machine


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(workers=2, memory_mb=300, timeout_s=PATIENT_S) as opened:
        yield opened


def costly(
    folder: Path, changes: Mapping[int, tuple[str, bytes] | None] | None = None, name: str = "costly.dcm"
) -> Path:
    """A file whose header is not small: only a parser process reads it."""
    padding = b"".join(element(0x00091000 + n, "LO", b"x" * 200) for n in range(2000))
    head, tail = ct_slice({**(changes or {}), 0x00090010: ("LO", b"MINE")}).split(element(0x00090010, "LO", b"MINE"), 1)
    return saved(folder, head + element(0x00090010, "LO", b"MINE") + padding + tail, name=name)


def test_a_parser_process_says_the_same_as_the_parser(reader: HeaderReader, tmp_path: Path) -> None:
    changes = {0x00100010: ("PN", "OuYang^X=欧阳^小明".encode("gbk")), 0x00080005: ("CS", b"GBK")}
    path = costly(tmp_path, changes)
    found = reader.read(path)
    assert found == read_instance(path)
    assert found.patient_name.display == "欧阳小明"
    assert isinstance(found.patient_name.raw, bytes)


def test_a_sender_s_known_character_set_reaches_the_parser(reader: HeaderReader, tmp_path: Path) -> None:
    path = costly(tmp_path, {0x00100010: ("PN", "é".encode("latin-1") * 2)})
    assert reader.read(path, charset_override="ISO_IR 100").patient_name.alphabetic == "éé"


def test_many_threads_each_get_their_own_answer(reader: HeaderReader, tmp_path: Path) -> None:
    paths = [costly(tmp_path, {0x00200013: ("IS", str(n).encode())}, f"{n}.dcm") for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        numbers = [found.instance_number for found in threads.map(reader.read, paths)]
    assert numbers == list(range(40))


def test_a_refusal_keeps_its_sentence_and_the_next_file_is_read(reader: HeaderReader, tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.dcm", saved(tmp_path, ct_slice())
    bad.write_bytes(b"%PDF-1.7")
    with pytest.raises(Broken) as refused:
        reader.read(bad)
    assert refused.value.sentence.zh == "不是 DICOM 文件。"
    assert reader.read(good).sop_uid == "2.25.3"


def test_a_file_that_is_not_there_is_not_called_broken(reader: HeaderReader, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        reader.read(tmp_path / "nowhere.dcm")


def test_a_file_that_takes_too_long_is_given_up_and_its_process_replaced(tmp_path: Path) -> None:
    endless = tmp_path / "endless"
    os.mkfifo(endless)  # opening it waits for a writer that never comes
    with HeaderReader(workers=1, memory_mb=300, timeout_s=0.5) as reader:
        before = reader.process_ids()
        with pytest.raises(Broken) as refused:
            reader.read(endless)
        assert "耗时过长" in refused.value.sentence.zh
        assert reader.process_ids() != before
    with HeaderReader(workers=1, memory_mb=300, timeout_s=PATIENT_S) as reader:
        assert reader.read(costly(tmp_path)).sop_uid == "2.25.3"


def test_a_file_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    squeezed = zlib.compressobj(1, wbits=-15)
    noise = os.urandom(1 << 20) * 40  # deflates, but not so well that it looks like a bomb
    packed = squeezed.compress(ct_slice() + element(0x7FE10010, "OB", noise)) + squeezed.flush()
    greedy = saved(tmp_path, packed, DEFLATED, "greedy.dcm")
    assert read_instance(greedy).sop_uid == "2.25.3"
    with HeaderReader(workers=1, memory_mb=48, timeout_s=PATIENT_S) as reader:
        with pytest.raises(Broken) as refused:
            reader.read(greedy)
        assert "内存" in refused.value.sentence.zh
        assert reader.read(costly(tmp_path)).sop_uid == "2.25.3"


def test_a_process_that_was_killed_meanwhile_costs_no_file(tmp_path: Path) -> None:
    path = costly(tmp_path)
    with HeaderReader(workers=1, memory_mb=300, timeout_s=PATIENT_S) as reader:
        reader.read(path)
        (process_id,) = reader.process_ids()
        os.kill(process_id, signal.SIGKILL)
        assert reader.read(path).sop_uid == "2.25.3"
        assert reader.process_ids() != [process_id]


def test_no_process_stays_behind(tmp_path: Path) -> None:
    with HeaderReader(workers=2, memory_mb=300, timeout_s=PATIENT_S) as reader:
        reader.read(costly(tmp_path))
        process_ids = reader.process_ids()
    assert [each for each in process_ids if Path(f"/proc/{each}").exists()] == []


def test_a_parser_process_can_neither_write_files_nor_see_our_secrets(reader: HeaderReader, tmp_path: Path) -> None:
    reader.read(costly(tmp_path))
    for process_id in reader.process_ids():
        limits = Path(f"/proc/{process_id}/limits").read_text()
        size = next(line for line in limits.splitlines() if line.startswith("Max file size"))
        assert size.split()[3:5] == ["0", "0"]
        names = {each.split(b"=")[0] for each in Path(f"/proc/{process_id}/environ").read_bytes().split(b"\0") if each}
        assert names == {b"PYTHONPATH", b"PYTHONDONTWRITEBYTECODE", b"PYTHONUTF8"}


@needs_samples
def test_no_malformed_file_takes_more_than_300_mb(reader: HeaderReader) -> None:
    for path in sorted((SAMPLES / "malformed").rglob("*")):
        if path.is_file():
            with suppress(Broken):
                reader.read(path)
    assert max(highest_memory_kb(each) for each in reader.process_ids()) < 300 << 10


def test_a_bomb_takes_little_memory_before_it_is_refused(tmp_path: Path) -> None:
    squeezed = zlib.compressobj(1, wbits=-15)
    packed = b"".join(squeezed.compress(bytes(1 << 20)) for _ in range(150)) + squeezed.flush()
    path = tmp_path / "bomb.dcm"
    path.write_bytes(part10(packed, DEFLATED))
    with HeaderReader(workers=1, memory_mb=300, timeout_s=PATIENT_S) as reader:
        with pytest.raises(Broken):
            reader.read(path)
        assert max(highest_memory_kb(each) for each in reader.process_ids()) < 160 << 10


def test_where_no_parser_can_start_the_file_is_not_blamed(tmp_path: Path) -> None:
    path = costly(tmp_path)
    reader = HeaderReader(workers=1, memory_mb=1 << 60, timeout_s=PATIENT_S)  # a limit that cannot be set
    with reader, pytest.raises(Unavailable):
        reader.read(path)


def test_a_small_plain_header_needs_no_process(tmp_path: Path) -> None:
    path = saved(tmp_path, ct_slice())
    with HeaderReader(workers=0, memory_mb=300, timeout_s=PATIENT_S) as reader:
        assert reader.read(path) == read_instance(path)


@pytest.mark.parametrize("kind", ["many elements", "long values", "deflated"])
def test_a_header_that_might_cost_much_is_not_read_in_this_process(tmp_path: Path, kind: str) -> None:
    if kind == "deflated":
        squeezed = zlib.compressobj(1, wbits=-15)
        path = saved(tmp_path, squeezed.compress(ct_slice()) + squeezed.flush(), DEFLATED)
    else:
        count, size = (5000, 2) if kind == "many elements" else (10, 60 << 10)
        path = saved(
            tmp_path, ct_slice(tail=b"".join(element(0x7FE11000 + n, "UN", bytes(size)) for n in range(count)))
        )
    assert read_instance(path).sop_uid == "2.25.3"
    with pytest.raises(TooCostly):
        read_instance(path, None, SMALL)
