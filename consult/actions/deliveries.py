"""A signed report reaches the requesting site: delivered when a channel confirms it, then the case says so."""

from datetime import datetime

from consult.actions.workflow import move_by_system
from consult.domain.cases import State
from consult.domain.errors import NotFound, Unavailable, Words
from consult.domain.events import Fact
from consult.domain.people import SYSTEM
from consult.domain.workflow import Verb
from consult.store import cases, reports
from consult.store.blobs import Blobs
from consult.store.unit import Store

PORTAL = "portal"
UNREADABLE = Words("已签发的报告文件暂时无法读取。", "The signed document cannot be read for the moment.")


def on_case_fact(store: Store, blobs: Blobs, fact: Fact, now: datetime) -> None:
    """T22: the requesting site's own worklist is a channel; it confirms when the sealed document can be opened there.

    Raises Unavailable while the document cannot be read, so that the relay tries again.
    """
    if fact.data.get("to") != State.SIGNED:
        return
    with store.read() as connection:
        try:
            case = cases.find(connection, fact.subject_id, SYSTEM)
        except NotFound:
            return
        issued = reports.documents(connection, case.id, (reports.ISSUED,))
    if case.state is not State.SIGNED or not issued:
        return
    if not blobs.verify(issued[-1].sha256):
        raise Unavailable(UNREADABLE)
    with store.write() as unit:
        case = cases.find(unit.connection, fact.subject_id, SYSTEM)
        if case.state is not State.SIGNED:
            return
        reports.confirm_delivery(unit.connection, case.id, case.report_version, PORTAL, case.requesting_site, now)
        move_by_system(unit, case, Verb.DELIVER, {}, now)
