"""Moves: one way in for every verb, by people and by the system; decide, keep, tell, commit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from consult.actions import cases as requests
from consult.actions import members as invitations
from consult.actions.once import Once, do_once
from consult.domain.cases import Case
from consult.domain.errors import Invalid, NotFound, Stale, Words
from consult.domain.events import Fact
from consult.domain.people import SYSTEM, Actor
from consult.domain.races import still_fits
from consult.domain.rota import shift_ends
from consult.domain.routing_policy import offer_until
from consult.domain.workflow import BY_STATE, Verb, decide
from consult.domain.workflow_needs import World
from consult.store import cases, limits, people, races, reports, rota, routing_rules, talk
from consult.store.unit import Reader, Store, Unit
from consult.store.world import due_of, world_of

SEALED = frozenset({Verb.ISSUE_PRELIMINARY, Verb.SUBMIT_FOR_REVIEW, Verb.SIGN, Verb.CO_SIGN})
"""Verbs that sign a document: they go by actions/reports.py, which makes the PDF before it moves the case."""

NO_KEY = Once(None, "")


@dataclass(frozen=True, slots=True)
class Order:
    """A move that somebody asks for: the verb, what they say with it, the version they saw, and their key."""

    verb: Verb
    say: Mapping[str, Any] = field(default_factory=dict[str, Any])
    version: int | None = None
    once: Once = NO_KEY


Beside = Callable[[Unit, Case, Case, Actor, Mapping[str, Any], datetime], None]


def move(store: Store, case_id: str, order: Order, actor: Actor, now: datetime) -> dict[str, Any]:
    """Move a case by hand; the answer tells where it is now and what was told.

    Raises NotFound, Stale, WrongState, NotAllowed, Unmet, Invalid, KeyReused; ValueError for a verb that signs.
    """
    if order.verb in SEALED:
        raise ValueError(f"{order.verb} makes a document: go by actions/reports.py")
    return do_once(store, actor, order.once, now, lambda unit: apply(unit, case_id, order, actor, now))


def apply(unit: Unit, case_id: str, order: Order, actor: Actor, now: datetime) -> dict[str, Any]:
    """The move inside a transaction that others add to."""
    case = races.hold(unit, case_id, actor)
    check_seen(unit.connection, case, order.verb, order.version)
    say = spoken(unit, case, order.say, now)
    if order.verb is Verb.RECALL:
        say["receivers"] = reports.receivers(unit.connection, case.id, case.report_version)
    world = world_of(unit.connection, case, now, overridden(order.say))
    after, told = decide(case, order.verb, actor, say, world, now)
    return keep(unit, case, after, told, actor, say, now)


def keep(
    unit: Unit, before: Case, after: Case, told: Fact, actor: Actor, say: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Store the moved case with its fact, and what this verb changes beside the case."""
    cases.save(unit, before, after, told, due_of(after, now, limits.book(unit.connection)))
    beside = BESIDE.get(Verb(told.kind))
    if beside is not None:
        beside(unit, before, after, actor, say, now)
    return {"id": after.id, "number": after.number, "state": str(after.state), "version": after.version,
            "verb": told.kind, "at": now.isoformat()}  # fmt: skip


def move_by_system(
    unit: Unit, case: Case, verb: Verb, say: Mapping[str, Any], now: datetime, world: World | None = None
) -> Case:
    """A move by a timer, a rule or a receipt, in a transaction under way. Raises what ``decide`` raises."""
    known = world or world_of(unit.connection, case, now)
    after, told = decide(case, verb, SYSTEM, say, known, now)
    keep(unit, case, after, told, SYSTEM, say, now)
    return after


def check_seen(connection: Reader, case: Case, verb: Verb, version: int | None) -> None:
    """Raises Stale when anything but the system's reminders came after the version that the mover saw."""
    if version is None:
        return
    meanwhile = races.told_since(connection, case, version)
    if meanwhile is None or not still_fits(verb, meanwhile):
        raise Stale


