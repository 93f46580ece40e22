"""One effect for one idempotency key: a second click gets the first one's answer, and no second effect."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consult.domain.errors import KeyReused, Refusal, Words
from consult.domain.people import Actor
from consult.store import outbox
from consult.store.unit import Store, Unit

OTHER_CONTENT = Words(
    "同一操作标识已用于其他内容，请刷新后重试。",
    "This idempotency key was used for something else; refresh and try again.",
)


@dataclass(frozen=True, slots=True)
class Once:
    """A key that a client gave to one request, and the hash of what it asked; no key: every call is a new one."""

    key: str | None
    request_sha256: str

    @classmethod
    def of(cls, key: str | None, route: str, body: Any) -> "Once":
        """The key with the hash of the route and the body it came with."""
        canonical = json.dumps([route, body], ensure_ascii=False, sort_keys=True, default=str)
        return cls(key, hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest())


def known_answer(store: Store, actor: Actor, once: Once) -> dict[str, Any] | None:
    """The first answer to this key, if there was one. Raises KeyReused when it came with other content."""
    if once.key is None or actor.person_id is None:
        return None
    with store.read() as connection:
        found = outbox.answered(connection, actor.person_id, once.key)
    if found is None:
        return None
    request_sha256, _status, body = found
    if request_sha256 != once.request_sha256:
        raise KeyReused(OTHER_CONTENT)
    return body


def do_once(
    store: Store, actor: Actor, once: Once, now: datetime, effect: Callable[[Unit], dict[str, Any]]
) -> dict[str, Any]:
    """Run ``effect`` in one write transaction with its answer; the same key again gives that answer back.

    Raises KeyReused, and whatever the effect raises (then nothing is remembered).
    """
    known = known_answer(store, actor, once)
    if known is not None:
        return known
    try:
        with store.write() as unit:
            again = _seen_meanwhile(unit, actor, once)
            if again is not None:
                return again
            body = effect(unit)
            if once.key is not None and actor.person_id is not None:
                outbox.answer(unit, actor.person_id, once.key, once.request_sha256, 200, body, now)
            return body
    except Refusal:
        # the same key may have had its effect since the first look; then the refusal is only an echo of it
        known = known_answer(store, actor, once)
        if known is None:
            raise
        return known


def _seen_meanwhile(unit: Unit, actor: Actor, once: Once) -> dict[str, Any] | None:
    if once.key is None or actor.person_id is None:
        return None
    found = outbox.answered(unit.connection, actor.person_id, once.key)
    if found is None:
        return None
    if found[0] != once.request_sha256:
        raise KeyReused(OTHER_CONTENT)
    return found[2]
