"""A case and its parts as the API tells them, in the language of the person who asks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from consult.domain import approval
from consult.domain.cases import Case, Patient, Why
from consult.domain.clocks import ClockReading
from consult.domain.critical import alert_due_at
from consult.domain.emergency import request_lacks
from consult.domain.errors import Words
from consult.domain.events import Fact
from consult.domain.indicators import paused_share
from consult.domain.people import Institution
from consult.domain.routing import FILTERS, Explained
from consult.domain.workflow import LABELS, STATES, Move, Verb
from consult.queries.cases import CaseView
from consult.queries.worklist import Line, Page
from consult.web import case_shapes, schemas
from consult.web.case_records import (
    alerts_out,
    contact_out,
    indicators_out,
    owned_out,
    person_out,
    recalls_out,
    someone_out,
)
from consult.web.language import spoken
from consult.web.members import members_out, relative_out
from consult.web.report_json import report_out
from consult.web.studies import study_out

CREATED = Words("创建申请", "Created")
ROUTER_ONLY = frozenset(each.code for each in FILTERS if each.router_only)
SYSTEM_NAME = Words("系统", "System")


def case_out(view: CaseView) -> case_shapes.CaseOut:
    """The case as its page shows it."""
    case = view.case
    return case_shapes.CaseOut(
        id=case.id,
        number=case.number,
        state=str(case.state),
        label=spoken(STATES[case.state].label),
        version=case.version,
        priority=case.priority,
        service_type=case.service_type,
        patient=patient_out(case.patient),
        **_asked_for(case),
        requesting_site=site_out(view.sites, case.requesting_site),
        performing_site=site_out(view.sites, case.performing_site),
        requester=person_out(case.requester),
        assignee=someone_out(case.assignee),
        author=someone_out(case.author),
        reviewer=someone_out(case.reviewer),
        offer_until=case.offer_until,
        appointment_at=case.appointment_at,
        escalation_level=case.escalation_level,
        last_reason=case.last_reason,
        asked=[
            case_shapes.AskedOut(item=a.item, answer=a.answer, declined=a.declined, files=list(a.files))
            for a in case.asked
        ],
        **_on_record(view),
        **_together(view),
        created_at=case.created_at,
        updated_at=case.updated_at,
        due_at=view.due_at,
        studies=[*(study_out(s) for s in view.studies), *(study_out(s, "prior") for s in view.priors)],
        clocks=[clock_out(reading) for reading in view.clocks],
        moves=[move_out(move, case) for move in view.moves],
        why=[_why(why) for why in case.why],
        report=report_out(view),
    )


def _together(view: CaseView) -> dict[str, Any]:
    """The cases beside this one, and who sits in it."""
    return {
        "parent_id": view.case.parent_id,
        "parent": relative_out(view.parent) if view.parent else None,
        "children": [relative_out(child) for child in view.children],
        "members": members_out(view.case),
    }


def _on_record(view: CaseView) -> dict[str, Any]:
    """What came of the case, what it still owes, and how it stands."""
    case, now = view.case, view.now
    return {
        "outcome": case.outcome,
        "concordance": case.concordance,
        "completes_by": case.completes_by,
        "request_lacks": [spoken(words) for words in request_lacks(case)],
        "recalls": recalls_out(case),
        "indicators": indicators_out(case, now),
        "time_by_owner": owned_out(case, now),
        "paused_share": paused_share(case, now),
        "alerts": alerts_out(case, now),
        "call": [contact_out(each) for each in view.call],
    }


def _asked_for(case: Case) -> dict[str, Any]:
    """What the requester filled in, besides the patient."""
    return {
        "question": case.question,
        "clinical_history": case.clinical_history,
        "exam_started": case.exam_started,
        "images_follow": case.images_follow,
        "consent": schemas.ConsentIn(by=case.consent.by, at=case.consent.at) if case.consent else None,
        "modality": case.modality,
        "body_part": case.body_part,
        "patient_class": case.patient_class,
    }


def page_out(page: Page) -> case_shapes.PageOut:
    """A page of a worklist."""
    return case_shapes.PageOut(
        items=[_line(line, page.sites) for line in page.lines], next=page.after, total=page.total
    )


def listed_out(case: Case, due: datetime | None, sites: Mapping[str, Institution]) -> dict[str, Any]:
    """What every list says of a case: the fields of ListedOut."""
    return {
        "id": case.id,
        "number": case.number,
        "state": str(case.state),
        "version": case.version,
        "priority": case.priority,
        "service_type": case.service_type,
        "patient": patient_out(case.patient),
        "question": case.question,
        "modality": case.modality,
        "body_part": case.body_part,
        "requesting_site": site_out(sites, case.requesting_site),
        "performing_site": site_out(sites, case.performing_site),
        "assignee": someone_out(case.assignee),
        "due_at": due,
        "offer_until": case.offer_until,
        "appointment_at": case.appointment_at,
        "alert_due_at": alert_due_at(case),
        "approval_asked_at": case.approval_asked_at,
        "updated_at": case.updated_at,
    }


def _line(line: Line, sites: dict[str, Institution]) -> case_shapes.LineOut:
    case = line.case
    return case_shapes.LineOut(
        **listed_out(case, line.due_at, sites),
        requester=person_out(case.requester),
        clocks=[clock_out(reading) for reading in line.clocks],
        alerts=sum(alert.is_open for alert in case.alerts),
        created_at=case.created_at,
        next_move=str(line.next_move.row.verb) if line.next_move else None,
        unread=line.unread,
        images=case_shapes.ImagesOut(
            status=line.images.status, received=line.images.received, expected=line.images.expected
        ),
    )


def patient_out(patient: Patient) -> case_shapes.PatientOut:
    """Whom a case is about."""
    return case_shapes.PatientOut(
        name=patient.name,
        sex=patient.sex,
        birth_date=patient.birth_date,
        id_number=patient.id_number,
        phone=patient.phone,
    )


def site_out(sites: Mapping[str, Institution], code: str) -> case_shapes.Site:
    """An institution by code and name."""
    return case_shapes.Site(code=code, name=spoken(sites[code].name) if code in sites else code)


def clock_out(reading: ClockReading) -> case_shapes.ClockOut:
    """A clock's reading."""
    return case_shapes.ClockOut(
        name=reading.name,
        label=spoken(reading.label),
        limit_s=reading.limit_s,
        used_s=reading.used_s,
        running=reading.running,
        breached=reading.breached,
        due_at=reading.due_at,
    )


