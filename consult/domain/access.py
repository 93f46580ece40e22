"""Who sees what: one table of role × thing × scope, read by the check at a case and by the filter of every list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from consult.domain.people import Actor, Role


class What(StrEnum):
    """A thing that can be seen."""

    LIST = "list"  # a line in a worklist: number, state, patient's name, clocks
    CASE = "case"  # the request and its story
    IMAGES = "images"  # studies, frames, thumbnails
    EXPORT = "export"  # images taken away: as files, as pictures, on paper
    REPORT = "report"  # every version's text and PDF
    LOG = "log"  # the audit log
    PEOPLE = "people"  # accounts, institutions, agreements
    TURNAROUND = "turnaround"  # figures of time, and the cases they are made of
    OPERATIONS = "operations"  # gateways, queues, quarantine by number, never by name
    QUARANTINE = "quarantine"  # objects that were refused, and why


class Scope(StrEnum):
    """Of which cases; the store has one SQL condition for each of these, ``HOLDS`` below is the same in Python."""

    OWN_SITE = "own_site"  # the actor's institution asked
    REGION = "region"  # the actor's institution is the asking side's centre, or itself asks or performs
    ASSIGNED = "assigned"  # offered to, taken by, or written by the actor
    CLAIMABLE = "claimable"  # waits in the pool of the actor's institution, for a skill the actor has
    IN_REVIEW = "in_review"  # waits for review in the actor's institution, or was reviewed by the actor
    MEMBER = "member"  # of a multidisciplinary consultation, and did not decline
    SAMPLE = "sample"  # drawn for quality assurance
    ALL = "all"


ACCESS: tuple[tuple[Role, tuple[What, ...], tuple[Scope, ...]], ...] = (
    (Role.REQUESTER, (What.LIST, What.CASE, What.IMAGES, What.REPORT, What.TURNAROUND), (Scope.OWN_SITE,)),
    (Role.APPROVER, (What.LIST, What.CASE, What.IMAGES, What.REPORT, What.TURNAROUND), (Scope.OWN_SITE,)),
    (Role.SITE_ADMIN, (What.LIST, What.PEOPLE, What.QUARANTINE), (Scope.OWN_SITE,)),
    (Role.SITE_ADMIN, (What.TURNAROUND,), (Scope.REGION,)),  # what the house asked for, and what it was asked
    (Role.COORDINATOR, (What.LIST, What.CASE, What.IMAGES, What.REPORT, What.TURNAROUND), (Scope.REGION,)),
    (Role.SPECIALIST, (What.LIST, What.CASE, What.IMAGES), (Scope.ASSIGNED, Scope.CLAIMABLE)),
    (Role.SPECIALIST, (What.REPORT, What.TURNAROUND), (Scope.ASSIGNED,)),
    (Role.REVIEWER, (What.LIST, What.CASE, What.IMAGES, What.REPORT, What.TURNAROUND), (Scope.IN_REVIEW,)),
    (Role.SPECIALIST, (What.LIST, What.CASE, What.IMAGES, What.REPORT), (Scope.MEMBER,)),
    (Role.REVIEWER, (What.LIST, What.CASE, What.IMAGES, What.REPORT), (Scope.MEMBER,)),
    (Role.QA, (What.LIST, What.CASE, What.IMAGES, What.REPORT), (Scope.SAMPLE,)),
    (Role.QA, (What.TURNAROUND,), (Scope.ALL,)),
    (Role.PLATFORM_ADMIN, (What.LIST, What.CASE, What.PEOPLE, What.TURNAROUND, What.OPERATIONS), (Scope.ALL,)),
    (Role.PLATFORM_ADMIN, (What.QUARANTINE,), (Scope.ALL,)),
    (Role.REQUESTER, (What.EXPORT,), (Scope.OWN_SITE,)),
    (Role.APPROVER, (What.EXPORT,), (Scope.OWN_SITE,)),
    (Role.COORDINATOR, (What.EXPORT,), (Scope.REGION,)),
    (Role.SPECIALIST, (What.EXPORT,), (Scope.ASSIGNED, Scope.MEMBER)),  # not while anyone may claim it
    (Role.REVIEWER, (What.EXPORT,), (Scope.IN_REVIEW, Scope.MEMBER)),
    (Role.AUDITOR, (What.LOG,), (Scope.ALL,)),
    (Role.SYSTEM, tuple(What), (Scope.ALL,)),
)
"""A role sees these things of these cases. What has no row is not seen; a patient comes by a link, not by a role."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the scopes ask of a case.

    ``centre`` is the regional centre of the requesting institution; ``in_pool`` says that anyone fit may claim it;
    ``modality`` and ``body_part`` are empty while no image told them; ``member_ids`` are invited to a submitted request
    and did not decline.
    """

    requesting_site: str
    performing_site: str
    centre: str | None = None
    in_pool: bool = False
    in_review: bool = False
    sampled: bool = False
    modality: str = ""
    body_part: str = ""
    assignee_id: str | None = None
    author_ids: frozenset[str] = frozenset()
    reviewer_ids: frozenset[str] = frozenset()
    member_ids: frozenset[str] = frozenset()


def _own_site(actor: Actor, case: CaseFacts) -> bool:
    return actor.institution_code == case.requesting_site


def _region(actor: Actor, case: CaseFacts) -> bool:
    parties = (case.centre, case.performing_site, case.requesting_site)
    return actor.institution_code is not None and actor.institution_code in parties


def _assigned(actor: Actor, case: CaseFacts) -> bool:
    return actor.person_id is not None and (actor.person_id == case.assignee_id or actor.person_id in case.author_ids)


def _claimable(actor: Actor, case: CaseFacts) -> bool:
    fits = any(skill.covers(case.modality, case.body_part) for skill in actor.skills)
    return case.in_pool and actor.institution_code == case.performing_site and fits


def _in_review(actor: Actor, case: CaseFacts) -> bool:
    waits_here = case.in_review and actor.institution_code == case.performing_site
    return waits_here or actor.person_id in case.reviewer_ids


def _member(actor: Actor, case: CaseFacts) -> bool:
    return actor.person_id in case.member_ids


def _sample(_: Actor, case: CaseFacts) -> bool:
    return case.sampled


def _all(_: Actor, __: CaseFacts) -> bool:
    return True


HOLDS: Mapping[Scope, Callable[[Actor, CaseFacts], bool]] = MappingProxyType(
    {
        Scope.OWN_SITE: _own_site,
        Scope.REGION: _region,
        Scope.ASSIGNED: _assigned,
        Scope.CLAIMABLE: _claimable,
        Scope.IN_REVIEW: _in_review,
        Scope.MEMBER: _member,
        Scope.SAMPLE: _sample,
        Scope.ALL: _all,
    }
)
"""What each scope means for one case. A scope but ALL never holds for an actor without person and institution."""


def scope_of(actor: Actor, what: What) -> frozenset[Scope]:
    """The scopes in which the actor sees this thing, over all roles; empty when nowhere.

    A case is seen when any of them holds, so a filter joins their conditions by OR.
    """
    return frozenset(
        scope for role, things, scopes in ACCESS if role in actor.roles and what in things for scope in scopes
    )


def may(actor: Actor, what: What, facts: CaseFacts) -> bool:
    """Whether the actor sees this thing of this case."""
    return any(HOLDS[scope](actor, facts) for scope in scope_of(actor, what))


def may_administer(actor: Actor, institution_code: str) -> bool:
    """Whether the actor looks after the accounts of this institution."""
    scopes = scope_of(actor, What.PEOPLE)
    return Scope.ALL in scopes or (Scope.OWN_SITE in scopes and actor.institution_code == institution_code)


def may_see_draft(actor: Actor, performing_site: str, sits_in: bool = False) -> bool:
    """Whether the actor is on the side that writes, or sits in the consultation: what is not signed is for no other."""
    return actor.is_system or sits_in or actor.institution_code == performing_site
