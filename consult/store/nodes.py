"""The DICOM machines that are known, as the values that the rules take."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from consult.domain.errors import Words
from consult.domain.nodes import Node
from consult.store.tables_nodes import nodes
from consult.store.unit import Taken, Unit
from consult.store.upsert import put

TAKEN = "AE 标题 {0} 已属于 {1}。", "The AE title {0} belongs to {1} already."


def find(connection: Connection, ae_title: str) -> Node | None:
    """The machine of that AE title; None when it is nobody's."""
    row = connection.execute(select(nodes).where(nodes.c.ae_title == ae_title)).first()
    return None if row is None else _node(row)


def every(connection: Connection) -> list[Node]:
    """All machines, by institution and AE title."""
    return [_node(row) for row in connection.execute(select(nodes).order_by(nodes.c.institution, nodes.c.ae_title))]


def keep(unit: Unit, kept: Node) -> None:
    """Add a machine, or bring the one of that AE title to these values. Raises Taken when it is another's."""
    held = find(unit.connection, kept.ae_title)
    if held is not None and held.institution != kept.institution:
        raise taken(held)
    values = asdict(kept)
    put(unit.connection, nodes, {"ae_title": values.pop("ae_title")}, values)


def taken(held: Node) -> Taken:
    """The refusal of an AE title that calls for another institution."""
    return Taken(Words(*(text.format(held.ae_title, held.institution) for text in TAKEN)))


def remove(unit: Unit, ae_title: str) -> bool:
    """Forget a machine; whether it was there."""
    return unit.connection.execute(delete(nodes).where(nodes.c.ae_title == ae_title)).rowcount == 1


def keep_titles(unit: Unit, institution: str, titles: Collection[str]) -> None:
    """An institution's machines call by these titles: new ones may send, and no more; others of it are forgotten."""
    held = {node.ae_title for node in every(unit.connection) if node.institution == institution}
    gone = sorted(held.difference(titles))
    unit.connection.execute(delete(nodes).where(nodes.c.ae_title.in_(gone)))
    new = [asdict(Node(title, institution)) for title in sorted(set(titles) - held)]
    if new:
        unit.connection.execute(insert(nodes), new)


def _node(row: Any) -> Node:
    return Node(**row._mapping)
