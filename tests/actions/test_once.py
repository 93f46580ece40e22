"""A second click has one effect: the same key gives the same answer, from any number of hands at once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from consult.actions import cases as requests
from consult.actions import relay
from consult.actions.once import Once, do_once, known_answer
from consult.actions.workflow import Order, move
from consult.domain.cases import State
from consult.domain.errors import KeyReused, Stale, WrongState
from consult.domain.workflow import Verb
from consult.store import cases
from consult.store.tables import cases as case_rows
from consult.store.tables import facts
from consult.store.unit import Store
from tests.makers.cases import NOW, a_request, a_study, begun, brought_to, stored
from tests.makers.parallel import together
from tests.makers.people import ACTORS, settle

DOCTOR, READER = ACTORS["anlong.doctor"], ACTORS["guiyang.ct"]
TWENTY = 20


@pytest.fixture
def house(store: Store) -> Store:
    """A network with people and one study."""
    settle(store)
    a_study(store)
    return store


def counted(store: Store) -> tuple[int, int]:
    """How many cases there are, and how many facts."""
    with store.read() as connection:
        return (
            connection.scalar(select(func.count()).select_from(case_rows)) or 0,
            connection.scalar(select(func.count()).select_from(facts)) or 0,
        )


def test_twenty_equal_requests_at_once_make_one_case_and_get_one_answer(house: Store) -> None:
    once = Once.of("key-1", "POST cases", {"question": "是否出血？"})
    answers = together(TWENTY, lambda _: requests.create(house, a_request(), DOCTOR, once, NOW))
    assert all(answer == answers[0] for answer in answers)
    assert counted(house) == (1, 1)


def test_twenty_equal_moves_at_once_move_once_and_get_one_answer(house: Store) -> None:
    """Those that lost the race are answered like the winner, though the case has moved on under them."""
    case_id = begun(house)
    order = Order(Verb.SUBMIT, {}, 1, Once.of("key-2", f"POST {case_id}", {"verb": "submit"}))
    answers = together(TWENTY, lambda _: move(house, case_id, order, DOCTOR, NOW))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["state"] == "submitted"
    assert counted(house) == (1, 2)
    assert stored(house, case_id).version == 2


def test_moves_without_a_key_race_on_the_version_and_one_wins(house: Store) -> None:
    case_id = brought_to(house, State.QUEUED)
    seen = stored(house, case_id).version
    before = counted(house)

    def claim(_: int) -> str:
        try:
            return str(move(house, case_id, Order(Verb.CLAIM, {}, seen), READER, NOW)["state"])
        except Stale:
            return "stale"

    answers = together(8, claim)
    assert sorted(answers) == ["assigned", *["stale"] * 7]
    assert counted(house) == (before[0], before[1] + 1)


def test_the_same_key_with_other_content_is_refused_and_changes_nothing(house: Store) -> None:
    once = Once.of("key-3", "POST cases", {"question": "一"})
    requests.create(house, a_request(), DOCTOR, once, NOW)
    other = Once.of("key-3", "POST cases", {"question": "二"})
    with pytest.raises(KeyReused):
        requests.create(house, a_request(), DOCTOR, other, NOW)
    assert counted(house) == (1, 1)


def test_the_same_content_on_another_route_is_other_content() -> None:
    assert Once.of("k", "POST a", {"n": 1}) != Once.of("k", "POST b", {"n": 1})
    assert Once.of("k", "POST a", {"n": 1, "m": 2}) == Once.of("k", "POST a", {"m": 2, "n": 1})


def test_keys_belong_to_whoever_sent_them(house: Store) -> None:
    once = Once.of("key-4", "POST cases", {})
    first = requests.create(house, a_request(), DOCTOR, once, NOW)
    second = requests.create(house, a_request(), ACTORS["anlong.other"], once, NOW)
    assert first != second


def test_a_refusal_is_not_remembered(house: Store) -> None:
    """What could not be done the first time may be done with the same key when it can."""
    case_id = begun(house)
    order = Order(Verb.CLAIM, {}, None, Once.of("key-5", "POST", {"verb": "claim"}))
    with house.write() as unit:
        found = cases.find(unit.connection, case_id, ACTORS["system"])
    assert found.state is State.DRAFT
    with pytest.raises(WrongState):
        move(house, case_id, Order(Verb.CLAIM, {}, None, order.once), DOCTOR, NOW)
    assert known_answer(house, DOCTOR, order.once) is None


def test_an_effect_that_fails_leaves_neither_answer_nor_row(house: Store) -> None:
    once = Once.of("key-6", "POST", {})

    def fail(_: object) -> dict[str, object]:
        raise Stale

    with pytest.raises(Stale):
        do_once(house, DOCTOR, once, NOW, fail)
    assert known_answer(house, DOCTOR, once) is None
    assert do_once(house, DOCTOR, once, NOW, lambda _: {"done": True}) == {"done": True}


def test_old_keys_are_forgotten_after_two_days(house: Store) -> None:
    once = Once.of("key-7", "POST", {})
    do_once(house, DOCTOR, once, NOW, lambda _: {"n": 1})
    assert relay.forget_old_answers(house, NOW + timedelta(days=1)) == 0
    assert known_answer(house, DOCTOR, once) == {"n": 1}
    assert relay.forget_old_answers(house, NOW + timedelta(days=2, seconds=1)) == 1
    assert known_answer(house, DOCTOR, once) is None


def test_without_a_key_every_call_is_a_new_one(house: Store) -> None:
    for _ in range(2):
        requests.create(house, a_request(), DOCTOR, Once.of(None, "POST", {}), NOW)
    assert counted(house) == (2, 2)


def test_case_numbers_of_a_day_count_up_without_a_gap_even_when_all_begin_at_once(house: Store) -> None:
    made = together(8, lambda _: requests.create(house, a_request(), DOCTOR, Once(None, ""), NOW))
    numbers = sorted(stored(house, str(each["id"])).number for each in made)
    assert numbers == [f"HZ20261124-{n:04d}" for n in range(1, 9)]
