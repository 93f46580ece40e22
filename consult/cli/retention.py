"""`consult retention` and `consult hold`: what is over its term, and what may not be touched."""

import argparse
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from consult.cli.commands import Commands
from consult.domain.errors import Refusal
from consult.domain.people import COMMAND_LINE
from consult.domain.retention import Kind

if TYPE_CHECKING:
    from consult.actions.parts import Parts

Deed = Callable[["Parts", argparse.Namespace], str]
BY = COMMAND_LINE.name


def add_commands(commands: Commands) -> None:
    """`consult retention run | term`, `consult hold add | list | release`."""
    verbs: Commands = commands.add_parser("retention", help="terms of keeping").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    run = verbs.add_parser("run", help="say what is over its term; remove it only with --apply")
    how = run.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="only say it (this is what happens anyway)")
    how.add_argument("--apply", action="store_true", help="remove it, for good")
    run.set_defaults(run=lambda asked: _do(_run, asked))
    term = verbs.add_parser("term", help="an institution's own term, longer than the usual one")
    term.add_argument("institution", metavar="CODE")
    term.add_argument("kind", type=Kind, choices=list(Kind))
    term.add_argument("years", type=int)
    term.set_defaults(run=lambda asked: _do(_term, asked))
    _holds(commands)


def _holds(commands: Commands) -> None:
    verbs: Commands = commands.add_parser("hold", help="legal holds: nothing of it is removed").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    add = verbs.add_parser("add", help="put a hold on a study or a case")
    what = add.add_mutually_exclusive_group(required=True)
    what.add_argument("--study", metavar="UID")
    what.add_argument("--case", metavar="NUMBER")
    add.add_argument("--reason", required=True)
    add.add_argument("--by", required=True, help="who ordered it")
    add.set_defaults(run=lambda asked: _do(_hold, asked))
    verbs.add_parser("list", help="holds in force").set_defaults(run=lambda asked: _do(_listed, asked))
    release = verbs.add_parser("release", help="end a hold")
    release.add_argument("hold", metavar="ID")
    release.add_argument("--reason", required=True)
    release.add_argument("--by", required=True, help="who ordered it")
    release.set_defaults(run=lambda asked: _do(_release, asked))


def _do(deed: Deed, asked: argparse.Namespace) -> int:
    from consult.settings import Settings
    from consult.wiring import open_parts

    try:
        with open_parts(Settings()) as parts:
            print(deed(parts, asked))
    except Refusal as refusal:
        print(refusal.sentence.en, file=sys.stderr)
        return 1
    return 0


def _run(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import retention

    looked_at = list(retention.judged(parts.store, parts.clock()))
    over = [each.study for each in looked_at if each.verdict.removable]
    for each in looked_at:
        print(f"{each.study.study_uid}\t{each.study.institution}\t{each.verdict.sentence.en}")
    if not asked.apply:
        return f"{len(over)} of {len(looked_at)} old studies may be removed; nothing was (--apply removes them)"
    removed = sum(retention.remove(parts, study.id, BY) for study in over)
    if parts.blobs.aside():
        print(f"{removed} studies taken out; their objects go in {retention.GRACE_S:.0f} s", flush=True)
        time.sleep(retention.GRACE_S)  # rows under way are written meanwhile
    return f"{removed} studies removed, {retention.settle(parts.store, parts.blobs)} objects"


def _term(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import retention

    retention.set_term(parts, asked.institution, asked.kind, asked.years, BY)
    return f"{asked.institution} keeps {asked.kind} studies for {asked.years} years"


def _hold(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import retention

    subject, told = ("study", asked.study) if asked.study else ("case", asked.case)
    return f"held: {retention.hold(parts, subject, told, asked.reason, asked.by).id}"


def _listed(parts: "Parts", _: argparse.Namespace) -> str:
    from consult.actions import retention

    held = retention.held(parts.store)
    return "\n".join(f"{e.id}\t{e.subject} {e.subject_id}\t{e.at:%Y-%m-%d}\t{e.by_name}\t{e.reason}" for e in held)


def _release(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import retention

    retention.release(parts, asked.hold, asked.reason, asked.by)
    return f"released: {asked.hold}"
