"""Whether the database is the one this version was made for."""

from sqlalchemy import Connection, inspect

from consult.store.schema import metadata


def tables_are_there(connection: Connection) -> bool:
    """Whether every table exists."""
    return set(metadata.tables) <= set(inspect(connection).get_table_names())
