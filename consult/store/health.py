"""Whether the database is the one this version was made for."""

from sqlalchemy import Connection

from consult.store.migrations import head, revision_of


def is_this_version(connection: Connection) -> bool:
    """Whether every migration of this version was made, and none of a newer one."""
    return revision_of(connection) == head()
