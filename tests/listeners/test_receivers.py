"""Several receiving processes behind one port behave as one door, and the death of one costs nobody what was kept."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from consult.actions import nodes
from consult.actions.parts import Parts
from consult.domain.nodes import Node
from consult.listeners.receivers import Line, Receivers
from consult.settings import Blobs, Database, Dicom, Settings
from consult.store.tables import timers
from consult.store.tables_studies import instances, studies
from consult.store.unit import Store
from consult.wiring import build_listener, clock, open_parts, peers_of
from tests.makers.archive import a_slice
from tests.makers.dicom import CT, EXPLICIT
from tests.makers.parallel import together
from tests.makers_people import fresh_store, open_institutions
from tests.peers.dicom import data_set_of, raw_association, store_raw

LOOPBACK = "127.0.0.1"
SLICES = 12


@contextmanager
def receiving(store: Store, url: str, folder: Path) -> Iterator[tuple[Parts, Receivers]]:
    """Two receivers over the store, and the machine ANLONG that may do everything."""
    open_institutions(store)
    nodes.keep(store, Node("ANLONG", "ANLONG", LOOPBACK, may_query=True), clock())
    settings = Settings(
        database=Database(url=url),
        blobs=Blobs(url=f"file://{folder / 'blobs'}"),
        dicom=Dicom.model_validate({"port": 0, "processes": 2, "quiet_s": 600, "max_associations": 4}),
    )
    with open_parts(settings) as parts, build_listener(parts) as door:
        assert isinstance(door, Receivers)
        eventually(lambda: len(door.serving) == 2)
        yield parts, door


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Parts, Receivers]]:
    """Two receivers on SQLite that take four associations together, begun once: each test sends a study of its own."""
    folder = tmp_path_factory.mktemp("receivers")
    store = fresh_store(folder)
    with receiving(store, f"sqlite:///{folder}/consult.db", folder) as both:
        yield both
    store.close()


@pytest.fixture(autouse=True)
def free(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whoever called in a test has gone before the next."""
    yield
    if "opened" in request.fixturenames:
        door = request.getfixturevalue("opened")[1]
        eventually(lambda: len(door.serving) == 2 and not any(door.serving.values()))


def eventually(holds: Callable[[], bool]) -> None:
    """Return when it holds; fails when it never does."""
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def put(peer: socket.socket, study: str, number: int) -> int:
    """A slice of a study of one series that has its name; the status."""
    file = a_slice(number, study=study, series=study)
    return store_raw(peer, CT, f"{study}.{number}", data_set_of(file))


def sent(door: Receivers, study: str, number: int) -> int:
    """A slice on an association of its own; the status."""
    with raw_association(door.port, CT, EXPLICIT) as peer:
        return put(peer, study, number)


def kept(parts: Parts, study: str) -> list[str]:
    """The SOP instances of the study that have a row, each with its object on disk."""
    of = instances.join(studies, studies.c.id == instances.c.study_id)
    query = select(instances.c.sop_uid, instances.c.sha256).select_from(of).where(studies.c.study_uid == study)
    with parts.store.read() as connection:
        rows = connection.execute(query).all()
    assert all(parts.blobs.verify(row.sha256) for row in rows)
    return sorted(row.sop_uid for row in rows)


def released(parts: Parts, study: str) -> bool:
    """Whether the study waits to be looked at because its sender hung up."""
    of = timers.join(studies, studies.c.id == timers.c.subject_id)
    query = select(timers.c.data).select_from(of).where(studies.c.study_uid == study)
    with parts.store.read() as connection:
        return any(data.get("released") for data in connection.execute(query).scalars())


def test_the_same_slices_by_four_senders_at_once_arrive_once(store: Store, store_url: str, tmp_path: Path) -> None:
    with receiving(store, store_url, tmp_path) as (parts, door):

        def sends_all(_: int) -> list[int]:
            with raw_association(door.port, CT, EXPLICIT) as peer:
                return [put(peer, "1.1", number) for number in range(SLICES)]

        assert together(4, sends_all) == [[0] * SLICES] * 4
        assert len(kept(parts, "1.1")) == SLICES
        with parts.store.read() as connection:
            assert connection.execute(select(studies.c.instance_count)).scalar_one() == SLICES


