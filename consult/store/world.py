"""What the rules ask about a case beyond the case itself, gathered in one place from what is stored."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from consult.domain import agreements, clocks, writing_rules
from consult.domain.approval import is_asked_for
from consult.domain.calendars import CHINA
from consult.domain.cases import Case, State
from consult.domain.completeness import StudyCompleteness
from consult.domain.critical_terms import critical_terms
from consult.domain.errors import Words
from consult.domain.limits import USUAL, LimitBook
from consult.domain.members import is_mdt
from consult.domain.report_sections import Section, Template
from consult.domain.report_templates import template_for
from consult.domain.reports import ReportText
from consult.domain.routing import excluded_by
from consult.domain.workflow import STATES
from consult.domain.workflow_needs import Images, World
from consult.domain.writing_rule import ReportContext
from consult.store import cases, limits, members, patients, people, reports, studies
from consult.store.candidates import candidates_for, need_of

RUNS = {str(state): row.clocks for state, row in STATES.items()}
ROUTABLE = frozenset(
    {State.QUEUED, State.ASSIGNED, State.ACCEPTED, State.SCHEDULED, State.IN_PROGRESS, State.PRELIMINARY,
     State.IN_REVIEW}
)  # fmt: skip
WRITING = frozenset({State.IN_PROGRESS, State.PRELIMINARY, State.IN_REVIEW})
EMPTY_SECTION, CRITICAL = "section-empty", "critical-untold"
WORST_FIRST = ("none", "short", "receiving", "quiet", "complete")


def readings_of(case: Case, now: datetime, book: LimitBook = USUAL) -> tuple[clocks.ClockReading, ...]:
    """The clocks of a case, by the limits of its performing house."""
    held_to = book.clocks(case.performing_site, str(case.service_type))
    return clocks.read(case.stays, now, str(case.priority), RUNS, exam_started=case.exam_started, clocks=held_to)


def due_of(case: Case, now: datetime, book: LimitBook = USUAL) -> datetime | None:
    """When the next clock of a case is due: through the calendar, so that a case of the night has its place at once."""
    due = [r.due_at for r in readings_of(case, now, book) if r.runs and r.due_at is not None]
    return min(due) if due else None


def report_due(case: Case, now: datetime, book: LimitBook = USUAL) -> datetime | None:
    """When the report itself is due: what a reader's time is measured against."""
    return next((r.due_at for r in readings_of(case, now, book) if r.name == "consult"), None)


def images_of(connection: Connection, case: Case) -> Images:
    """What the archive knows of the case's studies together; the worst of them speaks."""
    return images_of_all(connection, [case])[case.id]


def images_of_all(connection: Connection, several: Sequence[Case]) -> dict[str, Images]:
    """The same for several cases, by case id, with one question a site."""
    wanted: dict[str, set[str]] = {}
    for case in several:
        wanted.setdefault(case.requesting_site, set()).update(case.study_uids)
    known = {site: studies.completeness_of(connection, site, uids) for site, uids in wanted.items()}
    return {case.id: _together([known[case.requesting_site].get(uid) for uid in case.study_uids]) for case in several}


def _together(found: list[StudyCompleteness | None]) -> Images:
    if not found:
        return Images()
    expected = [each.expected for each in found if each is not None and each.expected is not None]
    return Images(
        status=min((str(each.status) if each else "none" for each in found), key=WORST_FIRST.index),
        received=sum(each.received for each in found if each),
        expected=sum(expected) if expected and len(expected) == len(found) else None,
        missing=tuple(gap for each in found if each for gap in _gaps(each)),
    )


def _gaps(study: StudyCompleteness) -> list[Words]:
    return [missing.sentence for missing in study.missing]


def template_of(case: Case) -> Template:
    """The template a case's report is written on."""
    return template_for(case.modality, case.body_part, str(case.service_type), case.patient.sex)


def report_context(case: Case, now: datetime) -> ReportContext:
    """What the writing rules know beside the text."""
    born = case.patient.birth_date
    age = None if born is None else int((CHINA.local_day(now) - born).days / 365.25)
    return ReportContext(
        template_of(case),
        case.patient.sex,
        case.body_part,
        age,
        alerts=frozenset(alert.finding for alert in case.alerts),
    )


def whole_text(text: ReportText) -> str:
    """The parts in which a critical finding is told."""
    return "\n".join((text.section(Section.FINDINGS), text.section(Section.IMPRESSION)))


def world_of(connection: Connection, case: Case, now: datetime, overridden: frozenset[str] = frozenset()) -> World:
    """What the needs of a move look at; ``overridden`` are the codes of writing rules that the mover overrides."""
    performing = people.institution(connection, case.performing_site)
    requesting = people.institution(connection, case.requesting_site)
    known = people.agreements_of(connection, case.requesting_site)
    day = CHINA.local_day(now)
    missing, blocking, critical = _written(connection, case, now, overridden)
    return World(
        agreed=agreements.agreed(known, case.requesting_site, case.performing_site, str(case.service_type), day),
        duplicate=cases.twin_of(connection, case) if case.state is State.DRAFT else None,
        images=images_of(connection, case),
        patient_differs=patients.differences_of(connection, case),
        two_person=performing.policy.two_person and not is_mdt(case),
        approver_required=is_asked_for(requesting.policy.approval, case.priority),
        unfit=_unfit(connection, case, now) if case.state in ROUTABLE else {},
        report_missing=missing,
        blocking=blocking,
        critical_terms=critical,
        silent=members.silent(connection, case) if case.state in WRITING else (),
        receipts=reports.receipts(connection, case.id, case.report_version) if case.state is State.SIGNED else 0,
        appointments=cases.appointments_of(connection, case.assignee.id, case.id)
        if case.assignee and case.state in (State.ACCEPTED, State.SCHEDULED)
        else (),
    )


def _unfit(connection: Connection, case: Case, now: datetime) -> dict[str, Words | None]:
    # only the router leaves out whoever declined, missed an offer or has their hands full
    need = need_of(connection, case, report_due(case, now, limits.book(connection)), now)
    judged: dict[str, Words | None] = {}
    house = candidates_for(connection, case, now)
    for candidate in house.candidates:
        out = excluded_by(need, candidate, now, house.calendar, house.policy, by_hand=True)
        judged[candidate.person.id] = out[0].words if out else None
    return judged


def _written(
    connection: Connection, case: Case, now: datetime, overridden: frozenset[str]
) -> tuple[tuple[Words, ...], tuple[Words, ...], tuple[str, ...]]:
    if case.state not in WRITING:
        return (), (), ()
    revision = reports.latest(connection, case.id)
    text = revision.text if revision else ReportText()
    found = writing_rules.blocks(writing_rules.check(text, report_context(case, now)))
    missing = tuple(f.sentence for f in found if f.code == EMPTY_SECTION)
    blocking = tuple(f.sentence for f in found if f.code not in (EMPTY_SECTION, CRITICAL) and f.code not in overridden)
    alerted = {alert.finding for alert in case.alerts}
    critical = tuple(term for term in critical_terms(whole_text(text)) if term not in alerted)
    return missing, blocking, critical
