"""Who is who: institutions, the people who work in them, and the actor behind each deed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from consult.domain.errors import Words

ANY = "*"
"""In a skill: every body part of the modality."""


class Role(StrEnum):
    """What someone may be in the workflow; one person may hold several."""

    REQUESTER = "requester"
    APPROVER = "approver"
    COORDINATOR = "coordinator"
    SPECIALIST = "specialist"
    REVIEWER = "reviewer"
    SITE_ADMIN = "site_admin"
    PLATFORM_ADMIN = "platform_admin"
    QA = "qa"
    AUDITOR = "auditor"
    PATIENT = "patient"
    SYSTEM = "system"


ROLE_NAMES: dict[Role, Words] = {
    Role.REQUESTER: Words("申请医师", "requesting physician"),
    Role.APPROVER: Words("审批人", "approver"),
    Role.COORDINATOR: Words("会诊中心调度", "coordinator"),
    Role.SPECIALIST: Words("会诊专家", "specialist"),
    Role.REVIEWER: Words("审核医师", "reviewer"),
    Role.SITE_ADMIN: Words("机构管理员", "site administrator"),
    Role.PLATFORM_ADMIN: Words("平台管理员", "platform administrator"),
    Role.QA: Words("质控人员", "quality assurance"),
    Role.AUDITOR: Words("审计人员", "auditor"),
    Role.PATIENT: Words("患者", "patient"),
    Role.SYSTEM: Words("系统", "system"),
}

STAFF_ROLES: frozenset[Role] = frozenset(Role) - {Role.PATIENT, Role.SYSTEM}
"""The roles an account can be given; a patient comes by a link, the system by no account at all."""


class InstitutionKind(StrEnum):
    """What an institution is in the network."""

    HOSPITAL = "hospital"
    COUNTY_COMMUNITY = "county_community"
    ALLIANCE = "alliance"
    REGIONAL_CENTRE = "regional_centre"
    EXPERT_CENTRE = "expert_centre"


class Language(StrEnum):
    """A language the product speaks, as BCP 47 says it."""

    ZH = "zh-CN"
    EN = "en"


class Approval(StrEnum):
    """Which requests of a house a head of department must agree to before they leave it."""

    NONE = "none"
    EMERGENCY_EXEMPT = "emergency_exempt"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class SitePolicy:
    """What an institution decided for its own cases.

    As the performing side: ``two_person`` asks a second signature of a reviewer on every report,
    ``auto_triage`` lets a complete case go to the router without a coordinator.
    As the requesting side: ``approval`` asks a department head before a request leaves the house,
    ``thin_required`` holds a case that has thick slices only.
    """

    two_person: bool = False
    approval: Approval = Approval.NONE
    auto_triage: bool = False
    thin_required: bool = False


@dataclass(frozen=True, slots=True)
class Institution:
    """A hospital or centre; ``code`` is its identity everywhere, ``ae_titles`` are how its machines call us.

    ``centre`` is the code of the regional centre whose coordinators look after its cases.
    """

    code: str
    name: Words
    kind: InstitutionKind
    ae_titles: frozenset[str] = frozenset()
    policy: SitePolicy = SitePolicy()
    centre: str | None = None


@dataclass(frozen=True, slots=True)
class Skill:
    """What someone reads: a modality (``CT``), a body part (``HEAD`` or ``ANY``), perhaps a subspecialty."""

    modality: str
    body_part: str
    subspecialty: str | None = None

    def covers(self, modality: str, body_part: str, subspecialty: str | None = None) -> bool:
        """Whether a study of this kind may be given to the holder.

        What the need leaves empty is not known yet, or not asked for, and rules nobody out.
        """
        return (
            modality in ("", self.modality)
            and (self.body_part == ANY or body_part in ("", self.body_part))
            and (subspecialty is None or self.subspecialty == subspecialty)
        )


@dataclass(frozen=True, slots=True)
class Licence:
    """A practising licence (执业证): its number and the last day on which it holds."""

    number: str
    expires: date

    def valid_on(self, day: date) -> bool:
        """Whether it still holds on that day; the day of expiry counts."""
        return day <= self.expires


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account.

    ``load_limit_units`` is the most open work (in work units) to be given at a time; ``language`` is None until the
    person chose one.
    """

    id: str
    username: str
    name: str
    institution_code: str
    roles: frozenset[Role]
    skills: tuple[Skill, ...] = ()
    licence: Licence | None = None
    sign_right: bool = False
    language: Language | None = None
    load_limit_units: float = 20.0
    active: bool = True


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something now, and in which capacity; ``person_id`` and ``institution_code`` are None for the system."""

    person_id: str | None
    name: str
    roles: frozenset[Role]
    institution_code: str | None
    sign_right: bool = False
    skills: tuple[Skill, ...] = ()

    @property
    def is_system(self) -> bool:
        """Whether no person stands behind this deed."""
        return Role.SYSTEM in self.roles

    def has_any(self, roles: Iterable[Role]) -> bool:
        """Whether the actor holds at least one of these roles."""
        return not self.roles.isdisjoint(roles)


SYSTEM = Actor(None, "系统", frozenset({Role.SYSTEM}), None)
"""The product itself: timers, rules and receipts act as it."""

COMMAND_LINE = Actor(None, "命令行", frozenset({Role.SYSTEM}), None)
"""Whoever has this machine's own command line."""


def actor_for(person: Person) -> Actor:
    """The actor a signed-in person is."""
    return Actor(
        person_id=person.id,
        name=person.name,
        roles=person.roles,
        institution_code=person.institution_code,
        sign_right=person.sign_right,
        skills=person.skills,
    )
