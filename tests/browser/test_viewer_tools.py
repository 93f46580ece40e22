"""Measured by hand on a real slice: the numbers are those of its pixels, stay with the case, and are taken back."""

import json
from collections.abc import Iterator
from math import acos, degrees, hypot, pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pydicom import Dataset, dcmread

from tests.browser.office import Office
from tests.peers.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def office(browser: Browser, site: Site) -> Iterator[Office]:
    with Office(browser, site) as opened:
        yield opened


@pytest.fixture(scope="module")
def image(head_ct: Path) -> Dataset:
    """The slice that ``study_uid`` is made of."""
    return dcmread(next((head_ct / "thick_5mm").iterdir()))


def _draw(page: Page, key: str, *strokes: tuple[float, float, float, float]) -> None:
    """Take the tool of ``key`` and draw; places are shares of the picture's width and height."""
    box = page.get_by_test_id("viewport").bounding_box()
    assert box is not None
    page.keyboard.press(key)
    for x0, y0, x1, y1 in strokes:
        page.mouse.move(box["x"] + x0 * box["width"], box["y"] + y0 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + (x0 + x1) / 2 * box["width"], box["y"] + (y0 + y1) / 2 * box["height"], steps=3)
        page.mouse.move(box["x"] + x1 * box["width"], box["y"] + y1 * box["height"], steps=3)
        page.mouse.up()


def _row(page: Page, kind: str) -> Locator:
    return page.get_by_test_id("measurements").locator(f'li[data-kind="{kind}"]')


def _told(page: Page, kind: str) -> tuple[dict[str, tuple[float, str]], np.ndarray[Any, np.dtype[np.float64]]]:
    """What the page says of the one measurement of a kind: its values with units, and its points in patient mm."""
    row = _row(page, kind)
    expect(row).to_have_count(1)
    values = json.loads(str(row.get_attribute("data-values")))
    points = np.array(json.loads(str(row.get_attribute("data-points"))))
    return {each["name"]: (each["value"], each["unit"]) for each in values}, points


def _pixels(image: Dataset, points: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Column and row of places in the patient (PS3.3 C.7.6.2.1.1)."""
    row, column = np.array(image.ImageOrientationPatient[:3]), np.array(image.ImageOrientationPatient[3:])
    away = points - np.array([float(each) for each in image.ImagePositionPatient])
    return np.stack([away @ row / float(image.PixelSpacing[1]), away @ column / float(image.PixelSpacing[0])], axis=1)


def _hounsfield(image: Dataset) -> np.ndarray[Any, np.dtype[np.float64]]:
    return image.pixel_array * float(image.RescaleSlope) + float(image.RescaleIntercept)


def _assert_values_are_those_of_the_pixels(page: Page, image: Dataset) -> None:
    values, points = _told(page, "length")
    assert values["length"] == (pytest.approx(hypot(*(points[1] - points[0]))), "mm")
    values, (a, b, c) = _told(page, "angle")
    turned = acos(float((a - b) @ (c - b)) / float(np.linalg.norm(a - b) * np.linalg.norm(c - b)))
    assert values["angle"] == (pytest.approx(degrees(turned), abs=0.01), "deg")
    values, points = _told(page, "rectangle")
    columns, rows = np.round(_pixels(image, points)).astype(int).T
    inside = _hounsfield(image)[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert values["mean"][0] == pytest.approx(inside.mean(), abs=2.0)
    assert values["mean"][1] == "[hnsf'U]"
    assert values["sd"][0] == pytest.approx(inside.std(), rel=0.1, abs=1.0)
    values, points = _told(page, "ellipse")
    axes = sorted(float(np.linalg.norm(one - other)) for one, other in (points[:2], points[2:]))
    assert values["area"] == (pytest.approx(pi * axes[0] * axes[1] / 4, rel=0.01), "mm2")
    at = _pixels(image, points)
    centre, half = at.mean(axis=0), (at.max(axis=0) - at.min(axis=0)) / 2
    whole = _hounsfield(image)
    grid = np.indices(whole.shape)
    mask = ((grid[1] - centre[0]) / half[0]) ** 2 + ((grid[0] - centre[1]) / half[1]) ** 2 <= 1
    assert values["mean"][0] == pytest.approx(whole[mask].mean(), abs=2.0)


def test_what_is_measured_is_of_the_pixels_stays_with_the_case_and_is_taken_back(
    office: Office, site: Site, being_read: str, image: Dataset
) -> None:
    reader = office.person("guiyang.ct")
    reader.open_case(being_read, "/read")
    page = reader.page
    expect(page.get_by_test_id("viewport")).to_have_attribute("data-loaded", "1")
    _draw(page, "l", (0.40, 0.30, 0.60, 0.30))
    _draw(page, "h", (0.42, 0.55, 0.50, 0.62))
    _draw(page, "q", (0.58, 0.50, 0.64, 0.56))
    _draw(page, "a", (0.42, 0.40, 0.50, 0.45), (0.58, 0.40, 0.58, 0.40))
    _assert_values_are_those_of_the_pixels(page, image)
    reader.shoot("95-measured")
    path = f"/api/v1/cases/{being_read}/measurements"
    kept = site.signed_in("guiyang.ct")
    assert {each["kind"] for each in kept.get(path).json()["items"]} == {"length", "rectangle", "ellipse", "angle"}
    page.keyboard.press("u")
    expect(_row(page, "angle")).to_have_count(0)
    page.keyboard.press("j")
    expect(_row(page, "angle")).to_have_count(1)
    page.reload()
    expect(page.get_by_test_id("measurements").get_by_role("listitem")).to_have_count(4)
    _assert_values_are_those_of_the_pixels(page, image)
    assert office.troubles == []
