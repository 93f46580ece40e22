"""The network of the demonstration, made small: four institutions, their agreements, and people with passwords."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from consult.actions import people as people_actions
from consult.actions.passwords import Passwords
from consult.actions.people import NewAccount
from consult.domain.agreements import Agreement
from consult.domain.errors import Words
from consult.domain.people import (
    ANY,
    Institution,
    InstitutionKind,
    Licence,
    Person,
    Role,
    SitePolicy,
    Skill,
)
from consult.domain.rota import Shift
from consult.store import people
from consult.store.schema import metadata
from consult.store.unit import Store

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
PASSWORD = "安龙-Right-7y2k"
PIN = "246810-pin"
LICENCE = Licence("110520100001234", date(2030, 6, 30))

XINGYI = Institution(
    "XINGYI",
    Words("黔西南州区域影像诊断中心", "Qianxinan Regional Imaging Centre"),
    InstitutionKind.REGIONAL_CENTRE,
    frozenset({"XINGYI"}),
    SitePolicy(auto_triage=True),
)
GUIYANG = Institution(
    "GUIYANG",
    Words("贵阳专家中心", "Guiyang Expert Centre"),
    InstitutionKind.EXPERT_CENTRE,
    frozenset({"GUIYANG"}),
    SitePolicy(two_person=True),
    centre="XINGYI",
)
ANLONG = Institution(
    "ANLONG",
    Words("安龙县人民医院", "Anlong County People's Hospital"),
    InstitutionKind.HOSPITAL,
    frozenset({"ANLONG", "ANLONG_CT2"}),
    centre="XINGYI",
)
DUSHAN = replace(
    ANLONG,
    code="DUSHAN",
    name=Words("独山县人民医院", "Dushan County People's Hospital"),
    ae_titles=frozenset({"DUSHAN"}),
)

ACCOUNTS: tuple[NewAccount, ...] = tuple(
    NewAccount(username, name, site, frozenset(roles), PASSWORD, PIN, skills, LICENCE if sign else None, sign)
    for username, name, site, roles, skills, sign in (
        ("anlong.doctor", "王建国", "ANLONG", {Role.REQUESTER}, (), False),
        ("dushan.doctor", "韦丽", "DUSHAN", {Role.REQUESTER}, (), False),
        ("anlong.admin", "罗敏", "ANLONG", {Role.SITE_ADMIN}, (), False),
        ("xingyi.coordinator", "岑芳", "XINGYI", {Role.COORDINATOR}, (), False),
        ("guiyang.ct", "陈医师", "GUIYANG", {Role.SPECIALIST}, (Skill("CT", "CHEST"), Skill("CT", "HEAD")), True),
        ("guiyang.mr", "杨医师", "GUIYANG", {Role.SPECIALIST}, (Skill("MR", ANY),), True),
        ("guiyang.resident", "吴医师", "GUIYANG", {Role.SPECIALIST}, (Skill("CT", "HEAD", "neuro"),), False),
        ("guiyang.reviewer", "张主任", "GUIYANG", {Role.REVIEWER, Role.SPECIALIST}, (Skill("CT", ANY),), True),
        ("admin", "平台管理员", "XINGYI", {Role.PLATFORM_ADMIN}, (), False),
        ("auditor", "审计员", "XINGYI", {Role.AUDITOR}, (), False),
    )
)


def fresh_store(folder: Path) -> Store:
    """An empty database with all tables."""
    store = Store(f"sqlite:///{folder}/consult.db")
    metadata.create_all(store.engine)
    return store


def open_institutions(store: Store) -> None:
    """The four institutions and the counties' agreements with both centres, not with each other."""
    services = frozenset({"telediagnosis", "teleconsultation"})
    with store.write() as unit:
        for each in (XINGYI, GUIYANG, ANLONG, DUSHAN):
            people.keep_institution(unit, each)
        for county in ("ANLONG", "DUSHAN"):
            for centre in ("XINGYI", "GUIYANG"):
                people.add_agreement(unit, Agreement(county, centre, services, date(2026, 1, 1)))


def open_accounts(store: Store, passwords: Passwords, *usernames: str) -> dict[str, Person]:
    """These accounts (all where none is named), by user name, with a shift for each."""
    opened = {
        asked.username: people_actions.add_person(store, passwords, asked, NOW)
        for asked in ACCOUNTS
        if not usernames or asked.username in usernames
    }
    day = timedelta(hours=12)
    people_actions.add_shifts(store, [Shift(person.id, NOW - day, NOW + day) for person in opened.values()])
    return opened
