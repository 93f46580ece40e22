"""`consult room`: the record of a meeting as a file, and whether such a file is as it was written."""

import argparse
import sys
from pathlib import Path

from consult.cli.commands import Commands


def add_commands(commands: Commands) -> None:
    """`consult room export | verify`."""
    room = commands.add_parser("room", help="the records of live consultations")
    verbs: Commands = room.add_subparsers(title="commands", metavar="COMMAND", required=True)
    export = verbs.add_parser("export", help="write a meeting's record as one file")
    export.add_argument("case", help="the case's id")
    export.add_argument("room", help="the room's id")
    export.add_argument("file", type=Path)
    export.set_defaults(run=_export)
    verify = verbs.add_parser("verify", help="check such a file; needs no database")
    verify.add_argument("file", type=Path)
    verify.set_defaults(run=_verify)


def _export(asked: argparse.Namespace) -> int:
    from consult.domain.errors import Refusal
    from consult.domain.people import COMMAND_LINE
    from consult.formats import room_archive
    from consult.queries import rooms
    from consult.settings import Settings
    from consult.wiring import clock, open_store

    try:
        with open_store(Settings().database.url) as store:
            told = rooms.record(store, asked.case, asked.room, COMMAND_LINE, clock())
    except Refusal as refused:
        print(refused.sentence.en, file=sys.stderr)
        return 1
    asked.file.write_bytes(room_archive.written(told.meeting, told.ops, told.views, told.attendance))
    print(f"{len(told.ops)} deeds written to {asked.file}")
    return 0


def _verify(asked: argparse.Namespace) -> int:
    from consult.domain.errors import Broken
    from consult.formats import room_archive

    try:
        found = room_archive.checked(asked.file.read_bytes())
    except Broken as broken:
        print(broken.sentence.en, file=sys.stderr)
        return 1
    except OSError as failed:
        print(f"{asked.file}: {failed.strerror}", file=sys.stderr)
        return 1
    for flaw in found.flaws:
        print(flaw, file=sys.stderr)
    if not found.flaws:
        print(f"{found.ops} deeds of room {found.room_id} are as they were written; the last is {found.head}")
    return 1 if found.flaws else 0
