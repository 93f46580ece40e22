"""The DICOM door with all its services over an archive, and machines of three institutions that may call it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from consult.actions import nodes
from consult.actions.commitments import tell_due
from consult.actions.parts import Parts
from consult.channels.dicom import Peers
from consult.domain.nodes import Node
from consult.listeners.dimse import DimseListener, Secure
from consult.settings import Settings
from consult.wiring import dimse_services, peers_of
from tests.makers.archive import Archive
from tests.makers_people import open_institutions

LOOPBACK = "127.0.0.1"
CALLERS = ("ANLONG", "DUSHAN", "XINGYI", "GUIYANG")


@dataclass(frozen=True)
class Clinic:
    """An archive whose door is open."""

    made: Archive
    door: DimseListener
    parts: Parts

    @property
    def port(self) -> int:
        """Where the door is."""
        return self.door.port

    @property
    def peers(self) -> Peers:
        """We as the caller."""
        return peers_of(self.parts)

    def knows(self, ae_title: str, institution: str, port: int | None = None, **more: Any) -> Node:
        """Make a machine known."""
        node = Node(ae_title, institution, LOOPBACK, port, may_query=True, may_be_sent_to=port is not None)
        kept = Node(**{**{name: getattr(node, name) for name in Node.__slots__}, **more})
        nodes.keep(self.made.store, kept, self.made.clock())
        return kept

    def tell_commitments(self) -> int:
        """One turn of the worker; how many were answered."""
        store, blobs = self.made.store, self.made.blobs
        return tell_due(store, blobs, self.peers.tell_commitment, self.made.clock())


@contextmanager
def clinic(made: Archive, settings: Settings | None = None, secure: Secure | None = None) -> Iterator[Clinic]:
    """Open the door; the counties, their centre and the experts' may query from the loopback."""
    open_institutions(made.store)
    for title in CALLERS:
        nodes.keep(made.store, Node(title, title, LOOPBACK, may_query=True), made.clock())
    nothing = cast(Any, None)
    parts = Parts(settings or Settings(), made.store, made.blobs, made.intake, nothing, nothing, made.clock, nothing)
    with DimseListener(
        made.intake,
        lambda call: nodes.caller(made.store, call),
        host=LOOPBACK,
        port=0,
        services=dimse_services(parts),
        secure=secure,
    ) as door:
        yield Clinic(made, door, parts)
