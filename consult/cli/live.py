"""`consult live`: the rooms' process, begun again in a moment when it is killed, by itself or beside the others."""

import argparse
import gc
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module

from consult.cli.commands import Commands
from consult.cli.processes import check_exposure, configure_log
from consult.settings import Settings

SOON_S = 1.0  # what ends sooner than this cannot serve here at all: its port is taken, or its settings are wrong
LOADED = ("consult.wiring", "consult.live.server", "consult.queries.rooms")
ASKED = frozenset({signal.SIGTERM, signal.SIGINT})


def add_commands(commands: Commands) -> None:
    """`consult live`."""
    commands.add_parser("live", help="the rooms of live consultations").set_defaults(run=_run)


def _run(_: argparse.Namespace) -> int:
    settings = Settings()
    refused = check_exposure(settings.live.host, settings.web.trusted_proxy)
    if refused is None and settings.live.secret is None:
        refused = "live.secret is not set: the web door and the live door need the same one."
    if refused is not None:
        print(refused, file=sys.stderr)
        return 1
    return _kept_alive(settings, ())


def _kept_alive(settings: Settings, ends: Sequence[int]) -> int:
    """Serve in a child of this process, which has loaded everything, and in a new one whenever that is killed.

    It stops when one of the files ``ends`` does. Rooms are back in a moment, where loading would take seconds.
    """
    _load(LOADED)
    configure_log(settings.log_level)
    gc.freeze()
    signal.pthread_sigmask(signal.SIG_BLOCK, ASKED | {signal.SIGCHLD})
    ours, held = os.pipe()
    while True:
        began, child = time.monotonic(), os.fork()
        if child == 0:
            os.close(held)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKED | {signal.SIGCHLD})
            os._exit(_serve(settings, (ours, *ends)))
        told = signal.sigwait(ASKED | {signal.SIGCHLD})
        if told in ASKED:
            os.kill(child, signal.SIGTERM)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if told in ASKED or status == 0:
            return 0
        if status > 0 and time.monotonic() - began < SOON_S:
            return status


def _serve(settings: Settings, ends: Sequence[int]) -> int:
    import asyncio

    try:
        asyncio.run(_rooms(settings, ends))
    except OSError as failed:
        print(f"live rooms cannot be served: {failed}", file=sys.stderr)
        return 1
    return 0


async def _rooms(settings: Settings, ends: Sequence[int]) -> None:
    """Until asked to stop, or one of these files ends."""
    import asyncio

    from consult.wiring import build_live, open_store

    loop, told_to_stop = asyncio.get_running_loop(), asyncio.Event()
    for number in ASKED:
        loop.add_signal_handler(number, told_to_stop.set)
    for file in ends:
        loop.add_reader(file, told_to_stop.set)
    with open_store(settings.database.url) as store:
        await build_live(settings, store).run(told_to_stop, lambda _: None)


def _load(names: Sequence[str]) -> None:
    """Before the fork, so that it is done once."""
    for name in names:
        import_module(name)


@contextmanager
def beside(settings: Settings, load: Sequence[str]) -> Iterator[Settings]:
    """The rooms' process as a child that ends with us; gives the settings with the secret that both then have.

    ``load`` names what is loaded first, so that it is loaded once for both.
    """
    live = settings.live
    if live.secret is None:
        live = live.model_copy(update={"secret": secrets.token_urlsafe(32)})
    told = settings.model_copy(update={"live": live})
    _load(load)
    ends, held = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(held)
        os._exit(_kept_alive(told, (ends,)))
    os.close(ends)
    try:
        yield told
    finally:
        with suppress(ProcessLookupError, ChildProcessError):  # ended by itself, or waited for by the server
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)
        os.close(held)
