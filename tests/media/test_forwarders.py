"""What every forwarder does, ours and Janus alike; and a room that is handed from one to the other goes on."""

from collections.abc import Callable, Iterator

import pytest

from consult.domain.media import Order
from tests.media.conftest import Caller
from tests.media.test_calls import STILL_FOR
from tests.peers.janus import PROGRAM, Janus
from tests.peers.media import MediaSite

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Make = Callable[..., Caller]


@pytest.fixture(scope="module")
def media_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaSite]:
    """A door that has a Janus beside it."""
    if PROGRAM is None:
        pytest.skip("Janus is not installed (apt-get install janus)")
    with (
        Janus(tmp_path_factory.mktemp("janus")) as janus,
        MediaSite(tmp_path_factory.mktemp("both"), janus_url=janus.url) as site,
    ):
        yield site


@pytest.mark.parametrize("by", ["own", "janus"])
def test_a_room_is_the_same_whoever_forwards_it(caller: Make, media_site: MediaSite, by: str) -> None:
    room = f"room-{by}"
    media_site.order(room, Order.MOVE, by)
    ann, ben, eve = caller(room, "ann"), caller(room, "ben"), caller(room, "eve", "observer")
    for each in (ann, ben, eve):
        each.enter()
    for one, other in ((ann, "ben"), (ben, "ann"), (eve, "ann"), (eve, "ben")):
        one.sees(other)
    ann.hears("ben")
    ben.call("call.say({kind: 'camera', on: false})")
    ann.until(STILL_FOR, "ben")
    ben.call("call.say({kind: 'camera', on: true})")
    ann.sees("ben")
    ben.call("call.leave()")
    ann.until("() => !window.call.streams.has('ben') && !window.call.people.has('ben')")
    eve.sees("ann")


def test_a_room_that_is_handed_over_goes_on_with_everybody_in_it(caller: Make, media_site: MediaSite) -> None:
    ann, ben = caller("over", "ann"), caller("over", "ben")
    ann.enter()
    ben.enter()
    ann.sees("ben")
    for by in ("janus", "own"):
        assert media_site.order("over", Order.MOVE, by) == {"kind": "done"}
        ann.sees("ben")
        ben.sees("ann")


def test_a_room_that_is_being_recorded_is_not_handed_over_and_elsewhere_none_is_recorded(
    caller: Make, media_site: MediaSite
) -> None:
    media_site.order("held", Order.RECORD)
    assert media_site.order("held", Order.MOVE, "janus")["code"] == "not-allowed"
    media_site.order("held", Order.STOP)
    media_site.order("held", Order.MOVE, "janus")
    assert media_site.order("held", Order.RECORD)["code"] == "not-allowed"
