"""Who sees what, promised without looking at the table."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.domain.access import ACCESS, HOLDS, CaseFacts, Scope, What, may, may_administer, scope_of
from consult.domain.people import SYSTEM, Actor, Role, Skill

ANLONG, DUSHAN, XINGYI, GUIYANG = "ANLONG", "DUSHAN", "XINGYI", "GUIYANG"
CASE = CaseFacts(requesting_site=ANLONG, performing_site=GUIYANG, centre=XINGYI, modality="CT", body_part="HEAD")


def someone(*roles: Role, at: str = ANLONG, person_id: str = "me", skills: Iterable[Skill] = ()) -> Actor:
    return Actor(person_id, "某医师", frozenset(roles), at, skills=tuple(skills))


READER = someone(Role.SPECIALIST, at=GUIYANG, skills=[Skill("CT", "HEAD")])


def test_a_doctor_sees_the_own_sites_case_whole() -> None:
    doctor = someone(Role.REQUESTER)
    assert all(may(doctor, what, CASE) for what in (What.LIST, What.CASE, What.IMAGES, What.REPORT))


@pytest.mark.parametrize("what", list(What))
def test_a_doctor_sees_nothing_of_another_county(what: What) -> None:
    assert not may(someone(Role.REQUESTER, at=DUSHAN), what, CASE)


def test_a_site_administrator_sees_the_list_and_no_image() -> None:
    admin = someone(Role.SITE_ADMIN)
    assert may(admin, What.LIST, CASE)
    assert not any(may(admin, what, CASE) for what in (What.CASE, What.IMAGES, What.REPORT))


@pytest.mark.parametrize("case", [CASE, replace(CASE, in_pool=True, in_review=True, sampled=True, assignee_id="x")])
def test_who_runs_the_platform_sees_no_image_and_no_report(case: CaseFacts) -> None:
    admin = someone(Role.PLATFORM_ADMIN, at=XINGYI)
    assert not may(admin, What.IMAGES, case)
    assert not may(admin, What.REPORT, case)


def test_a_coordinator_sees_the_cases_of_the_region_and_no_other() -> None:
    assert may(someone(Role.COORDINATOR, at=XINGYI), What.IMAGES, CASE)
    elsewhere = replace(CASE, requesting_site=DUSHAN, performing_site=GUIYANG, centre="OTHER")
    assert not may(someone(Role.COORDINATOR, at=XINGYI), What.LIST, elsewhere)


def test_a_case_without_a_centre_belongs_to_no_region() -> None:
    assert not may(someone(Role.COORDINATOR, at=XINGYI), What.LIST, replace(CASE, centre=None))


def test_a_specialist_sees_a_case_only_when_it_is_assigned_or_may_be_claimed() -> None:
    assert not may(READER, What.CASE, CASE)
    assert may(READER, What.IMAGES, replace(CASE, in_pool=True))
    assert may(READER, What.IMAGES, replace(CASE, assignee_id="me"))
    assert may(READER, What.REPORT, replace(CASE, author_ids=frozenset({"me"})))


@pytest.mark.parametrize(
    "case",
    [
        replace(CASE, in_pool=True, modality="MR"),
        replace(CASE, in_pool=True, body_part="KNEE"),
        replace(CASE, in_pool=True, performing_site=XINGYI),
        replace(CASE, assignee_id="someone else"),
    ],
)
def test_a_specialist_sees_no_case_of_another_skill_house_or_colleague(case: CaseFacts) -> None:
    assert not may(READER, What.LIST, case)


def test_a_case_whose_images_told_nothing_yet_can_be_claimed_by_the_readers_of_the_house() -> None:
    assert not may(someone(Role.SPECIALIST, at=GUIYANG), What.LIST, replace(CASE, in_pool=True, modality=""))
    assert may(READER, What.LIST, replace(CASE, in_pool=True, modality="", body_part=""))


def test_a_reviewer_sees_what_waits_for_review_in_the_house_and_what_was_reviewed() -> None:
    reviewer = someone(Role.REVIEWER, at=GUIYANG)
    assert not may(reviewer, What.IMAGES, CASE)
    assert may(reviewer, What.IMAGES, replace(CASE, in_review=True))
    assert may(reviewer, What.REPORT, replace(CASE, reviewer_ids=frozenset({"me"})))
    assert not may(someone(Role.REVIEWER, at=XINGYI), What.IMAGES, replace(CASE, in_review=True))


def test_quality_assurance_sees_the_sample_only() -> None:
    assert not may(someone(Role.QA, at=XINGYI), What.REPORT, CASE)
    assert may(someone(Role.QA, at=XINGYI), What.REPORT, replace(CASE, sampled=True))


def test_the_auditor_sees_the_log_and_nothing_else() -> None:
    auditor = someone(Role.AUDITOR, at=XINGYI)
    assert {what for what in What if scope_of(auditor, what)} == {What.LOG}


def test_nobody_else_reads_the_log() -> None:
    people = [someone(role) for role in Role if role not in (Role.AUDITOR, Role.SYSTEM)]
    assert not any(scope_of(person, What.LOG) for person in people)


def test_a_patient_has_no_seat_inside() -> None:
    assert not any(scope_of(someone(Role.PATIENT), what) for what in What)


def test_two_roles_see_what_either_sees() -> None:
    both = someone(Role.SPECIALIST, Role.REVIEWER, at=GUIYANG)
    assert scope_of(both, What.CASE) == {Scope.ASSIGNED, Scope.CLAIMABLE, Scope.IN_REVIEW, Scope.MEMBER}


def test_accounts_are_looked_after_by_the_house_or_the_platform() -> None:
    assert may_administer(someone(Role.SITE_ADMIN), ANLONG)
    assert not may_administer(someone(Role.SITE_ADMIN), DUSHAN)
    assert may_administer(someone(Role.PLATFORM_ADMIN, at=XINGYI), DUSHAN)
    assert not may_administer(someone(Role.REQUESTER), ANLONG)


def test_every_scope_has_its_meaning_and_every_row_says_something() -> None:
    assert set(HOLDS) == set(Scope)
    assert all(things and scopes for _, things, scopes in ACCESS)


def test_the_system_sees_all_it_works_on() -> None:
    assert all(may(SYSTEM, what, CASE) for what in What)


@given(what=st.sampled_from(What), scope=st.sampled_from([s for s in Scope if s not in (Scope.ALL, Scope.SAMPLE)]))
def test_an_actor_who_is_nobody_holds_no_scope(what: What, scope: Scope) -> None:
    nobody = Actor(None, "", frozenset(Role) - {Role.SYSTEM}, None)
    open_case = replace(CASE, centre=None, assignee_id=None, in_pool=True, in_review=True)
    assert not HOLDS[scope](nobody, open_case), what


def test_whoever_may_only_claim_a_case_looks_and_takes_nothing_away() -> None:
    assert may(READER, What.IMAGES, replace(CASE, in_pool=True))
    assert not may(READER, What.EXPORT, replace(CASE, in_pool=True))
    assert may(READER, What.EXPORT, replace(CASE, assignee_id="me"))
    assert may(someone(Role.REQUESTER), What.EXPORT, CASE)
    assert not may(someone(Role.QA, at=GUIYANG), What.EXPORT, replace(CASE, sampled=True))
