"""What a move changes in a case besides its state: fields by name, never the stored thing itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from consult.domain.cases import Asked, Case, Party, Priority, State
from consult.domain.critical import found, read_back
from consult.domain.emergency import REST_FOLLOWS_WITHIN
from consult.domain.members import accepted
from consult.domain.people import Actor, Role
from consult.domain.reports import ReportState

Effect = Callable[[Case, Actor, Mapping[str, Any], datetime], Mapping[str, Any]]
Say = Mapping[str, Any]

REVISABLE = ("patient", "question", "clinical_history", "exam_started", "study_uids", "images_follow", "consent",
             "priority", "patient_class", "modality", "body_part", "performing_site", "service_type")  # fmt: skip
TOP_LEVEL = 3
PATIENT_FIELDS = ("name", "birth_date", "id_number", "phone")
SAMPLE_OF_256 = 13  # 5 % of the signed cases go to quality assurance, drawn by the case's random id


def party(actor: Actor) -> Party:
    """The actor as a case remembers people."""
    return Party(actor.person_id or "", actor.name)


def nothing(_case: Case, _actor: Actor, _say: Say, _now: datetime) -> Mapping[str, Any]:
    """Only the state changes."""
    return {}


def revise(case: Case, _actor: Actor, say: Say, _now: datetime) -> Mapping[str, Any]:
    """The request's own fields; everything else is the workflow's."""
    return {name: value for name, value in say.items() if name in REVISABLE} | _looked_at_again(case)


def _looked_at_again(case: Case) -> dict[str, Any]:
    """Another patient or other images: what was said about their difference is void."""
    return {"patient_override": ""} if case.patient_override else {}


def link_studies(case: Case, _actor: Actor, say: Say, _now: datetime) -> Mapping[str, Any]:
    """More studies, each once, in the order they were named; what they show, where that was not known yet."""
    kind = {name: str(say[name]) for name in ("modality", "body_part") if say.get(name) and not getattr(case, name)}
    return {
        "study_uids": tuple(dict.fromkeys((*case.study_uids, *say.get("study_uids", ())))),
        **kind,
        **_looked_at_again(case),
    }


def return_for_supplement(case: Case, _actor: Actor, say: Say, _now: datetime) -> Mapping[str, Any]:
    """What is asked for, item by item; whoever had the case keeps the affinity to it."""
    items = [str(item).strip() for item in say.get("items") or [] if str(item).strip()]
    return {
        "asked": tuple(Asked(item) for item in items or [str(say["reason"]).strip()]),
        "returned_times": case.returned_times + 1,
        "affinity": case.assignee.id if case.assignee else case.affinity,
        "assignee": None,
        "offer_until": None,
    }


def resubmit(case: Case, _actor: Actor, say: Say, _now: datetime) -> Mapping[str, Any]:
    """The answers beside what was asked."""
    answers = say.get("answers") or []
    answered = [
        replace(
            asked,
            answer=str(answers[index].get("answer") or "").strip() if index < len(answers) else asked.answer,
            declined=bool(answers[index].get("declined")) if index < len(answers) else asked.declined,
            files=tuple(answers[index].get("files") or ()) if index < len(answers) else asked.files,
        )
        for index, asked in enumerate(case.asked)
    ]
    return {"asked": tuple(answered)}


def triage(_case: Case, _actor: Actor, say: Say, _now: datetime) -> Mapping[str, Any]:
    """The coordinator's word on priority and skill, where given."""
    changes: dict[str, Any] = {name: str(say[name]) for name in ("modality", "body_part") if say.get(name)}
    if say.get("priority"):
        changes["priority"] = Priority(say["priority"])
    return changes | _overridden(say) | {"passed_over": ()}


def _overridden(say: Say) -> dict[str, Any]:
    """Why images go with a request though they differ about the patient."""
    reason = str(say.get("patient_override") or "").strip()
    return {"patient_override": reason} if reason else {}


def unassign(_case: Case, _actor: Actor, _say: Say, _now: datetime) -> Mapping[str, Any]:
    """Nobody has it any more."""
    return {"assignee": None, "offer_until": None}


def assign(_case: Case, _actor: Actor, say: Say, _now: datetime) -> Mapping[str, Any]:
    """Offered to one, until a time, with the reasons why."""
    changes: dict[str, Any] = {"assignee": Party(**say["assignee"]), "offer_until": say.get("offer_until")}
    return changes | ({"why": tuple(say["why"])} if say.get("why") else {})


def claim(_case: Case, actor: Actor, _say: Say, _now: datetime) -> Mapping[str, Any]:
    """Taken by one's own hand: there is no timer on it."""
    return {"assignee": party(actor), "offer_until": None}


def accept(case: Case, actor: Actor, _say: Say, now: datetime) -> Mapping[str, Any]:
    """The offer is answered; a chair who takes the case has accepted the invitation with it."""
    return {"offer_until": None} | accepted(case, actor, now)


def pass_on(case: Case, _actor: Actor, _say: Say, _now: datetime) -> Mapping[str, Any]:
    """Whoever declined, or let the offer run out, is not asked again; it rises a level."""
    missed = (case.assignee.id,) if case.assignee else ()
    return {
        "passed_over": tuple(dict.fromkeys((*case.passed_over, *missed))),
        "assignee": None,
        "offer_until": None,
        "escalation_level": min(case.escalation_level + 1, TOP_LEVEL),
    }


def start_reading(case: Case, actor: Actor, _say: Say, _now: datetime) -> Mapping[str, Any]:
    """A report is begun; whoever began one keeps the authorship until another takes the case."""
    wrote = tuple(dict.fromkeys((*case.authors, actor.person_id or "")))
    return {"report": case.report or ReportState.DRAFT, "author": party(actor), "authors": wrote}


