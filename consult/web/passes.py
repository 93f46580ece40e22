"""Who was let into a study a moment ago need not be asked again for each of its frames: passes that hold for seconds.

A prepared frame needs nothing of us but the answer to one question: may this caller see this study? In front of us
nginx asks it (``passing``) and keeps the answer for ``IN_FRONT_S``; without nginx ``Lane`` keeps it for ``HERE_S`` and
sends the file before the application is reached. The question is answered as every other request is, and so it is
written into the audit log.
"""

import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response
from werkzeug.wsgi import wrap_file

from consult.actions.parts import Parts
from consult.formats.prepared import CONTENT_TYPE, STUDIES
from consult.queries import pictures as shown
from consult.web.negotiation import takes_wrapped
from consult.web.sending import CHUNK, FOREVER
from consult.web.session import current_actor

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HERE_S = 2.0
IN_FRONT_S = 5
"""With what a process itself remembers for two seconds, whoever may no longer see a study is out within ten seconds."""
MOST = 4096
FOLDER = "X-Consult-Folder"
_FRAME = re.compile(
    r"/dicom-web/studies/([0-9.]{1,64})/series/([0-9][0-9.]{0,63})/instances/([0-9][0-9.]{0,63})/frames/([1-9][0-9]{0,8})"
)
_ASKS_MORE = ("HTTP_IF_NONE_MATCH", "HTTP_IF_RANGE", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH")
_RANGE = re.compile(r"bytes=([0-9]{1,12})-([0-9]{1,12})?")
LARGEST_PART = 4 << 20
"""Bytes of a range that is read into memory and sent from here; the application sends larger ones from the file."""
_Key = tuple[str, str, str]


def passing(routes: Blueprint, parts: Parts) -> None:
    """The route by which nginx asks: 204 with the study's folder, or a refusal."""

    @routes.get("/studies/<study>/pass")
    def ask(study: str) -> Response:
        folder = shown.folder(parts.store, current_actor(), study)
        return Response(status=204, headers={FOLDER: folder, "X-Accel-Expires": str(IN_FRONT_S)})


class Passes:
    """The studies that callers were let into a moment ago, by what they showed to prove who they are."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._given: dict[_Key, tuple[float, str]] = {}
        self._changes = 0

    def now(self) -> int:
        """What is to be told to ``give``: noted before the question is asked."""
        return self._changes

    def give(self, caller: "WSGIEnvironment", study_uid: str, folder: str, since: int) -> None:
        """This caller was let into that study, with what was known at ``since``."""
        key = _key(caller, study_uid)
        with self._lock:
            if since == self._changes and any(key[:2]):
                if len(self._given) >= MOST:
                    self._given.clear()
                self._given[key] = (self._clock() + HERE_S, folder)

    def folder(self, caller: "WSGIEnvironment", study_uid: str) -> str | None:
        """The folder of a study that this caller was let into; None when they are to be asked again."""
        until, folder = self._given.get(_key(caller, study_uid), (0.0, ""))
        return folder if self._clock() < until else None

    def forget(self) -> None:
        """Something changed: ask everybody again."""
        with self._lock:
            self._changes += 1
            self._given.clear()


def _key(caller: "WSGIEnvironment", study_uid: str) -> _Key:
    return caller.get("HTTP_COOKIE", ""), caller.get("HTTP_AUTHORIZATION", ""), study_uid


class Lane:
    """Sends a prepared frame to whom holds a pass; everything else goes on to the application.

    ``headers`` are those of every answer; ``sent`` is told the seconds that each frame took.
    """

    def __init__(
        self,
        inner: "WSGIApplication",
        passes: Passes,
        prepared: Path,
        headers: Iterable[tuple[str, str]],
        sent: Callable[[float], None],
    ) -> None:
        self._inner = inner
        self._passes = passes
        self._studies = f"{prepared}/{STUDIES}"
        self._headers = [("Content-Type", CONTENT_TYPE), ("Cache-Control", FOREVER), ("Vary", "Accept"),
                         ("Accept-Ranges", "bytes"), *headers]  # fmt: skip
        self._sent = sent

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """See PEP 3333."""
        began = time.perf_counter()
        path = self._path(environ)
        try:
            file = None if path is None else os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # it was not made ready, or thrown away
            file = None
        if file is None:
            return self._inner(environ, start_response)
        known = os.fstat(file)
        part = _part(environ, known.st_size)
        if part is not None and not 0 < len(part) <= LARGEST_PART:
            os.close(file)
            return self._inner(environ, start_response)
        told = [("ETag", f'"{int(known.st_mtime):x}-{known.st_size:x}"')]
        if part is not None:
            body = _read(file, part)
            shown = ("Content-Range", f"bytes {part.start}-{part.stop - 1}/{known.st_size}")
            start_response("206 Partial Content", [*self._headers, *told, ("Content-Length", str(len(part))), shown])
            self._sent(time.perf_counter() - began)
            return [body]
        start_response("200 OK", [*self._headers, *told, ("Content-Length", str(known.st_size))])
        self._sent(time.perf_counter() - began)
        whole: Any = os.fdopen(file, "rb", buffering=0)
        return wrap_file(environ, whole, CHUNK)

    def _path(self, environ: "WSGIEnvironment") -> str | None:
        asked = _FRAME.fullmatch(environ.get("PATH_INFO", "")) if environ["REQUEST_METHOD"] == "GET" else None
        if asked is None or environ.get("QUERY_STRING"):
            return None
        if any(name in environ for name in _ASKS_MORE) or not _RANGE.fullmatch(environ.get("HTTP_RANGE", "bytes=0-")):
            return None
        if not takes_wrapped(environ.get("HTTP_ACCEPT", "")):
            return None
        study, series, sop, number = asked.groups()
        folder = self._passes.folder(environ, study)
        return None if folder is None else f"{self._studies}/{folder}/{series}/{sop}-{number}"


def _part(environ: "WSGIEnvironment", size: int) -> range | None:
    """The bytes asked for of a file of that size (RFC 9110 §14.1.2): None for all, empty where there are none."""
    asked = _RANGE.fullmatch(environ.get("HTTP_RANGE", ""))
    if asked is None:
        return None
    first, last = int(asked[1]), int(asked[2] or size - 1)
    return range(first, min(size, last + 1))


def _read(file: int, part: range) -> bytes:
    """Those bytes of a file, which is closed."""
    try:
        return os.pread(file, len(part), part.start)
    finally:
        os.close(file)
