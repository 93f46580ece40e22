"""What a line has to carry before a page works: the worklist is light, the image library comes in one bounded piece."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "consult" / "web" / "static"
WORKLIST_KB, VIEWER_KB = 250, 750

pytestmark = pytest.mark.skipif(not (PAGES / "index.html").exists(), reason="the pages are not built: make setup")


def _kb(name: str) -> float:
    """Kilobytes of a file of the pages as it goes over the line, compressed where that was worth it."""
    file = PAGES / "assets" / name
    sent = file.with_name(f"{name}.br")
    return (sent if sent.exists() else file).stat().st_size / 1000


def test_the_worklist_comes_in_a_quarter_of_a_megabyte() -> None:
    named = set(re.findall(r'/assets/([^"]+)"', (PAGES / "index.html").read_text()))
    assert any(name.endswith(".js") for name in named)
    assert sum(map(_kb, named)) <= WORKLIST_KB


def test_the_image_library_stays_within_its_bounds() -> None:
    (library,) = (PAGES / "assets").glob("cornerstone-*.js")
    assert _kb(library.name) <= VIEWER_KB
    assert library.name not in (PAGES / "index.html").read_text()
