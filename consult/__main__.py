"""The `consult` command: each subject's commands are in a file of consult/cli; heavy parts load when they run."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from consult.cli.commands import Commands

SUBJECTS = (
    "processes",
    "live",
    "room",
    "demo",
    "database",
    "people",
    "nodes",
    "images",
    "studies",
    "reports",
    "pki",
    "audit",
    "retention",
    "turnaround",
    "doctor",
    "backups",
    "bench",
    "generate",
)


def build_parser() -> argparse.ArgumentParser:
    """All commands, as each subject's ``add_commands`` tells them."""
    parser = argparse.ArgumentParser("consult", description="Remote consultation, from request to signed report.")
    commands: Commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for subject in SUBJECTS:
        import_module(f"consult.cli.{subject}").add_commands(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when good, 1 with the reason when not, 2 when it was asked wrongly."""
    asked = build_parser().parse_args(arguments)
    code: int = asked.run(asked)
    return code


if __name__ == "__main__":
    sys.exit(main())
