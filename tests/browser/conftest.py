"""Headless Chromium before a running site of its own: what the journeys send would be old news to each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.office import WAIT_MS
from tests.journeys.conftest import head_ct, site

__all__ = ["head_ct", "site"]

CHROMIUM = Path("/usr/bin/chromium")
PAGES = Path(__file__).parents[2] / "consult" / "web" / "static" / "index.html"
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""WebGL in software, and no calls home."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    assert PAGES.exists(), "the pages are not built: make setup"
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()
