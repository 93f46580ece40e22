"""The memory of the process that answers HTTP while hundreds of slices come in one STOW-RS request."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx

from tests.bench.proc import family, resident_mb
from tests.bench.table import Row
from tests.peers.site import Site

BOUNDARY = "consult-bench-part"
FLAT_MB = 48.0  # growth that still counts as flat: far below the request, about one batch of objects in flight
EVERY_S = 0.05


def run(folder: Path, files: list[Path], _rounds: int) -> list[Row]:
    """Resident memory before, at most during and after; it holds when the growth is far below what was sent."""
    sent_mb = sum(path.stat().st_size for path in files) / 2**20
    what = f"web memory, STOW of {len(files)} slices"
    with Site(folder / "stow", folder / "template") as site, closing(site.signed_in("anlong.doctor")) as client:
        _stow(client, files[:4])
        client.get("/dicom-web/studies")
        with Watch(site) as watch:
            stored = _stow(client, files)
    if stored != len(files):
        raise RuntimeError(f"{stored} of {len(files)} stored")
    growth = watch.most - watch.before
    ours = f"{watch.before:.0f} → {watch.most:.0f} MB"
    note = f"{sent_mb:.0f} MB in one request; {watch.after:.0f} MB at its end"
    return [Row(what, ours, asked=f"< +{FLAT_MB:g} MB", held=growth < FLAT_MB, note=note)]


class Watch:
    """Samples the largest process of a site; ``before``, ``most`` and ``after`` in MB."""

    def __init__(self, site: Site) -> None:
        self._pid = max(family(site.pid), key=resident_mb)
        self.before = self.most = self.after = resident_mb(self._pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def _sample(self) -> None:
        while not self._ended.wait(EVERY_S):
            self.most = max(self.most, resident_mb(self._pid))

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.after = resident_mb(self._pid)
        self.most = max(self.most, self.after)


def _stow(client: httpx.Client, files: list[Path]) -> int:
    """Send all files in one request whose body is made as it goes; how many the answer says are stored."""
    answer = client.post(
        "/dicom-web/studies",
        content=_body(files),
        headers={
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
            "Accept": "application/dicom+json",
            "Content-Length": str(_length(files)),
        },
        timeout=900,
    )
    answer.raise_for_status()
    return len(answer.json()["00081199"]["Value"])


PART = f"\r\n--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
END = f"\r\n--{BOUNDARY}--\r\n".encode()


def _body(files: list[Path]) -> Iterator[bytes]:
    for path in files:
        yield PART
        yield path.read_bytes()
    yield END


def _length(files: list[Path]) -> int:
    return sum(len(PART) + path.stat().st_size for path in files) + len(END)
