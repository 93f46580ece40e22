"""Cases as values in any state, and cases in a database brought there by the moves that lead there."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from consult.actions import cases as requests
from consult.actions.cases import Request
from consult.actions.once import Once
from consult.actions.workflow import NO_KEY, Order, apply, move_by_system
from consult.domain.cases import (
    Alert,
    Asked,
    Case,
    Consent,
    Party,
    Patient,
    Priority,
    Recall,
    Receiver,
    ServiceType,
    State,
    Stay,
)
from consult.domain.completeness import StudyCompleteness
from consult.domain.people import SYSTEM
from consult.domain.reports import ReportState, ReportText
from consult.domain.workflow import Verb
from consult.domain.workflow_needs import Images, World
from consult.store import arrivals, cases, reports
from consult.store.tables_studies import studies
from consult.store.unit import Store
from tests.makers.people import ACTORS, NOW, PEOPLE

STUDY = "1.2.826.0.1.3680043.8.498.1"
PATIENT = Patient("患者一", "M", datetime(1970, 1, 1).date(), "520000197001010011", "13800000000")
WRITTEN = ReportText(
    technique="头颅CT平扫，横断面扫描。",
    findings="右侧基底节区见片状高密度影，大小约3.2cm×2.1cm，周围见低密度水肿带。中线结构居中。",
    impression="右侧基底节区高密度影，请结合临床。",
    recommendation="建议短期复查头颅CT。",
)
ALL_THERE = Images("complete", 120, 120)
GOOD_WORLD = World(images=ALL_THERE, unfit=dict.fromkeys(PEOPLE), receipts=1)
"""Everything that others know speaks for the move."""

HELD = frozenset(
    {State.ASSIGNED, State.ACCEPTED, State.SCHEDULED, State.IN_PROGRESS, State.PRELIMINARY, State.IN_REVIEW,
     State.SIGNED, State.DELIVERED, State.ACKNOWLEDGED, State.CLOSED, State.CANCELLED}
)  # fmt: skip
WRITING = HELD - {State.ASSIGNED, State.ACCEPTED, State.SCHEDULED, State.CANCELLED}
REPORTED = frozenset({State.SIGNED, State.DELIVERED, State.ACKNOWLEDGED, State.CLOSED})
_OF_STATE = {State.PRELIMINARY: ReportState.PRELIMINARY, State.IN_REVIEW: ReportState.UNDER_REVIEW}


def a_case(state: State = State.DRAFT, **changes: Any) -> Case:
    """A case of ANLONG for GUIYANG as it would stand in ``state``, with what it must have by then."""
    assignee = Party("guiyang.ct", "陈医师") if state in HELD else None
    signed = state in REPORTED
    case = Case(
        id="c0" * 16, number="HZ20261124-0001", state=state, version=7, priority=Priority.ROUTINE,
        service_type=ServiceType.TELECONSULTATION, requesting_site="ANLONG", performing_site="GUIYANG",
        centre="XINGYI", requester=Party("anlong.doctor", "王建国"), patient=PATIENT, question="是否出血？",
        clinical_history="头痛三天", modality="CT", body_part="HEAD", created_at=NOW - timedelta(hours=1),
        updated_at=NOW - timedelta(minutes=5), stays=(Stay(state, NOW - timedelta(days=8)),), study_uids=(STUDY,),
        consent=Consent("患者一", NOW - timedelta(hours=1)), assignee=assignee,
        asked=(Asked("请补传薄层", "已补传"),) if state is State.RETURNED else (),
        author=assignee if state in WRITING else None,
        authors=("guiyang.ct",) if state in WRITING else (),
        report=ReportState.FINAL if signed else _OF_STATE.get(state, ReportState.DRAFT if state in WRITING else None),
        report_version=1 if signed else 0, signed_at=NOW if signed else None,
    )  # fmt: skip
    return replace(case, **changes)


INVITED = [
    {"id": "guiyang.ct", "name": "陈医师", "specialty": "radiology", "role": "chair"},
    {"id": "guiyang.mr", "name": "杨医师", "specialty": "neurosurgery", "role": "member"},
]
SAYS: Mapping[Verb, Mapping[str, Any]] = {
    Verb.ASSIGN: {"assignee": {"id": "guiyang.ct2", "name": "赵医师"}},
    Verb.REASSIGN: {"assignee": {"id": "guiyang.ct2", "name": "赵医师"}},
    Verb.SCHEDULE: {"appointment_at": NOW + timedelta(hours=2)},
    Verb.RESCHEDULE: {"appointment_at": NOW + timedelta(hours=3)},
    Verb.CHANGE_PRIORITY: {"priority": "urgent"},
    Verb.SUBMIT_FOR_REVIEW: {"variation": "与初步报告一致"},
    Verb.SIGN: {"variation": "与初步报告一致"},
    Verb.INVITE: {"members": INVITED},
    Verb.RAISE_ALERT: {"critical": {"finding": "急性肺栓塞"}},
    Verb.RECORD_CALL: {"receiver": "王建国", "channel": "phone", "reached": True},
    Verb.CONFIRM_ALERT: {"read_back": "急性脑出血，立即处理"},
    Verb.HANDLE_ALERT: {"handling": "已转神经外科"},
}
CALLED = Alert("急性脑出血", "notifying", NOW, Party("guiyang.ct", "陈医师"))
READ_BACK = replace(CALLED, state="acknowledged", acknowledged_at=NOW, acknowledged_by=Party("anlong.doctor", "王建国"),
                    read_back="急性脑出血")  # fmt: skip
RECALLED = Recall(1, NOW, Party("qa", "质控员"), "左右写反", (Receiver("portal", "ANLONG"),))
FITS: Mapping[Verb, Mapping[str, Any]] = {
    Verb.COMPLETE_REQUEST: {"completes_by": NOW, "clinical_history": ""},
    Verb.REMIND_REQUEST: {"completes_by": NOW, "clinical_history": ""},
    Verb.REMIND_APPOINTMENT: {"appointment_at": NOW},
    Verb.INVITE: {"service_type": ServiceType.MDT},
    Verb.CALL_CONTACT: {"alerts": (CALLED,)},
    Verb.RECORD_CALL: {"alerts": (CALLED,)},
    Verb.CONFIRM_ALERT: {"alerts": (CALLED,)},
    Verb.HANDLE_ALERT: {"alerts": (READ_BACK,)},
    Verb.ACKNOWLEDGE_RECALL: {"recalls": (RECALLED,)},
}
"""What else a case has so that a verb makes sense."""


def say(verb: Verb) -> dict[str, Any]:
    """What is said with a verb so that nothing is lacking."""
    return {"reason": "因故", **SAYS.get(verb, {})}


def a_study(
    store: Store, site: str = "ANLONG", uid: str = STUDY, status: str = "complete", received: int = 120
) -> None:
    """A study of an institution as the archive would have found it, without its images."""
    found = StudyCompleteness.receiving(received)
    if status != "receiving":
        found = StudyCompleteness.of_document(found.document() | {"status": status, "expected": received})
    empty = {column.name: "" for column in studies.c if str(column.type) == "TEXT"}
    row: dict[str, Any] = empty | {
        "id": arrivals.study_key(site, uid), "institution": site, "study_uid": uid, "version": 1, "status": status,
        "charset_guessed": False, "series_count": 1, "instance_count": received, "completeness": found.document(),
        "first_at": NOW, "last_at": NOW, "told_at": NOW,
    }  # fmt: skip
    with store.write() as unit:
        unit.connection.execute(studies.delete().where(studies.c.id == row["id"]))
        unit.connection.execute(insert(studies).values(row))


def a_request(**changes: Any) -> Request:
    """A complete request of ANLONG's doctor for a head CT."""
    asked = Request(
        ServiceType.TELECONSULTATION, Priority.ROUTINE, "GUIYANG", PATIENT, "是否出血？", "头痛三天",
        study_uids=(STUDY,), consent=Consent("患者一", NOW), modality="CT", body_part="HEAD",
    )  # fmt: skip
    return replace(asked, **changes)


