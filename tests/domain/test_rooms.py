"""The rules of a room without sockets: who may say what, in which shape, and what it adds up to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.domain.meetings import Visit, attendance
from consult.domain.room_kinds import KINDS, Lane, Pace, RoomRefused, RoomRole, Why
from consult.domain.room_log import Op, beginning, canonical, chained, first_bad
from consult.domain.room_tickets import LIFE, Ticket, expiry, opened, sealed
from consult.domain.rooms import FOLDS, RULES, Bucket, Room, check, judge, kind_of, plain

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
KEY = "k" * 32
P, M, O, G, W = RoomRole.PRESENTER, RoomRole.PARTICIPANT, RoomRole.OBSERVER, RoomRole.GUEST, RoomRole.WAITING  # noqa: E741
VIEW = {"study": "1.2", "series": "1.2.3", "sop": "1.2.3.4", "frame": 0}
TICKET = Ticket("t1", "r1", "c1", "p1", "陈医师", "GUIYANG", M, True, expiry(NOW))


def op(seq: int, by: str, kind: str, **body: Any) -> Op:
    return Op(seq, NOW, by, f"c{seq}", kind, body)


def refused(room: Room, name: str, body: dict[str, Any], by: str, present: dict[str, RoomRole]) -> Why | None:
    """Why a deed is not taken; None when it is."""
    try:
        kind = kind_of(name, Lane.DURABLE)
        check(kind, body, present[by], images=True)
        judge(room, kind, body, by, present)
    except RoomRefused as told:
        return told.why
    return None


def test_every_durable_kind_does_something_and_no_other_does() -> None:
    durable = {name for name, kind in KINDS.items() if kind.lane is Lane.DURABLE}
    assert set(FOLDS) == durable
    assert set(RULES) <= durable


@pytest.mark.parametrize("name", KINDS)
def test_nobody_who_waits_says_anything(name: str) -> None:
    assert W not in KINDS[name].roles


def test_the_presenter_is_changed_by_one_of_two_who_want_it_at_once() -> None:
    room, there = Room(), {"a": M, "b": M, "o": O}
    assert refused(room, "presenter", {"to": "a", "epoch": 1}, "a", there) is None
    room.take(op(1, "a", "presenter", to="a", epoch=1))
    assert refused(room, "presenter", {"to": "b", "epoch": 1}, "b", there) is Why.EPOCH
    assert refused(room, "presenter", {"to": "o", "epoch": 2}, "a", there | {"a": P}) is Why.PERSON
    assert refused(room, "presenter", {"to": "gone", "epoch": 2}, "a", there | {"a": P}) is Why.PERSON


def test_only_who_presents_moves_the_picture_and_only_of_their_own_time() -> None:
    room = Room(presenter="a", epoch=3)
    there = {"a": P, "b": M}
    assert refused(room, "view.commit", {"epoch": 3, "view": VIEW}, "b", there) is Why.ROLE
    assert refused(room, "view.commit", {"epoch": 2, "view": VIEW}, "a", there) is Why.EPOCH
    assert refused(room, "view.commit", {"epoch": 3, "view": VIEW}, "a", there) is None


def test_nobody_edits_what_another_drew_and_the_presenter_may_clear_it() -> None:
    room = Room(presenter="p", epoch=1)
    room.take(op(1, "a", "annotation.put", id="x", tool="length", points=[[0, 0, 0]]))
    there = {"a": M, "b": M, "p": P}
    assert refused(room, "annotation.edit", {"id": "x", "label": "y"}, "b", there) is Why.NOT_YOURS
    assert refused(room, "annotation.edit", {"id": "x", "label": "y"}, "p", there) is Why.NOT_YOURS
    assert refused(room, "annotation.delete", {"id": "x"}, "b", there) is Why.NOT_YOURS
    assert refused(room, "annotation.delete", {"id": "x"}, "p", there) is None
    assert (
        refused(room, "annotation.put", {"id": "x", "tool": "length", "points": [[0, 0, 0]]}, "b", there) is Why.TAKEN
    )
    assert refused(room, "annotation.delete", {"id": "y"}, "a", there) is Why.GONE


def test_nothing_is_recorded_before_everybody_inside_agreed() -> None:
    room, there = Room(), {"a": M, "o": O, "w": W}
    room.take(op(1, "a", "consent", given=True))
    assert refused(room, "recording.start", {"id": "r"}, "a", there) is Why.CONSENT
    room.take(op(2, "o", "consent", given=True))
    assert refused(room, "recording.start", {"id": "r"}, "a", there) is None
    room.take(op(3, "a", "recording.start", id="r"))
    assert refused(room, "recording.start", {"id": "s"}, "a", there) is Why.RECORDING
    assert refused(room, "recording.stop", {"id": "s"}, "a", there) is Why.RECORDING


def test_a_guest_waits_until_somebody_lets_them_in() -> None:
    room = Room()
    assert room.role_of("g", G) is W
    room.take(op(1, "a", "admit", person="g"))
    assert room.role_of("g", G) is G


def test_a_ticket_is_the_most_that_somebody_may_be() -> None:
    room = Room(presenter="a", roles={"a": "participant"})
    assert room.role_of("a", O) is O
    assert room.role_of("a", M) is P


def test_a_guest_without_images_is_told_nothing_of_them() -> None:
    room = Room(presenter="a", epoch=1)
    room.take(op(1, "a", "annotation.put", id="x", tool="length", points=[[0, 0, 0]], label="病灶"))
    room.take(op(2, "a", "view.commit", epoch=1, view=VIEW))
    room.take(op(3, "a", "study.open", study="1.2"))
    assert "病灶" not in canonical(room.document(images=False))
    assert "1.2" not in canonical(room.document(images=False))
    assert "病灶" in canonical(room.document())


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
       st.sampled_from(sorted(KINDS)))  # fmt: skip
def test_whatever_comes_as_a_body_fits_or_does_not(body: Any, name: str) -> None:
    fits = KINDS[name].body.fits(body)
    assert isinstance(fits, bool)
    if fits:
        canonical(plain(body)).encode()


def test_one_changed_left_out_or_moved_deed_is_named() -> None:
    before, record = beginning("r", "c"), list[Op]()
    for number in range(1, 6):
        told = op(number, "a", "chat", text=str(number))
        before = chained(before, told)
        record.append(replace(told, hash=before))
    begun = beginning("r", "c")
    assert first_bad(begun, record) is None
    assert first_bad(begun, [*record[:2], replace(record[2], body={"text": "x"}), *record[3:]]) == 3
    assert first_bad(begun, [*record[:2], *record[3:]]) == 3
    assert first_bad(begun, [record[1], record[0], *record[2:]]) == 1
    assert first_bad(beginning("r", "other"), record) == 1


def test_a_ticket_is_good_for_a_minute_and_for_this_key_only() -> None:
    text = sealed(TICKET, KEY)
    assert opened(text, KEY, NOW) == TICKET
    for bad, key, at in (
        (text, "other" * 8, NOW),
        (text, KEY, NOW + LIFE + timedelta(seconds=1)),
        (text[:-2], KEY, NOW),
        ("A" + text[1:], KEY, NOW),
        (sealed(replace(TICKET, role=O), "other" * 8), KEY, NOW),
        ("", KEY, NOW),
        (".", KEY, NOW),
        ("ä.ö", KEY, NOW),
    ):
        with pytest.raises(RoomRefused):
            opened(bad, key, at)


@given(st.text(max_size=300))
def test_no_text_is_a_ticket_by_chance(text: str) -> None:
    with pytest.raises(RoomRefused):
        opened(text, KEY, NOW)


def test_a_pace_lets_a_burst_through_and_then_so_many_a_second() -> None:
    bucket = Bucket(Pace(2, 3), 0.0)
    assert [bucket.takes(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.takes(0.5), bucket.takes(0.5)] == [True, False]


def test_two_sockets_at_a_time_count_once_and_a_pause_does_not_count() -> None:
    def visit(name: str, came: int, left: int | None) -> Visit:
        at = NOW + timedelta(minutes=came)
        return Visit(
            name, "r", "p", "陈", "S", "participant", at, None if left is None else NOW + timedelta(minutes=left)
        )

    who = attendance([visit("1", 0, 10), visit("2", 5, 12), visit("3", 20, None)], NOW + timedelta(minutes=30))
    assert [(each.person_id, each.seconds / 60, each.left_at) for each in who] == [("p", 22.0, None)]
