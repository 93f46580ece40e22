"""Which doctor: nobody who may not, the best of those who may, the same every time, and always with the reasons."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.domain.agreements import Agreement
from consult.domain.errors import Invalid
from consult.domain.people import ANY, Language, Licence, Person, Role, Skill
from consult.domain.rota import Shift, on_rota, shift_ends
from consult.domain.routing import (
    FILTERS,
    SCORES,
    Candidate,
    Explained,
    Need,
    excluded_by,
    route,
)
from consult.domain.routing_policy import STANDARD, Policy, Rule, check_policy, offer_until

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
AGREEMENT = Agreement("ANLONG", "GUIYANG", frozenset({"telediagnosis"}), date(2026, 1, 1), date(2026, 12, 31))
NEED = Need(
    requesting_site="ANLONG",
    performing_site="GUIYANG",
    service_type="telediagnosis",
    priority="urgent",
    modality="CT",
    body_part="HEAD",
    due_at=NOW + 4 * HOUR,
    conflicts=frozenset({"asker"}),
    agreements=(AGREEMENT,),
)


def reader(id: str = "r1", skills: Sequence[Skill] = (Skill("CT", "HEAD"),), **changed: object) -> Candidate:
    person = Person(
        id=id,
        username=f"guiyang.{id}",
        name=f"医师{id}",
        institution_code="GUIYANG",
        roles=frozenset({Role.SPECIALIST}),
        skills=tuple(skills),
        licence=Licence("110520100001234", date(2027, 6, 30)),
        load_limit_units=10,
    )
    shift = Shift(id, NOW - HOUR, NOW + 8 * HOUR)
    return replace(Candidate(person, (shift,)), **changed)  # type: ignore[arg-type]


def but(candidate: Candidate, **changed: object) -> Candidate:
    return replace(candidate, person=replace(candidate.person, **changed))  # type: ignore[arg-type]


def codes(need: Need, candidate: Candidate, now: datetime = NOW) -> list[str]:
    return [exclusion.code for exclusion in excluded_by(need, candidate, now)]


def points(explained: Explained) -> dict[str, float]:
    return {reason.code: reason.points for reason in explained.reasons}


def test_a_qualified_reader_on_call_gets_the_case() -> None:
    routing = route(NEED, [reader()], NOW)
    assert routing.chosen is not None
    assert routing.chosen.person_id == "r1"
    assert routing.chosen.reasons


@pytest.mark.parametrize(
    ("candidate", "code"),
    [
        (but(reader(), active=False), "inactive"),
        (but(reader(), roles=frozenset({Role.REVIEWER})), "inactive"),
        (but(reader(), institution_code="XINGYI"), "no-agreement"),
        (but(reader(), licence=None), "no-licence"),
        (but(reader(), licence=Licence("1", date(2026, 11, 23))), "no-licence"),
        (reader(skills=[Skill("MR", ANY)]), "no-skill"),
        (reader(skills=[Skill("CT", "CHEST")]), "no-skill"),
        (reader(shifts=()), "off-rota"),
        (reader(shifts=(Shift("r1", NOW - HOUR, NOW),)), "off-rota"),
        (reader(shifts=(Shift("another", NOW - HOUR, NOW + HOUR),)), "off-rota"),
        (reader(open_units=9.5), "load-limit"),
        (reader("asker"), "conflict"),
    ],
)
def test_who_may_not_have_the_case_is_told_why(candidate: Candidate, code: str) -> None:
    assert codes(NEED, candidate) == [code]
    routing = route(NEED, [candidate], NOW)
    assert routing.chosen is None
    assert [e.code for e in routing.ranking[0].excluded_by] == [code]


def test_a_licence_is_judged_by_the_local_day() -> None:
    last_day = but(reader(), licence=Licence("1", date(2026, 11, 24)))
    one_in_the_morning_in_shanghai = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
    on_call = replace(last_day, shifts=(Shift("r1", NOW, NOW + 48 * HOUR),))
    assert codes(NEED, on_call, datetime(2026, 11, 24, 15, 59, tzinfo=UTC)) == []
    assert codes(NEED, on_call, one_in_the_morning_in_shanghai) == ["no-licence"]


def test_an_agreement_that_ended_rules_out_the_whole_house() -> None:
    next_year = datetime(2027, 1, 4, 1, 0, tzinfo=UTC)
    candidate = reader(shifts=(Shift("r1", next_year, next_year + HOUR),))
    assert codes(NEED, candidate, next_year) == ["no-agreement"]
    on_call = reader(shifts=(Shift("r1", NOW, NOW + 1000 * HOUR),))
    assert codes(NEED, on_call, datetime(2026, 12, 31, 15, 59, tzinfo=UTC)) == []
    assert codes(NEED, on_call, datetime(2026, 12, 31, 16, 0, tzinfo=UTC)) == ["no-agreement"]  # New Year in Shanghai


def test_work_up_to_the_limit_is_accepted() -> None:
    assert codes(NEED, reader(open_units=9.0)) == []


def test_who_declined_is_not_asked_again() -> None:
    again = replace(NEED, passed_over=("r1",))
    assert codes(again, reader()) == ["passed-over"]
    routing = route(again, [reader(), reader("r2")], NOW)
    assert routing.chosen is not None
    assert routing.chosen.person_id == "r2"


def test_a_case_whose_images_told_nothing_yet_rules_out_no_skill() -> None:
    assert codes(replace(NEED, modality="", body_part=""), reader(skills=[Skill("MR", ANY)])) == []


def test_a_subspecialty_that_is_asked_for_is_needed() -> None:
    neuro = replace(NEED, subspecialty="neuro")
    assert codes(neuro, reader()) == ["no-skill"]
    routing = route(neuro, [reader(skills=[Skill("CT", "HEAD", "neuro")])], NOW)
    assert routing.chosen is not None
    assert points(routing.chosen)["skill-fit"] == 30


@pytest.mark.parametrize(
    ("better", "worse", "by"),
    [
        (reader("b", open_units=1), reader("a", open_units=9.0), "slack"),
        (reader("b"), reader("a", skills=[Skill("CT", ANY)]), "skill-fit"),
        (reader("b", prior_reads=1), reader("a"), "prior-reader"),
        (reader("b", site_reads=9), reader("a"), "site-affinity"),
        (reader("b", recent_units=2), reader("a", recent_units=12), "fairness"),
    ],
)
def test_of_two_who_may_the_one_with_more_to_speak_for_them_is_asked(
    better: Candidate, worse: Candidate, by: str
) -> None:
    need = replace(NEED, due_at=NOW + 2 * HOUR)
    first, second, *_ = route(need, [worse, better], NOW).ranking
    assert (first.person_id, second.person_id) == ("b", "a")
    assert points(first).get(by, 0) > points(second).get(by, 0)


def test_fairness_is_measured_against_those_who_may_have_the_case() -> None:
    off_call = reader("c", recent_units=500, shifts=())
    first, second, _ = route(NEED, [reader("a", recent_units=4), reader("b", recent_units=10), off_call], NOW).ranking
    assert (points(first)["fairness"], points(second)["fairness"]) == (3, -3)


def test_who_had_the_case_before_it_was_returned_gets_it_back() -> None:
    ranking = route(replace(NEED, affinity="b"), [reader("a", prior_reads=2, site_reads=5), reader("b")], NOW).ranking
    assert ranking[0].person_id == "b"
    assert points(ranking[0])["same-case"] == 30


def test_a_tie_goes_to_who_was_given_less_and_then_by_id() -> None:
    assert [e.person_id for e in route(NEED, [reader("b"), reader("a")], NOW).ranking] == ["a", "b"]


def test_the_score_is_the_sum_of_the_reasons_shown() -> None:
    ranking = route(NEED, [reader("a", recent_units=3, prior_reads=1), reader("b", site_reads=2)], NOW).ranking
    assert all(e.score == pytest.approx(sum(points(e).values())) for e in ranking)


def test_everyone_looked_at_is_explained_in_both_languages() -> None:
    routing = route(NEED, [reader("a"), reader("z", shifts=()), reader("b", prior_reads=3)], NOW)
    assert [e.person_id for e in routing.ranking] == ["b", "a", "z"]
    said = [x.words for e in routing.ranking for x in (*e.reasons, *e.excluded_by)]
    assert said
    assert all(words.zh and words.en for words in said)


def test_after_the_second_miss_an_emergency_goes_to_the_whole_pool() -> None:
    emergency = replace(NEED, priority="emergency", passed_over=("x",))
    assert not route(emergency, [reader()], NOW).broadcast
    twice = route(replace(emergency, passed_over=("x", "y")), [reader()], NOW)
    assert twice.broadcast
    assert twice.chosen is None
    assert twice.ranking[0].score > 0


def test_other_cases_are_offered_one_by_one_however_often() -> None:
    routing = route(replace(NEED, passed_over=("w", "x", "y", "z")), [reader()], NOW)
    assert not routing.broadcast
    assert routing.chosen is not None


@pytest.mark.parametrize(("priority", "seconds"), [("emergency", 90), ("urgent", 600), ("routine", 3600)])
def test_an_offer_stands_as_long_as_its_priority_allows(priority: str, seconds: int) -> None:
    assert offer_until(priority, NOW) == NOW + timedelta(seconds=seconds)


def test_an_offer_ends_with_the_shift() -> None:
    assert offer_until("routine", NOW, NOW + timedelta(minutes=20)) == NOW + timedelta(minutes=20)
    assert offer_until("routine", NOW, NOW + 8 * HOUR) == NOW + HOUR


def test_a_shift_begins_and_ends_on_the_minute() -> None:
    shifts = [Shift("r1", NOW, NOW + HOUR)]
    assert on_rota(shifts, "r1", NOW)
    assert not on_rota(shifts, "r1", NOW + HOUR)
    assert not on_rota(shifts, "r2", NOW)


def test_shifts_that_meet_are_one() -> None:
    shifts = [
        Shift("r1", NOW + HOUR, NOW + 2 * HOUR),
        Shift("r1", NOW - HOUR, NOW + HOUR),
        Shift("r2", NOW, NOW + HOUR),
    ]
    assert shift_ends(shifts, "r1", NOW) == NOW + 2 * HOUR
    assert shift_ends(shifts, "r1", NOW + 3 * HOUR) is None
    assert shift_ends(shifts, "r3", NOW) is None


def test_every_row_of_both_tables_has_a_code_of_its_own() -> None:
    for table in ([f.code for f in FILTERS], [s.code for s in SCORES]):
        assert len(set(table)) == len(table)


candidates = st.builds(
    lambda n, part, on, opened, recent, prior, site: reader(
        f"p{n}",
        skills=[Skill("CT", part)],
        shifts=(Shift(f"p{n}", NOW - HOUR, NOW + HOUR),) if on else (),
        open_units=opened,
        recent_units=recent,
        prior_reads=prior,
        site_reads=site,
    ),
    st.integers(0, 99),
    st.sampled_from(["HEAD", "CHEST", ANY]),
    st.booleans(),
    st.floats(0, 15),
    st.floats(0, 60),
    st.integers(0, 3),
    st.integers(0, 20),
)
pools = st.lists(candidates, max_size=8, unique_by=lambda c: c.person.id)


@given(pool=pools, data=st.data())
def test_the_order_in_which_people_are_looked_at_changes_nothing(pool: list[Candidate], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(pool))
    assert route(NEED, pool, NOW) == route(NEED, shuffled, NOW)


@given(pool=pools)
def test_the_chosen_one_passes_every_filter_and_nobody_fit_is_forgotten(pool: list[Candidate]) -> None:
    routing = route(NEED, pool, NOW)
    fit = {c.person.id for c in pool if not excluded_by(NEED, c, NOW)}
    assert {e.person_id for e in routing.ranking} == {c.person.id for c in pool}
    assert {e.person_id for e in routing.ranking if not e.excluded_by} == fit
    assert (routing.chosen is None) == (not fit)
    if routing.chosen is not None:
        assert routing.chosen.score == max(e.score for e in routing.ranking if not e.excluded_by)


# ---- the house's own rules ----


def test_a_hard_rule_leaves_only_its_pool() -> None:
    policy = Policy(rules=(Rule("神经组", body_part="HEAD", pool=("r2",), hard=True),))
    routing = route(NEED, [reader(), reader("r2", open_units=5)], NOW, policy=policy)
    assert routing.chosen is not None
    assert routing.chosen.person_id == "r2"
    assert [e.code for e in routing.ranking[1].excluded_by] == ["rule"]
    chest = replace(NEED, body_part="CHEST")
    assert not excluded_by(chest, reader(skills=[Skill("CT", ANY)]), NOW, policy=policy)


def test_a_soft_rule_gives_its_points_to_whom_it_names() -> None:
    policy = Policy(rules=(Rule("优先甲", pool=("r2",), points=12),))
    ranking = route(NEED, [reader(), reader("r2")], NOW, policy=policy).ranking
    assert [e.person_id for e in ranking] == ["r2", "r1"]
    assert (points(ranking[0])["rule"], points(ranking[1]).get("rule")) == (12, None)


@pytest.mark.parametrize(
    ("rule", "applies"),
    [
        (Rule("x", modality="CT"), True),
        (Rule("x", modality="MR"), False),
        (Rule("x", requesting_site="DUSHAN"), False),
        (Rule("x", priority="urgent", body_part="HEAD", requesting_site="ANLONG"), True),
        (Rule("x", subspecialty="neuro"), False),
    ],
)
def test_a_rule_speaks_of_cases_that_have_all_its_values(rule: Rule, applies: bool) -> None:
    assert rule.covers(NEED.told()) == applies


def test_a_rule_may_ask_a_subspecialty_or_a_language() -> None:
    neuro = but(reader(), skills=(Skill("CT", "HEAD", "neuro"),))
    english = but(reader(), language=Language.EN)
    for rule, fit in ((Rule("x", skill="neuro", hard=True), neuro), (Rule("x", language="en", hard=True), english)):
        policy = Policy(rules=(rule,))
        assert [e.code for e in excluded_by(NEED, reader(), NOW, policy=policy)] == ["rule"]
        assert excluded_by(NEED, fit, NOW, policy=policy) == ()


def test_weights_multiply_the_points_of_a_score() -> None:
    pool = [reader("a", prior_reads=1), reader("b", site_reads=5)]
    assert route(NEED, pool, NOW).ranking[0].person_id == "a"
    policy = Policy(weights={"prior-reader": 0.0, "site-affinity": 2.0})
    ranking = route(NEED, pool, NOW, policy=policy).ranking
    assert ranking[0].person_id == "b"
    assert points(ranking[0])["site-affinity"] == 10


def test_work_units_by_part_count_against_the_limit() -> None:
    full = reader(skills=[Skill("CT", ANY)], open_units=9)
    assert codes(NEED, full) == []
    assert codes(replace(NEED, body_part="CHEST"), full) == ["load-limit"]


def test_who_is_on_call_is_asked_for_emergencies_only_and_after_those_on_duty() -> None:
    home = reader("a", shifts=(Shift("a", NOW - HOUR, NOW + HOUR, on_call=True),))
    assert codes(NEED, home) == ["off-rota"]
    emergency = replace(NEED, priority="emergency")
    assert codes(emergency, home) == []
    assert [e.person_id for e in route(emergency, [home, reader("b", open_units=2)], NOW).ranking] == ["b", "a"]


def test_a_coordinator_may_give_what_the_router_would_not() -> None:
    need = replace(NEED, passed_over=("r1",))
    busy = reader(unopened=5, unanswered=1)
    assert [e.code for e in excluded_by(need, busy, NOW)] == ["passed-over", "hands-full", "not-answering"]
    assert excluded_by(need, busy, NOW, by_hand=True) == ()


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (Policy(rules=(Rule(" ", pool=("r1",), hard=True),)), "rules.0.note"),
        (Policy(rules=(Rule("x", modality="XX", pool=("r1",), hard=True),)), "rules.0.modality"),
        (Policy(rules=(Rule("x", body_part="TAIL", pool=("r1",), hard=True),)), "rules.0.body_part"),
        (Policy(rules=(Rule("x", priority="soon", pool=("r1",), hard=True),)), "rules.0.priority"),
        (Policy(rules=(Rule("x", hard=True),)), "rules.0.pool"),
        (Policy(rules=(Rule("x", pool=("nobody",), hard=True),)), "rules.0.pool"),
        (Policy(rules=(Rule("x", pool=("r1",)),)), "rules.0.points"),
        (Policy(weights={"looks": 1}), "weights.looks"),
        (Policy(weights={"slack": 99}), "weights.slack"),
        (Policy(accept_s={"emergency": 1, "urgent": 600, "routine": 600}), "accept_s.emergency"),
        (Policy(units={("CT", "TAIL"): 1.0}), "units.CT.TAIL"),
        (Policy(units={("CT", "*"): 0.0}), "units.CT.*"),
        (Policy(unopened=0), "unopened"),
        (Policy(broadcast_after=0), "broadcast_after"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_at_its_place(policy: Policy, field: str) -> None:
    check_policy(STANDARD, [])
    with pytest.raises(Invalid) as refused:
        check_policy(policy, ["r1"])
    assert [each.field for each in refused.value.fields] == [field]
