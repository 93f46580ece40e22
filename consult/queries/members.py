"""A multidisciplinary consultation as its members see it: their opinions, and who else can be asked into it."""

from dataclasses import dataclass

from consult.domain.errors import NotFound
from consult.domain.members import Opinion, is_mdt, may_write, sits_in
from consult.domain.people import Actor, Institution, Person, Role
from consult.store import cases, members, people
from consult.store.unit import Store


@dataclass(frozen=True, slots=True)
class Voice:
    """One member's opinion, with the member's name."""

    name: str
    opinion: Opinion
    revisions: tuple[Opinion, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What was said so far; ``mine`` is None for whoever gives no opinion of their own."""

    voices: tuple[Voice, ...]
    writes: bool
    mine: Opinion | None


@dataclass(frozen=True, slots=True)
class Expert:
    """Someone who can be asked, where they work, and whether they may lead the consultation."""

    person: Person
    site: Institution
    chairs: bool


def opinions(store: Store, case_id: str, actor: Actor) -> Table:
    """Every member's opinion, for those who sit in the consultation. Raises NotFound."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor)
        if not is_mdt(case) or not sits_in(case, actor):
            raise NotFound
        given = members.opinions(connection, case_id)
        voices = tuple(
            Voice(member.name, given[member.id], tuple(members.revisions(connection, case_id, member.id)))
            for member in case.members
            if member.id in given
        )
        return Table(voices, may_write(case, actor), given.get(actor.person_id or ""))


def experts(store: Store, case_id: str, actor: Actor) -> tuple[Expert, ...]:
    """Specialists and reviewers of the institutions that the asking one can ask. Raises NotFound."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor)
        agreed = people.agreements_of(connection, case.requesting_site)
        codes = {case.performing_site, *(each.performing_site for each in agreed)}
        sites = {site.code: site for site in people.all_institutions(connection) if site.code in codes}
        found: dict[str, Expert] = {}
        for code in sorted(sites, key=lambda code: (code != case.performing_site, code)):
            for person in (*people.specialists_of(connection, code), *people.reviewers_of(connection, code)):
                leads = code == case.performing_site and person.sign_right and Role.SPECIALIST in person.roles
                found.setdefault(person.id, Expert(person, sites[code], leads))
    return tuple(found.values())
