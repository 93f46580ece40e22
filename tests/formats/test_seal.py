"""The signatures' promises: who, when, as what, and nothing after them; another program checks them too."""

import io
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest

from consult.domain.reports import REPORTER_INTENT, REVIEWER_INTENT, ReportState
from consult.formats import pdf, seal
from consult.formats.document import Stamp
from consult.formats.signing_keys import seal_key, unlock
from tests.makers.documents import NOW, PIN, House, document, house

pytestmark = [
    pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed"),
    # WeasyPrint 70 leaves its own colour profile open.
    pytest.mark.filterwarnings("ignore:.*sRGB2014.icc:pytest.PytestUnraisableExceptionWarning"),
]

LATER = NOW + timedelta(minutes=9)


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def certified(signers: House) -> bytes:
    return signers.certified(document())


@pytest.fixture(scope="module")
def approved(signers: House, certified: bytes) -> bytes:
    return signers.approved(certified, LATER)


def words(file: bytes) -> str:
    as_written = subprocess.run(["pdftotext", "-raw", "-", "-"], input=file, capture_output=True, check=True).stdout
    return re.sub(r"\s", "", as_written.decode())


def pdfsig(file: bytes, folder: Path) -> list[dict[str, str]]:
    """What poppler says of each signature; it checks the cryptography only."""
    path = folder / "signed.pdf"
    path.write_bytes(file)
    told = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, check=False).stdout.decode()
    parts = re.split(r"Signature #\d+:", told)[1:]
    return [dict(re.findall(r"- ([^:\n]+): ([^\n]+)", part)) for part in parts]


def test_another_program_finds_both_signatures_sound(approved: bytes, tmp_path: Path) -> None:
    reporter, reviewer, archive = pdfsig(approved, tmp_path)
    assert (reporter["Signer Certificate Common Name"], reviewer["Signer Certificate Common Name"]) == (
        "王志远",
        "欧阳明月",
    )
    for signature in (reporter, reviewer):
        assert signature["Signature Validation"] == "Signature is Valid."
        assert signature["Signing Hash Algorithm"] == "SHA-256"
        assert signature["Signature Type"] == "ETSI.CAdES.detached"
    assert "演示时间戳" in archive["Signer Certificate Common Name"]


def test_another_program_finds_the_flaw_in_a_changed_copy(approved: bytes, tmp_path: Path) -> None:
    changed = bytearray(approved)
    changed[2000] ^= 1
    assert pdfsig(bytes(changed), tmp_path)[0]["Signature Validation"] != "Signature is Valid."


def test_the_reporter_certifies_and_allows_only_signatures_after_it(certified: bytes) -> None:
    with pikepdf.open(io.BytesIO(certified)) as opened:
        signature = opened.Root.Perms.DocMDP
        (reference,) = signature.Reference
        assert reference.TransformMethod == "/DocMDP"
        assert reference.TransformParams.P == 2
        assert str(signature.Reason) == REPORTER_INTENT.zh
        fields = {str(field.T): field for field in opened.Root.AcroForm.Fields}
        assert set(fields) == {"Reporter", "Reviewer"}
        assert "/V" not in fields["Reviewer"]


def test_each_signature_says_as_what_where_and_when(approved: bytes) -> None:
    with pikepdf.open(io.BytesIO(approved)) as opened:
        fields = {str(field.T): field.V for field in opened.Root.AcroForm.Fields}
    assert str(fields["Reviewer"].Reason) == REVIEWER_INTENT.zh
    assert str(fields["Reviewer"].Name) == "欧阳明月"
    assert str(fields["Reviewer"].Location) == "贵阳专家中心"
    assert str(fields["Reviewer"].M).startswith(LATER.strftime("D:%Y%m%d%H%M%S"))


def test_the_hand_of_the_reviewer_is_seen_only_after_the_reviewer_signed(certified: bytes, approved: bytes) -> None:
    before, after = words(certified), words(approved)
    assert "王志远" in before
    assert before.count("已电子签名") == 1
    assert "欧阳明月" not in before
    assert "欧阳明月" in after
    assert after.count("已电子签名") == 2
    assert (LATER + timedelta(hours=8)).strftime("%Y-%m-%d%H:%M") in after


def test_a_preliminary_report_is_signed_by_its_author_alone(signers: House) -> None:
    file = signers.certified(document(kind=ReportState.PRELIMINARY))
    assert words(file).count("已电子签名") == 1
    with pytest.raises(ValueError, match="wait for a reviewer"):
        signers.approved(file)


def test_nobody_signs_twice(signers: House, approved: bytes) -> None:
    with pytest.raises(ValueError, match="wait for a reviewer"):
        signers.approved(approved)


def test_the_first_signature_is_not_touched_by_the_second(certified: bytes, approved: bytes) -> None:
    assert approved.startswith(certified)


def test_the_signed_file_is_still_pdf_1_7_and_pdf_a_with_its_data(approved: bytes) -> None:
    with pikepdf.open(io.BytesIO(approved)) as opened:
        assert opened.pdf_version == "1.7"
        assert "/Version" not in opened.Root
        assert "pdfaid" in opened.Root.Metadata.read_bytes().decode()
        assert list(opened.attachments) == [pdf.FHIR_NAME]
        assert not opened.Root.AcroForm.get("/NeedAppearances", False)
        widgets = [
            each
            for each in opened.objects
            if isinstance(each, pikepdf.Dictionary) and each.get("/Subtype") == "/Widget" and "/V" in each
        ]
        visible = [each for each in widgets if list(each.Rect) != [0, 0, 0, 0]]
        assert len(visible) == 2
        assert all("/AP" in each and int(each.F) & 4 for each in visible)


def test_a_revoked_or_foreign_certificate_signs_nothing(tmp_path: Path) -> None:
    here, elsewhere = house(tmp_path / "a"), house(tmp_path / "b")
    rendered = pdf.render(document())
    stamp = pdf.render_stamp(Stamp("王志远", NOW))
    here.authority.revoke(int(here.reporter.facts.serial), NOW)
    for signer, trust in ((here.reporter, here.authority.trust()), (elsewhere.reporter, here.trust)):
        with pytest.raises(seal.CertificateRefused) as refused:
            seal.certify(rendered, signer, trust, at=NOW + timedelta(minutes=1), stamp=stamp)
        assert "管理员" in refused.value.sentence.zh


def test_an_expired_certificate_signs_nothing(tmp_path: Path) -> None:
    old = house(tmp_path, at=NOW - timedelta(days=6 * 365))
    with pytest.raises(seal.CertificateRefused):
        old.certified(document())


def test_the_same_signer_can_sign_many_documents(signers: House, tmp_path: Path) -> None:
    key = signers.authority.issue("王志远", "p9", "贵阳专家中心", NOW)
    signer = unlock(seal_key(key, PIN), PIN, signers.trust)
    rendered = pdf.render(document(two_person=False, images=()))
    stamp = pdf.render_stamp(Stamp("王志远", NOW))
    files = [seal.certify(rendered, signer, signers.trust, at=NOW, stamp=stamp) for _ in range(2)]
    for file in files:
        assert pdfsig(file, tmp_path)[0]["Signature Validation"] == "Signature is Valid."
