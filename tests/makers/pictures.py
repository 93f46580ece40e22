"""Images made ready as the worker does it, and a painter that works in this process."""

from pathlib import Path

from consult.actions import images
from consult.formats.prepared import FrameMaker
from consult.formats.rendering import Window, render
from tests.makers.archive import Archive


class Painter:
    """Keeps the protocol of the workshop that paints."""

    def paint(
        self,
        path: Path,
        frame: int = 1,
        window: tuple[float, float] | None = None,
        within: tuple[int, int] | None = None,
        media_type: str = "image/jpeg",
        quality: int = 90,
    ) -> bytes:
        """A frame as a picture."""
        return render(path, frame, Window(*window) if window else None, within, media_type, quality)


def small(path: Path, frame: int, longest: int) -> bytes:
    """A small picture of a frame."""
    return Painter().paint(path, frame, within=(longest, longest))


def make_ready(made: Archive, study_id: str) -> None:
    """Make a study ready."""
    with FrameMaker() as maker:
        images.prepare(made.store, made.blobs, maker, small, study_id)


def work_off(made: Archive) -> int:
    """Make ready all that wait, most urgent first; how many there were."""
    done = 0
    with FrameMaker() as maker:
        while images.prepare_next(made.store, made.blobs, maker, small):
            done += 1
    return done
