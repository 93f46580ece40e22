"""Starts processes: one machine's worth in one process (`up`), or each door alone."""

import argparse
import gc
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any

from consult.cli.commands import Commands
from consult.settings import Settings

if TYPE_CHECKING:
    from flask_openapi.openapi import OpenAPI

    from consult.actions.parts import Parts

GRACE_S = 10
TURN_S = 0.0005  # that a thread may compute while others wait: senders mostly wait for the disk, and then want a moment
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LOADED = ("consult.wiring", "consult.web.app", "consult.web.feed", "consult.listeners.dimse")
Start = Callable[["Parts", "OpenAPI", ExitStack], None]


def add_commands(commands: Commands) -> None:
    """`consult up | web | feed | listeners | media | worker`."""
    told = {
        "up": ("everything on one machine", _up),
        "web": ("the pages and the API", _web),
        "feed": ("the sockets that tell browsers what changed", _feed),
        "listeners": ("the DICOM door", _listeners),
        "media": ("sound and picture of rooms", _media),
        "worker": ("the relay of facts and the tick of deadlines", _worker),
    }
    for name, (help_text, run) in told.items():
        commands.add_parser(name, help=help_text).set_defaults(run=run)


def _up(_: argparse.Namespace) -> int:
    return serve_all(Settings())


def serve_all(settings: Settings) -> int:
    """Everything on one machine: one process, and one beside it for rooms."""
    from consult.cli.live import beside

    with beside(settings, LOADED) as told:
        return serve(told, _start_all)


def _web(_: argparse.Namespace) -> int:
    return serve(Settings(), lambda _parts, _app, _closing: None)


def _feed(_: argparse.Namespace) -> int:
    return serve(Settings(), _start_feed)


def _listeners(_: argparse.Namespace) -> int:
    from consult.wiring import build_listener, open_parts

    sys.setswitchinterval(TURN_S)
    with open_parts(Settings()) as parts, build_listener(parts):
        _until_told()
    return 0


def _worker(_: argparse.Namespace) -> int:
    from consult.wiring import build_worker, open_parts

    with open_parts(Settings()) as parts:
        worker = build_worker(parts)
        worker.start()
        _until_told()
        worker.stop()
    return 0


def _media(_: argparse.Namespace) -> int:
    settings = Settings()
    refused = check_exposure(settings.media.host, settings.web.trusted_proxy)
    if refused is not None:
        print(refused, file=sys.stderr)
        return 1
    import asyncio

    configure_log(settings.log_level)
    try:
        asyncio.run(_calls(settings))
    except ValueError as lacking:
        print(lacking, file=sys.stderr)
        return 1
    return 0


async def _calls(settings: Settings) -> None:
    import asyncio

    from consult.wiring import build_media

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with build_media(settings).listening(settings.media.host, settings.media.port):
        await ended.wait()


def configure_log(level: str) -> None:
    """One JSON line an event on standard error; nothing but what the caller names goes in."""
    import logging

    import structlog

    logging.basicConfig(level=level, format="%(message)s")
    for chatty in (
        "alembic",
        "pynetdicom",
        "apscheduler",
        "fontTools",
        "weasyprint",
        "pyhanko",
        "werkzeug",
        "httpx",
        "httpcore",
        "websockets",
        "aiortc",
        "aioice",
    ):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _until_told() -> None:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


def _start_feed(parts: "Parts", app: "OpenAPI", closing: ExitStack) -> None:
    from consult.wiring import build_feed

    feed = build_feed(app, parts)
    feed.start()
    closing.callback(feed.stop)


def _start_all(parts: "Parts", app: "OpenAPI", closing: ExitStack) -> None:
    """The other doors' threads, in the process that answers HTTP."""
    from consult.wiring import build_listener, build_worker

    _start_feed(parts, app, closing)
    closing.enter_context(build_listener(parts))
    worker = build_worker(parts)
    worker.start()
    closing.callback(worker.stop)


def check_exposure(host: str, trusted_proxy: bool) -> str | None:
    """Why this may not listen where it is told to; None when it may (quality: no open door without TLS in front)."""
    if host in LOOPBACK or trusted_proxy:
        return None
    return "the host is not loopback: set web.trusted_proxy and put TLS in front (ops/nginx), or bind to 127.0.0.1."


def serve(settings: Settings, start: Start) -> int:
    """Answer HTTP until told to stop; ``start`` begins what else lives in the process.

    One gunicorn worker with many threads: a socket takes one for as long as it is open, and SQLite wants one writer.
    """
    refused = check_exposure(settings.web.host, settings.web.trusted_proxy)
    if refused is not None:
        print(refused, file=sys.stderr)
        return 1
    from gunicorn.app.base import BaseApplication

    closing = ExitStack()

    class Server(BaseApplication):
        def load_config(self) -> None:
            config: Any = self.cfg
            for name, value in _gunicorn(settings, closing).items():
                config.set(name, value)

        def load(self) -> Any:
            from consult.wiring import build_web, open_parts

            sys.setswitchinterval(TURN_S)
            configure_log(settings.log_level)
            parts = closing.enter_context(open_parts(settings))
            app = build_web(parts)
            start(parts, app, closing)
            parts.sealer.warm()  # last: its processes want the cores that opening the doors needs
            gc.collect()
            gc.freeze()  # what stays for good is not looked through again: that took a quarter of a second at times
            return app

    for name in LOADED:  # before the fork: a worker that was killed is back in a moment
        import_module(name)
    server: Any = Server  # gunicorn's own classes are untyped
    server().run()
    return 0


def _gunicorn(settings: Settings, closing: ExitStack) -> dict[str, Any]:
    def worker_exit(_server: object, _worker: object) -> None:
        closing.close()

    return {
        "bind": f"{settings.web.host}:{settings.web.port}",
        "workers": 1,
        "worker_class": "gthread",
        "threads": settings.web.threads,
        "worker_connections": 2000,
        "timeout": 120,
        "graceful_timeout": GRACE_S,
        "keepalive": 15,
        "control_socket_disable": True,
        "loglevel": "warning",
        "worker_exit": worker_exit,
    }
