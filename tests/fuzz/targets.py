"""What is fuzzed: each target takes any bytes, and lets nothing out but the refusals that its readers promise."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from consult.domain.errors import Broken
from consult.formats import dicomjson
from consult.formats.dicom import served_head
from consult.formats.elements import SMALL, Encoding, TooCostly, Walk
from consult.formats.instances import read_instance
from consult.formats.names import charset_of, settle
from consult.formats.sources import Source
from consult.listeners.upper_layer import StreamingDul, command_elements, store_request
from consult.web.multipart import Malformed, Parts
from tests.makers.dicom import BIG, IMPLICIT, SAMPLES, ct_slice, element, fragments, item, part10
from tests.peers.dicom import c_store_rq, p_data

_LARGEST_SEED = 8 << 10  # bytes


class Target(NamedTuple):
    """One reader of bytes, and what to begin from."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


def _header(data: bytes) -> None:
    """A file as the doors read it, in bounds and in full, and as it would go out again."""
    with tempfile.NamedTemporaryFile(dir=_memory()) as file:
        file.write(data)
        file.flush()
        path = Path(file.name)
        with suppress(Broken, TooCostly):
            read_instance(path, None, SMALL)
        with suppress(Broken):
            json.loads(read_instance(path).metadata)
            served_head(path)


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _json(data: bytes) -> None:
    """A data set in the encoding that the first byte names; what it becomes is JSON whatever it holds."""
    encoding = Encoding(bool(data[:1] and data[0] & 1), bool(data[:1] and data[0] & 2))
    with suppress(Broken):
        found = Walk(Source.of(data[1:]), encoding).run()
        json.loads(dicomjson.write(found, charset_of(found, None), encoding.big, "/bulk/"))


_DECLARED = ("", "ISO_IR 100", "ISO_IR 192", "GB18030", "GBK", "\\ISO 2022 IR 58", "ISO_IR 13\\ISO 2022 IR 87", "?")


def _names(data: bytes) -> None:
    """A text in the character set that the first byte names, believed and not believed."""
    declared = _DECLARED[data[0] % len(_DECLARED)].split("\\") if data else [""]
    raw = data[1:]
    charset = settle(declared, [raw])
    for text in (charset.text(raw), charset.name_text(raw), charset.name(raw).display):
        json.dumps(text).encode()
    settle(declared, [raw], "GB18030").name(raw)


class _Kept:
    """A provider that counts what it is handed."""

    def __init__(self) -> None:
        self.size = 0

    def receive(self, _context: int, _control: int, fragment: memoryview) -> None:
        """Take a fragment."""
        self.size += len(fragment)

    def put(self, _event: str) -> None:
        """Take an event."""


def _upper_layer(data: bytes) -> None:
    """A P-DATA-TF as it is taken apart, and a command set."""
    kept = _Kept()
    door = SimpleNamespace(assoc=SimpleNamespace(dimse=kept), event_queue=kept)
    StreamingDul._take(cast(Any, door), memoryview(data))
    assert kept.size <= len(data)
    with suppress(ValueError):
        command_elements(data)
    store_request(data)


def _multipart(data: bytes) -> None:
    """A body of parts; what comes out is no more than what went in."""
    size = 0
    with suppress(Malformed):
        for part in Parts(BytesIO(data), "=_XX"):
            size += sum(map(len, part.chunks))
    assert size <= len(data)


def _files() -> Iterable[bytes]:
    yield part10(ct_slice())
    yield part10(ct_slice(tail=element(0x7FE11010, "SQ", item(element(0x00080100, "SH", b"ab")))))
    yield part10(ct_slice({0x7FE00010: None}, fragments(b"abcd")), "1.2.840.10008.1.2.4.90")
    yield ct_slice()
    yield from (part10(b"", syntax) for syntax in (BIG, IMPLICIT))
    if SAMPLES.is_dir():
        for path in sorted(SAMPLES.rglob("*")):
            if path.is_file() and path.stat().st_size < _LARGEST_SEED:
                yield path.read_bytes()


def _texts() -> Iterable[bytes]:
    for index, text in enumerate(("Müller^A", "OuYang^X=欧阳^小明", "王^小东=x=y", "")):
        yield bytes([index]) + text.encode("utf_8")
        yield bytes([index + 3]) + text.encode("gb18030")
    yield b"\x05Wang^X=\x1b$)A\xcd\xf5^\x1b$)A\xd0\xa1"
    yield b"\x06Yamada=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"


def _parts() -> Iterable[bytes]:
    yield b"--=_XX\r\nContent-Type: application/dicom\r\n\r\nabc\r\n--=_XX\r\n\r\n\r\n--=_XX--\r\nend"
    yield b"before\r\n--=_XX \t\r\nA:b\r\nC: d\r\n\r\n\r\n--=_XX--"


def _units() -> Iterable[bytes]:
    command = c_store_rq("1.2.840.10008.5.1.4.1.1.2", "2.25.3")
    yield from (command, p_data((1, 3, command), (1, 2, b"ab"))[6:], p_data((3, 0, b""))[6:])


TARGETS = {
    "header": Target(_header, _files),
    "json": Target(_json, lambda: (bytes([1]) + ct_slice(), bytes([0]) + bytes(16), bytes([3]) + bytes(16))),
    "names": Target(_names, _texts),
    "upper_layer": Target(_upper_layer, _units),
    "multipart": Target(_multipart, _parts),
}


def _any(data: bytes) -> None:
    """The target that the first byte names."""
    if data:
        EACH[data[0] % len(EACH)].run(data[1:])


def _any_seed() -> Iterable[bytes]:
    return (bytes([index]) + seed for index, target in enumerate(EACH) for seed in target.seeds())


EACH = tuple(TARGETS.values())
ALL = Target(_any, _any_seed)
"""All in one, for a short run: starting takes longer than a thousand tries."""
