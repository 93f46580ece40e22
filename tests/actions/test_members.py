"""A consultation of several specialties in the database: who sees it, who writes what, and what the parent shows."""

from datetime import timedelta
from typing import Any

import pytest

from consult.actions.members import save_opinion
from consult.actions.workflow import Order, move
from consult.domain.access import What
from consult.domain.cases import ServiceType, State, rebuild
from consult.domain.errors import Invalid, NotAllowed, NotFound, Stale, Unmet, WrongState
from consult.domain.people import SYSTEM, SitePolicy
from consult.domain.workflow import Verb
from consult.queries import cases as case_queries
from consult.queries import feed
from consult.queries.members import experts, opinions
from consult.store import cases, studies
from consult.store.unit import Store
from tests.makers.cases import NOW, STUDY, a_study, brought_to, by, stored, write_report
from tests.makers.people import ACTORS, settle

LATER = NOW + timedelta(minutes=5)
NAMED = [
    {"person": "guiyang.ct", "specialty": "radiology", "role": "chair"},
    {"person": "guiyang.mr", "specialty": "neurosurgery", "role": "member"},
    {"person": "guiyang.reviewer2", "specialty": "oncology", "role": "observer"},
]


@pytest.fixture
def house(store: Store) -> Store:
    settle(store, SitePolicy(two_person=True))
    a_study(store)
    return store


def convened(store: Store, state: State = State.IN_PROGRESS) -> tuple[str, str]:
    """A case and its consultation, brought on its way; their ids."""
    parent = brought_to(store, State.IN_PROGRESS)
    by(store, parent, "anlong.doctor", Verb.MDT, question="手术还是保守？", performing_site="GUIYANG")
    with store.read() as connection:
        (child,) = cases.children_of(connection, parent, SYSTEM)
    by(store, child.id, "anlong.doctor", Verb.INVITE, members=NAMED)
    steps: list[tuple[State, str, Verb, dict[str, Any]]] = [
        (State.SUBMITTED, "anlong.doctor", Verb.SUBMIT, {}),
        (State.QUEUED, "xingyi.coordinator", Verb.TRIAGE, {}),
        (State.ASSIGNED, "xingyi.coordinator", Verb.ASSIGN, {"assignee": "guiyang.ct"}),
        (State.ACCEPTED, "guiyang.ct", Verb.ACCEPT, {}),
        (State.ACCEPTED, "guiyang.mr", Verb.ACCEPT_INVITATION, {}),
        (State.IN_PROGRESS, "guiyang.ct", Verb.OPEN, {}),
    ]
    for step, who, verb, said in steps:
        by(store, child.id, who, verb, **said)
        if step is state and step is not State.ACCEPTED:
            break
    return parent, child.id


def test_a_consultation_is_a_child_that_both_sides_can_follow(house: Store) -> None:
    parent, child = convened(house)
    above = case_queries.view(house, parent, ACTORS["anlong.doctor"], LATER)
    below = case_queries.view(house, child, ACTORS["anlong.doctor"], LATER)
    assert [each.id for each in above.children] == [child]
    assert below.parent is not None
    assert below.parent.id == parent
    assert above.parent is None
    assert below.children == ()
    assert below.case.service_type is ServiceType.MDT
    with house.read() as connection:
        assert rebuild(cases.facts_of(connection, child)) == below.case


def test_it_cannot_be_submitted_before_two_specialties_are_named(house: Store) -> None:
    parent = brought_to(house, State.IN_PROGRESS)
    by(house, parent, "anlong.doctor", Verb.MDT, question="？", performing_site="GUIYANG")
    with house.read() as connection:
        (child,) = cases.children_of(connection, parent, SYSTEM)
    with pytest.raises(Unmet) as refused:
        move(house, child.id, Order(Verb.SUBMIT), ACTORS["anlong.doctor"], NOW)
    assert "学科" in refused.value.sentence.zh


