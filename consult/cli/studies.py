"""`consult study`: read everything of a study again and say whether it is as it was kept; keys that sign lists."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from consult.cli.commands import Commands
from consult.domain.errors import Refusal

if TYPE_CHECKING:
    from consult.actions.parts import Parts
    from consult.actions.proof import Checked

Deed = Callable[["Parts", argparse.Namespace], int]


def add_commands(commands: Commands) -> None:
    """`consult study verify | keys | add-key | retire-key`."""
    study = commands.add_parser("study", help="studies: whether everything is as it was kept")
    verbs: Commands = study.add_subparsers(title="commands", metavar="COMMAND", required=True)
    verify = verbs.add_parser("verify", help="read and hash everything of a study again; exit 1 when it is not whole")
    verify.add_argument("uid", metavar="UID", help="the StudyInstanceUID")
    verify.set_defaults(run=lambda asked: _do(_verified, asked))
    keys = verbs.add_parser("keys", help="the keys with which institutions sign their lists")
    keys.set_defaults(run=lambda asked: _do(_keys, asked))
    add = verbs.add_parser("add-key", help="believe lists that are signed with this Ed25519 key")
    add.add_argument("institution", metavar="CODE")
    add.add_argument("file", type=Path, help="the public key, PEM or base64")
    add.set_defaults(run=lambda asked: _do(_key_added, asked))
    retire = verbs.add_parser("retire-key", help="believe a key no longer")
    retire.add_argument("key", metavar="ID")
    retire.set_defaults(run=lambda asked: _do(_key_retired, asked))


def _do(deed: Deed, asked: argparse.Namespace) -> int:
    from consult.settings import Settings
    from consult.wiring import open_parts

    try:
        with open_parts(Settings()) as parts:
            return deed(parts, asked)
    except (Refusal, OSError) as why:
        print(why.sentence.en if isinstance(why, Refusal) else why, file=sys.stderr)
        return 1


def _verified(parts: "Parts", asked: argparse.Namespace) -> int:
    from consult.actions import proof
    from consult.queries.proof import studies_of

    rows = studies_of(parts.store, asked.uid)
    if not rows:
        print(f"nothing is kept of {asked.uid}", file=sys.stderr)
        return 1
    return max([_told(proof.verify(parts.store, parts.blobs, row.id, parts.clock())) for row in rows])


def _told(found: "Checked") -> int:
    print(
        f"{found.institution}: {found.objects} objects of {found.series} series read and hashed "
        f"({found.size} bytes), held against {found.manifests} manifests"
    )
    for fault in found.faults:
        print(f"{found.institution}: {fault.code}: {fault.sentence.en} [{fault.what}]", file=sys.stderr)
    print(f"{found.institution}: {'NOT whole, ' + str(len(found.faults)) + ' faults' if found.faults else 'whole'}")
    return 1 if found.faults else 0


def _keys(parts: "Parts", _: argparse.Namespace) -> int:
    from consult.queries.proof import keys

    for row in keys(parts.store):
        retired = f"retired {row.retired_at:%Y-%m-%d}" if row.retired_at else "in use"
        print(f"{row.id}\t{row.institution}\t{row.added_at:%Y-%m-%d}\t{retired}")
    return 0


def _key_added(parts: "Parts", asked: argparse.Namespace) -> int:
    from consult.actions.announcements import register_key

    print(register_key(parts.store, asked.institution, asked.file.read_text(), parts.clock()))
    return 0


def _key_retired(parts: "Parts", asked: argparse.Namespace) -> int:
    from consult.actions.announcements import retire_key

    retire_key(parts.store, asked.key, parts.clock())
    print(f"{asked.key} is not believed any more")
    return 0