def begun(store: Store, now: datetime = NOW, **changes: Any) -> str:
    """A draft in the database; its id."""
    made = requests.create(store, a_request(**changes), ACTORS["anlong.doctor"], Once(None, ""), now)
    return str(made["id"])


def stored(store: Store, case_id: str) -> Case:
    """The case as it stands in the database."""
    with store.read() as connection:
        return cases.find(connection, case_id, SYSTEM)


def by(store: Store, case_id: str, who: str, verb: Verb, now: datetime = NOW, **said: Any) -> Case:
    """A move by a person or the system, however the verb is normally signed for; the case after it."""
    with store.write() as unit:
        if who == "system":
            case = cases.find(unit.connection, case_id, SYSTEM)
            return move_by_system(unit, case, verb, {**say(verb), **said}, now)
        heard = {**say(verb), **said}
        if isinstance(heard.get("assignee"), dict):
            heard["assignee"] = heard["assignee"]["id"]
        apply(unit, case_id, Order(verb, heard, None, NO_KEY), ACTORS[who], now)
        return cases.find(unit.connection, case_id, SYSTEM)


READER, REQUESTER, COORDINATOR, SYS = "guiyang.ct", "anlong.doctor", "xingyi.coordinator", "system"
PATHS: Mapping[State, tuple[tuple[str, Verb], ...]] = {
    State.DRAFT: (),
    State.SUBMITTED: ((REQUESTER, Verb.SUBMIT),),
    State.QUEUED: ((COORDINATOR, Verb.TRIAGE),),
    State.ASSIGNED: ((READER, Verb.CLAIM),),
    State.ACCEPTED: ((READER, Verb.ACCEPT),),
    State.IN_PROGRESS: ((READER, Verb.OPEN),),
    State.IN_REVIEW: ((READER, Verb.SUBMIT_FOR_REVIEW),),
    State.SIGNED: (("guiyang.reviewer", Verb.CO_SIGN),),
    State.DELIVERED: ((SYS, Verb.DELIVER),),
    State.ACKNOWLEDGED: ((REQUESTER, Verb.ACKNOWLEDGE),),
    State.CLOSED: ((REQUESTER, Verb.CLOSE),),
}
"""The straight way, each state by the moves that lead to it from the one before."""


def write_report(store: Store, case_id: str, text: ReportText = WRITTEN, who: str = READER) -> None:
    """A saved revision of a case's report."""
    with store.write() as unit:
        reports.keep(unit.connection, case_id, text, (who, PEOPLE[who].name), NOW)


def brought_to(store: Store, state: State, now: datetime = NOW, **changes: Any) -> str:
    """A case in the database, brought to a state on the straight way; its id."""
    case_id = begun(store, now, **changes)
    for step, moves in PATHS.items():
        if step is State.IN_REVIEW:
            write_report(store, case_id)
        if step is State.DELIVERED:
            with store.write() as unit:
                reports.confirm_delivery(unit.connection, case_id, 1, "portal", "ANLONG", now)
        for who, verb in moves:
            by(store, case_id, who, verb, now)
        if step is state:
            return case_id
    raise ValueError(f"{state} is not on the straight way")