AGREE = Words("同意并提交", "Agree and submit")
"""What submitting is called while the request waits for the head's word."""


def move_out(move: Move, case: Case) -> case_shapes.MoveOut:
    """A move with every need, met or not; ``view`` judged them with nothing said yet."""
    unmet = {need.code: sentence for need, sentence in move.unmet}
    return case_shapes.MoveOut(
        verb=str(move.row.verb),
        label=spoken(AGREE if move.row.verb is Verb.SUBMIT and approval.waits(case) else move.row.label),
        needs=[
            case_shapes.NeedOut(
                met=need.code not in unmet,
                sentence=spoken(unmet[need.code]) if need.code in unmet else "",
                code=need.code,
                settled_by=need.settled_by,
            )
            for need in move.row.needs
        ],
        reason=move.row.reason,
        asks=[*(("reason",) if move.row.reason else ()), *move.row.asks],
    )


def event_out(fact: Fact) -> case_shapes.EventOut:
    """A fact in plain words."""
    label = CREATED if fact.kind == "create" else LABELS[Verb(fact.kind)]
    return case_shapes.EventOut(
        seq=fact.seq or 0,
        at=fact.at,
        kind=fact.kind,
        label=spoken(label),
        by=fact.by_name if fact.by_id is not None else spoken(SYSTEM_NAME),
        version=fact.version,
        from_state=fact.data.get("from"),
        to_state=fact.data.get("to"),
        to=(fact.data.get("set", {}).get("assignee") or {}).get("name"),
        reason=fact.data.get("reason") or "",
    )


def hint_out(fact: Fact) -> case_shapes.HintOut:
    """A fact as the feed tells it: no name, no text."""
    return case_shapes.HintOut(seq=fact.seq or 0, case_id=fact.subject_id, kind=fact.kind, at=fact.at)


def explained_out(explained: Explained) -> case_shapes.WhyOut:
    """What the router thinks of one person now."""
    return case_shapes.WhyOut(
        person_id=explained.person_id,
        person=explained.name,
        chosen=False,
        score=explained.score,
        reasons=[
            case_shapes.PointsOut(code=reason.code, sentence=spoken(reason.words), points=reason.points)
            for reason in explained.reasons
        ],
        excluded=[
            case_shapes.ExcludedOut(code=out.code, sentence=spoken(out.words), router_only=out.code in ROUTER_ONLY)
            for out in explained.excluded_by
        ],
    )


def _why(why: Why) -> case_shapes.WhyOut:
    return case_shapes.WhyOut(
        person_id=why.person_id,
        person=why.name,
        chosen=why.chosen,
        score=why.score,
        reasons=[
            case_shapes.PointsOut(code=code, sentence=spoken(Words(zh, en)), points=points)
            for code, zh, en, points in why.reasons
        ],
        excluded=[
            case_shapes.ExcludedOut(code=code, sentence=spoken(Words(zh, en)), router_only=code in ROUTER_ONLY)
            for code, zh, en in why.excluded
        ],
    )
