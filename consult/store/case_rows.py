"""How a case lies in its row: the whole value, and beside it what lists filter and sort by."""

from datetime import datetime
from typing import Any

from consult.domain.cases import PRIORITY_RANK, Case, document_of
from consult.domain.critical import alert_due_at
from consult.domain.workflow import LIVE

FAR = "9999"


def rank_of(case: Case, due_at: datetime | None) -> str:
    """The sort key of a worklist: live cases first, by priority and due time; ended ones after, newest first."""
    if case.state in LIVE:
        return f"0{PRIORITY_RANK[case.priority]}{due_at.isoformat() if due_at else FAR}"
    return f"1{int(1e11 - case.updated_at.timestamp()):012d}"


def row_of(case: Case, due_at: datetime | None) -> dict[str, Any]:
    """The values of the columns of ``cases``."""
    return {
        "id": case.id,
        "number": case.number,
        "state": str(case.state),
        "version": case.version,
        "priority": str(case.priority),
        "service_type": str(case.service_type),
        "requesting_site": case.requesting_site,
        "performing_site": case.performing_site,
        "centre": case.centre,
        "requester_id": case.requester.id,
        "assignee_id": case.assignee.id if case.assignee else None,
        "author_id": case.author.id if case.author else None,
        "reviewer_id": case.reviewer.id if case.reviewer else None,
        "parent_id": case.parent_id,
        "patient_name": case.patient.name,
        "modality": case.modality,
        "body_part": case.body_part,
        "patient_class": case.patient_class,
        "created_at": case.created_at,
        "updated_at": case.updated_at,
        "due_at": due_at,
        "offer_until": case.offer_until,
        "alert_due_at": alert_due_at(case),
        "approval_asked_at": case.approval_asked_at,
        "live": case.state in LIVE,
        "sampled": case.sampled,
        "rank": rank_of(case, due_at),
        "document": document_of(case),
    }
