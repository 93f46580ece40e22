"""A request is begun: a draft, or the child of a case that asks for another opinion."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from consult.actions.once import Once, do_once
from consult.domain.calendars import CHINA
from consult.domain.cases import Case, Consent, Patient, Priority, ServiceType, State, Stay
from consult.domain.errors import Invalid, NotAllowed, Words
from consult.domain.people import Actor, Role
from consult.domain.workflow import begin
from consult.domain.workflow_effects import party
from consult.store import cases, limits, people, summaries
from consult.store.unit import Store, Unit
from consult.store.world import due_of


@dataclass(frozen=True, slots=True)
class Request:
    """What a requester fills in; ``modality`` and ``body_part`` are taken from the studies where they are empty."""

    service_type: ServiceType
    priority: Priority
    performing_site: str
    patient: Patient
    question: str
    clinical_history: str = ""
    exam_started: datetime | None = None
    study_uids: tuple[str, ...] = ()
    images_follow: bool = False
    consent: Consent | None = None
    modality: str = ""
    body_part: str = ""
    patient_class: str = ""


def create(store: Store, asked: Request, actor: Actor, once: Once, now: datetime) -> dict[str, Any]:
    """T01: a draft of the actor's own site. Raises NotAllowed, Invalid."""
    if Role.REQUESTER not in actor.roles or actor.institution_code is None:
        raise NotAllowed(Words("只有申请医师可以发起会诊。", "Only a requesting physician can start a request."))
    return do_once(store, actor, once, now, lambda unit: {"id": draft(unit, asked, actor, now).id})


def draft(unit: Unit, asked: Request, actor: Actor, now: datetime, parent: Case | None = None) -> Case:
    """Keep a new draft; the studies must be ones that this site holds."""
    site = parent.requesting_site if parent else str(actor.institution_code)
    _check_sites(unit, site, asked, now)
    modality, body_part = kind_of(unit, site, asked.study_uids, asked.modality, asked.body_part)
    case = Case(
        id=uuid4().hex,
        number=cases.next_number(unit, CHINA.local_day(now).strftime("%Y%m%d")),
        state=State.DRAFT,
        version=1,
        priority=asked.priority,
        service_type=asked.service_type,
        requesting_site=site,
        performing_site=asked.performing_site,
        centre=people.institution(unit.connection, site).centre,
        requester=parent.requester if parent else party(actor),
        patient=asked.patient,
        question=asked.question.strip(),
        clinical_history=asked.clinical_history.strip(),
        modality=modality,
        body_part=body_part,
        created_at=now,
        updated_at=now,
        stays=(Stay(State.DRAFT, now),),
        study_uids=asked.study_uids,
        images_follow=asked.images_follow,
        consent=asked.consent,
        exam_started=asked.exam_started,
        patient_class=asked.patient_class,
        parent_id=parent.id if parent else None,
    )
    kept, told = begin(case, actor)
    cases.add(unit, kept, told, due_of(kept, now, limits.book(unit.connection)))
    return kept


def revised(unit: Unit, case: Case, asked: Request, now: datetime) -> dict[str, Any]:
    """The fields of a request that is edited, checked as a new one is. Raises Invalid."""
    _check_sites(unit, case.requesting_site, asked, now)
    modality, body_part = kind_of(unit, case.requesting_site, asked.study_uids, asked.modality, asked.body_part)
    changed = {field.name: getattr(asked, field.name) for field in fields(asked)}
    return changed | {"modality": modality, "body_part": body_part}


def _check_sites(unit: Unit, site: str, asked: Request, now: datetime) -> None:
    today: date = CHINA.local_day(now)
    agreed = any(
        a.performing_site == asked.performing_site and a.holds_on(today)
        for a in people.agreements_of(unit.connection, site)
    )
    if not agreed:
        raise Invalid.at(
            "performing_site",
            Words("贵院与该机构没有有效协议。", "Your institution has no agreement in force with that one."),
        )
    check_studies(unit, site, asked.study_uids)


def check_studies(unit: Unit, site: str, study_uids: Iterable[str]) -> None:
    """Raises Invalid where the site does not hold one of the studies."""
    for uid in study_uids:
        if not summaries.holds(unit.connection, site, uid):
            raise Invalid.at(
                "study_uids",
                Words("所选检查不在本院的影像中。", "That study is not among your institution's images."),
            )


def kind_of(
    unit: Unit, site: str, study_uids: Iterable[str], modality: str = "", body_part: str = ""
) -> tuple[str, str]:
    """Modality and body part: as said, else as the first study that knows tells."""
    for uid in study_uids:
        if not (modality and body_part):
            found = summaries.kind_of(unit.connection, site, uid)
            modality, body_part = modality or found[0], body_part or found[1]
    return modality, body_part


def second_opinion(unit: Unit, _before: Case, after: Case, actor: Actor, say: Mapping[str, Any], now: datetime) -> None:
    """T33: the same patient and images, another question, often another site; the parent keeps its course."""
    _child(unit, after, after.service_type, actor, say, now)


def mdt(unit: Unit, _before: Case, after: Case, actor: Actor, say: Mapping[str, Any], now: datetime) -> None:
    """T33 as a multidisciplinary consultation."""
    _child(unit, after, ServiceType.MDT, actor, say, now)


def _child(
    unit: Unit, parent: Case, service_type: ServiceType, actor: Actor, say: Mapping[str, Any], now: datetime
) -> None:
    asked = Request(
        service_type=service_type,
        priority=parent.priority,
        performing_site=str(say.get("performing_site") or parent.performing_site),
        patient=parent.patient,
        question=str(say.get("question") or parent.question),
        clinical_history=parent.clinical_history,
        exam_started=parent.exam_started,
        study_uids=parent.study_uids,
        consent=parent.consent,
        modality=parent.modality,
        body_part=parent.body_part,
        patient_class=parent.patient_class,
    )
    draft(unit, asked, actor, now, parent=parent)
