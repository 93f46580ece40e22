"""Known DICOM machines: one institution's each, called from where they are, and no wiser than their institution."""

from typing import Any

import pytest

from consult.actions import nodes
from consult.actions.nodes import Call
from consult.domain.access import Scope, What, scope_of
from consult.domain.errors import Invalid, NotFound, Unavailable
from consult.domain.nodes import Node, machine
from consult.queries import nodes as known_nodes
from consult.store.audit import walk
from consult.store.unit import Store, Taken
from tests.makers_people import NOW, open_institutions

PACS = Node("PACS", "ANLONG", "127.0.0.1", 11112, may_query=True, may_be_sent_to=True, charset="GB18030")


@pytest.fixture
def peopled(store: Store) -> Store:
    open_institutions(store)
    return store


def test_a_machine_is_kept_changed_and_forgotten(peopled: Store) -> None:
    nodes.keep(peopled, PACS, NOW)
    assert nodes.known(peopled, "PACS") == PACS
    moved = Node("PACS", "ANLONG", "127.0.0.2", 104)
    nodes.keep(peopled, moved, NOW)
    assert moved in known_nodes.every(peopled)
    nodes.forget(peopled, "PACS", NOW)
    assert nodes.known(peopled, "PACS") is None
    with pytest.raises(NotFound):
        nodes.forget(peopled, "PACS", NOW)


def test_who_may_call_is_administered_on_the_record(peopled: Store) -> None:
    nodes.keep(peopled, PACS, NOW)
    nodes.forget(peopled, "PACS", NOW)
    with peopled.read() as connection:
        entries = [row.entry for row in walk(connection)]
    assert [(entry.deed, entry.subject_id) for entry in entries] == [("administer", "PACS")] * 2


def test_an_ae_title_belongs_to_one_institution(peopled: Store) -> None:
    nodes.keep(peopled, PACS, NOW)
    with pytest.raises(Taken, match="ANLONG"):
        nodes.keep(peopled, Node("PACS", "DUSHAN"), NOW)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ae_title": ""}, "ae_title"),
        ({"ae_title": "A" * 17}, "ae_title"),
        ({"ae_title": "A\\B"}, "ae_title"),
        ({"host": "no host"}, "host"),
        ({"port": 70000}, "port"),
        ({"port": None}, "port"),
        ({"host": None, "port": None, "may_be_sent_to": False}, "host"),
        ({"institution": "NOBODY"}, "institution"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_is_wrong(peopled: Store, changes: dict[str, Any], field: str) -> None:
    values = {name: getattr(PACS, name) for name in Node.__slots__} | changes
    with pytest.raises(Invalid) as refused:
        nodes.keep(peopled, Node(**values), NOW)
    assert [each.field for each in refused.value.fields] == [field]


@pytest.mark.parametrize(
    ("call", "known"),
    [
        (Call("PACS", "127.0.0.1"), True),
        (Call("PACS", "::ffff:127.0.0.1"), True),
        (Call("PACS", "127.0.0.2"), False),
        (Call("PACS", "10.0.0.7"), False),
        (Call("STRANGER", "127.0.0.1"), False),
        (Call("SECURE", "127.0.0.1"), False),
        (Call("SECURE", "127.0.0.1", tls=True), True),
        (Call("ANLONG", "192.0.2.1"), True),
    ],
)
def test_a_machine_is_known_by_its_title_where_it_is(peopled: Store, call: Call, known: bool) -> None:
    nodes.keep(peopled, PACS, NOW)
    nodes.keep(peopled, Node("SECURE", "ANLONG", tls=True, may_query=True), NOW)
    assert (nodes.caller(peopled, call) is not None) == known


def test_a_host_that_cannot_be_looked_up_is_nobodys_fault(peopled: Store) -> None:
    nodes.keep(peopled, Node("AWAY", "ANLONG", "nowhere.invalid"), NOW)
    with pytest.raises(Unavailable):
        nodes.caller(peopled, Call("AWAY", "127.0.0.1"))


def test_a_title_given_with_the_institution_may_send_and_no_more(peopled: Store) -> None:
    node = nodes.known(peopled, "ANLONG")
    assert node == Node("ANLONG", "ANLONG", may_send=True, may_query=False, may_be_sent_to=False)


def test_a_machine_sees_images_as_a_coordinator_of_its_institution_and_is_no_person() -> None:
    actor = machine(PACS)
    assert scope_of(actor, What.IMAGES) == {Scope.REGION}
    assert scope_of(actor, What.PEOPLE) == frozenset()
    assert not actor.sign_right
