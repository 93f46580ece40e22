"""A recording holds what was sent between start and stop, and what a killed door leaves can still be played."""

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import av
import pytest

from consult.domain.media import Order
from consult.media.recording import MANIFEST, picture_size, settle_all
from tests.media.conftest import Caller
from tests.peers.media import MediaSite

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # all of the file: the browser's come last
LONGEST_S = 30


def played(path: Path) -> tuple[int, float]:
    """How many frames a file has when it is decoded, and how many seconds they span."""
    times: list[float] = []
    with av.open(str(path)) as file, suppress(av.error.InvalidDataError):  # a killed writer's last frame may be cut
        times.extend(frame.time or 0.0 for frame in file.decode(file.streams[0]))
    return len(times), max(times, default=0.0) - min(times, default=0.0)


def until_written(folder: Path, tracks: int) -> None:
    """Return once so many tracks have more than a header on disk: a cluster is a second."""
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        if sum(path.stat().st_size > 4000 for path in folder.glob("*.webm")) >= tracks:
            return
        time.sleep(0.05)
    raise AssertionError([(path.name, path.stat().st_size) for path in folder.iterdir()])


def manifest(folder: Path) -> dict[str, Any]:
    """What a finished recording says of itself."""
    told: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    return told


def test_every_track_between_start_and_stop_is_a_file_of_its_own_with_its_hash(
    caller: Callable[..., Caller], media_site: MediaSite
) -> None:
    ann, ben = caller("kept", "ann"), caller("kept", "ben")
    ann.enter()
    ben.enter()
    ann.sees("ben")
    answer = media_site.order("kept", Order.RECORD)
    assert media_site.order("kept", Order.RECORD) == answer  # it is running already
    ann.until("() => window.call.recorded")
    folder = media_site.recordings / answer["folder"]
    until_written(folder, 4)
    media_site.order("kept", Order.STOP)
    ann.until("() => !window.call.recorded")
    told = manifest(folder)
    assert told["room"] == "kept"
    assert {(track["person"], track["kind"]) for track in told["tracks"]} == {
        (person, kind) for person in ("ann", "ben") for kind in ("audio", "video")
    }
    for track in told["tracks"]:
        path = folder / track["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == track["sha256"]
        assert told["started"] <= track["started"] <= told["ended"]
        frames, seconds = played(path)
        lasted = datetime.fromisoformat(told["ended"]) - datetime.fromisoformat(track["started"])
        assert frames > 5
        assert seconds <= lasted.total_seconds() + 1
    ann.sees("ben")


def test_what_a_killed_door_had_recorded_is_played_and_hashed_by_the_next(
    caller: Callable[..., Caller], media_site: MediaSite
) -> None:
    ann = caller("cut", "ann")
    ann.enter()
    ann.until("() => window.call.up?.connectionState === 'connected'")
    folder = media_site.recordings / media_site.order("cut", Order.RECORD)["folder"]
    until_written(folder, 2)
    media_site.kill()
    media_site.start()
    told = manifest(folder)
    assert told["ended"] is None
    assert len(told["tracks"]) == 2
    for track in told["tracks"]:
        assert hashlib.sha256((folder / track["file"]).read_bytes()).hexdigest() == track["sha256"]
        assert played(folder / track["file"])[0] > 0


def test_notes_that_were_cut_off_in_a_line_still_settle(tmp_path: Path) -> None:
    folder = tmp_path / "room" / "1"
    folder.mkdir(parents=True)
    (folder / "tracks.jsonl").write_text('{"room": "r"}\n{"file": "01-audio.webm", "kind": "audio"}\n{"file": "02-')
    assert settle_all(tmp_path) == 1
    assert [track["file"] for track in manifest(folder)["tracks"]] == ["01-audio.webm"]
    assert manifest(folder)["tracks"][0]["bytes"] == 0
    assert settle_all(tmp_path) == 0


def test_a_picture_tells_its_size() -> None:
    header = (
        bytes([0x50, 0x05, 0x00, 0x9D, 0x01, 0x2A]) + (640).to_bytes(2, "little") + (0x4000 | 360).to_bytes(2, "little")
    )
    assert picture_size(header) == (640, 360)
