"""Who may change whose accounts and settings, and what of a change goes on record."""

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import Any

from consult.domain.access import may_administer
from consult.domain.errors import Invalid, NotAllowed, NotFound, Words
from consult.domain.people import STAFF_ROLES, Actor, Licence, Role, SitePolicy, Skill

PLATFORM_ROLES = frozenset({Role.PLATFORM_ADMIN, Role.AUDITOR, Role.QA})
"""Roles that look at more than one house: only the platform gives or takes them."""

APART: tuple[frozenset[Role], ...] = (
    frozenset({Role.PLATFORM_ADMIN, Role.AUDITOR}),
    frozenset({Role.SITE_ADMIN, Role.AUDITOR}),
)
"""Never in one account: whoever administers is not the one who audits it (GB/T 22239, separate administrators)."""

NOT_THE_PLATFORM = Words("只有平台管理员可以修改机构与协议。", "Only the platform changes institutions and agreements.")
NOT_YOUR_ROLE = Words(
    "平台管理员、审计、质控角色只能由平台管理员授予或收回。",
    "Only the platform gives or takes the roles of platform, audit and quality.",
)
KEPT_APART = Words("管理员与审计人员不能是同一账号。", "One account cannot both administer and audit.")
NAME_MISSING = Words("请填写姓名。", "Give the person's name.")
NAME_TAKEN = Words("这个用户名已有人使用。", "That user name is in use.")
LICENCE_MISSING = Words("有签发权者须登记执业证及有效期。", "Who may sign needs a licence with its last day on record.")
NO_ROLE = Words("请选择至少一个岗位角色。", "Choose at least one role of the staff.")


def check_platform(actor: Actor) -> None:
    """Raises NotAllowed for whoever is not the platform's administrator."""
    if Role.PLATFORM_ADMIN not in actor.roles:
        raise NotAllowed(NOT_THE_PLATFORM)


def check_house(actor: Actor, code: str) -> None:
    """Raises NotFound for whoever does not look after this institution: its people are nobody else's business."""
    if not may_administer(actor, code):
        raise NotFound


def check_staff(roles: frozenset[Role]) -> None:
    """Raises Invalid for roles that no account can have, or not together."""
    if not roles or not roles <= STAFF_ROLES:
        raise Invalid.at("roles", NO_ROLE)
    if any(pair <= roles for pair in APART):
        raise Invalid.at("roles", KEPT_APART)


def check_text(name: str, licence: Licence | None, sign_right: bool) -> None:
    """Raises Invalid for an account without a name, or that may sign without a licence."""
    if not name.strip():
        raise Invalid.at("name", NAME_MISSING)
    if sign_right and licence is None:
        raise Invalid.at("licence", LICENCE_MISSING)


def check_roles(actor: Actor, before: frozenset[Role], after: frozenset[Role]) -> None:
    """Raises Invalid for roles that no account can have, NotAllowed for those that are not the actor's to give."""
    check_staff(after)
    if (before ^ after) & PLATFORM_ROLES and Role.PLATFORM_ADMIN not in actor.roles:
        raise NotAllowed(NOT_YOUR_ROLE)


def changed(before: Any, after: Any) -> Mapping[str, list[str]]:
    """What differs between two values of one dataclass, as the log keeps it: field → [old, new]."""
    pairs = {field.name: (getattr(before, field.name), getattr(after, field.name)) for field in fields(after)}
    return {name: [_plain(old), _plain(new)] for name, (old, new) in pairs.items() if old != new}


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, SitePolicy):
        said = ((field.name, getattr(value, field.name)) for field in fields(value))
        set_ones = ((name, each) for name, each in said if each != getattr(SitePolicy(), name))
        return " ".join(name if each is True else f"{name}:{_plain(each)}" for name, each in set_ones)
    if isinstance(value, Skill):
        return ":".join(part for part in (value.modality, value.body_part, value.subspecialty) if part)
    if isinstance(value, frozenset | tuple | list) and not isinstance(value, Words):
        return " ".join(sorted(map(_plain, value)))
    return str(value.zh if isinstance(value, Words) else value)
