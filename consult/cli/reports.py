"""`consult report verify`: whether a PDF is our signed report, with the archive at hand or without."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from consult.cli.commands import Commands
from consult.domain.errors import Refusal

if TYPE_CHECKING:
    from consult.formats.verdict import Verdict


def add_commands(commands: Commands) -> None:
    """`consult report verify FILE [--trust FOLDER]`."""
    report = commands.add_parser("report", help="signed reports")
    asked = report.add_subparsers(title="commands", metavar="COMMAND", required=True)
    verify = asked.add_parser("verify", help="say whether a PDF is a signed report, unchanged; exit 1 when not")
    verify.add_argument("file", type=Path)
    verify.add_argument(
        "--trust",
        type=Path,
        metavar="FOLDER",
        help="check the signatures alone, against an authority's folder; no database is asked",
    )
    verify.set_defaults(run=_verify)


def _verify(asked: argparse.Namespace) -> int:
    try:
        pdf = asked.file.read_bytes()
    except OSError as error:
        print(f"{asked.file}: {error.strerror}", file=sys.stderr)
        return 1
    try:
        return _by_signatures(pdf, asked.trust) if asked.trust else _by_archive(pdf)
    except Refusal as refusal:
        print(refusal.sentence.en, file=sys.stderr)
        return 1


def _by_archive(pdf: bytes) -> int:
    from consult.actions import verification
    from consult.settings import Settings
    from consult.wiring import clock, open_parts

    with open_parts(Settings()) as parts:
        found = verification.verify(parts, pdf, clock())
    if found.document is not None:
        print(f"{found.document.number} version {found.document.version} ({found.document.kind})")
    code = _tell(found.verdict)
    for _, words in found.notices:
        print(words.en)
    return code


def _by_signatures(pdf: bytes, folder: Path) -> int:
    import hashlib

    from consult.formats import verdict
    from consult.formats.trust import public_trust
    from consult.wiring import clock

    # Compared with itself: the archive's word is not asked here, and the last line says so.
    judged = verdict.verify(pdf, public_trust(folder), hashlib.sha256(pdf).hexdigest(), now=clock())
    said = verdict.identify(pdf)
    if said is not None:
        print(f"says it is {said.number} version {said.version}")
    code = _tell(judged)
    print("not compared with the archive: whether it was issued, recalled or replaced is not known")
    return code


def _tell(judged: "Verdict") -> int:
    print(f"{'valid' if judged.valid else 'NOT VALID'}  sha256 {judged.sha256}")
    for signer in judged.signers:
        print(f"  signed by {signer.name} at {signer.at.isoformat()}: {signer.intent.en}")
    for reason in judged.reasons:
        print(f"  {reason.code}: {reason.sentence.en}", file=sys.stderr)
    return 0 if judged.valid else 1
