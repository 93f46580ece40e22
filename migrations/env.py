"""Alembic's entry: runs the migrations on the connection it is handed, in one transaction."""

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext

from consult.settings import Settings
from consult.store.columns import Document, Instant, Position
from consult.store.schema import metadata
from consult.store.unit import Store


def render(kind: str, thing: Any, _context: AutogenContext) -> str | bool:
    """Column types by what they are in a database: a migration stays as it was when the product's types change."""
    if kind != "type":
        return False
    if isinstance(thing, Instant):
        return "sa.DateTime(timezone=True)"
    if thing is Document:
        return "DOCUMENT"
    if thing is Position:
        return "POSITION"
    return False


def run(connection: Any) -> None:
    """Run what was asked for on this connection."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=True,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is not None:
    run(handed)
else:
    store = Store(Settings().database.url)
    with store.write() as unit:
        run(unit.connection)
    store.close()
