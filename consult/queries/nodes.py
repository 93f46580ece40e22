"""Which DICOM machines are known, and what still waits to be told to them."""

from consult.domain.nodes import Node
from consult.store import nodes
from consult.store.unit import Store


def every(store: Store) -> list[Node]:
    """All machines, by institution and AE title."""
    with store.read() as connection:
        return nodes.every(connection)
