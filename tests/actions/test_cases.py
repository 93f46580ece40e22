"""A request is begun by who may, for whom it may, on images that are theirs."""

from datetime import timedelta

import pytest

from consult.actions import cases as requests
from consult.actions.once import Once
from consult.domain.cases import Priority, State, rebuild
from consult.domain.errors import Invalid, NotAllowed, Unmet
from consult.domain.people import SYSTEM, Approval, SitePolicy
from consult.domain.workflow import Verb
from consult.store import cases
from consult.store.unit import Store
from tests.makers.cases import NOW, STUDY, a_request, a_study, begun, by, stored
from tests.makers.people import ACTORS, policy, settle

NO_KEY = Once(None, "")


@pytest.fixture
def house(store: Store) -> Store:
    """A network with people and one study."""
    settle(store)
    a_study(store)
    return store


def test_a_new_request_is_a_draft_of_the_requesters_own_site(house: Store) -> None:
    case = stored(house, begun(house))
    assert (case.state, case.version, case.number) == (State.DRAFT, 1, "HZ20261124-0001")
    assert (case.requesting_site, case.performing_site, case.centre) == ("ANLONG", "GUIYANG", "XINGYI")
    assert (case.requester.id, case.requester.name) == ("anlong.doctor", "王建国")
    assert case.study_uids == (STUDY,)


def test_its_first_fact_carries_all_of_it(house: Store) -> None:
    case_id = begun(house)
    with house.read() as connection:
        (told,) = cases.facts_of(connection, case_id)
    assert told.kind == "create"
    assert rebuild([told]) == stored(house, case_id)


@pytest.mark.parametrize("who", ["xingyi.coordinator", "guiyang.ct", "anlong.admin", "qa", "auditor", "admin"])
def test_only_a_requester_begins_a_request(house: Store, who: str) -> None:
    with pytest.raises(NotAllowed):
        requests.create(house, a_request(), ACTORS[who], NO_KEY, NOW)


@pytest.mark.parametrize("site", ["DUSHAN", "XINGYI", "ANLONG", "NOWHERE"])
def test_a_request_goes_only_where_an_agreement_leads(house: Store, site: str) -> None:
    with pytest.raises(Invalid) as refused:
        requests.create(house, a_request(performing_site=site), ACTORS["anlong.doctor"], NO_KEY, NOW)
    assert [error.field for error in refused.value.fields] == ["performing_site"]


def test_a_study_of_another_site_cannot_be_asked_about(house: Store) -> None:
    """Writing a UID into a request must never open someone else's images."""
    with pytest.raises(Invalid) as refused:
        requests.create(house, a_request(), ACTORS["dushan.doctor"], NO_KEY, NOW)
    assert [error.field for error in refused.value.fields] == ["study_uids"]


def test_numbers_begin_anew_each_day_of_shanghai(house: Store) -> None:
    midnight = NOW.replace(hour=16, minute=0)
    numbers = [
        stored(house, begun(house, moment)).number for moment in (NOW, midnight - timedelta(seconds=1), midnight)
    ]
    assert numbers == ["HZ20261124-0001", "HZ20261124-0002", "HZ20261125-0001"]


def test_the_same_question_on_the_same_images_is_not_asked_twice(house: Store) -> None:
    first = begun(house)
    by(house, first, "anlong.doctor", Verb.SUBMIT)
    second = begun(house)
    with pytest.raises(Unmet) as refused:
        by(house, second, "anlong.doctor", Verb.SUBMIT)
    assert stored(house, first).number in refused.value.sentence.zh
    by(house, first, "anlong.doctor", Verb.WITHDRAW)
    assert by(house, second, "anlong.doctor", Verb.SUBMIT).state is State.SUBMITTED


def test_another_question_on_the_same_images_may_be_asked(house: Store) -> None:
    by(house, begun(house), "anlong.doctor", Verb.SUBMIT)
    other = begun(house, question="是否骨折？")
    assert by(house, other, "anlong.doctor", Verb.SUBMIT).state is State.SUBMITTED


def test_where_the_house_asks_for_it_the_head_submits_and_an_emergency_need_not_wait(house: Store) -> None:
    policy(house, "ANLONG", SitePolicy(approval=Approval.EMERGENCY_EXEMPT))
    case_id = begun(house)
    with pytest.raises(Unmet):
        by(house, case_id, "anlong.doctor", Verb.SUBMIT)
    assert by(house, case_id, "anlong.head", Verb.SUBMIT).state is State.SUBMITTED
    urgent = begun(house, priority=Priority.EMERGENCY, question="急")
    assert by(house, urgent, "anlong.doctor", Verb.SUBMIT).state is State.SUBMITTED


def test_an_emergency_goes_straight_to_the_pool_with_images_to_follow(house: Store) -> None:
    case_id = begun(house, priority=Priority.EMERGENCY, study_uids=(), images_follow=True, consent=None)
    case = by(house, case_id, "anlong.doctor", Verb.EMERGENCY_SUBMIT)
    assert case.state is State.QUEUED
    assert case.images_follow
    with house.read() as connection:
        assert cases.find(connection, case_id, SYSTEM) == case
