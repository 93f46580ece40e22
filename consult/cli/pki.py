"""`consult pki demo`: a signing authority of one's own, for demonstration only."""

import argparse

from consult.cli.commands import Commands


def add_commands(commands: Commands) -> None:
    """`consult pki demo`."""
    pki = commands.add_parser("pki", help="the signing authority")
    asked = pki.add_subparsers(title="commands", metavar="COMMAND", required=True)
    demo = asked.add_parser("demo", help="make a self-made authority; every document that it signs says so")
    demo.set_defaults(run=_demo)


def _demo(_: argparse.Namespace) -> int:
    from consult.formats.trust import open_demo_authority
    from consult.settings import Settings
    from consult.wiring import clock

    folder = Settings().trust.folder
    there = (folder / "public").exists()
    folder.parent.mkdir(parents=True, exist_ok=True)
    open_demo_authority(folder, clock())
    print(f"{'found' if there else 'made'} a demonstration authority in {folder}: its signatures have no legal force")
    return 0
