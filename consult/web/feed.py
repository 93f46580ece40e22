"""The feed: browsers get "state as of N" and then hints; whoever missed one asks the log over HTTP."""

import threading
from typing import Any

import structlog
from flask import Flask, Response, request
from flask_socketio import SocketIO, disconnect

from consult.actions.parts import Parts
from consult.domain.errors import Refusal
from consult.domain.people import Actor
from consult.queries import feed, notices
from consult.web import case_shapes, schemas
from consult.web.answers import answered
from consult.web.case_json import hint_out
from consult.web.openapi import Api
from consult.web.session import current_actor, recognise

NAMESPACE = "/feed"
POLL_S = 1.0
log = structlog.get_logger("feed")


def feed_api(parts: Parts) -> Api:
    """The log over HTTP, for whoever missed a hint or has no socket."""
    api = Api("feed", "What changed since")

    @api.get("/feed", responses={200: case_shapes.FeedOut})
    def show_feed(query: schemas.AfterQuery) -> Response:
        """Facts of cases you may list, after a place in the log; without a place: where the log stands."""
        actor = current_actor()
        if query.after is None:
            return answered(case_shapes.FeedOut(items=[], head=feed.head(parts.store)))
        facts, stands = feed.after(parts.store, actor, query.after)
        return answered(case_shapes.FeedOut(items=[hint_out(fact) for fact in facts], head=stands))

    return api


class Feed:
    """The sockets of one process and the thread that tells them; a socket is only a hint and may lose messages."""

    def __init__(self, app: Flask, parts: Parts) -> None:
        self._parts = parts
        self._actors: dict[str, Actor] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self.socketio = SocketIO(
            app,
            async_mode="threading",  # auto-detection would take whatever is installed
            async_handlers=False,  # the default handles one socket's messages out of order
            cors_allowed_origins=[parts.settings.web.public_url],
            manage_session=False,
            logger=False,
            engineio_logger=False,
        )
        self.socketio.on_event("connect", self._came, namespace=NAMESPACE)
        self.socketio.on_event("disconnect", self._went, namespace=NAMESPACE)
        parts.store.on_facts(self._wake.set)
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._wake.set()

    def _came(self, _auth: Any = None) -> None:
        recognise(self._parts)  # a socket's events do not pass through before_request
        try:
            actor = current_actor()
        except Refusal:
            disconnect()
            return
        with self._lock:
            self._actors[_socket_id()] = actor
        self.socketio.emit("state", {"as_of": feed.head(self._parts.store)}, namespace=NAMESPACE, to=_socket_id())

    def _went(self, _reason: Any = None) -> None:
        with self._lock:
            self._actors.pop(_socket_id(), None)

    def _run(self) -> None:
        told, rung = feed.head(self._parts.store), notices.head(self._parts.store)
        while not self._stop.is_set():
            self._wake.wait(POLL_S)
            self._wake.clear()
            try:
                told = self._tell(told)
                rung = self._ring(rung)
            except Exception as failure:  # noqa: BLE001  a hint that is lost is asked for again by its reader
                log.warning("feed cannot tell", error=type(failure).__name__)

    def _tell(self, told: int) -> int:
        with self._lock:
            actors = dict(self._actors)
        for fact in feed.facts_since(self._parts.store, told):
            told = fact.seq or told
            if actors:
                hint = hint_out(fact).model_dump(mode="json")
                for socket_id in feed.seeing(self._parts.store, fact.subject_id, actors):
                    self.socketio.emit("fact", hint, namespace=NAMESPACE, to=socket_id)
        return told

    def _ring(self, rung: int) -> int:
        """Let those who were told something since look at their bell."""
        now, people = notices.told_since(self._parts.store, rung)
        with self._lock:
            sockets = [socket_id for socket_id, actor in self._actors.items() if actor.person_id in people]
        for socket_id in sockets:
            self.socketio.emit("notice", {"as_of": now}, namespace=NAMESPACE, to=socket_id)
        return now


def _socket_id() -> str:
    return str(getattr(request, "sid", ""))
