"""`consult doctor`: how the installation is, a line each; 0 when all is good."""

import argparse
import json
import sys

from consult.cli.commands import Commands
from consult.domain.errors import Refusal


def add_commands(commands: Commands) -> None:
    """`consult doctor [--all] [--repair] [--json]`."""
    doctor = commands.add_parser("doctor", help="check disk, objects, hashes, migrations, certificates, worker, clock")
    doctor.add_argument("--all", action="store_true", help="read every object and check its hash, not a sample")
    doctor.add_argument("--repair", action="store_true", help="move objects that no row names aside; deletes nothing")
    doctor.add_argument("--json", action="store_true", help="findings as JSON")
    doctor.set_defaults(run=_run)


def _run(asked: argparse.Namespace) -> int:
    from consult.actions import doctor
    from consult.settings import Settings
    from consult.wiring import clock, open_parts

    try:
        with open_parts(Settings()) as parts:
            if asked.repair:
                moved = doctor.set_aside(parts, clock())
                print(f"{len(moved)} objects moved to {parts.blobs.root / 'orphans'}", file=sys.stderr)
            found = list(doctor.examine(parts, asked.all, clock()))
    except Refusal as refusal:
        print(refusal.sentence.en, file=sys.stderr)
        return 1
    if asked.json:
        print(json.dumps([{"name": each.name, "good": each.good, "told": each.told} for each in found], indent=1))
    else:
        for each in found:
            print(f"{'ok ' if each.good else 'BAD'}  {each.name:<13} {each.told}")
    return 0 if all(each.good for each in found) else 1
