"""`consult generate`: writes what is told by tables elsewhere, and with --check says what is out of date."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from consult.cli.commands import Commands

ROOT = Path(__file__).resolve().parent.parent.parent
FRONTEND = ROOT / "frontend"


class Made(NamedTuple):
    """One generated file: where it lies in the checkout, and what makes its text."""

    path: str
    text: Callable[[], str]


def add_commands(commands: Commands) -> None:
    """`consult generate`."""
    generate = commands.add_parser("generate", help="write the files that are made from tables (in a checkout)")
    generate.add_argument("--check", action="store_true", help="write nothing; name what is out of date and exit 1")
    generate.set_defaults(run=_run)


def _workflow_page() -> str:
    from consult.cli import workflow_page

    return workflow_page.page()


def _conformance_page() -> str:
    from consult.cli import conformance_page

    return conformance_page.page()


def _workflow_script() -> str:
    from consult.cli import workflow_script

    return workflow_script.workflow()


def _events_script() -> str:
    from consult.cli import workflow_script

    return workflow_script.events()


def _room_script() -> str:
    from consult.cli import room_script

    return room_script.room()


@cache
def _openapi() -> str:
    """The API's own description, from an application on a database that is thrown away."""
    from consult.settings import Blobs, Database, Settings, Trust
    from consult.web.app import openapi_document
    from consult.wiring import open_parts

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database=Database(url=f"sqlite:///{folder}/none.db"),
            blobs=Blobs(url=f"file://{folder}/blobs"),
            trust=Trust(folder=Path(folder) / "trust"),
        )
        with open_parts(settings) as parts:
            document = openapi_document(parts)
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _api_types() -> str:
    """openapi-typescript's reading of the description; made from this code, not from the file that lies there."""
    with tempfile.TemporaryDirectory() as folder:
        described, types = Path(folder) / "openapi.json", Path(folder) / "api.d.ts"
        described.write_text(_openapi(), encoding="utf-8")
        made = subprocess.run(
            [FRONTEND / "node_modules/.bin/openapi-typescript", described, "-o", types],
            check=False, capture_output=True, text=True, cwd=FRONTEND,
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(made.stderr)
        return types.read_text(encoding="utf-8")


MADE = (
    Made("consult/domain/workflow.md", _workflow_page),
    Made("ops/dicom-conformance.md", _conformance_page),
    Made("frontend/src/generated/workflow.ts", _workflow_script),
    Made("frontend/src/generated/events.ts", _events_script),
    Made("frontend/src/generated/room.ts", _room_script),
    Made("consult/web/openapi.json", _openapi),
    Made("frontend/src/generated/api.d.ts", _api_types),
)


def _run(asked: argparse.Namespace) -> int:
    if not (FRONTEND / "node_modules").is_dir():
        print("consult generate needs a checkout that is set up: run `make setup`", file=sys.stderr)
        return 1
    stale = [made for made in MADE if not _is_fresh(made, write=not asked.check)]
    if asked.check and stale:
        print("out of date, run `consult generate`:", *(made.path for made in stale), sep="\n  ", file=sys.stderr)
        return 1
    for made in stale:
        print("wrote", made.path)
    return 0


def _is_fresh(made: Made, write: bool) -> bool:
    path, text = ROOT / made.path, made.text()
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return True
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return False
