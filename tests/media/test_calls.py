"""People call each other with real browsers: everybody sees and hears everybody, whatever happens to one of them."""

from collections.abc import Callable

import pytest

from tests.media.conftest import Caller
from tests.peers.media import MediaSite

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Make = Callable[..., Caller]
STILL_FOR = """async (person) => {
  const now = async () => (await window.counts())[person]
  const before = await now()
  await new Promise((done) => setTimeout(done, 400))
  const after = await now()
  return before.video.packets === after.video.packets
}"""
"""Nothing of somebody's picture came for 0.4 s, which is ten pictures otherwise."""


def test_three_people_see_and_hear_each_other_and_one_who_goes_leaves_the_others_untouched(
    caller: Make, media_site: MediaSite
) -> None:
    ann, ben = caller("three", "ann"), caller("three", "ben")
    ann.enter()
    ben.enter()
    ann.sees("ben")
    ben.sees("ann")
    cleo = caller("three", "cleo")  # comes later, and sees both at once
    cleo.enter()
    for one, others in ((cleo, ("ann", "ben")), (ann, ("cleo",)), (ben, ("cleo",))):
        for other in others:
            one.sees(other)
    ann.hears("ben")
    assert media_site.figures()["consult_media_people"] == 3
    assert media_site.figures()["consult_media_keyframe_requests_total"] >= 3

    ben.page.close()
    ann.until("() => !window.call.people.has('ben') && !window.call.streams.has('ben')")
    ann.sees("cleo")
    cleo.sees("ann")


def test_the_muted_are_not_heard_and_a_camera_that_was_off_comes_back(caller: Make) -> None:
    ann, ben = caller("mute", "ann"), caller("mute", "ben")
    ann.enter()
    ben.enter()
    ann.sees("ben")
    ben.sees("ann")
    ben.call("call.mute(true)")
    ben.call("call.camera(false)")
    ann.until("() => { const ben = window.call.people.get('ben'); return !ben.sound && !ben.picture }")
    ann.until(STILL_FOR, "ben")
    ben.call("call.mute(false)")
    ben.call("call.camera(true)")
    ann.sees("ben")
    ann.hears("ben")
    assert ann.counts()["ben"]["video"]["lost"] == 0  # a pause is not a loss


def test_a_lie_of_a_page_about_being_muted_is_not_passed_on(caller: Make) -> None:
    ann, ben = caller("lie", "ann"), caller("lie", "ben")
    ann.enter()
    ben.enter()
    ann.sees("ben")
    ben.call("call.say({kind: 'camera', on: false})")  # and the page sends all the same
    ann.until(STILL_FOR, "ben")
    sent = ben.counts()["up video"]["bytes"]
    ben.until("n => window.counts().then((c) => c['up video'].bytes > n)", sent)
    ben.call("call.say({kind: 'camera', on: true})")
    ann.sees("ben")


def test_after_the_door_was_killed_everybody_is_back_by_themselves(caller: Make, media_site: MediaSite) -> None:
    ann, ben = caller("kill", "ann"), caller("kill", "ben")
    ann.enter()
    ben.enter()
    ann.sees("ben")
    media_site.kill()
    ann.until("() => window.call.state === 'lost'")
    media_site.start()
    ann.until("() => window.call.state === 'in'")
    ben.until("() => window.call.state === 'in'")
    ann.sees("ben")
    ben.sees("ann")


def test_the_same_person_on_a_second_page_takes_the_place_of_the_first(caller: Make) -> None:
    ann, ben = caller("twice", "ann"), caller("twice", "ben")
    ann.enter()
    ben.enter()
    ann.sees("ben")
    again = caller("twice", "ben")
    again.enter()
    ben.until("() => window.call.state === 'out' && window.call.refused.code === 'replaced'")
    ann.sees("ben")
    again.sees("ann")


def test_an_observer_sees_and_hears_and_is_not_seen(caller: Make) -> None:
    ann, eve = caller("watch", "ann"), caller("watch", "eve", "observer")
    eve.enter()
    ann.enter()
    eve.sees("ann")
    ann.until("() => window.call.people.has('eve')")
    assert ann.call("[...call.streams.keys()]") == []
