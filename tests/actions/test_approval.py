"""Where a house wants its head's word, a request waits for that, is told to the head, and goes on or comes back."""

import pytest

from consult.domain.cases import Priority, State
from consult.domain.errors import Invalid, NotAllowed, Unmet
from consult.domain.notices import told_of
from consult.domain.people import Approval, SitePolicy
from consult.domain.workflow import Verb, open_to
from consult.queries import worklist
from consult.store import cases
from consult.store.cases import Filters
from consult.store.unit import Store
from consult.store.world import world_of
from tests.makers.cases import NOW, a_study, begun, by, stored
from tests.makers.people import ACTORS, policy, settle

HEAD, DOCTOR = "anlong.head", "anlong.doctor"


@pytest.fixture
def house(store: Store) -> Store:
    """A region in which the asking house wants its head's word, but not for an emergency."""
    settle(store)
    a_study(store)
    policy(store, "ANLONG", SitePolicy(approval=Approval.EMERGENCY_EXEMPT))
    return store


def waiting_for(store: Store, who: str) -> list[str]:
    """The cases of somebody's own list."""
    return [line.case.id for line in worklist.page(store, ACTORS[who], Filters(queue="mine"), None, 40, NOW).lines]


def offered(store: Store, case_id: str, who: str) -> set[Verb]:
    """The moves on somebody's screen."""
    case = stored(store, case_id)
    with store.read() as connection:
        world = world_of(connection, case, NOW)
    return {shown.row.verb for shown in open_to(case, ACTORS[who], world, NOW)}


def test_what_waits_for_the_head_is_in_the_heads_list_until_the_word_is_given(house: Store) -> None:
    case_id = begun(house)
    assert waiting_for(house, HEAD) == []
    by(house, case_id, DOCTOR, Verb.ASK_APPROVAL)
    assert waiting_for(house, HEAD) == [case_id]
    assert by(house, case_id, HEAD, Verb.SUBMIT).state is State.SUBMITTED
    assert waiting_for(house, HEAD) == []


def test_what_is_sent_back_is_the_doctors_again_with_the_reason_and_can_be_sent_anew(house: Store) -> None:
    case_id = begun(house)
    by(house, case_id, DOCTOR, Verb.ASK_APPROVAL)
    with pytest.raises(Invalid):
        by(house, case_id, HEAD, Verb.DECLINE_APPROVAL, reason=" ")
    back = by(house, case_id, HEAD, Verb.DECLINE_APPROVAL, reason="请先做增强")
    assert (back.state, back.approval_asked_at, back.last_reason) == (State.DRAFT, None, "请先做增强")
    assert waiting_for(house, HEAD) == []
    assert by(house, case_id, DOCTOR, Verb.ASK_APPROVAL).approval_asked_at == NOW


def test_only_the_houses_own_head_gives_the_word(house: Store) -> None:
    case_id = begun(house)
    by(house, case_id, DOCTOR, Verb.ASK_APPROVAL)
    for who in (DOCTOR, "xingyi.coordinator"):
        with pytest.raises(NotAllowed):
            by(house, case_id, who, Verb.DECLINE_APPROVAL, reason="不同意")
    with pytest.raises(Unmet):
        by(house, case_id, DOCTOR, Verb.SUBMIT)


def test_the_buttons_are_there_when_they_mean_something(house: Store) -> None:
    case_id = begun(house)
    assert Verb.ASK_APPROVAL in offered(house, case_id, DOCTOR)
    assert Verb.DECLINE_APPROVAL not in offered(house, case_id, HEAD)
    by(house, case_id, DOCTOR, Verb.ASK_APPROVAL)
    assert Verb.ASK_APPROVAL not in offered(house, case_id, DOCTOR)
    assert Verb.DECLINE_APPROVAL in offered(house, case_id, HEAD)
    policy(house, "ANLONG", SitePolicy())
    assert Verb.ASK_APPROVAL not in offered(house, begun(house, question="另问"), DOCTOR)


@pytest.mark.parametrize(
    ("rule", "priority", "goes"),
    [
        (Approval.NONE, Priority.ROUTINE, True),
        (Approval.EMERGENCY_EXEMPT, Priority.URGENT, False),
        (Approval.EMERGENCY_EXEMPT, Priority.EMERGENCY, True),
        (Approval.ALL, Priority.EMERGENCY, False),
    ],
)
def test_the_house_decides_which_requests_leave_without_a_word(
    house: Store, rule: Approval, priority: Priority, goes: bool
) -> None:
    policy(house, "ANLONG", SitePolicy(approval=rule))
    case_id = begun(house, priority=priority)
    verb = Verb.EMERGENCY_SUBMIT if priority is Priority.EMERGENCY else Verb.SUBMIT
    if goes:
        by(house, case_id, DOCTOR, verb)
        return
    with pytest.raises(Unmet):
        by(house, case_id, DOCTOR, verb)
    assert by(house, case_id, HEAD, verb).state in (State.SUBMITTED, State.QUEUED)


def test_head_and_doctor_are_told(house: Store) -> None:
    draft = stored(house, begun(house))
    asked = by(house, draft.id, DOCTOR, Verb.ASK_APPROVAL)
    with house.read() as connection:
        assert cases.find(connection, draft.id, ACTORS[HEAD]) == asked
    assert [str(whom) for each in told_of(draft, asked, "ask_approval") for whom in each.to] == ["heads_asking"]
    back = by(house, draft.id, HEAD, Verb.DECLINE_APPROVAL, reason="不符合指征")
    assert [str(whom) for each in told_of(asked, back, "decline_approval") for whom in each.to] == ["requester"]
