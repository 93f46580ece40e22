"""A signed report reaches the requesting site: delivered when a channel confirms it, then the case says so."""

from datetime import datetime

from consult.actions.workflow import move_by_system
from consult.domain.cases import State
from consult.domain.errors import Unavailable, Words
from consult.domain.events import Fact
from consult.domain.people import SYSTEM
from consult.domain.workflow import Verb
from consult.store import cases, reports
from consult.store.blobs import Blobs
from consult.store.unit import Store

PORTAL = "portal"
UNREADABLE = Words("已签发的报告文件暂时无法读取。", "The signed document cannot be read for the moment.")


def on_case_fact(store: Store, blobs: Blobs, fact: Fact, now: datetime) -> None:
    """T22, and T17's "at once": the requesting site's own worklist is a channel.

    It confirms when the sealed document can be opened there; a preliminary one leaves the case where it is.

    Raises Unavailable while the document cannot be read, so that the relay tries again.
    """
    if fact.kind not in (Verb.SIGN, Verb.CO_SIGN, Verb.ISSUE_PRELIMINARY):
        return
    version = int(fact.data["set"]["report_version"])
    with store.read() as connection:
        issued = reports.documents(connection, fact.subject_id, (reports.ISSUED,))
    document = next((each for each in issued if each.version == version), None)
    if document is None:  # recalled before it could be delivered
        return
    if not blobs.verify(document.sha256):
        raise Unavailable(UNREADABLE)
    with store.write() as unit:
        case = cases.find(unit.connection, fact.subject_id, SYSTEM)
        reports.confirm_delivery(unit.connection, case.id, version, PORTAL, case.requesting_site, now)
        if case.state is State.SIGNED and case.report_version == version:
            move_by_system(unit, case, Verb.DELIVER, {}, now)
