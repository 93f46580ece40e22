"""`consult db`: brings the database to this version's tables, and says whether it is there."""

import argparse
import sys
from typing import TYPE_CHECKING

from consult.cli.commands import Commands

if TYPE_CHECKING:
    from consult.actions.database import Standing


def add_commands(commands: Commands) -> None:
    """`consult db upgrade | check`."""
    database = commands.add_parser("db", help="bring the database to this version, or check it")
    asked = database.add_subparsers(title="commands", metavar="COMMAND", required=True)
    told = {
        "upgrade": ("bring the tables to this version", _upgrade),
        "check": ("say whether the tables are this version's; exit 1 when not", _check),
    }
    for name, (help_text, run) in told.items():
        asked.add_parser(name, help=help_text).set_defaults(run=run)


def upgrade(url: str) -> "Standing":
    """Bring the database at ``url`` to this version's tables. Raises Unavailable."""
    from consult.actions import database
    from consult.wiring import open_store

    with open_store(url) as store:
        return database.upgrade(store)


def _upgrade(_: argparse.Namespace) -> int:
    from consult.domain.errors import Refusal
    from consult.settings import Settings

    try:
        return _tell(upgrade(Settings().database.url))
    except Refusal as refusal:
        return _refused(refusal)


def _check(_: argparse.Namespace) -> int:
    from consult.actions import database
    from consult.domain.errors import Refusal
    from consult.settings import Settings
    from consult.wiring import open_store

    try:
        with open_store(Settings().database.url) as store:
            return _tell(database.standing(store))
    except Refusal as refusal:
        return _refused(refusal)


def _tell(standing: "Standing") -> int:
    if standing.good:
        print(f"database at {standing.revision}")
        return 0
    where = standing.revision or "without tables"
    print(f"database at {where}, this version needs {standing.newest}: run `consult db upgrade`", file=sys.stderr)
    if standing.revision == standing.newest:
        print("\n".join(f"  differs: {line}" for line in standing.differences), file=sys.stderr)
    return 1


def _refused(refusal: Exception) -> int:
    sentence = getattr(refusal, "sentence", None)
    print(sentence.en if sentence else refusal, file=sys.stderr)
    return 1
