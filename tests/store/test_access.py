"""A list shows exactly the cases that may be opened: the SQL of each scope says the same as the rule."""

from itertools import product

import pytest

from consult.domain.access import CaseFacts, What, may
from consult.domain.cases import Case, Member, Party, State
from consult.domain.events import Fact
from consult.domain.people import ANY, Actor, Skill
from consult.store import cases
from consult.store.tables import cases as rows
from consult.store.unit import Store
from tests.makers.cases import a_case
from tests.makers.people import ACTORS, NOW, settle

STATES = (State.DRAFT, State.QUEUED, State.ASSIGNED, State.IN_REVIEW, State.SIGNED)
SITES = (("ANLONG", "GUIYANG", "XINGYI"), ("DUSHAN", "XINGYI", "XINGYI"), ("DUSHAN", "GUIYANG", None))
KINDS = (("CT", "HEAD"), ("MR", "SPINE"), ("CT", ""), ("", ""))
CT2, REVIEWER = Party("guiyang.ct2", "赵医师"), Party("guiyang.reviewer", "张主任")
MEMBERS = (
    (),
    (Member("guiyang.mr", "杨医师", "neurology", "member", "accepted"), Member("qa", "质控员", "urology", "member")),
    (Member("guiyang.reviewer2", "李主任", "oncology", "observer"),
     Member("guiyang.mr", "杨医师", "neurology", "member", "declined")),
)  # fmt: skip
PEOPLE = ((None, None, None), (CT2, None, None), (CT2, CT2, REVIEWER))
MORE = {
    "head only": Actor("h", "某医师", ACTORS["guiyang.ct"].roles, "GUIYANG", skills=(Skill("CT", "HEAD"),)),
    "all of MR": Actor("m", "某医师", ACTORS["guiyang.mr"].roles, "GUIYANG", skills=(Skill("MR", ANY),)),
    "no skill": Actor("n", "某医师", ACTORS["guiyang.ct"].roles, "GUIYANG"),
    "another house": Actor("a", "某医师", ACTORS["guiyang.ct"].roles, "XINGYI", skills=(Skill("CT", ANY),)),
}


def all_cases() -> list[Case]:
    """Every mixture of state, sites, kind and people."""
    return [
        a_case(
            state,
            id=f"{n:032x}",
            number=f"HZ-{n}",
            requesting_site=sites[0],
            performing_site=sites[1],
            centre=sites[2],
            modality=kind[0],
            body_part=kind[1],
            assignee=people[0],
            author=people[1],
            reviewer=people[2],
            sampled=n % 3 == 0,
            members=MEMBERS[n % 7 % 3],
        )
        for n, (state, sites, kind, people) in enumerate(product(STATES, SITES, KINDS, PEOPLE))
    ]


def facts_of(case: Case) -> CaseFacts:
    """A case as the scopes look at it."""
    return CaseFacts(
        requesting_site=case.requesting_site,
        performing_site=case.performing_site,
        centre=case.centre,
        in_pool=case.state is State.QUEUED,
        in_review=case.state is State.IN_REVIEW,
        sampled=case.sampled,
        modality=case.modality,
        body_part=case.body_part,
        assignee_id=case.assignee.id if case.assignee else None,
        author_ids=frozenset({case.author.id} if case.author else ()),
        reviewer_ids=frozenset({case.reviewer.id} if case.reviewer else ()),
        member_ids=frozenset(m.id for m in case.members if m.answer != "declined" and case.state is not State.DRAFT),
    )


@pytest.fixture
def kept(store: Store) -> list[Case]:
    settle(store)
    known = all_cases()
    with store.write() as unit:
        for case in known:
            cases.add(unit, case, Fact("case", case.id, "create", NOW, None, "系统", case.version), None)
    return known


def test_a_list_shows_exactly_what_may_be_opened(store: Store, kept: list[Case]) -> None:
    seen = 0
    with store.read() as connection:
        for (who, actor), what in product((ACTORS | MORE).items(), What):
            shown = set(connection.execute(rows.select().where(cases.visible_to(actor, what))).scalars())
            may_see = {case.id for case in kept if may(actor, what, facts_of(case))}
            assert shown == may_see, f"{who} and {what}"
            seen += len(shown)
    assert seen
