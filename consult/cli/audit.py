"""`consult audit`: whether the log is as it was written, what stands in it, and the anchor of this day."""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from consult.cli.commands import Commands
from consult.domain.errors import Refusal

if TYPE_CHECKING:
    from consult.domain.audit import Row
    from consult.settings import Settings

Deed = Callable[[Any, "Settings", argparse.Namespace], int]


def add_commands(commands: Commands) -> None:
    """`consult audit verify | show | anchor`."""
    audit = commands.add_parser("audit", help="the log of who did what")
    verbs: Commands = audit.add_subparsers(title="commands", metavar="COMMAND", required=True)
    verbs.add_parser("verify", help="check every row and every anchor; names the first bad row").set_defaults(
        run=lambda asked: _do(_verify, asked)
    )
    verbs.add_parser("anchor", help="sign where the log ends now").set_defaults(run=lambda asked: _do(_anchor, asked))
    show = verbs.add_parser("show", help="rows, newest first, a line each")
    show.add_argument("--person", help="a person's id or name")
    show.add_argument("--case", help="a case's number or id")
    show.add_argument("--study", metavar="UID", help="a StudyInstanceUID")
    show.add_argument("--deed", help="such as sign_in, view_images, export")
    show.add_argument("--since", type=date.fromisoformat, metavar="DATE", help="first day, UTC")
    show.add_argument("--until", type=date.fromisoformat, metavar="DATE", help="day after the last, UTC")
    show.add_argument("--limit", type=int, default=50)
    show.set_defaults(run=lambda asked: _do(_show, asked))


def _do(deed: Deed, asked: argparse.Namespace) -> int:
    from consult.settings import Settings
    from consult.wiring import open_store

    settings = Settings()
    try:
        with open_store(settings.database.url) as store:
            return deed(store, settings, asked)
    except Refusal as refusal:
        print(refusal.sentence.en, file=sys.stderr)
    except OSError as failed:
        print(f"the anchors cannot be used: {failed.strerror}: {failed.filename}", file=sys.stderr)
    return 1


def _verify(store: Any, settings: "Settings", _: argparse.Namespace) -> int:
    from consult.actions import audit

    good, flaw = audit.verify(store, settings.audit.folder, settings.audit.key)
    if flaw is not None:
        print(f"bad at row {flaw.seq}: {flaw.sentence.en}", file=sys.stderr)
        return 1
    anchored = (
        "and every anchor" if settings.audit.folder else "no anchors are set (audit.folder): a cut tail is not seen"
    )
    print(f"{good} rows are as they were written; {anchored}")
    return 0


def _anchor(store: Any, settings: "Settings", _: argparse.Namespace) -> int:
    from consult.actions import audit
    from consult.wiring import clock

    if settings.audit.folder is None:
        print("set audit.folder to where anchors are kept, outside the database", file=sys.stderr)
        return 1
    made = audit.anchor(store, settings.audit.folder, settings.audit.key, clock())
    print("the log is empty" if made is None else f"anchored at row {made.seq}")
    return 0


def _show(store: Any, _: "Settings", asked: argparse.Namespace) -> int:
    from consult.queries import audit

    wanted = audit.Asked(asked.person, asked.case, asked.study, asked.deed, _moment(asked.since), _moment(asked.until))
    for row in audit.latest(store, wanted, asked.limit):
        print(_line(row))
    return 0


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _line(row: "Row") -> str:
    said = row.entry
    who = said.person_name or said.person_id or "-"
    what = f"{said.subject} {said.subject_id}".strip() or "-"
    detail = " ".join(f"{name}={value}" for name, value in sorted(said.detail.items()))
    told = [
        str(row.seq),
        said.at.isoformat(),
        who,
        said.address or "-",
        str(said.deed),
        str(said.outcome),
        what,
        detail,
    ]
    return "\t".join(told)