def test_a_member_sees_case_and_images_once_it_is_submitted_and_no_more_after_declining(house: Store) -> None:
    parent = brought_to(house, State.IN_PROGRESS)
    by(house, parent, "anlong.doctor", Verb.MDT, question="手术？", performing_site="GUIYANG")
    with house.read() as connection:
        (child,) = cases.children_of(connection, parent, SYSTEM)
    by(house, child.id, "anlong.doctor", Verb.INVITE, members=NAMED)
    surgeon = ACTORS["guiyang.mr"]

    def sees() -> list[bool]:
        with house.read() as connection:
            try:
                studies.find(connection, STUDY, surgeon)
            except NotFound:
                images = False
            else:
                images = True
            return [*(cases.sees(connection, child.id, surgeon, what) for what in (What.LIST, What.CASE)), images]

    assert sees() == [False, False, False]  # a draft is its author's
    by(house, child.id, "anlong.doctor", Verb.SUBMIT)
    assert sees() == [True, True, True]
    assert any(line.id == child.id for line, *_ in _listed(house, "guiyang.mr"))
    by(house, child.id, "guiyang.mr", Verb.DECLINE_INVITATION, reason="出差")
    assert sees() == [False, False, False]


def _listed(store: Store, who: str) -> list[Any]:
    with store.read() as connection:
        return cases.page(connection, ACTORS[who], cases.Filters(queue="mine"), None, 20)


def test_images_that_come_to_the_first_case_come_to_its_consultation(house: Store) -> None:
    parent, child = convened(house, State.SUBMITTED)
    a_study(house, uid="1.2.3.4")
    by(house, parent, "anlong.doctor", Verb.LINK_STUDIES, study_uids=["1.2.3.4"])
    assert stored(house, child).study_uids == (STUDY, "1.2.3.4")


def test_the_chair_gets_the_case_and_nobody_else(house: Store) -> None:
    _, child = convened(house, State.QUEUED)
    with pytest.raises(Unmet):
        by(house, child, "xingyi.coordinator", Verb.ASSIGN, assignee="guiyang.ct2")
    with pytest.raises(Unmet):
        by(house, child, "guiyang.ct2", Verb.CLAIM)
    assert by(house, child, "xingyi.coordinator", Verb.ASSIGN, assignee="guiyang.ct").state is State.ASSIGNED


def test_each_member_writes_their_own_opinion_and_every_version_stays(house: Store) -> None:
    _, child = convened(house)
    first = save_opinion(house, child, "建议开颅血肿清除。", "", 0, ACTORS["guiyang.mr"], NOW)
    again = save_opinion(house, child, "建议开颅血肿清除。", "", 1, ACTORS["guiyang.mr"], LATER)
    assert again == first  # nothing new is nothing saved
    save_opinion(house, child, "建议微创引流。", "不同意保守治疗。", 1, ACTORS["guiyang.mr"], LATER)
    save_opinion(house, child, "血肿约 32 ml。", "", None, ACTORS["guiyang.ct"], LATER)
    for reader in ("guiyang.ct", "guiyang.mr", "guiyang.reviewer2"):
        told = opinions(house, child, ACTORS[reader])
        assert [(voice.name, voice.opinion.text) for voice in told.voices] == [
            ("陈医师", "血肿约 32 ml。"), ("杨医师", "建议微创引流。"),
        ]  # fmt: skip
        assert [each.text for each in told.voices[1].revisions] == ["建议开颅血肿清除。", "建议微创引流。"]
    with pytest.raises(Stale):
        save_opinion(house, child, "另一个窗口", "", 1, ACTORS["guiyang.mr"], LATER)
    assert [fact.kind for fact in feed.facts_since(house, 0) if fact.subject == "talk"] == ["opinion"] * 3


