"""What is kept of institutions and people comes back as it was, and a change is never lost."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from consult.actions.passwords import Passwords
from consult.domain.agreements import Agreement
from consult.domain.errors import NotFound, Stale
from consult.domain.people import Language, Licence, Person, Role, SitePolicy, Skill
from consult.domain.rota import Shift
from consult.store import people, rota
from consult.store.unit import Store, Taken
from tests.makers_people import ANLONG, DUSHAN, GUIYANG, NOW, XINGYI, open_accounts, open_institutions

READER = Person(
    id="r1",
    username="guiyang.ct",
    name="陈医师",
    institution_code="GUIYANG",
    roles=frozenset({Role.SPECIALIST, Role.REVIEWER}),
    skills=(Skill("CT", "CHEST"), Skill("CT", "HEAD", "neuro")),
    licence=Licence("110520100001234", date(2030, 6, 30)),
    sign_right=True,
    language=Language.EN,
    load_limit_units=12.5,
)


@pytest.fixture(autouse=True)
def house(store: Store) -> None:
    open_institutions(store)


def add(store: Store, *added: Person) -> None:
    with store.write() as unit:
        for person in added:
            people.add_person(unit, person, NOW)


def test_an_institution_comes_back_as_it_was_kept(store: Store) -> None:
    with store.read() as connection:
        assert people.institution(connection, "ANLONG") == ANLONG
        assert people.all_institutions(connection) == [ANLONG, DUSHAN, GUIYANG, XINGYI]
        with pytest.raises(NotFound):
            people.institution(connection, "NOWHERE")


def test_a_changed_institution_replaces_the_old_one(store: Store) -> None:
    changed = replace(ANLONG, policy=SitePolicy(thin_required=True), ae_titles=frozenset({"ANLONG_MR"}))
    with store.write() as unit:
        people.keep_institution(unit, changed)
    with store.read() as connection:
        assert people.institution(connection, "ANLONG") == changed
        assert people.institution_of_ae(connection, "ANLONG") is None


def test_a_calling_title_names_one_institution(store: Store) -> None:
    with store.read() as connection:
        assert people.institution_of_ae(connection, "ANLONG_CT2") == ANLONG
        assert people.institution_of_ae(connection, "STRANGER") is None
    with pytest.raises(Taken), store.write() as unit:
        people.keep_institution(unit, replace(DUSHAN, ae_titles=frozenset({"ANLONG"})))


def test_agreements_are_those_of_the_asking_side(store: Store) -> None:
    ended = Agreement("ANLONG", "XINGYI", frozenset({"mdt"}), date(2024, 1, 1), date(2024, 12, 31))
    with store.write() as unit:
        people.add_agreement(unit, ended)
    with store.read() as connection:
        assert [a.performing_site for a in people.agreements_of(connection, "ANLONG")] == [
            "XINGYI",
            "GUIYANG",
            "XINGYI",
        ]
        assert ended in people.agreements_of(connection, "ANLONG")
        assert people.agreements_of(connection, "GUIYANG") == []
        assert len(people.all_agreements(connection)) == 5


def test_a_person_comes_back_as_they_were_kept(store: Store) -> None:
    plain = Person("p1", "qa", "质控", "XINGYI", frozenset({Role.QA}))
    add(store, READER, plain)
    with store.read() as connection:
        assert people.person(connection, "r1") == READER
        assert people.person(connection, "p1") == plain
        assert people.person_named(connection, "guiyang.ct") == READER
        assert people.person_named(connection, "nobody") is None
        with pytest.raises(NotFound):
            people.person(connection, "nobody")


def test_an_account_name_is_given_once(store: Store) -> None:
    add(store, READER)
    with pytest.raises(Taken):
        add(store, replace(READER, id="r2"))


def test_a_change_of_roles_and_skills_replaces_the_old_ones(store: Store) -> None:
    add(store, READER)
    changed = replace(READER, roles=frozenset({Role.QA}), skills=(Skill("MR", "*"),), licence=None, language=None)
    with store.write() as unit:
        people.change_person(unit, changed, people.version_of(unit.connection, "r1"))
    with store.read() as connection:
        assert people.person(connection, "r1") == changed
        assert people.version_of(connection, "r1") == 2


def test_of_two_changes_on_one_version_the_second_is_refused(store: Store) -> None:
    add(store, READER)
    with store.write() as unit:
        people.change_person(unit, replace(READER, name="甲"), 1)
    with pytest.raises(Stale), store.write() as unit:
        people.change_person(unit, replace(READER, name="乙"), 1)
    with store.read() as connection:
        assert people.person(connection, "r1").name == "甲"
        with pytest.raises(NotFound):
            people.version_of(connection, "nobody")


def test_a_chosen_language_is_kept(store: Store) -> None:
    add(store, READER)
    with store.write() as unit:
        people.speak(unit, "r1", Language.ZH)
    with store.read() as connection:
        assert people.person(connection, "r1") == replace(READER, language=Language.ZH)


def test_specialists_and_reviewers_are_the_active_ones_of_the_house(store: Store) -> None:
    open_accounts(store, Passwords(), "guiyang.ct", "guiyang.reviewer", "anlong.doctor")
    gone = Person("g1", "guiyang.gone", "离职", "GUIYANG", frozenset({Role.SPECIALIST}), active=False)
    add(store, gone)
    with store.read() as connection:
        assert [p.username for p in people.specialists_of(connection, "GUIYANG")] == [
            "guiyang.ct",
            "guiyang.reviewer",
        ]
        assert [p.username for p in people.reviewers_of(connection, "GUIYANG")] == ["guiyang.reviewer"]
        assert people.specialists_of(connection, "ANLONG") == []


def test_the_rota_shows_what_has_not_ended_in_the_house(store: Store) -> None:
    add(store, READER, Person("x1", "xingyi.ct", "岑医师", "XINGYI", frozenset({Role.SPECIALIST})))
    hour = timedelta(hours=1)
    now_on, later = Shift("r1", NOW - hour, NOW + hour), Shift("r1", NOW + hour, NOW + 2 * hour)
    with store.write() as unit:
        rota.add_shifts(unit, [later, Shift("r1", NOW - 2 * hour, NOW), now_on, Shift("x1", NOW, NOW + hour)])
    with store.read() as connection:
        assert rota.shifts_of(connection, "GUIYANG", NOW) == [now_on, later]


def test_a_shift_ends_after_it_begins(store: Store) -> None:
    add(store, READER)
    with pytest.raises(ValueError, match="shift"), store.write() as unit:
        rota.add_shifts(unit, [Shift("r1", NOW, NOW)])
