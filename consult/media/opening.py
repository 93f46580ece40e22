"""Builds the media door from settings, for wiring: who forwards, who reads what is signed, where recordings go."""

from collections.abc import Callable
from datetime import datetime

from consult.domain import room_tickets
from consult.domain.media import read_command
from consult.media.forward import OwnForwarder
from consult.media.forwarding import Forwarder
from consult.media.janus import JanusForwarder
from consult.media.recording import settle_all
from consult.media.server import Holds, MediaDoor, Notes, Turn
from consult.settings import Settings


def opened(settings: Settings, clock: Callable[[], datetime]) -> MediaDoor:
    """The door, after the manifests that an earlier process owed were written. Raises ValueError without a secret."""
    asked, secret = settings.media, settings.live.secret
    if secret is None:
        raise ValueError("live.secret is not set: the doors of a room need the same one")
    settle_all(asked.recordings)
    forwarders: dict[str, Forwarder] = {"own": OwnForwarder(clock)}
    if asked.janus_url:
        forwarders["janus"] = JanusForwarder(asked.janus_url)
    return MediaDoor(
        forwarders,
        asked.forwarder,
        Notes(
            lambda text: room_tickets.opened(text, secret, clock()),
            lambda signed: read_command(secret.encode(), signed, clock()),
        ),
        clock,
        asked.recordings,
        Turn(asked.turn_urls, asked.turn_secret),
        Holds(asked.senders, asked.observers),
    )
