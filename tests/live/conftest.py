"""One process with rooms over one database, for all tests that need no more than a room of their own."""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from consult.domain.meetings import Visit
from consult.domain.room_log import Op
from consult.store import rooms
from consult.store.schema import metadata
from consult.store.unit import Store
from tests.makers.rooms import AnOpenRoom, a_room, another_room
from tests.peers.live import Caller, LiveDoor


@dataclass(frozen=True)
class House:
    """One process over one database; a room a test."""

    door: LiveDoor
    store: Store

    def room(self) -> AnOpenRoom:
        """An open room of a new case."""
        return another_room(self.store)

    def caller(self, room: AnOpenRoom, person_id: str, url: str | None = None, **changes: Any) -> Caller:
        """Somebody who comes into it."""
        return Caller(url or self.door.url, room.ticket(person_id, **changes))

    def kept(self, room: AnOpenRoom) -> list[Op]:
        """The record as it lies in the database."""
        with self.store.read() as connection:
            return list(rooms.ops(connection, room.id))

    def views(self, room: AnOpenRoom) -> list[Any]:
        """The view track."""
        with self.store.read() as connection:
            return list(rooms.views(connection, room.id))

    def visits(self, room: AnOpenRoom) -> list[Visit]:
        """Who came and left."""
        with self.store.read() as connection:
            return rooms.visits(connection, room.id)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """A scenario, whole or refused after two minutes."""
    asyncio.run(asyncio.wait_for(scenario, 120))


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The process that the tests here share."""
    folder = tmp_path_factory.mktemp("live")
    url = f"sqlite:///{folder}/consult.db"
    store = Store(url)
    metadata.create_all(store.engine)
    a_room(store)
    with LiveDoor(url, folder) as door:
        yield House(door, store)
    store.close()


@pytest.fixture
def room(house: House) -> AnOpenRoom:
    """A room that nobody else is in."""
    return house.room()
