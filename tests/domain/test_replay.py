"""Past cases given out again: the same rules give the same, nobody reads two at once, all are accounted for."""

import itertools
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from consult.domain.calendars import CHINA
from consult.domain.dispatch import Waiting
from consult.domain.forecast import forecast
from consult.domain.replay import Past, replay
from consult.domain.rota import Shift
from consult.domain.routing_policy import STANDARD, Policy, Rule
from tests.domain.test_routing import HOUR, NEED, NOW, reader

MINUTE = timedelta(minutes=1)


def came(n: int, minutes: int, **changed: object) -> Past:
    return Past(Waiting(f"c{n:03d}", replace(NEED, **changed)), NOW + minutes * MINUTE)  # type: ignore[arg-type]


def test_a_rule_moves_the_cases_it_speaks_of() -> None:
    past = [came(n, 30 * n) for n in range(4)]
    pool = [reader("a"), reader("b")]
    rule = Policy(rules=(Rule("归乙", pool=("b",), hard=True),))
    assert {each.person_id for each in replay(past, pool, CHINA, STANDARD).values()} == {"a", "b"}
    assert {each.person_id for each in replay(past, pool, CHINA, rule).values()} == {"b"}


def test_what_nobody_may_have_is_late() -> None:
    found = replay([came(1, 0, modality="MG")], [reader()], CHINA, STANDARD)
    assert found["c001"].person_id is None
    assert found["c001"].late


def test_a_case_waits_for_the_shift_that_can_have_it() -> None:
    later = reader(shifts=(Shift("r1", NOW + 2 * HOUR, NOW + 4 * HOUR),))
    found = replay([came(1, 0)], [later], CHINA, STANDARD)["c001"]
    assert found.begins is not None
    assert NOW + 2 * HOUR <= found.begins <= NOW + 2 * HOUR + 10 * MINUTE


@given(minutes=st.lists(st.integers(0, 180), max_size=12), size=st.integers(0, 3))
def test_everyone_reads_one_at_a_time_and_every_case_is_answered(minutes: list[int], size: int) -> None:
    past = [came(n, at) for n, at in enumerate(minutes)]
    pool = [reader(f"r{n}") for n in range(size)]
    found = replay(past, pool, CHINA, STANDARD)
    assert found == replay(list(reversed(past)), pool, CHINA, STANDARD)
    assert set(found) == {each.waiting.case_id for each in past}
    for person in pool:
        theirs = sorted(
            (each.begins, each.ends)
            for each in found.values()
            if each.person_id == person.person.id and each.begins is not None and each.ends is not None
        )
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(theirs))


def test_an_hour_is_short_when_more_comes_than_can_be_read() -> None:
    week = timedelta(days=7)
    arrived = [(NOW - n * week + 5 * MINUTE, 4.0) for n in range(1, 5) for _ in range(5)]
    shifts = [Shift("r1", NOW, NOW + HOUR), Shift("r2", NOW, NOW + HOUR / 2), Shift("r3", NOW, NOW + HOUR, True)]
    first, second, *_ = forecast(arrived, 4, shifts, NOW, 12, CHINA, 600)
    assert (first.people, first.capacity_min) == (2, 90)
    assert (first.cases, first.work_min) == (1, 40)  # 20 cases of 4 units on 20 workdays
    assert not first.short
    assert (second.cases, second.capacity_min, second.short) == (0, 0, False)
    assert forecast(arrived, 4, [], NOW, 1, CHINA, 600)[0].short
