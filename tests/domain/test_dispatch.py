"""Whose turn it is: the most urgent case first, nobody's hands filled while others wait, never two holders."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from consult.domain.calendars import CHINA
from consult.domain.dispatch import Waiting, dispatch, turn
from consult.domain.people import ANY, Skill
from consult.domain.rota import Shift
from consult.domain.routing import Candidate, Need, Routing, excluded_by, is_anyone_fit
from consult.domain.routing_policy import STANDARD, Policy, Rule
from tests.domain.test_routing import HOUR, NEED, NOW, reader


def waits(case_id: str, **changed: object) -> Waiting:
    return Waiting(case_id, replace(NEED, **changed))  # type: ignore[arg-type]


def given_to(dealt: list[tuple[Waiting, Routing]]) -> dict[str, str]:
    return {each.case_id: decision.chosen.person_id for each, decision in dealt if decision.chosen is not None}


def dealt(waiting: list[Waiting], pool: list[Candidate], policy: Policy = STANDARD) -> list[tuple[Waiting, Routing]]:
    return list(dispatch(waiting, pool, NOW, CHINA, policy))


def test_the_only_free_pair_of_hands_gets_the_most_urgent_case() -> None:
    early, late = waits("early", due_at=NOW + HOUR), waits("late", due_at=NOW + 2 * HOUR)
    emergency = waits("emergency", priority="emergency", due_at=NOW + 3 * HOUR)
    one = Policy(unopened=1)
    assert given_to(dealt([late, early], [reader()], one)) == {"early": "r1"}
    assert given_to(dealt([late, early, emergency], [reader()], one)) == {"emergency": "r1"}


def test_what_nobody_is_free_for_waits_in_the_pool() -> None:
    assert dealt([waits("a")], [reader(unopened=2)]) == []
    assert given_to(dealt([waits("a", priority="emergency")], [reader(unopened=2)])) == {"a": "r1"}


def test_work_that_was_just_given_counts_for_the_next() -> None:
    found = given_to(dealt([waits(name) for name in "abcd"], [reader("r1"), reader("r2")]))
    assert sorted(found.values()) == ["r1", "r1", "r2", "r2"]


def test_a_case_that_nobody_can_read_does_not_hold_up_the_others() -> None:
    found = given_to(dealt([waits("mr", modality="MR", due_at=NOW), waits("ct")], [reader()]))
    assert found == {"ct": "r1"}


def test_an_emergency_missed_twice_is_for_the_whole_pool_and_nobodys_alone() -> None:
    ((each, decision),) = dealt([waits("e", priority="emergency", passed_over=("x", "y"))], [reader()])
    assert (each.case_id, decision.broadcast, decision.chosen) == ("e", True, None)


def test_who_let_an_offer_run_out_and_is_not_here_gets_no_other() -> None:
    away, here = reader("away", unanswered=1), reader("here", unopened=1, recent_units=40)
    assert given_to(dealt([waits("a")], [away, here])) == {"a": "here"}


candidates = st.lists(
    st.builds(
        lambda n, part, on, opened, unopened, unanswered: reader(
            f"p{n}",
            skills=[Skill("CT", part)],
            shifts=(Shift(f"p{n}", NOW - HOUR, NOW + HOUR, on_call=on == "call"),) if on else (),
            open_units=opened,
            unopened=unopened,
            unanswered=unanswered,
        ),
        st.integers(0, 99),
        st.sampled_from(["HEAD", "CHEST", ANY]),
        st.sampled_from(["", "duty", "duty", "call"]),
        st.floats(0, 9),
        st.integers(0, 3),
        st.integers(0, 1),
    ),
    max_size=6,
    unique_by=lambda c: c.person.id,
)
needs = st.builds(
    lambda priority, part, hours, passed: replace(
        NEED, priority=priority, body_part=part, due_at=NOW + timedelta(hours=hours), passed_over=tuple(passed)
    ),
    st.sampled_from(["emergency", "urgent", "routine"]),
    st.sampled_from(["HEAD", "CHEST", "ABDOMEN"]),
    st.integers(-1, 24),
    st.lists(st.sampled_from(["p1", "p2", "p3"]), max_size=2, unique=True),
)
rules = st.lists(
    st.builds(
        lambda part, pool, hard, points: Rule("规则", body_part=part, pool=tuple(pool), hard=hard, points=points),
        st.sampled_from(["*", "HEAD"]),
        st.lists(st.sampled_from(["p1", "p2", "p3", "p4"]), min_size=1, unique=True),
        st.booleans(),
        st.floats(-50, 50),
    ),
    max_size=3,
)


@given(pool=candidates, asked=st.lists(needs, max_size=8), rules=rules, unopened=st.integers(1, 3))
def test_never_two_holders_never_someone_excluded_and_everyone_explained(
    pool: list[Candidate], asked: list[Need], rules: list[Rule], unopened: int
) -> None:
    policy = Policy(rules=tuple(rules), unopened=unopened)
    waiting = [Waiting(f"c{n}", need) for n, need in enumerate(asked)]
    standing = {c.person.id: c for c in pool}
    seen: set[str] = set()
    for each, decision in dispatch(waiting, pool, NOW, CHINA, policy):
        assert each.case_id not in seen, "a case was given twice"
        seen.add(each.case_id)
        assert {e.person_id for e in decision.ranking} == set(standing)
        assert all(e.reasons or e.excluded_by for e in decision.ranking)
        if decision.chosen is None:
            assert decision.broadcast
            continue
        chosen = standing[decision.chosen.person_id]
        assert not excluded_by(each.need, chosen, NOW, CHINA, policy)
        before = chosen.open_units
        units = policy.units.get(("CT", each.need.body_part), 1.0)
        assert before + units <= chosen.person.load_limit_units
        standing[chosen.person.id] = replace(chosen, open_units=before + units, unopened=chosen.unopened + 1)


@given(pool=candidates, asked=st.lists(needs, min_size=1, max_size=8))
def test_nobody_waits_for_whom_somebody_is_free(pool: list[Candidate], asked: list[Need]) -> None:
    waiting = sorted((Waiting(f"c{n}", need) for n, need in enumerate(asked)), key=turn)
    found = dealt(waiting, pool)
    fit = [each for each in waiting if is_anyone_fit(each.need, pool, NOW)]
    assert not fit or found, "somebody could have had the first"
    if fit:
        assert found[0][0] == fit[0]
