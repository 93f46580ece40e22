"""Whom to call at a house when a finding is critical: names and numbers, in order, kept by its administrator."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from consult.domain.errors import Invalid, Words

MOST = 20
PHONE = re.compile(r"^\+?[0-9][0-9 \-]{4,30}$")


@dataclass(frozen=True, slots=True)
class PhoneContact:
    """Someone to call; ``duty`` says when or as what, such as 急诊值班 or 医务科."""

    name: str
    duty: str
    phone: str


def check(listed: Sequence[PhoneContact]) -> None:
    """Raises Invalid for one without a name or with a number that cannot be dialled, and for more than anyone calls."""
    if len(listed) > MOST:
        raise Invalid.at("contacts", Words(f"最多 {MOST} 位联系人。", f"{MOST} contacts at most."))
    for place, each in enumerate(listed):
        if not each.name.strip():
            raise Invalid.at(f"contacts.{place}.name", Words("请填写联系人。", "Give the contact's name."))
        if not PHONE.match(each.phone.strip()):
            raise Invalid.at(f"contacts.{place}.phone", Words("请填写可拨打的电话。", "Give a number to dial."))
