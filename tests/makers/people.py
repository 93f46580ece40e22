"""The people of the demonstration as values and actors, and a fresh database with them in it, without slow hashing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from consult.domain.agreements import Agreement
from consult.domain.people import ANY, SYSTEM, Actor, Institution, Licence, Person, Role, SitePolicy, Skill, actor_for
from consult.domain.rota import Shift
from consult.store import people, rota
from consult.store.unit import Store
from tests.makers_people import ANLONG, DUSHAN, GUIYANG, XINGYI

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Shanghai
LICENCE = Licence("110520100001234", date(2030, 6, 30))
CT, MR = (Skill("CT", ANY),), (Skill("MR", ANY),)


def _person(
    id: str, name: str, site: str, *roles: Role, skills: tuple[Skill, ...] = (), sign_right: bool = False
) -> Person:
    licence = LICENCE if skills else None
    return Person(id, id, name, site, frozenset(roles), skills, licence, sign_right)


PEOPLE: dict[str, Person] = {
    person.id: person
    for person in (
        _person("anlong.doctor", "王建国", "ANLONG", Role.REQUESTER),
        _person("anlong.other", "何静", "ANLONG", Role.REQUESTER),
        _person("anlong.head", "龙主任", "ANLONG", Role.APPROVER),
        _person("anlong.admin", "罗敏", "ANLONG", Role.SITE_ADMIN),
        _person("dushan.doctor", "韦丽", "DUSHAN", Role.REQUESTER),
        _person("xingyi.coordinator", "岑芳", "XINGYI", Role.COORDINATOR),
        _person("xingyi.second", "黄强", "XINGYI", Role.COORDINATOR),
        _person("guiyang.ct", "陈医师", "GUIYANG", Role.SPECIALIST, skills=CT, sign_right=True),
        _person("guiyang.ct2", "赵医师", "GUIYANG", Role.SPECIALIST, skills=CT, sign_right=True),
        _person("guiyang.mr", "杨医师", "GUIYANG", Role.SPECIALIST, skills=MR, sign_right=True),
        _person("guiyang.resident", "吴医师", "GUIYANG", Role.SPECIALIST, skills=CT),
        _person("guiyang.reviewer", "张主任", "GUIYANG", Role.REVIEWER, Role.SPECIALIST, skills=CT, sign_right=True),
        _person("guiyang.reviewer2", "李主任", "GUIYANG", Role.REVIEWER),
        _person("qa", "质控员", "XINGYI", Role.QA),
        _person("auditor", "审计员", "XINGYI", Role.AUDITOR),
        _person("admin", "平台管理员", "XINGYI", Role.PLATFORM_ADMIN),
    )
}
ACTORS: dict[str, Actor] = {id: actor_for(person) for id, person in PEOPLE.items()} | {"system": SYSTEM}


PLAIN = SitePolicy()


def settle(store: Store, performing: SitePolicy = PLAIN, requesting: SitePolicy = PLAIN) -> None:
    """Put institutions, agreements, people and a long shift for each reader into a fresh database."""
    with store.write() as unit:
        for each in (XINGYI, replace(GUIYANG, policy=performing), replace(ANLONG, policy=requesting), DUSHAN):
            people.keep_institution(unit, each)
        services = frozenset({"telediagnosis", "teleconsultation", "mdt"})
        for county in ("ANLONG", "DUSHAN"):
            people.add_agreement(unit, Agreement(county, "GUIYANG", services, date(2026, 1, 1)))
        for person in PEOPLE.values():
            people.add_person(unit, person, NOW)
        readers = [person.id for person in PEOPLE.values() if Role.SPECIALIST in person.roles]
        shift = timedelta(days=60)
        rota.add_shifts(unit, [Shift(id, NOW - shift, NOW + shift) for id in readers])


def policy(store: Store, code: str, changed: SitePolicy) -> Institution:
    """Give an institution another policy."""
    with store.write() as unit:
        kept = replace(people.institution(unit.connection, code), policy=changed)
        people.keep_institution(unit, kept)
    return kept


def reader(id: str) -> dict[str, str]:
    """A specialist as a move names an assignee."""
    return {"id": id, "name": PEOPLE[id].name}
