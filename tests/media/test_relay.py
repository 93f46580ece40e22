"""Behind a firewall that lets only the relay through people still see each other; without its secret nobody does."""

from collections.abc import Callable, Iterator

import pytest

from tests.media.conftest import Caller
from tests.peers.coturn import PROGRAM, SECRET, Coturn
from tests.peers.media import MediaSite

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    """A running relay."""
    if PROGRAM is None:
        pytest.skip("coturn is not installed (apt-get install coturn)")
    with Coturn(tmp_path_factory.mktemp("coturn")) as running:
        yield running


@pytest.fixture(scope="module", params=["udp", "tcp", "wrong secret"])
def media_site(
    request: pytest.FixtureRequest, coturn: Coturn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MediaSite]:
    """A door that tells browsers of the relay by one way."""
    way: str = request.param
    with MediaSite(
        tmp_path_factory.mktemp("relayed"),
        turn_urls=(coturn.urls[way == "tcp"],),
        turn_secret=SECRET if way in ("udp", "tcp") else "another secret",
    ) as running:
        yield running


def test_people_see_each_other_past_the_relay_alone(
    caller: Callable[..., Caller], media_site: MediaSite, request: pytest.FixtureRequest
) -> None:
    way = request.node.callspec.params["media_site"]
    ann, ben = caller("relay", "ann"), caller("relay", "ben")
    ann.enter(relay_only=True)
    ben.enter(relay_only=True)
    if way == "wrong secret":
        ann.until("() => window.call.up?.iceGatheringState === 'complete'")
        assert "local" not in ann.counts()  # no address was given out
        return
    ann.sees("ben")
    ben.sees("ann")
    assert {tuple(each) for each in ann.counts()["local"]} == {("relay", way)}
