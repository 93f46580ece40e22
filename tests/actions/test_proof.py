"""A study at rest has its manifests; whatever is lost or changed afterwards is found, and lists say what never came."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete

from consult.actions import announcements, assessment, conflicts, proof, relay
from consult.domain.completeness import StudyCompleteness
from consult.domain.errors import Invalid, NotAllowed, NotSignedIn, Unavailable, Words
from consult.domain.losses import Kind, Source, Status
from consult.domain.nodes import Node
from consult.domain.people import Actor, Role
from consult.formats.bounded import HeaderReader
from consult.formats.manifest import Signature, canonical, key_id_of
from consult.store import nodes as node_rows
from consult.store import outbox, studies
from consult.store import proof as rows
from consult.store.announcements import ASK
from consult.store.arrivals import study_key
from consult.store.tables_proof import series_manifests
from consult.store.tables_studies import instances
from consult.store.unit import Store
from tests.makers.archive import SERIES, STUDY, Archive, a_slice, archive
from tests.makers.people import ACTORS
from tests.makers_people import open_institutions

KEY = study_key("ANLONG", STUDY)
QUIET = timedelta(seconds=10)


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture
def opened(store: Store, tmp_path: Path, reader: HeaderReader) -> Iterator[Archive]:
    with archive(store, tmp_path, reader) as made:
        yield made


def at_rest(made: Archive, *numbers: int) -> StudyCompleteness:
    for number in numbers:
        made.put(a_slice(number))
    now = made.clock.advance(seconds=10)
    assessment.settle(made.store, KEY, QUIET, False, now)
    proof.make_manifests(made.store, made.blobs, KEY, now)
    return known(made)


def known(made: Archive) -> StudyCompleteness:
    with made.store.read() as connection:
        return studies.completeness_of(connection, "ANLONG", [STUDY])[STUDY]


def again(made: Archive) -> StudyCompleteness:
    """Run the timers that are due, as the worker does."""
    assert relay.run_due_timers(made.store, assessment.study_timers(10), made.clock.advance(seconds=1)) == []
    return known(made)


def check(made: Archive) -> proof.Checked:
    return proof.verify(made.store, made.blobs, KEY, made.clock.now)


def test_every_state_of_rest_leaves_a_manifest_that_never_changes(opened: Archive) -> None:
    at_rest(opened, 1, 2, 3)
    with opened.store.read() as connection:
        (first,) = rows.manifests(connection, KEY)
    listed = json.loads(opened.blobs.path(first.sha256).read_bytes())
    assert (listed["series_uid"], [each["instance_number"] for each in listed["instances"]]) == (SERIES, [1, 2, 3])
    assert [each["position"] for each in listed["instances"]] == [[-10, -20, n] for n in (1, 2, 3)]
    assert proof.make_manifests(opened.store, opened.blobs, KEY, opened.clock.now) == 0
    at_rest(opened, 4)
    with opened.store.read() as connection:
        assert [each.instances for each in rows.manifests(connection, KEY)] == [3, 4]
    assert check(opened).faults == ()


def test_a_lost_a_changed_and_a_forgotten_object_are_each_found(opened: Archive) -> None:
    at_rest(opened, 1, 2, 3, 4)
    with opened.store.read() as connection:
        held = {each.sop_uid: each.sha256 for each in rows.held(connection, KEY)}
    assert (check(opened).objects, check(opened).manifests) == (4, 1)
    gone, changed, forgotten = (held[f"{SERIES}.{n}"] for n in (1, 2, 3))
    opened.blobs.path(gone).unlink()
    place = opened.blobs.path(changed)
    whole = place.read_bytes()
    place.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with opened.store.write() as unit:
        unit.connection.execute(delete(instances).where(instances.c.sha256 == forgotten))
    found = check(opened)
    assert sorted((each.code, each.what) for each in found.faults) == sorted(
        [("gone", gone), ("changed", changed), ("unlisted", f"{SERIES}.3"), ("count", STUDY)]
    )
    with opened.store.read() as connection:
        assert rows.standing(connection).bad == 1
        (faulty,) = rows.faulty(connection, 10)
        told = [fact.kind for fact in outbox.facts_after(connection, 0, 100)]
    assert (faulty.study_uid, len(faulty.faults)) == (STUDY, 4)
    assert "study_faulty" in told


def test_a_manifest_that_was_tampered_with_is_found(opened: Archive) -> None:
    at_rest(opened, 1)
    with opened.store.read() as connection:
        (row,) = rows.manifests(connection, KEY)
    opened.blobs.path(row.sha256).write_bytes(b"{}")
    assert [each.code for each in check(opened).faults] == ["manifest-changed"]
    opened.blobs.path(row.sha256).unlink()
    assert [each.code for each in check(opened).faults] == ["manifest-gone"]


def test_the_walk_comes_past_every_study_rests_and_begins_anew(opened: Archive) -> None:
    for number in range(6):
        opened.put(a_slice(1, study=f"2.25.{number}", series=f"2.25.{number}.1"))
    turns = [proof.walk(opened.store, opened.blobs, opened.clock.now) for _ in range(4)]
    assert turns == [4, 2, 0, 0]
    with opened.store.read() as connection:
        assert rows.standing(connection)[:4] == (6, 6, 0, 1)
    assert proof.walk(opened.store, opened.blobs, opened.clock.advance(seconds=86401)) == 4


# --- what senders say


def listing(*numbers: int) -> dict[str, Any]:
    images = [{"sop_uid": f"{SERIES}.{n}", "instance_number": n} for n in numbers]
    return {"study_uid": STUDY, "series": [{"series_uid": SERIES, "instances": images}]}


def signed(key: Ed25519PrivateKey, said: dict[str, Any]) -> Signature:
    return Signature(
        key_id_of(key.public_key().public_bytes_raw()), base64.b64encode(key.sign(canonical(said))).decode()
    )


def register(made: Archive) -> Ed25519PrivateKey:
    open_institutions(made.store)
    key = Ed25519PrivateKey.generate()
    text = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    announcements.register_key(made.store, "ANLONG", text, made.clock.now)
    return key


def test_a_signed_list_names_what_never_came_and_proves_the_study_when_it_has(opened: Archive) -> None:
    key, said = register(opened), listing(1, 2, 3, 4, 5)
    taken = announcements.announce_signed(opened.store, STUDY, said, signed(key, said), opened.clock.now)
    assert (taken.institution, taken.source, taken.images) == ("ANLONG", Source.SIGNED, 5)
    found = at_rest(opened, 1, 2, 3)
    assert [each.instance_number for each in found.missing] == [4, 5]
    assert at_rest(opened, 4, 5).status is Status.COMPLETE


def test_a_list_that_comes_later_is_held_against_what_is_there(opened: Archive) -> None:
    assert at_rest(opened, 1, 2, 3).status is Status.QUIET
    doctor = ACTORS["anlong.doctor"]
    assert (
        announcements.announce_plain(opened.store, STUDY, listing(1, 2, 3), doctor, opened.clock.now).source == "listed"
    )
    assert again(opened).status is Status.COMPLETE
    announcements.announce_plain(opened.store, STUDY, listing(1, 2, 3, 4), doctor, opened.clock.now)
    assert again(opened).status is Status.SHORT, "the newest list of a source counts"


def test_a_forged_list_is_not_taken(opened: Archive) -> None:
    key, said = register(opened), listing(1, 2)
    true = signed(key, said)
    for wrong, what in (
        (signed(Ed25519PrivateKey.generate(), said), said),
        (true, listing(1)),
        (true._replace(value=base64.b64encode(bytes(64)).decode()), said),
    ):
        with pytest.raises(NotSignedIn):
            announcements.announce_signed(opened.store, STUDY, what, wrong, opened.clock.now)
    announcements.retire_key(opened.store, true.key_id, opened.clock.now)
    with pytest.raises(NotSignedIn):
        announcements.announce_signed(opened.store, STUDY, said, true, opened.clock.now)
    with pytest.raises(Invalid):
        announcements.announce_plain(opened.store, "2.25.9", said, ACTORS["anlong.doctor"], opened.clock.now)
    with pytest.raises(NotAllowed):
        announcements.announce_plain(opened.store, STUDY, said, ACTORS["guiyang.ct"], opened.clock.now)


def test_the_sender_is_asked_for_its_counts_once_the_study_is_quiet(opened: Archive) -> None:
    open_institutions(opened.store)
    with opened.store.write() as unit:
        node_rows.keep(unit, Node("ANLONG", "ANLONG", "127.0.0.1", 104))
    asked: list[tuple[str, str]] = []

    def counts(node: Node, study_uid: str) -> dict[str, int]:
        asked.append((node.ae_title, study_uid))
        return {SERIES: 7}

    at_rest(opened, 1, 2, 3)
    jobs = {ASK: announcements.ask_counts(counts)}
    assert relay.run_due_timers(opened.store, jobs, opened.clock.now) == []
    found = again(opened)
    assert asked == [("ANLONG", STUDY)]
    assert [(each.source, each.expected, each.short, each.by) for each in found.claims] == [
        (Source.COUNTED, 7, 4, "ANLONG")
    ]
    assert (found.status, sum(each.count for each in found.missing)) == (Status.SHORT, 4)
    assert relay.run_due_timers(opened.store, jobs, opened.clock.now) == []
    assert len(asked) == 1, "nothing came since"


def test_a_sender_that_does_not_answer_changes_nothing(opened: Archive) -> None:
    open_institutions(opened.store)
    with opened.store.write() as unit:
        node_rows.keep(unit, Node("ANLONG", "ANLONG", "127.0.0.1", 104))

    def away(_node: Node, _study_uid: str) -> dict[str, int]:
        raise Unavailable(Words("无应答。", "No answer."))

    assert at_rest(opened, 1, 2, 3).status is Status.QUIET
    assert relay.run_due_timers(opened.store, {ASK: announcements.ask_counts(away)}, opened.clock.now) == []
    assert again(opened).status is Status.QUIET


# --- versions that contradict


def primary(made: Archive) -> str:
    with made.store.read() as connection:
        return next(
            each.sha256 for each in rows.held(connection, KEY) if each.rank == 0 and each.sop_uid.endswith(".2")
        )


def test_a_person_chooses_between_versions_and_can_choose_again(opened: Archive) -> None:
    at_rest(opened, 1, 2, 3)
    first = primary(opened)
    opened.put(a_slice(2, pixel=9))
    assert [each.kind for each in at_rest(opened).conflicts] == [Kind.COPY]
    with opened.store.read() as connection:
        held = rows.held(connection, KEY)
    (other,) = [each.sha256 for each in held if each.rank == 1]
    sop, before = f"{SERIES}.2", len(held)
    for chosen in (other, first):
        decide(opened, sop, chosen)
        assert primary(opened) == chosen
        assert [each.kind for each in again(opened).conflicts] == [Kind.CHOSEN]
    with opened.store.read() as connection:
        assert len(rows.held(connection, KEY)) == before, "nothing is deleted"
        told = [fact for fact in outbox.facts_after(connection, 0, 100) if fact.kind == "study_decided"]
    assert [fact.data["chosen"] for fact in told] == [other, first]
    proof.make_manifests(opened.store, opened.blobs, KEY, opened.clock.now)
    assert check(opened).faults == ()
    opened.clock.advance(seconds=1)
    opened.put(a_slice(2, pixel=11))
    assert [each.kind for each in at_rest(opened).conflicts] == [Kind.COPY], "a new version opens it again"


def decide(made: Archive, sop: str, sha256: str) -> None:
    at_site = Actor("p1", "调度", frozenset({Role.COORDINATOR}), "ANLONG")
    with pytest.raises(NotAllowed):
        conflicts.decide(made.store, STUDY, sop, sha256, "像素完整", ACTORS["anlong.doctor"], made.clock.now)
    with pytest.raises(Invalid):
        conflicts.decide(made.store, STUDY, sop, sha256, "  ", at_site, made.clock.now)
    conflicts.decide(made.store, STUDY, sop, sha256, "像素完整", at_site, made.clock.now)


def test_manifests_are_kept_for_every_version(opened: Archive) -> None:
    at_rest(opened, 1)
    at_rest(opened, 2)
    with opened.store.read() as connection:
        versions = connection.execute(series_manifests.select()).all()
    assert len({row.sha256 for row in versions}) == len(versions) == 2
