"""A multidisciplinary consultation: who sits in it, for which specialty, and what each does before the chair signs.

The chair has the case and signs it; a member writes an opinion of their own; an observer looks on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from consult.domain.cases import Case, Member, ServiceType
from consult.domain.errors import Words
from consult.domain.people import Actor
from consult.domain.workflow_needs import Need, World, fixed

LEAST_SPECIALTIES = 2
MOST_MEMBERS = 30


class Seat(StrEnum):
    """As what someone sits in a consultation."""

    CHAIR = "chair"
    MEMBER = "member"
    OBSERVER = "observer"


class Answer(StrEnum):
    """What someone said to the invitation."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"


SEATS: Mapping[Seat, Words] = {
    Seat.CHAIR: Words("主席", "chair"),
    Seat.MEMBER: Words("成员", "member"),
    Seat.OBSERVER: Words("列席", "observer"),
}
ANSWERS: Mapping[Answer, Words] = {
    Answer.INVITED: Words("待答复", "invited"),
    Answer.ACCEPTED: Words("已接受", "accepted"),
    Answer.DECLINED: Words("已谢绝", "declined"),
}
SPECIALTIES: Mapping[str, Words] = {
    "radiology": Words("影像科", "radiology"),
    "ultrasound": Words("超声科", "ultrasound"),
    "nuclear_medicine": Words("核医学科", "nuclear medicine"),
    "pathology": Words("病理科", "pathology"),
    "interventional": Words("介入科", "interventional radiology"),
    "neurosurgery": Words("神经外科", "neurosurgery"),
    "neurology": Words("神经内科", "neurology"),
    "thoracic_surgery": Words("胸外科", "thoracic surgery"),
    "respiratory": Words("呼吸内科", "respiratory medicine"),
    "cardiology": Words("心血管内科", "cardiology"),
    "cardiac_surgery": Words("心脏大血管外科", "cardiovascular surgery"),
    "general_surgery": Words("普通外科", "general surgery"),
    "hepatobiliary": Words("肝胆外科", "hepatobiliary surgery"),
    "gastroenterology": Words("消化内科", "gastroenterology"),
    "urology": Words("泌尿外科", "urology"),
    "orthopaedics": Words("骨科", "orthopaedics"),
    "gynaecology": Words("妇产科", "gynaecology and obstetrics"),
    "paediatrics": Words("儿科", "paediatrics"),
    "oncology": Words("肿瘤科", "oncology"),
    "radiotherapy": Words("放疗科", "radiotherapy"),
    "haematology": Words("血液科", "haematology"),
    "nephrology": Words("肾内科", "nephrology"),
    "endocrinology": Words("内分泌科", "endocrinology"),
    "infectious": Words("感染科", "infectious diseases"),
    "emergency": Words("急诊科", "emergency medicine"),
    "intensive_care": Words("重症医学科", "intensive care"),
    "anaesthesiology": Words("麻醉科", "anaesthesiology"),
}
"""The departments that a member can sit for."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """One saved state of one member's opinion; ``revision`` counts from 1, an empty ``dissent`` is agreement."""

    person_id: str
    revision: int
    text: str
    dissent: str
    saved_at: datetime


def is_mdt(case: Case) -> bool:
    """Whether several specialties answer this case together."""
    return case.service_type is ServiceType.MDT


def chair_of(case: Case) -> Member | None:
    """Who has the chair; None while nobody was named."""
    return next((member for member in case.members if member.role == Seat.CHAIR), None)


def sits_in(case: Case, actor: Actor) -> bool:
    """Whether the actor belongs to the consultation: named, and did not decline."""
    return any(member.id == actor.person_id and member.answer != Answer.DECLINED for member in case.members)


def is_invited(case: Case, actor: Actor) -> bool:
    """Whether the actor has still to answer an invitation."""
    return any(member.id == actor.person_id and member.answer == Answer.INVITED for member in case.members)


def may_write(case: Case, actor: Actor) -> bool:
    """Whether the actor gives an opinion of their own: a member who accepted, or the chair."""
    return any(
        member.id == actor.person_id and member.role != Seat.OBSERVER and member.answer == Answer.ACCEPTED
        for member in case.members
    )


