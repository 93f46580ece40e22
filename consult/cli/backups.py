"""`consult backup` and `consult restore`: everything kept elsewhere, and brought back from there."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consult.cli.commands import Commands
from consult.domain.errors import Refusal

if TYPE_CHECKING:
    from consult.settings import Settings

Deed = Callable[["Settings", Any, Any, argparse.Namespace], int]
"""Settings, database, objects, and what was asked."""
TOLD_S = 2.0


def add_commands(commands: Commands) -> None:
    """`consult backup TARGET [--every] [--thin]`, `consult restore SOURCE [--run NAME] [--despite-losses]`."""
    backup = commands.add_parser(
        "backup", help="keep database, objects and keys in a folder; only what is new is copied"
    )
    backup.add_argument("target", type=Path, metavar="TARGET", help="the folder of backups, on another disk or machine")
    backup.add_argument("--every", action="store_true", help="read again what earlier backups copied, and mend it")
    backup.add_argument("--thin", action="store_true", help="then let backups go that have had their time")
    backup.set_defaults(run=lambda asked: _do(_back_up, asked))
    restore = commands.add_parser("restore", help="bring a backup back into an empty installation")
    restore.add_argument("source", type=Path, metavar="SOURCE", help="the folder of backups")
    restore.add_argument("--run", dest="moment", metavar="NAME", help="the one of this name, not the newest")
    restore.add_argument("--despite-losses", action="store_true", help="restore the rest when objects are missing")
    restore.set_defaults(run=lambda asked: _do(_restore, asked))


def _do(deed: Deed, asked: argparse.Namespace) -> int:
    from consult.settings import Settings
    from consult.wiring import open_blobs, open_store

    settings = Settings()
    try:
        blobs = open_blobs(settings.blobs)
        try:
            with open_store(settings.database.url) as store:
                return deed(settings, store, blobs, asked)
        finally:
            blobs.close()
    except (Refusal, OSError) as why:
        print(why.sentence.en if isinstance(why, Refusal) else why, file=sys.stderr)
        return 1


def _back_up(settings: "Settings", store: Any, blobs: Any, asked: argparse.Namespace) -> int:
    from consult.actions import backups
    from consult.wiring import clock

    made = backups.back_up(settings, store, blobs, asked.target, clock(), _progress("copied"), asked.every)
    print(f"{made.run}: {made.copied} objects, {made.copied_bytes / 1e6:.1f} MB copied")
    if asked.thin:
        runs, objects = backups.thin(asked.target, clock())
        print(f"{runs} backups and {objects} objects had their time and went")
    lost = made.manifest.lost
    if lost:
        print(
            f"{len(lost)} objects could not be copied: they are missing or damaged, see `consult doctor`",
            file=sys.stderr,
        )
    return 1 if lost else 0


def _restore(settings: "Settings", store: Any, blobs: Any, asked: argparse.Namespace) -> int:
    from consult.actions import restoring
    from consult.wiring import clock

    told = restoring.restore(
        settings, store, blobs, asked.source, asked.moment, clock(), _progress("brought back"),
        asked.despite_losses,
    )  # fmt: skip
    print(f"as of {told.at:%Y-%m-%d %H:%M:%S} UTC: {told.objects} objects, {told.bytes / 1e6:.1f} MB, hashes right")
    if told.flaw is not None:
        print(f"audit log bad at row {told.flaw.seq}: {told.flaw.sentence.en}", file=sys.stderr)
    else:
        print(f"{told.audit_rows} rows of the audit log are as they were written")
    if told.lost:
        print(f"{len(told.lost)} objects are lost", file=sys.stderr)
    return 1 if told.lost or told.flaw else 0


def _progress(done_word: str) -> Callable[[int, int, int], None]:
    """Says on standard error how far it is, every other second and at the end."""
    last = time.monotonic()

    def tell(done: int, total: int, size: int) -> None:
        nonlocal last
        if done >= total or time.monotonic() - last >= TOLD_S:
            last = time.monotonic()
            print(f"{done:,} of {total:,} objects, {size / 1e6:,.1f} MB {done_word}", file=sys.stderr, flush=True)

    return tell