def test_opinions_are_the_members_alone(house: Store) -> None:
    parent, child = convened(house)
    save_opinion(house, child, "意见", "", None, ACTORS["guiyang.mr"], NOW)
    for stranger in ("anlong.doctor", "xingyi.coordinator", "dushan.doctor", "guiyang.ct2", "qa"):
        with pytest.raises(NotFound):
            opinions(house, child, ACTORS[stranger])
        with pytest.raises(NotFound):
            save_opinion(house, child, "意见", "", None, ACTORS[stranger], NOW)
    with pytest.raises(NotAllowed):
        save_opinion(house, child, "意见", "", None, ACTORS["guiyang.reviewer2"], NOW)  # observes
    with pytest.raises(NotFound):
        opinions(house, parent, ACTORS["guiyang.ct"])


def test_an_opinion_is_written_while_the_consultation_is_open(house: Store) -> None:
    _, child = convened(house)
    with pytest.raises(Invalid):
        save_opinion(house, child, "  ", "", None, ACTORS["guiyang.mr"], NOW)
    by(house, child, "anlong.doctor", Verb.CANCEL)
    with pytest.raises(WrongState):
        save_opinion(house, child, "意见", "", None, ACTORS["guiyang.mr"], NOW)


def test_nothing_is_signed_before_every_member_has_spoken(house: Store) -> None:
    _, child = convened(house)
    write_report(house, child)
    with pytest.raises(Unmet) as refused:
        by(house, child, "guiyang.ct", Verb.SIGN)
    assert "杨医师" in refused.value.sentence.zh
    save_opinion(house, child, "同意手术。", "", None, ACTORS["guiyang.mr"], NOW)
    assert by(house, child, "guiyang.ct", Verb.SIGN).state is State.SIGNED


WRONG: dict[str, dict[str, str]] = {
    "nobody": {"person": "none", "specialty": "urology", "role": "member"},
    "not a specialist": {"person": "anlong.doctor", "specialty": "urology", "role": "member"},
    "no such specialty": {"person": "guiyang.mr", "specialty": "astrology", "role": "member"},
    "chair may not sign": {"person": "guiyang.resident", "specialty": "urology", "role": "chair"},
    "chair is no specialist": {"person": "guiyang.reviewer2", "specialty": "urology", "role": "chair"},
}


@pytest.mark.parametrize("told", WRONG.values(), ids=WRONG)
def test_who_cannot_sit_there_is_not_invited(house: Store, told: dict[str, str]) -> None:
    _, child = convened(house, State.SUBMITTED)
    with pytest.raises(Invalid) as refused:
        move(house, child, Order(Verb.INVITE, {"members": [NAMED[0], told]}), ACTORS["anlong.doctor"], NOW)
    assert refused.value.fields[0].field == "members"


def test_who_can_be_asked_is_shown_with_who_may_lead(house: Store) -> None:
    _, child = convened(house, State.SUBMITTED)
    found = {each.person.id: each.chairs for each in experts(house, child, ACTORS["anlong.doctor"])}
    assert found["guiyang.ct"] is True
    assert found["guiyang.resident"] is False
    assert found["guiyang.reviewer2"] is False
    assert "anlong.doctor" not in found
    with pytest.raises(NotFound):
        experts(house, child, ACTORS["dushan.doctor"])


def test_a_second_opinion_is_never_the_first_readers(house: Store) -> None:
    parent = brought_to(house, State.IN_PROGRESS)
    by(house, parent, "anlong.doctor", Verb.SECOND_OPINION, question="请再看", performing_site="GUIYANG")
    with house.read() as connection:
        (child,) = cases.children_of(connection, parent, SYSTEM)
    by(house, child.id, "anlong.doctor", Verb.SUBMIT)
    by(house, child.id, "xingyi.coordinator", Verb.TRIAGE)
    with pytest.raises(Unmet):
        by(house, child.id, "guiyang.ct", Verb.CLAIM)
    assert by(house, child.id, "guiyang.ct2", Verb.CLAIM).state is State.ASSIGNED
