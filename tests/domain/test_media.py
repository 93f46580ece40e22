"""A line is on the rung that it carries: down soon, up slowly; and orders and relay credentials hold what they say."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.domain.errors import NotAllowed
from consult.domain.media import (
    BAD_S,
    GOOD_LOSS,
    GOOD_S,
    LADDER,
    SILENT,
    Command,
    Order,
    Rung,
    Standing,
    Stats,
    read_command,
    sign_command,
    step,
    turn_credentials,
)
from consult.domain.room_kinds import RoomRole
from consult.domain.room_tickets import Ticket
from consult.domain.room_tickets import sealed as ticket

KEY = b"a key of thirty-two bytes or more"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LINES = st.builds(Stats, st.none() | st.integers(0, 2_000_000), st.floats(0, 1))
GOOD = Stats(None, 0.0)


def test_the_ladder_goes_down_in_what_it_sends_and_in_what_it_needs() -> None:
    assert [row.rung for row in LADDER] == list(Rung)
    for better, worse in pairwise(LADDER):
        assert better.video_bps >= worse.video_bps
        assert better.audio_bps >= worse.audio_bps
        assert better.holds_bps > worse.holds_bps
        assert better.worst_loss < worse.worst_loss
    for row in LADDER:
        assert row.holds_bps <= row.video_bps + row.audio_bps  # else a line that carries a rung could not stay on it


@given(st.lists(st.tuples(LINES, st.floats(0.1, 5)), max_size=80))
def test_nobody_goes_up_by_more_than_one_rung_or_before_twenty_good_seconds_on_it(
    told: list[tuple[Stats, float]],
) -> None:
    standing, now, good_for = Standing(), 0.0, 0.0
    for stats, passed in told:
        now += passed
        row = standing.step
        enough = stats.available_bps is None or stats.available_bps >= row.holds_bps
        good = enough and stats.loss <= min(GOOD_LOSS, row.worst_loss)
        after = step(standing, stats, now)
        if after.index < standing.index:
            assert standing.index - after.index == 1
            assert good
            assert good_for + passed >= GOOD_S - 1e-6
        counts = good and standing.good_since is not None and after.index == standing.index
        good_for = good_for + passed if counts else 0.0
        standing = after


@given(LINES, st.integers(0, len(LADDER) - 1))
def test_a_line_that_stays_bad_comes_to_rest_where_it_carries(stats: Stats, index: int) -> None:
    standing = Standing(index)
    for second in range(int(BAD_S * len(LADDER)) + 2):
        standing = step(standing, stats, float(second))
    row = standing.step
    assert stats.available_bps is None or stats.available_bps >= row.holds_bps
    assert stats.loss <= row.worst_loss


def test_a_burst_of_loss_costs_no_rung_and_a_bad_line_costs_it_in_two_seconds() -> None:
    standing = step(Standing(), Stats(None, 0.5), 0.0)
    assert standing.step.rung is Rung.FULL
    assert step(standing, GOOD, 1.0).bad_since is None
    assert step(standing, Stats(None, 0.12), BAD_S).step.rung is Rung.LOW
    assert step(standing, Stats(20_000, 0.0), BAD_S).step.rung is Rung.AUDIO
    assert step(standing, SILENT, BAD_S).step.rung is Rung.TEXT


def test_from_the_last_rung_to_the_first_it_takes_eighty_good_seconds() -> None:
    standing, now = step(Standing(4), GOOD, 0.0), 0.0
    while standing.index:
        now += 1
        standing = step(standing, GOOD, now)
    assert now == GOOD_S * 4


def test_an_order_is_obeyed_only_while_it_is_good_and_only_as_it_was_signed() -> None:
    until = NOW + timedelta(seconds=30)
    sealed = sign_command(KEY, "r1", Order.DROP, "guiyang.ct", until, "ben")
    assert read_command(KEY, sealed, NOW) == Command("r1", Order.DROP, "guiyang.ct", "ben", until)
    a_ticket = ticket(
        Ticket("1", "r1", "c1", "ben", "Ben", "", RoomRole.PRESENTER, True, int(until.timestamp())), KEY.decode()
    )
    for key, text, now in (
        (KEY, sealed, until),
        (b"another", sealed, NOW),
        (KEY, "x" + sealed, NOW),
        (KEY, a_ticket, NOW),  # which orders nothing
    ):
        with pytest.raises(NotAllowed):
            read_command(key, text, now)


def test_relay_credentials_are_what_coturn_makes_of_the_shared_secret() -> None:
    made = turn_credentials("north", "ann", NOW)
    assert made.username == f"{int(NOW.timestamp())}:ann"
    mac = hmac.new(b"north", made.username.encode(), hashlib.sha1).digest()
    assert made.password == base64.b64encode(mac).decode()
