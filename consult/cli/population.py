"""The people and institutions of the demonstration; every name and number is invented."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from consult.actions import nodes, people
from consult.actions.parts import Parts
from consult.actions.people import NewAccount
from consult.domain.agreements import Agreement
from consult.domain.cases import ServiceType
from consult.domain.errors import Words
from consult.domain.nodes import Node
from consult.domain.people import ANY, Institution, InstitutionKind, Licence, Role, SitePolicy, Skill
from consult.domain.rota import Shift

INSTITUTIONS = (
    Institution(
        "XINGYI",
        Words("黔西南州区域影像诊断中心", "Qianxinan Regional Imaging Centre"),
        InstitutionKind.REGIONAL_CENTRE,
        frozenset({"XINGYI"}),
        SitePolicy(auto_triage=True),
    ),
    Institution(
        "GUIYANG",
        Words("贵阳专家中心", "Guiyang Expert Centre"),
        InstitutionKind.EXPERT_CENTRE,
        frozenset({"GUIYANG"}),
        SitePolicy(two_person=True),
        centre="XINGYI",
    ),
    Institution(
        "ANLONG",
        Words("安龙县人民医院", "Anlong County People's Hospital"),
        InstitutionKind.HOSPITAL,
        frozenset({"ANLONG"}),
        centre="XINGYI",
    ),
    Institution(
        "DUSHAN",
        Words("独山县人民医院", "Dushan County People's Hospital"),
        InstitutionKind.HOSPITAL,
        frozenset({"DUSHAN"}),
        centre="XINGYI",
    ),
)
COUNTIES, RECEIVERS = ("ANLONG", "DUSHAN"), ("XINGYI", "GUIYANG")
LOOPBACK = "127.0.0.1"
LICENCE_ENDS = date(2036, 12, 31)
LOAD_LIMIT_UNITS = 60.0
ON_CALL = timedelta(days=3650)

CT = (Skill("CT", "HEAD"), Skill("CT", "CHEST"), Skill("CT", "NECK"), Skill("CT", "ABDOMEN"))
MR = (Skill("MR", ANY),)
PLAIN = (Skill("DX", ANY), Skill("CR", ANY))


def _account(
    username: str,
    name: str,
    site: str,
    role: Role,
    skills: tuple[Skill, ...] = (),
    licence: str = "",
    sign_right: bool = False,
) -> NewAccount:
    return NewAccount(
        username=username,
        name=name,
        institution_code=site,
        roles=frozenset({role}),
        password="",
        pin="",
        skills=skills,
        licence=Licence(licence, LICENCE_ENDS) if licence else None,
        sign_right=sign_right,
        load_limit_units=LOAD_LIMIT_UNITS,
    )


ACCOUNTS = (
    _account("anlong.doctor", "韦春梅", "ANLONG", Role.REQUESTER, licence="110522300000101"),
    _account("dushan.doctor", "陆德昌", "DUSHAN", Role.REQUESTER, licence="110522700000102"),
    _account("anlong.admin", "岑国栋", "ANLONG", Role.SITE_ADMIN),
    _account("xingyi.coordinator", "罗晓岚", "XINGYI", Role.COORDINATOR),
    _account("guiyang.ct", "杨明远", "GUIYANG", Role.SPECIALIST, CT, "110520100000201", True),
    _account("guiyang.mr", "田雅琴", "GUIYANG", Role.SPECIALIST, MR, "110520100000202", True),
    _account("guiyang.resident", "吴小川", "GUIYANG", Role.SPECIALIST, PLAIN, "110520100000203"),
    _account("guiyang.reviewer", "龙志刚", "GUIYANG", Role.REVIEWER, licence="110520100000204", sign_right=True),
    _account("qa", "石静", "XINGYI", Role.QA),
    _account("auditor", "蒙兰", "XINGYI", Role.AUDITOR),
    _account("admin", "平台管理员", "XINGYI", Role.PLATFORM_ADMIN),
)


def populate(parts: Parts, password: str, now: datetime) -> None:
    """Add the institutions, agreements, people, rota and certificates of the demonstration to an empty database."""
    for institution in INSTITUTIONS:
        people.add_institution(parts.store, institution, now)
        for title in institution.ae_titles:
            nodes.keep(parts.store, Node(title, institution.code, LOOPBACK, may_query=True), now)
    services = frozenset(str(service) for service in ServiceType)
    since = now.date() - timedelta(days=365)
    for county in COUNTIES:
        for receiver in RECEIVERS:
            people.add_agreement(parts.store, Agreement(county, receiver, services, since), now)
    names = {institution.code: institution.name.zh for institution in INSTITUTIONS}
    for account in ACCOUNTS:
        told = replace(account, password=password, pin=password)
        person = people.add_person(parts.store, parts.passwords, told, now)
        if person.licence is not None:
            parts.sealer.enrol(parts.store, person, names[person.institution_code], password, now)
        if Role.SPECIALIST in person.roles or Role.REVIEWER in person.roles:
            people.add_shifts(parts.store, [Shift(person.id, now - timedelta(days=1), now + ON_CALL)])
