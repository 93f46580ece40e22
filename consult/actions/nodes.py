"""DICOM machines: made known, changed, forgotten, and told apart when they call."""

import ipaddress
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from consult.domain.audit import Deed, Entry
from consult.domain.errors import Invalid, NotFound, Unavailable, Words
from consult.domain.nodes import Node, checked
from consult.domain.people import COMMAND_LINE
from consult.store import nodes, people
from consult.store.unit import Store


class Call(NamedTuple):
    """An association that somebody asks for: the calling AE title, from which address, and whether by TLS."""

    ae_title: str
    address: str
    tls: bool = False


def keep(store: Store, node: Node, now: datetime) -> None:
    """Add a machine, or bring the one of that AE title to these values. Raises Invalid and Taken."""
    kept = checked(node)
    with store.write() as unit:
        try:
            people.institution(unit.connection, kept.institution)
        except NotFound:
            words = Words(f"没有机构 {kept.institution}。", f"There is no institution {kept.institution}.")
            raise Invalid.at("institution", words) from None
        nodes.keep(unit, kept)
        unit.note(_administered("node added or changed", kept.ae_title, now))


def forget(store: Store, ae_title: str, now: datetime) -> None:
    """A machine may not call any more. Raises NotFound."""
    with store.write() as unit:
        if not nodes.remove(unit, ae_title):
            raise NotFound(Words(f"没有 AE 标题为 {ae_title} 的设备。", f"No machine has the AE title {ae_title}."))
        unit.note(_administered("node forgotten", ae_title, now))


def _administered(what: str, ae_title: str, now: datetime) -> Entry:
    return Entry(Deed.ADMINISTER, now, None, COMMAND_LINE.name, "node", ae_title, detail={"what": what})


def known(store: Store, ae_title: str) -> Node | None:
    """The machine of that AE title, wherever it is; None when it is nobody's. Raises Unavailable."""
    with store.read() as connection:
        return nodes.find(connection, ae_title)


def caller(store: Store, call: Call) -> Node | None:
    """The machine that calls; None for a stranger, and for somebody who uses a known title from elsewhere.

    Raises Unavailable.
    """
    node = known(store, call.ae_title)
    if node is None or (node.tls and not call.tls):
        return None
    return node if node.host is None or _comes_from(call.address, node.host) else None


@dataclass(frozen=True, slots=True)
class Export:
    """Images that leave us: who asked, from where, who receives them, which studies, how many objects."""

    asker: Node
    address: str
    receiver: Node
    study_uids: tuple[str, ...]
    objects: int


def searched(store: Store, node: Node, address: str, now: datetime) -> None:
    """Write down that a machine searches what its institution may see; what for is not told. Raises Unavailable."""
    detail = {"institution": node.institution}
    entry = Entry(Deed.SEARCH, now, None, node.ae_title, "node", node.ae_title, detail=detail, address=address)
    with store.write() as unit:
        unit.note(entry)


def export(store: Store, told: Export, now: datetime) -> None:
    """Write down that images go out, before any does. Raises Unavailable."""
    detail = {"to": told.receiver.ae_title, "institution": told.asker.institution, "objects": told.objects,
              "studies": list(told.study_uids)}  # fmt: skip
    name = told.asker.ae_title
    entry = Entry(Deed.EXPORT, now, None, name, "node", name, detail=detail, address=told.address)
    with store.write() as unit:
        unit.note(entry)


def _comes_from(address: str, host: str) -> bool:
    """Whether an address is one of a host's."""
    try:
        told = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(Words("主机名暂时无法解析。", "A host name cannot be resolved now.")) from error
    return _plain(address) in {_plain(str(entry[4][0])) for entry in told}


def _plain(address: str) -> str:
    """An address as it is compared: an IPv4 address that came by IPv6 is itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
