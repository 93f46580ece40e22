"""The command line's word on a PDF: exit 0 for a signed report, 1 with the reason for anything else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from consult.store.schema import metadata
from consult.store.unit import Store
from tests.makers.documents import NOW, document, house
from tests.makers.signing import Desk, desk, workshops

pytestmark = [
    pytest.mark.slow,  # each command starts a process of its own
    # WeasyPrint 70 leaves its own colour profile open.
    pytest.mark.filterwarnings("ignore:.*sRGB2014.icc:pytest.PytestUnraisableExceptionWarning"),
]


def typed(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "CONSULT_DATABASE__URL": f"sqlite:///{folder}/consult.db",
        "CONSULT_BLOBS__URL": f"file://{folder}/blobs",
        "CONSULT_TRUST__FOLDER": str(folder / "trust"),
    }
    command = [sys.executable, "-m", "consult", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)


@pytest.fixture
def signed(tmp_path: Path) -> tuple[Path, Desk]:
    """A folder with a database, an authority and one signed report; the desk is closed again."""
    store = Store(f"sqlite:///{tmp_path}/consult.db")
    metadata.create_all(store.engine)
    with workshops() as shops, desk(store, tmp_path, shops) as there:
        case_id = there.case()
        there.sign(case_id)
        (tmp_path / "report.pdf").write_bytes(there.pdf(there.documents(case_id)[0]))
    store.close()
    return tmp_path, there


def test_a_report_is_verified_with_the_archive_at_hand(signed: tuple[Path, Desk]) -> None:
    folder, _ = signed
    good = typed("report", "verify", str(folder / "report.pdf"), folder=folder)
    assert good.returncode == 0, good.stderr
    assert "valid" in good.stdout
    assert "version 1" in good.stdout
    assert "signed by 陈医师" in good.stdout
    changed = bytearray((folder / "report.pdf").read_bytes())
    changed[len(changed) // 2] ^= 1
    (folder / "changed.pdf").write_bytes(changed)
    bad = typed("report", "verify", str(folder / "changed.pdf"), folder=folder)
    assert bad.returncode == 1
    assert "NOT VALID" in bad.stdout
    assert "not-as-archived" in bad.stderr or "damaged" in bad.stderr


def test_signatures_alone_are_verified_without_a_database(tmp_path: Path) -> None:
    here = house(tmp_path / "house")
    (tmp_path / "report.pdf").write_bytes(here.certified(document(two_person=False)))
    trust = tmp_path / "house" / "ca"
    for key in (trust / "private").iterdir():
        key.unlink()
    good = typed("report", "verify", str(tmp_path / "report.pdf"), "--trust", str(trust), folder=tmp_path)
    assert good.returncode == 0, good.stderr
    assert "not compared with the archive" in good.stdout
    assert not (tmp_path / "consult.db").exists()
    other = house(tmp_path / "other", NOW)
    foreign = typed(
        "report", "verify", str(tmp_path / "report.pdf"), "--trust", str(other.authority.folder), folder=tmp_path
    )
    assert foreign.returncode == 1
    assert "untrusted" in foreign.stderr


def test_what_is_missing_is_said_in_one_line(tmp_path: Path) -> None:
    for arguments in (("nothing.pdf",), (__file__, "--trust", str(tmp_path))):
        done = typed("report", "verify", *arguments, folder=tmp_path)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_demonstration_authority_is_made_once_and_on_purpose(tmp_path: Path) -> None:
    made = typed("pki", "demo", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "no legal force" in made.stdout
    root = (tmp_path / "trust" / "public" / "root.cer").read_bytes()
    again = typed("pki", "demo", folder=tmp_path)
    assert "found" in again.stdout
    assert (tmp_path / "trust" / "public" / "root.cer").read_bytes() == root
