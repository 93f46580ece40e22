"""Insert a row, or change the one that has its key: one statement, so that two who do it at once both succeed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def put(
    connection: Connection,
    table: Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    change: Mapping[str, Any] | None = None,
    returning: ColumnElement[Any] | None = None,
) -> Any:
    """Insert ``key`` with ``values``; where ``key`` (a unique constraint's columns) is there, set ``change`` instead.

    ``change`` is ``values`` where it is not given. Answers the value of ``returning`` in the row as it stands.
    """
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = (
        into(table)
        .values(**key, **values)
        .on_conflict_do_update(index_elements=list(key), set_=dict(values if change is None else change))
    )
    if returning is None:
        connection.execute(statement)
        return None
    return connection.execute(statement.returning(returning)).scalar_one()