def invite(case: Case, _actor: Actor, say: Mapping[str, Any], _now: datetime) -> Mapping[str, Any]:
    """The list of members as it is from now on; who was on it keeps their answer."""
    known = {member.id: member for member in case.members}
    named = (Member(**each) for each in say["members"])
    return {
        "members": tuple(
            replace(known[each.id], specialty=each.specialty, role=each.role) if each.id in known else each
            for each in named
        )
    }


def accepted(case: Case, actor: Actor, now: datetime) -> dict[str, Any]:
    """The actor comes; nothing where they are not invited."""
    return {"members": _answered(case, actor, Answer.ACCEPTED, now)} if is_invited(case, actor) else {}


def accept_invitation(case: Case, actor: Actor, _say: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """The actor comes."""
    return accepted(case, actor, now)


def decline_invitation(case: Case, actor: Actor, say: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """The actor does not come, or leaves."""
    return {"members": _answered(case, actor, Answer.DECLINED, now, str(say["reason"]).strip())}


def _answered(case: Case, actor: Actor, answer: Answer, now: datetime, reason: str = "") -> tuple[Member, ...]:
    return tuple(
        replace(member, answer=str(answer), answered_at=now, reason=reason) if member.id == actor.person_id else member
        for member in case.members
    )


def _specialties(members: Iterable[Member], answers: Iterable[Answer]) -> set[str]:
    """The specialties that have a voice; the chair's counts whatever they answered, for they have the case."""
    return {
        member.specialty
        for member in members
        if member.role == Seat.CHAIR or (member.role == Seat.MEMBER and member.answer in tuple(answers))
    }


def _gathered(case: Case, *answers: Answer) -> bool:
    return not is_mdt(case) or (
        chair_of(case) is not None and len(_specialties(case.members, answers)) >= LEAST_SPECIALTIES
    )


def _list_fits(case: Case, _actor: Actor, say: Mapping[str, Any], _world: World, _now: datetime) -> bool:
    named = say.get("members")
    if named is None:
        return False
    chairs = [each["id"] for each in named if each["role"] == Seat.CHAIR]
    voices = {each["specialty"] for each in named if each["role"] != Seat.OBSERVER}
    once = len({each["id"] for each in named}) == len(named)
    stays = case.assignee is None or chairs == [case.assignee.id]
    return once and len(chairs) == 1 and len(voices) >= LEAST_SPECIALTIES and stays


def _chair_signs(case: Case, actor: Actor, *_: Any) -> bool:
    chair = chair_of(case)
    return not is_mdt(case) or (chair is not None and chair.id == actor.person_id)


IS_MDT = Need(
    "is-mdt",
    lambda case, *_: is_mdt(case),
    fixed("只有多学科会诊需要邀请成员。", "Only a multidisciplinary consultation has members."),
)
LIST_FITS = Need(
    "list-fits",
    _list_fits,
    fixed(
        "请指定一位主席和两个以上学科的成员，每人只列一次；已接诊的主席不能在这里更换，请先转派。",
        "Name one chair and members of two or more specialties, each person once; "
        "a chair who has the case is changed by reassigning it first.",
    ),
    settled_by="members",
)
SPECIALTIES_NAMED = Need(
    "specialties-named",
    lambda case, *_: _gathered(case, Answer.INVITED, Answer.ACCEPTED),
    fixed(
        "多学科会诊需要一位主席和两个以上学科，请先邀请成员。",
        "A multidisciplinary consultation needs a chair and two or more specialties; invite the members first.",
    ),
)
SPECIALTIES_PRESENT = Need(
    "specialties-present",
    lambda case, *_: _gathered(case, Answer.ACCEPTED),
    fixed(
        "接受邀请的成员还不足两个学科。",
        "Members of two or more specialties must have accepted first.",
    ),
)
CHAIR_SIGNS = Need(
    "chair-signs",
    _chair_signs,
    fixed("多学科会诊由主席签发。", "The chair signs a multidisciplinary consultation."),
)
REVIEWED_ALONE = Need(
    "not-by-the-chair",
    lambda case, *_: not is_mdt(case),
    fixed(
        "多学科会诊由主席直接签发，不另送审核。",
        "The chair signs a multidisciplinary consultation; it is not sent to a reviewer.",
    ),
)
OPINIONS_GIVEN = Need(
    "opinions-given",
    lambda _case, _actor, _say, world, _now: not world.silent,
    lambda _case, world: Words(
        f"还没有写意见的成员：{'、'.join(world.silent)}。",
        f"These members have not given their opinion yet: {', '.join(world.silent)}.",
    ),
)
