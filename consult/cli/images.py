"""`consult images`: have images made ready for viewers anew, and see how far that is."""

import argparse
import sys

from consult.cli.commands import Commands
from consult.domain.errors import NotFound


def add_commands(commands: Commands) -> None:
    """`consult images rebuild [UID] | waiting`."""
    subject = commands.add_parser("images", help="images made ready for viewers")
    verbs: Commands = subject.add_subparsers(title="commands", metavar="COMMAND", required=True)
    rebuild = verbs.add_parser("rebuild", help="make a study ready anew, or all; the worker does it")
    which = rebuild.add_mutually_exclusive_group(required=True)
    which.add_argument("study_uid", nargs="?", metavar="UID", help="StudyInstanceUID")
    which.add_argument("--all", action="store_true", help="every study; emergencies and newest first")
    rebuild.set_defaults(run=_rebuild)
    verbs.add_parser("waiting", help="how many studies wait").set_defaults(run=_waiting)


def _rebuild(asked: argparse.Namespace) -> int:
    from consult.actions import images
    from consult.settings import Settings
    from consult.wiring import clock, open_store

    with open_store(Settings().database.url) as store:
        try:
            count = images.rebuild(store, clock(), asked.study_uid)
        except NotFound:
            print(f"{asked.study_uid}: no such study", file=sys.stderr)
            return 1
    print(f"{count} studies wait to be made ready")
    return 0


def _waiting(_: argparse.Namespace) -> int:
    from consult.actions import images
    from consult.settings import Settings
    from consult.wiring import open_store

    with open_store(Settings().database.url) as store:
        print(images.waiting(store))
    return 0
