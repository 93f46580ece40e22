"""Reports as they are asked for: the text, its checks, its template, a signed version."""

from datetime import datetime

from consult.domain import writing_rules
from consult.domain.access import What, may_see_draft
from consult.domain.cases import Case
from consult.domain.critical_terms import critical_terms
from consult.domain.errors import NotFound, Words
from consult.domain.members import sits_in
from consult.domain.people import Actor
from consult.domain.report_sections import Template
from consult.domain.reports import ReportText
from consult.domain.writing_rule import Finding
from consult.store import cases, reports
from consult.store.reports import Revision, SignedDocument
from consult.store.unit import Reader, Store
from consult.store.world import report_context, template_of, whole_text

NOT_ISSUED = Words("报告还没有签发。", "The report has not been issued yet.")


def current(store: Store, case_id: str, actor: Actor) -> Revision | None:
    """The text as last saved; None before the first word. Raises NotFound."""
    with store.read() as connection:
        _drafted(connection, case_id, actor)
        return reports.latest(connection, case_id)


def _drafted(connection: Reader, case_id: str, actor: Actor) -> Case:
    """The case, for those who may see what is not signed yet. Raises NotFound."""
    case = cases.find(connection, case_id, actor, What.REPORT)
    if not may_see_draft(actor, case.performing_site, sits_in(case, actor)):
        raise NotFound
    return case


def checks(
    store: Store, case_id: str, text: ReportText, actor: Actor, now: datetime
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """What the writing rules find, and the critical terms that were not told yet. Raises NotFound."""
    with store.read() as connection:
        case = _drafted(connection, case_id, actor)
    context = report_context(case, now)
    told = {alert.finding for alert in case.alerts}
    untold = tuple(term for term in critical_terms(whole_text(text)) if term not in told)
    return writing_rules.check(text, context), untold


def template(store: Store, case_id: str, actor: Actor) -> Template:
    """The template that fits a case. Raises NotFound."""
    with store.read() as connection:
        return template_of(cases.find(connection, case_id, actor))


def document(store: Store, case_id: str, version: int | None, actor: Actor) -> SignedDocument:
    """A signed version; the newest when none is named. Raises NotFound."""
    with store.read() as connection:
        cases.find(connection, case_id, actor, What.REPORT)
        issued = reports.documents(connection, case_id)
    found = [each for each in issued if version is None or each.version == version]
    if not found:
        raise NotFound(NOT_ISSUED)
    return found[-1]


def by_number(store: Store, number: str) -> list[SignedDocument]:
    """All issued versions under a number, oldest first. Raises NotFound."""
    with store.read() as connection:
        found = reports.documents_by_number(connection, number)
    if not found:
        raise NotFound
    return found
