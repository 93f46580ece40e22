"""Who is asked into a consultation, and what each member thinks: written by themselves, kept in every version."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from consult.domain.cases import Case, State
from consult.domain.errors import Invalid, NotAllowed, NotFound, Stale, Words, WrongState
from consult.domain.events import TALK, Fact
from consult.domain.members import MOST_MEMBERS, SPECIALTIES, Opinion, Seat, is_mdt, may_write, sits_in
from consult.domain.people import Actor, Person, Role
from consult.domain.workflow import STATES
from consult.store import cases, members, people
from consult.store.unit import Store, Unit

OPEN = frozenset({State.ACCEPTED, State.SCHEDULED, State.IN_PROGRESS, State.PRELIMINARY})
TOO_MANY = Words(f"成员不能超过 {MOST_MEMBERS} 人。", f"No more than {MOST_MEMBERS} members can be invited.")


def named(unit: Unit, case: Case, told: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The members that somebody names, by name as of today. Raises Invalid."""
    if len(told) > MOST_MEMBERS:
        raise Invalid.at("members", TOO_MANY)
    return [_named(unit, case, each) for each in told]


def _named(unit: Unit, case: Case, told: Mapping[str, str]) -> dict[str, str]:
    try:
        person = people.person(unit.connection, told["person"])
    except NotFound:
        raise Invalid.at("members", Words("没有这位专家。", "There is no such specialist.")) from None
    if not person.active or person.roles.isdisjoint({Role.SPECIALIST, Role.REVIEWER}):
        raise Invalid.at("members", Words(f"{person.name} 不是会诊专家。", f"{person.name} is not a specialist."))
    if told["specialty"] not in SPECIALTIES:
        raise Invalid.at("members", Words("请选择学科。", "Choose a specialty."))
    if told["role"] == Seat.CHAIR:
        _check_chair(person, case)
    return {"id": person.id, "name": person.name, "specialty": told["specialty"], "role": told["role"]}


def _check_chair(person: Person, case: Case) -> None:
    here = person.institution_code == case.performing_site and Role.SPECIALIST in person.roles
    if not here or not person.sign_right:
        raise Invalid.at(
            "members",
            Words(
                "主席须是受邀机构有签发权的专家。",
                "The chair must be a specialist of the performing site who may sign.",
            ),
        )


def save_opinion(
    store: Store, case_id: str, text: str, dissent: str, base: int | None, actor: Actor, now: datetime
) -> Opinion:
    """Keep a revision of the actor's own opinion. Raises NotFound, NotAllowed, Invalid, WrongState, Stale."""
    with store.write() as unit:
        case = cases.find(unit.connection, case_id, actor)
        if not is_mdt(case) or not sits_in(case, actor) or actor.person_id is None:
            raise NotFound
        if not may_write(case, actor):
            raise NotAllowed(
                Words("接受邀请的成员才能写意见。", "Only members who accepted the invitation give an opinion.")
            )
        if case.state not in OPEN:
            label = STATES[case.state].label
            raise WrongState(
                Words(f"病例处于「{label.zh}」，不能写意见。", f"The case is “{label.en}”; opinions are not open.")
            )
        if not text.strip():
            raise Invalid.at("text", Words("请写下您的意见。", "Write your opinion."))
        last = members.opinions(unit.connection, case_id).get(actor.person_id)
        if base is not None and base != (last.revision if last else 0):
            raise Stale
        said = (text.strip(), dissent.strip())
        if last is not None and (last.text, last.dissent) == said:
            return last
        kept = members.keep_opinion(unit.connection, case_id, actor.person_id, said, now)
        unit.tell(Fact(TALK, case_id, "opinion", now, actor.person_id, actor.name, case.version, _told(kept)))
    return kept


def _told(kept: Opinion) -> dict[str, Any]:
    return {"revision": kept.revision}