def reassign(case: Case, _actor: Actor, say: Say, _now: datetime) -> Mapping[str, Any]:
    """Another specialist; the draft stays, and an unreviewed report is a draft again."""
    report = ReportState.DRAFT if case.report is ReportState.UNDER_REVIEW else case.report
    return {"assignee": Party(**say["assignee"]), "offer_until": say.get("offer_until"), "report": report}


def issue_preliminary(case: Case, actor: Actor, say: Say, now: datetime) -> Mapping[str, Any]:
    """A preliminary document goes out at once."""
    return _critical(case, actor, say, now) | {
        "report": ReportState.PRELIMINARY,
        "report_version": case.report_version + 1,
        "author": party(actor),
    }


def submit_for_review(case: Case, actor: Actor, say: Say, now: datetime) -> Mapping[str, Any]:
    """The author has signed; the reviewer's signature is awaited."""
    return _critical(case, actor, say, now) | {
        "report": ReportState.UNDER_REVIEW,
        "author": party(actor),
        "reported_at": now,
    }


def return_review(_case: Case, _actor: Actor, _say: Say, _now: datetime) -> Mapping[str, Any]:
    """Back to the author as a draft."""
    return {"report": ReportState.DRAFT, "reported_at": None}


def sign(case: Case, actor: Actor, say: Say, now: datetime) -> Mapping[str, Any]:
    """One signature makes it final."""
    return _critical(case, actor, say, now) | _issued(case, now) | {"author": party(actor), "reported_at": now}


def co_sign(case: Case, actor: Actor, say: Say, now: datetime) -> Mapping[str, Any]:
    """The second signature makes it final."""
    return _critical(case, actor, say, now) | _issued(case, now) | {"reviewer": party(actor)}


def _issued(case: Case, now: datetime) -> dict[str, Any]:
    return {
        "report": case.report_kind,
        "report_version": case.report_version + 1,
        "signed_at": case.signed_at or now,
        "sampled": int(case.id[-2:], 16) < SAMPLE_OF_256,
    }


def _critical(case: Case, actor: Actor, say: Say, now: datetime) -> dict[str, Any]:
    alerts = found(case, actor, str((say.get("critical") or {}).get("finding") or ""), now)
    return {} if alerts == case.alerts else {"alerts": alerts}


def acknowledge(case: Case, actor: Actor, say: Say, now: datetime) -> Mapping[str, Any]:
    """The requester has the report; with it every open critical finding is read back."""
    words = str(say.get("read_back") or "").strip()
    return {"alerts": tuple(read_back(alert, actor, words, now) for alert in case.alerts)}


def addend(_case: Case, _actor: Actor, _say: Say, _now: datetime) -> Mapping[str, Any]:
    """The next signature is an addendum; the signed version stays as it is."""
    return {"report": ReportState.DRAFT, "report_kind": ReportState.APPENDED}


def correct(_case: Case, _actor: Actor, say: Say, _now: datetime) -> Mapping[str, Any]:
    """The next signature corrects (or amends) the signed version, which stays readable."""
    kind = ReportState.AMENDED if say.get("kind") == "amended" else ReportState.CORRECTED
    return {"report": ReportState.DRAFT, "report_kind": kind}


def claim_error(_case: Case, actor: Actor, _say: Say, _now: datetime) -> Mapping[str, Any]:
    """One person says so; a second must confirm."""
    return {"error_claimed_by": actor.person_id}


def escalate(case: Case, _actor: Actor, _say: Say, _now: datetime) -> Mapping[str, Any]:
    """One level up: assignee and coordinator, backup, head of department."""
    return {"escalation_level": min(case.escalation_level + 1, TOP_LEVEL)}


def change_priority(case: Case, actor: Actor, say: Say, _now: datetime) -> Mapping[str, Any]:
    """Due times count from the original start."""
    by_requester = Role.COORDINATOR not in actor.roles
    priority = Priority(say.get("priority", case.priority))
    return {"priority": priority, "raised_by_requester": case.raised_by_requester or by_requester}


def give_outcome(case: Case, _actor: Actor, say: Say, _now: datetime) -> Mapping[str, Any]:
    """What became of the patient, where it is said; a report that was wrong goes to quality assurance."""
    concordance = str(say.get("concordance") or case.concordance)
    return {
        "outcome": str(say.get("outcome") or case.outcome).strip(),
        "concordance": concordance,
        "sampled": case.sampled or concordance == "discordant",
    }


def emergency_submit(_case: Case, _actor: Actor, say: Say, now: datetime) -> Mapping[str, Any]:
    """Straight to the router; the rest of the request follows."""
    return {"images_follow": True, "completes_by": now + REST_FOLLOWS_WITHIN} | _overridden(say)


def complete_request(case: Case, actor: Actor, say: Say, now: datetime) -> Mapping[str, Any]:
    """What was empty is filled in; what somebody may have acted on stays as it is.

    Who the patient is stays once a signature stands under it.
    """
    changes: dict[str, Any] = {
        name: say[name]
        for name in ("clinical_history", "exam_started", "consent")
        if say.get(name) and not getattr(case, name)
    }
    if case.signed_at is None and case.state is not State.IN_REVIEW and say.get("patient") is not None:
        known = {name: value for name in PATIENT_FIELDS if (value := getattr(case.patient, name))}
        changes["patient"] = replace(say["patient"], **known)
    return changes | dict(link_studies(case, actor, say, now))
