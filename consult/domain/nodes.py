"""Known DICOM machines: whose each is, where it is, what it may do here, and what it may see."""

import re
from dataclasses import dataclass

from consult.domain.errors import Invalid, Words
from consult.domain.people import Actor, Role

_AE_TITLE = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:_-]{0,252}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Node:
    """A DICOM peer of an institution, by its AE title.

    ``host`` is where it calls from and where it listens: a name or an address; None lets it call from anywhere and
    makes it unreachable for us. ``tls`` lets it call by TLS only, and calls it so. ``charset`` is the character set to
    believe instead of what it declares.
    """

    ae_title: str
    institution: str
    host: str | None = None
    port: int | None = None
    may_send: bool = True
    may_query: bool = False
    may_be_sent_to: bool = False
    tls: bool = False
    charset: str | None = None

    @property
    def reachable(self) -> bool:
        """Whether we know where it listens."""
        return self.host is not None and self.port is not None


def checked(node: Node) -> Node:
    """The node, if it makes sense. Raises Invalid with the field that does not."""
    if not _AE_TITLE.fullmatch(node.ae_title):
        raise Invalid.at(
            "ae_title",
            Words(
                "AE 标题为 1–16 个可打印字符，不含反斜杠。",
                "An AE title is 1 to 16 printable characters, no backslash.",
            ),
        )
    if node.host is not None and not _HOST.fullmatch(node.host):
        raise Invalid.at("host", Words("主机名或地址无效。", "That is no host name or address."))
    if node.port is not None and not 0 < node.port < 1 << 16:
        raise Invalid.at("port", Words("端口号应为 1–65535。", "A port is a number from 1 to 65535."))
    if node.may_be_sent_to and not node.reachable:
        raise Invalid.at(
            "port", Words("要向其发送，须填写主机和端口。", "To send to it, its host and port are needed.")
        )
    if node.may_query and node.host is None and not node.tls:
        raise Invalid.at(
            "host",
            Words(
                "允许查询的设备须限定主机地址或使用 TLS：AE 标题人人可以冒用。",
                "A machine that may query needs a host or TLS: anyone can call by another's AE title.",
            ),
        )
    return node


def machine(node: Node) -> Actor:
    """The node as an actor: it sees the images that a coordinator of its institution sees, and does nothing else."""
    return Actor(f"node:{node.ae_title}", node.ae_title, frozenset({Role.COORDINATOR}), node.institution)
