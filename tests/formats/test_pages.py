"""A document inside DICOM is looked at page by page, and a hostile one is only refused."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from consult.domain.errors import Broken, NotFound
from consult.formats.pages import document, page
from tests.makers.dicom import SAMPLES, needs_samples

pytestmark = [
    needs_samples,
    pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed"),
]
DOCUMENT = SAMPLES / "objects" / "gen" / "encapsulated_pdf.dcm"


def test_it_says_what_it_is_and_a_page_is_a_picture_with_ink_on_it() -> None:
    assert document(DOCUMENT) == {"title": "Outside report", "pages": 1}
    picture = Image.open(io.BytesIO(page(DOCUMENT, 1, 600)))
    assert (picture.format, max(picture.size)) == ("PNG", 600)
    assert np.asarray(picture.convert("L")).min() < 128


def test_there_is_no_page_after_the_last() -> None:
    with pytest.raises((NotFound, Broken)):
        page(DOCUMENT, 2)


def test_what_is_no_pdf_is_refused(tmp_path: Path) -> None:
    broken = dcmread(DOCUMENT)
    broken.EncapsulatedDocument = b"MZ" + b"\0" * 4000
    broken.save_as(tmp_path / "broken.dcm")
    with pytest.raises(Broken):
        document(tmp_path / "broken.dcm")


def test_what_holds_no_document_has_no_pages() -> None:
    with pytest.raises(NotFound):
        document(SAMPLES / "ecg" / "waveform_ecg_12lead.dcm")
