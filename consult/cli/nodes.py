"""`consult node`: which DICOM machines may send, query and be sent to, and whether each answers."""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from consult.cli.commands import Commands
from consult.domain.errors import Refusal
from consult.domain.nodes import Node

if TYPE_CHECKING:
    from consult.actions.parts import Parts

Deed = Callable[["Parts", argparse.Namespace], str]


def add_commands(commands: Commands) -> None:
    """`consult node add | list | remove | echo`."""
    node = commands.add_parser("node", help="DICOM machines that are known")
    verbs: Commands = node.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(verbs.add_parser("add", help="add or change one"))
    verbs.add_parser("list", help="all of them, a line each").set_defaults(run=lambda asked: _do(_listed, asked))
    for name, deed, help_text in (
        ("remove", _removed, "forget one: it may not call any more"),
        ("echo", _echoed, "ask one whether it answers (C-ECHO)"),
    ):
        parser = verbs.add_parser(name, help=help_text)
        parser.add_argument("ae_title", metavar="AE")
        parser.set_defaults(run=lambda asked, deed=deed: _do(deed, asked))


def _add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ae_title", metavar="AE", help="the AE title it calls by, and is called by")
    parser.add_argument("--institution", required=True, metavar="CODE", help="whose it is; its studies become theirs")
    parser.add_argument("--host", help="where it calls from and listens; without it, it may call from anywhere")
    parser.add_argument("--port", type=int, help="where it listens")
    parser.add_argument("--no-send", action="store_true", help="it may not store images here")
    parser.add_argument("--query", action="store_true", help="it may search, and fetch what its institution may see")
    parser.add_argument("--receive", action="store_true", help="images may be sent to it (C-MOVE)")
    parser.add_argument("--tls", action="store_true", help="it calls, and is called, by TLS only")
    parser.add_argument("--charset", help="the character set to believe instead of what it declares, such as GB18030")
    parser.set_defaults(run=lambda asked: _do(_added, asked))


def _do(deed: Deed, asked: argparse.Namespace) -> int:
    """Run a deed on this machine's settings; 0 with what was done, 1 with the reason."""
    from consult.settings import Settings
    from consult.wiring import open_parts

    try:
        with open_parts(Settings()) as parts:
            print(deed(parts, asked))
    except Refusal as refusal:
        print(refusal.sentence.en, file=sys.stderr)
        return 1
    return 0


def _added(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import nodes

    node = Node(
        asked.ae_title,
        asked.institution,
        asked.host,
        asked.port,
        may_send=not asked.no_send,
        may_query=asked.query,
        may_be_sent_to=asked.receive,
        tls=asked.tls,
        charset=asked.charset,
    )
    nodes.keep(parts.store, node, parts.clock())
    return _line(node)


def _listed(parts: "Parts", _: argparse.Namespace) -> str:
    from consult.queries import nodes

    return "\n".join(map(_line, nodes.every(parts.store)))


def _line(node: Node) -> str:
    may = {"send": node.may_send, "query": node.may_query, "receive": node.may_be_sent_to, "tls": node.tls}
    where = f"{node.host or 'anywhere'}{f':{node.port}' if node.port else ''}"
    told = [node.ae_title, node.institution, where, ",".join(name for name, holds in may.items() if holds) or "-"]
    return "\t".join([*told, node.charset] if node.charset else told)


def _removed(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import nodes

    nodes.forget(parts.store, asked.ae_title, parts.clock())
    return f"{asked.ae_title} is forgotten"


def _echoed(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.wiring import echo

    echo(parts, asked.ae_title)
    return f"{asked.ae_title} answers"
