"""Who sees a study is remembered for a moment, and forgotten when anything changes."""

import pytest

from consult.domain.errors import NotFound
from consult.domain.events import Fact
from consult.domain.people import Actor, Role
from consult.store import seen
from consult.store.seen import Seen
from consult.store.unit import Store
from tests.makers.people import NOW

READER = Actor("p1", "陈医师", frozenset({Role.SPECIALIST}), "GUIYANG")
OTHER = Actor("p2", "吴医师", frozenset({Role.SPECIALIST}), "GUIYANG")


def gone() -> str:
    raise NotFound


def test_what_was_found_is_not_looked_for_again() -> None:
    remembered = Seen()
    assert remembered.key_of(READER, "2.25.1", lambda: "key") == "key"
    assert remembered.key_of(READER, "2.25.1", gone) == "key"


@pytest.mark.parametrize(("who", "uid"), [(OTHER, "2.25.1"), (READER, "2.25.2")])
def test_it_is_remembered_for_this_person_and_study_alone(who: Actor, uid: str) -> None:
    remembered = Seen()
    remembered.key_of(READER, "2.25.1", lambda: "key")
    with pytest.raises(NotFound):
        remembered.key_of(who, uid, gone)


def test_a_refusal_is_not_remembered() -> None:
    remembered = Seen()
    with pytest.raises(NotFound):
        remembered.key_of(READER, "2.25.1", gone)
    assert remembered.key_of(READER, "2.25.1", lambda: "key") == "key"


def test_a_change_while_one_looks_is_not_missed() -> None:
    remembered = Seen()

    def found_just_before_the_change() -> str:
        remembered.forget()
        return "key"

    remembered.key_of(READER, "2.25.1", found_just_before_the_change)
    with pytest.raises(NotFound):
        remembered.key_of(READER, "2.25.1", gone)


def test_any_fact_that_is_told_forgets_it(store: Store) -> None:
    with store.read() as connection:
        remembered = seen.seen_by(connection)
    remembered.key_of(READER, "2.25.1", lambda: "key")
    with store.write() as unit:
        unit.tell(Fact("case", "c1", "withdrawn", NOW, None, "", 2))
    with pytest.raises(NotFound):
        remembered.key_of(READER, "2.25.1", gone)