def test_connections_are_dealt_and_the_cap_is_one_for_all(opened: tuple[Parts, Receivers]) -> None:
    _, door = opened
    with ExitStack() as calls:
        for _ in range(3):
            calls.enter_context(raw_association(door.port, CT, EXPLICIT))
        with raw_association(door.port, CT, EXPLICIT):
            assert sorted(door.serving.values()) == [2, 2]
            with pytest.raises(AssertionError), raw_association(door.port, CT, EXPLICIT):
                pass  # rejected
        eventually(lambda: sum(door.serving.values()) == 3)
        with raw_association(door.port, CT, EXPLICIT):
            assert sorted(door.serving.values()) == [2, 2]


def test_a_study_is_settled_when_the_last_of_its_senders_hung_up(opened: tuple[Parts, Receivers]) -> None:
    parts, door = opened
    with raw_association(door.port, CT, EXPLICIT) as last:
        assert put(last, "1.2", 1) == 0
        with raw_association(door.port, CT, EXPLICIT) as first:
            assert put(first, "1.2", 2) == 0
            assert sorted(door.serving.values()) == [1, 1]
        eventually(lambda: sorted(door.serving.values()) == [0, 1])
        assert sent(door, "1.3", 1) == 0  # by the process of the first: what it says comes in order
        eventually(lambda: released(parts, "1.3"))
        assert not released(parts, "1.2")
    eventually(lambda: released(parts, "1.2"))


def test_a_receiver_that_is_killed_loses_nothing_and_is_replaced(opened: tuple[Parts, Receivers]) -> None:
    parts, door = opened
    assert [sent(door, "1.4", number) for number in (1, 2)] == [0, 0]
    eventually(lambda: not any(door.serving.values()))
    before = set(door.serving)
    with raw_association(door.port, CT, EXPLICIT) as peer:
        assert put(peer, "1.4", 3) == 0
        (serving,) = (pid for pid, associations in door.serving.items() if associations)
        os.kill(serving, signal.SIGKILL)
        with pytest.raises(ConnectionError):
            put(peer, "1.4", 4)
    eventually(lambda: serving not in door.serving)
    assert sent(door, "1.4", 5) == 0  # the other answers meanwhile
    eventually(lambda: len(door.serving) == 2)
    assert len(set(door.serving) - before) == 1
    assert [sent(door, "1.4", number) for number in (6, 7)] == [0, 0]
    assert kept(parts, "1.4") == [f"1.4.{number}" for number in (1, 2, 3, 5, 6, 7)]


def test_each_of_them_answers_queries(opened: tuple[Parts, Receivers]) -> None:
    parts, door = opened
    assert sent(door, "1.5", 1) == 0
    us = Node("CONSULT", "ANLONG", LOOPBACK, door.port)
    asking = peers_of(Parts(**{**vars_of(parts), "settings": calling_as_anlong()}))
    with raw_association(door.port, CT, EXPLICIT):  # the fewer associations, the sooner: it is the other's turn
        assert asking.counts(us, "1.5") == {"1.5": 1}
        with raw_association(door.port, CT, EXPLICIT), raw_association(door.port, CT, EXPLICIT):
            assert asking.counts(us, "1.5") == {"1.5": 1}


def vars_of(parts: Parts) -> dict[str, Any]:
    return {name: getattr(parts, name) for name in Parts.__slots__}


def calling_as_anlong() -> Settings:
    return Settings(dicom=Dicom(ae_title="ANLONG"))


def test_a_line_is_told_as_one_argument() -> None:
    line = Line(1, 2, 5, 6, (7, 8))
    assert Line.of(line.told()) == line
