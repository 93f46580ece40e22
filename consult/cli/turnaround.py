"""`consult turnaround`: the figures of time made again from the log of facts."""

import argparse
import sys

from consult.cli.commands import Commands
from consult.domain.errors import Refusal


def add_commands(commands: Commands) -> None:
    """`consult turnaround rebuild`."""
    group = commands.add_parser("turnaround", help="the figures of time")
    verbs: Commands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    verbs.add_parser("rebuild", help="measure every case again from its facts").set_defaults(run=_rebuild)


def _rebuild(_: argparse.Namespace) -> int:
    from consult.actions import turnaround
    from consult.settings import Settings
    from consult.wiring import open_store

    try:
        with open_store(Settings().database.url) as store:
            told, stray = turnaround.rebuild(store)
    except Refusal as refusal:
        print(refusal.sentence.en, file=sys.stderr)
        return 1
    print(f"{told} cases measured from their facts, {stray} taken away that no fact tells of")
    return 0
