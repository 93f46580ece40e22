"""Who may come in, who may not and why; said over a real socket to a real process."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from consult.domain.media import Order
from tests.peers.media import MediaSite, ticket


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaSite]:
    """A running door that holds two and one."""
    with MediaSite(tmp_path_factory.mktemp("door"), senders=2, observers=1, turn_urls=("turn:127.0.0.1:3478",),
                   turn_secret="shared") as running:  # fmt: skip
        yield running


@contextmanager
def entered(site: MediaSite, room: str, person: str, role: str = "participant") -> Iterator[ClientConnection]:
    """Somebody's socket, right after asking to come in."""
    with connect(site.url) as line:
        line.send(json.dumps({"kind": "join", "ticket": ticket(room, person, role)}))
        yield line


def heard(line: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    while True:
        told: dict[str, Any] = json.loads(line.recv(timeout=20))
        if told["kind"] == kind:
            return told


def test_whoever_comes_in_is_told_who_is_there_and_the_others_are_told_of_them(site: MediaSite) -> None:
    with entered(site, "r1", "ann") as ann:
        welcome = heard(ann, "welcome")
        assert welcome["person"] == "ann"
        assert welcome["rung"]["name"] == "full"
        assert welcome["ice"][0]["urls"] == ["turn:127.0.0.1:3478"]
        assert welcome["ice"][0]["username"].endswith(":ann")
        with entered(site, "r1", "ben") as ben:
            assert [each["person"] for each in heard(ben, "welcome")["people"]] == ["ann", "ben"]
            assert heard(ann, "person")["name"] == "Dr ben"
            ben.send(json.dumps({"kind": "mute", "on": True}))
            assert heard(ann, "person")["sound"] is False
        assert heard(ann, "left")["person"] == "ben"


def test_a_full_room_says_so_with_a_sentence_and_an_observer_takes_no_speakers_place(site: MediaSite) -> None:
    with entered(site, "r2", "ann") as ann, entered(site, "r2", "ben") as ben, entered(site, "r2", "eve", "observer"):
        heard(ann, "welcome"), heard(ben, "welcome")
        with entered(site, "r2", "cleo") as cleo:
            refused = heard(cleo, "refused")
            assert refused["code"] == "room-full"
            assert "2" in refused["zh"]
            with pytest.raises(ConnectionClosed):
                cleo.recv(timeout=20)
        with entered(site, "r2", "fay", "observer") as fay:
            assert heard(fay, "refused")["code"] == "room-full"


@pytest.mark.parametrize(
    ("opening", "code"),
    [
        (lambda: {"kind": "join", "ticket": "nonsense"}, "room-refused"),
        (lambda: {"kind": "join", "ticket": ticket("../etc", "ann")}, "invalid"),
        (lambda: {"kind": "join", "ticket": ticket("r3", "ann", "waiting")}, "not-allowed"),
        (lambda: {"kind": "command", "signed": ticket("r3", "ann")}, "not-allowed"),
        (lambda: {"kind": "mute", "on": True}, "invalid"),
    ],
)
def test_nobody_comes_in_otherwise(site: MediaSite, opening: Callable[[], dict[str, Any]], code: str) -> None:
    with connect(site.url) as line:
        line.send(json.dumps(opening()))  # made now: a ticket is good for a minute
        assert heard(line, "refused")["code"] == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('{"kind": "offer", "sdp": "v=0"}', "bad-description"),
        ('{"kind": "offer", "sdp": ""}', "bad-description"),
        ('{"kind": "answer", "n": 0, "sdp": ""}', "bad-description"),
        ('{"kind": "stats", "loss": 7}', "invalid"),
        ("{", "invalid"),
        ("[]", "invalid"),
    ],
)
def test_what_is_not_understood_ends_the_line_of_its_sender_and_nobody_elses(
    site: MediaSite, message: str, code: str
) -> None:
    with entered(site, "r4", "ann") as ann, entered(site, "r4", "ben") as ben:
        heard(ann, "welcome"), heard(ben, "welcome")
        ben.send(message)
        assert heard(ben, "refused")["code"] == code
        assert heard(ann, "left")["person"] == "ben"
        ann.send(json.dumps({"kind": "mute", "on": True}))
        assert heard(ann, "person")["person"] == "ann"


def test_an_observer_may_not_send(site: MediaSite) -> None:
    with entered(site, "r5", "eve", "observer") as eve:
        heard(eve, "welcome")
        eve.send(json.dumps({"kind": "offer", "sdp": "v=0"}))
        assert heard(eve, "refused")["code"] == "not-allowed"


def test_a_flood_is_cut_off(site: MediaSite) -> None:
    with entered(site, "r6", "ann") as ann:
        heard(ann, "welcome")
        with pytest.raises(ConnectionClosed):  # noqa: PT012
            for _ in range(2000):
                ann.send(json.dumps({"kind": "mute", "on": True}))
            while True:
                ann.recv(timeout=20)


def test_the_control_side_drops_a_person(site: MediaSite) -> None:
    with entered(site, "r7", "ann") as ann, entered(site, "r7", "ben") as ben:
        heard(ann, "welcome"), heard(ben, "welcome")
        assert site.order("r7", Order.DROP, "ben") == {"kind": "done"}
        assert heard(ben, "refused")["code"] == "dropped"
        assert heard(ann, "left")["person"] == "ben"


def test_figures_name_nobody(site: MediaSite) -> None:
    with entered(site, "r8", "ouyang.feng") as ann:
        heard(ann, "welcome")
        told = httpx.get(f"http://127.0.0.1:{site.port}/metrics").text
        assert "consult_media_people 1\n" in told
        assert "ouyang" not in told
        assert "r8" not in told


def test_the_door_does_not_open_without_a_key(tmp_path: Path) -> None:
    from consult.settings import Media, Settings
    from consult.wiring import build_media

    with pytest.raises(ValueError, match=r"live\.secret"):
        build_media(Settings(media=Media(recordings=tmp_path)))


def test_a_ticket_lets_in_once(site: MediaSite) -> None:
    once = json.dumps({"kind": "join", "ticket": ticket("r9", "ann")})
    with connect(site.url) as ann:
        ann.send(once)
        heard(ann, "welcome")
        with connect(site.url) as thief:
            thief.send(once)
            assert heard(thief, "refused")["code"] == "room-refused"
        ann.send(json.dumps({"kind": "mute", "on": True}))
        assert heard(ann, "person")["sound"] is False