def overridden(say: Mapping[str, Any]) -> frozenset[str]:
    """The codes of writing rules that are overridden, each with a reason. Raises Invalid where one has none."""
    codes: set[str] = set()
    for override in say.get("overrides") or ():
        if not str(override.get("reason") or "").strip():
            raise Invalid.at("overrides", Words("每一项强制通过都要写明原因。", "Each override needs its reason."))
        codes.add(str(override["code"]))
    return frozenset(codes)


def spoken(unit: Unit, case: Case, say: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What was said, checked against what is stored, with people by name as of today. Raises Invalid."""
    heard = dict(say)
    if isinstance(heard.get("assignee"), str):
        try:
            person = people.person(unit.connection, heard["assignee"])
        except NotFound:
            raise Invalid.at("assignee", Words("没有这位专家。", "There is no such specialist.")) from None
        heard["assignee"] = {"id": person.id, "name": person.name}
        heard["offer_until"] = until_when(unit, case, person.id, now)
    if heard.get("answers"):
        _check_files(unit, case, heard["answers"])
    if heard.get("members") is not None:
        heard["members"] = invitations.named(unit, case, heard["members"])
    if "request" in heard:
        heard |= requests.revised(unit, case, heard.pop("request"), now)
    if heard.get("study_uids"):
        requests.check_studies(unit, case.requesting_site, heard["study_uids"])
        kind = requests.kind_of(unit, case.requesting_site, heard["study_uids"], case.modality, case.body_part)
        heard = {"modality": kind[0], "body_part": kind[1]} | heard
    return heard


def _check_files(unit: Unit, case: Case, answers: Sequence[Mapping[str, Any]]) -> None:
    """Raises Invalid where an answer names a file that is not this case's."""
    named = {each for answer in answers for each in answer.get("files") or ()}
    if named - {file.id for file in talk.files(unit.connection, case.id)}:
        raise Invalid.at(
            "answers", Words("所附文件不属于这个病例，请重新上传。", "A file is not of this case; upload it again.")
        )


def _linked(unit: Unit, before: Case, after: Case, _actor: Actor, _say: Mapping[str, Any], now: datetime) -> None:
    """What was begun from this case sees the same images."""
    added = [uid for uid in after.study_uids if uid not in before.study_uids]
    for child in cases.children_of(unit.connection, after.id, SYSTEM):
        if added and (Verb.LINK_STUDIES, child.state) in BY_STATE:
            move_by_system(unit, child, Verb.LINK_STUDIES, {"study_uids": added}, now)


def until_when(unit: Unit, case: Case, person_id: str, now: datetime) -> datetime:
    """Until when an offer of the case to this person stands."""
    shifts = rota.shifts_of(unit.connection, case.performing_site, now)
    policy = routing_rules.policy_of(unit.connection, case.performing_site)
    return offer_until(str(case.priority), now, shift_ends(shifts, person_id, now), policy)


def _missed(unit: Unit, before: Case, _after: Case, _actor: Actor, _say: Mapping[str, Any], now: datetime) -> None:
    if before.assignee is not None:
        rota.missed(unit, before.assignee.id, now)


def _answered(unit: Unit, _before: Case, after: Case, *_: Any) -> None:
    if after.assignee is not None:
        rota.answered(unit, after.assignee.id)


def _returned(unit: Unit, before: Case, *_: Any) -> None:
    reports.turn(unit.connection, before.id, reports.PENDING, reports.RETURNED)


def _recalled(unit: Unit, before: Case, *_: Any) -> None:
    reports.retract(unit.connection, before.id, before.report_version)


BESIDE: dict[Verb, Beside] = {
    Verb.OFFER_RAN_OUT: _missed,
    Verb.ACCEPT: _answered,
    Verb.CLAIM: _answered,
    Verb.RETURN_REVIEW: _returned,
    Verb.REASSIGN: _returned,
    Verb.CANCEL: _returned,
    Verb.RECALL: _recalled,
    Verb.LINK_STUDIES: _linked,
    Verb.SECOND_OPINION: requests.second_opinion,
    Verb.MDT: requests.mdt,
}
"""What a verb changes beside the case, in the same transaction."""
