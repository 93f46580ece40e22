"""The database brought to this version, and asked whether it is."""

from dataclasses import dataclass

from consult.store import migrations
from consult.store.unit import Store


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a database stands: its revision, the newest one, and what differs from this version's tables."""

    revision: str | None
    newest: str
    differences: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether this version can work on it."""
        return self.revision == self.newest and not self.differences


def upgrade(store: Store) -> Standing:
    """Bring the tables to this version; nothing happens to a database that is there. Raises Unavailable."""
    migrations.upgrade(store)
    return standing(store)


def standing(store: Store) -> Standing:
    """Where the database stands. Raises Unavailable."""
    with store.read() as connection:
        return Standing(
            migrations.revision_of(connection), migrations.head(), tuple(migrations.differences(connection))
        )
