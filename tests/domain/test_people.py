"""People are values: what their skills, licences and roles promise."""

from datetime import date

import pytest

from consult.domain.people import (
    ANY,
    ROLE_NAMES,
    STAFF_ROLES,
    SYSTEM,
    Licence,
    Person,
    Role,
    Skill,
    actor_for,
)


@pytest.mark.parametrize(
    ("skill", "need", "covers"),
    [
        (Skill("CT", "HEAD"), ("CT", "HEAD"), True),
        (Skill("CT", "HEAD"), ("CT", "CHEST"), False),
        (Skill("CT", "HEAD"), ("MR", "HEAD"), False),
        (Skill("MR", ANY), ("MR", "KNEE"), True),
        (Skill("CT", "HEAD"), ("CT", ""), True),
        (Skill("CT", "HEAD"), ("MR", ""), False),
        (Skill("CT", "HEAD"), ("", ""), True),
        (Skill("CT", "HEAD"), ("CT", "HEAD", "neuro"), False),
        (Skill("CT", "HEAD", "neuro"), ("CT", "HEAD", "neuro"), True),
        (Skill("CT", "HEAD", "neuro"), ("CT", "HEAD"), True),
    ],
)
def test_a_skill_covers_its_modality_and_part_and_no_other(skill: Skill, need: tuple[str, ...], covers: bool) -> None:
    assert skill.covers(*need) is covers


def test_a_licence_holds_through_its_last_day() -> None:
    licence = Licence("110520100001234", date(2026, 11, 24))
    assert licence.valid_on(date(2026, 11, 24))
    assert not licence.valid_on(date(2026, 11, 25))


def test_every_role_has_a_name_in_both_languages() -> None:
    assert set(ROLE_NAMES) == set(Role)
    assert all(words.zh and words.en for words in ROLE_NAMES.values())


def test_no_account_can_be_the_system_or_a_patient() -> None:
    assert Role.SYSTEM not in STAFF_ROLES
    assert Role.PATIENT not in STAFF_ROLES


def test_an_actor_carries_the_persons_roles_and_house() -> None:
    reader = Person("p1", "guiyang.ct", "陈医师", "GUIYANG", frozenset({Role.SPECIALIST}), sign_right=True)
    actor = actor_for(reader)
    assert (actor.person_id, actor.institution_code, actor.sign_right) == ("p1", "GUIYANG", True)
    assert actor.has_any([Role.SPECIALIST, Role.REVIEWER])
    assert not actor.has_any([Role.REVIEWER])
    assert not actor.is_system


def test_the_system_is_no_person() -> None:
    assert SYSTEM.is_system
    assert SYSTEM.person_id is None
