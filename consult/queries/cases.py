"""One case as its page shows it: the request, the images, the story, and the moves that are open to this person."""

from dataclasses import dataclass
from datetime import datetime

from consult.domain.access import What, may_see_draft
from consult.domain.cases import Case
from consult.domain.clocks import ClockReading
from consult.domain.contacts import PhoneContact
from consult.domain.events import Fact
from consult.domain.members import sits_in
from consult.domain.people import Actor, Institution
from consult.domain.report_sections import Template
from consult.domain.routing import Explained, route
from consult.domain.studies import StudySummary
from consult.domain.workflow import Move, open_to
from consult.store import cases, contacts, limits, people, reports, summaries
from consult.store.candidates import candidates_for, need_of
from consult.store.reports import Revision, SignedDocument
from consult.store.unit import Reader, Store
from consult.store.world import due_of, readings_of, report_due, template_of, world_of

__all__ = ["CaseView", "Revision", "candidates", "story", "version", "view"]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with all that its page needs; ``studies`` is empty for people who may not see the images.

    ``revision`` is the text as last saved, for the side that writes; ``documents`` what was signed, oldest first, for
    all who may see the report.
    """

    case: Case
    due_at: datetime | None
    clocks: tuple[ClockReading, ...]
    moves: tuple[Move, ...]
    studies: tuple[StudySummary, ...]
    priors: tuple[StudySummary, ...]
    sites: dict[str, Institution]
    template: Template
    revision: Revision | None
    documents: tuple[SignedDocument, ...]
    two_person: bool
    call: tuple[PhoneContact, ...]
    parent: Case | None
    children: tuple[Case, ...]
    now: datetime


def view(store: Store, case_id: str, actor: Actor, now: datetime) -> CaseView:
    """The case for this actor. Raises NotFound when it is not theirs to see."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor)
        world = world_of(connection, case, now)
        book = limits.book(connection)
        sees_images = cases.sees(connection, case_id, actor, What.IMAGES)
        sees_report = cases.sees(connection, case_id, actor, What.REPORT)
        writes = may_see_draft(actor, case.performing_site, sits_in(case, actor))
        return CaseView(
            case=case,
            due_at=due_of(case, now, book),
            clocks=readings_of(case, now, book),
            moves=open_to(case, actor, world, now),
            studies=tuple(summaries.summaries(connection, case.requesting_site, case.study_uids))
            if sees_images
            else (),
            priors=tuple(summaries.priors(connection, case.requesting_site, case.study_uids)) if sees_images else (),
            sites={site.code: site for site in people.all_institutions(connection)},
            template=template_of(case),
            revision=reports.latest(connection, case_id) if sees_report and writes else None,
            documents=tuple(reports.documents(connection, case_id)) if sees_report else (),
            two_person=world.two_person,
            call=contacts.of(connection, case.requesting_site) if any(a.is_open for a in case.alerts) else (),
            parent=_parent(connection, case, actor),
            children=tuple(cases.children_of(connection, case_id, actor)),
            now=now,
        )


def _parent(connection: Reader, case: Case, actor: Actor) -> Case | None:
    """The case that this one was begun from, where the actor sees it."""
    if case.parent_id is None or not cases.sees(connection, case.parent_id, actor, What.LIST):
        return None
    return cases.find(connection, case.parent_id, actor, What.LIST)


def story(store: Store, case_id: str, actor: Actor, after: int = 0) -> list[Fact]:
    """What happened to a case, in order. Raises NotFound."""
    with store.read() as connection:
        cases.find(connection, case_id, actor)
        return cases.facts_of(connection, case_id, after)


def candidates(store: Store, case_id: str, actor: Actor, now: datetime) -> tuple[Explained, ...]:
    """Who might read it, best first, with the reasons; those ruled out last. Raises NotFound."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor)
        need = need_of(connection, case, report_due(case, now, limits.book(connection)), now)
        house = candidates_for(connection, case, now)
        return route(need, house.candidates, now, house.calendar, house.policy).ranking


def version(store: Store, case_id: str, actor: Actor) -> int:
    """The case's version: its ETag. Raises NotFound."""
    with store.read() as connection:
        return cases.find(connection, case_id, actor).version
