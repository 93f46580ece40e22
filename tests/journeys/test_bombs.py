"""Two hundred bombs at both doors: refused each, while the server's memory stays where it was and others are served."""

from pathlib import Path

import pytest

from tests.formats.test_hostile import bomb, declares, nested
from tests.makers.archive import a_slice
from tests.makers.dicom import CT, DEFLATED, EXPLICIT, ct_slice, part10
from tests.peers.dicom import data_set_of, raw_association, store_raw
from tests.peers.site import Site

pytestmark = pytest.mark.slow

CANNOT_UNDERSTAND = 0xC000
GROWTH_KB = 32 << 10  # half of one bomb: a parser that begins to work takes 13 MB, threads and caches some
ROUNDS = 25
KIND = 'multipart/related; type="application/dicom"; boundary="=_XX"'


def bombs() -> dict[str, bytes]:
    """One of each kind, by the syntax that it is sent in."""
    return {
        "deflated": bomb(64),
        "nested": part10(ct_slice(tail=nested(500))),
        "empty": declares(32768, 32768, b"1", None),
        "frames": declares(65535, 65535, b"99999", bytes(32)),
    }


def children(process_id: int) -> list[int]:
    found = [int(each) for each in Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()]
    return found + [below for each in found for below in children(each)]


def memory_kb(site: Site) -> int:
    """What the doors and their parsers have in use, together; the workshops of documents still warm up beside them."""
    total = 0
    for process_id in (site.pid, *children(site.pid)):
        if b"pdf_pool" in Path(f"/proc/{process_id}/cmdline").read_bytes():
            continue
        status = Path(f"/proc/{process_id}/status").read_text()
        total += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return total


def send_by_stow(site: Site, files: list[bytes]) -> tuple[int, list[int]]:
    """How many were kept, and why the others were not."""
    parts = [b"--=_XX\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n" for file in files]
    client = site.signed_in("anlong.doctor")
    answer = client.post("/dicom-web/studies", content=b"".join(parts) + b"--=_XX--", headers={"Content-Type": KIND})
    told = answer.json()
    reasons = [each["00081197"]["Value"][0] for each in told.get("00081198", {}).get("Value", [])]
    return len(told.get("00081199", {}).get("Value", [])), reasons


def send_by_dimse(site: Site, files: dict[str, bytes], good: bytes) -> list[int]:
    """Each on one association, and a good object after them."""
    with raw_association(site.dicom_port, CT, EXPLICIT, CT, DEFLATED) as peer:
        statuses = [
            store_raw(peer, CT, "2.25.3", data_set_of(file), 3 if name == "deflated" else 1)
            for name, file in files.items()
        ]
        return [*statuses, store_raw(peer, CT, "2.25.1002.1", data_set_of(good))]


def test_two_hundred_bombs_leave_the_server_as_it_was(site: Site) -> None:
    each, good = bombs(), a_slice(1, study="2.25.7001")
    send_by_stow(site, [*each.values(), good])
    assert send_by_dimse(site, each, good)[-1] == 0
    before = memory_kb(site)
    for _ in range(ROUNDS):
        kept, reasons = send_by_stow(site, [*each.values(), good])
        assert (kept, reasons) == (1, [CANNOT_UNDERSTAND] * len(each))
        assert send_by_dimse(site, each, good) == [CANNOT_UNDERSTAND] * len(each) + [0]
    assert memory_kb(site) - before < GROWTH_KB
