"""The public verification's promises: only the archive's newest bytes are good, and any other file gets a reason."""

import io
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest

from consult.domain.cases import State
from consult.formats import pdf
from tests.makers.documents import document, house
from tests.makers.signing import Desk, lone_desk

pytestmark = [
    pytest.mark.slow,  # real signatures and processes: seconds each
    # WeasyPrint 70 leaves its own colour profile open.
    pytest.mark.filterwarnings("ignore:.*sRGB2014.icc:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with lone_desk(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture(scope="module")
def issued(there: Desk) -> bytes:
    case_id = there.case(State.IN_PROGRESS)
    there.sign(case_id)
    return there.pdf(there.documents(case_id)[0])


def codes(there: Desk, file: bytes) -> set[str]:
    return {reason.code for reason in there.verify(file).verdict.reasons}


def test_the_archives_own_copy_is_valid_and_named(there: Desk, issued: bytes) -> None:
    found = there.verify(issued)
    assert found.verdict.valid
    assert found.document is not None
    assert (found.document.version, found.newest, found.notices) == (1, True, ())


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_flipped_byte_is_found(there: Desk, issued: bytes, share: float) -> None:
    changed = bytearray(issued)
    changed[int(len(issued) * share)] ^= 1
    assert not there.verify(bytes(changed)).verdict.valid


def test_a_document_of_another_house_is_not_ours_whatever_number_it_bears(
    there: Desk, issued: bytes, tmp_path: Path
) -> None:
    number = there.verify(issued).document.number  # type: ignore[union-attr]
    forged = house(tmp_path).certified(document(number=number, two_person=False))
    found = there.verify(forged)
    assert not found.verdict.valid
    assert {"untrusted", "not-as-archived"} <= codes(there, forged)
    assert found.verdict.signers == ()


def test_an_unsigned_copy_of_our_page_is_not_valid(there: Desk) -> None:
    assert {"no-signature", "not-ours"} <= codes(there, pdf.render(document(number="BG0")).pdf)


def test_a_number_that_was_never_given_is_not_ours(there: Desk, tmp_path: Path) -> None:
    file = house(tmp_path).certified(document(number="BG-never", two_person=False))
    found = there.verify(file)
    assert (found.document, found.newest) == (None, None)
    assert "not-ours" in codes(there, file)


@pytest.mark.parametrize("file", [b"", b"x", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7\n" + b"<<" * 50_000])
def test_anything_gets_an_answer(there: Desk, file: bytes) -> None:
    found = there.verify(file)
    assert not found.verdict.valid
    assert found.verdict.reasons
    assert found.document is None


def test_a_foreign_pdf_gets_an_answer(there: Desk) -> None:
    out = io.BytesIO()
    with pikepdf.new() as blank:
        blank.add_blank_page()
        blank.save(out)
    assert codes(there, out.getvalue()) == {"no-signature", "not-ours"}
