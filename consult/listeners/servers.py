"""The sockets that associations come from: one that listens, or a line on which another process hands them on."""

import logging
import socket
import ssl
import sys
from dataclasses import dataclass
from functools import partial
from socketserver import BaseServer
from typing import Any, cast

from pynetdicom.transport import ThreadedAssociationServer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Secure:
    """A port for TLS, and how it is spoken there."""

    port: int
    context: ssl.SSLContext


class Server(ThreadedAssociationServer):
    """The listening socket, with a cap on connections that have not even asked for an association."""

    most: int = 64

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; hands are shaken in its own thread, so that nobody who dawdles keeps others waiting."""
        plain, address = self._accepted()
        if self.ssl_context is None:
            return plain, address
        return self.ssl_context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def _accepted(self) -> tuple[socket.socket, Any]:
        return cast(socket.socket, self.socket).accept()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody could not be served, mostly for want of TLS or of a certificate that we trust."""
        log.warning("connection from %s dropped: %s", client_address[0], type(sys.exception()).__name__)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether one more connection may be served."""
        return len(self.active_associations) < self.most

    def shutdown(self) -> None:
        """Stop listening; pynetdicom's own way expects a server that its AE has started."""
        BaseServer.shutdown(self)
        self.server_close()


class _HandedServer(Server):
    """Takes over connections that come as file descriptors on a line."""

    def __init__(self, *given: Any, line: socket.socket, **named: Any) -> None:
        self._line = line
        super().__init__(*given, **named)

    def server_bind(self) -> None:
        """Listen on the line."""
        cast(socket.socket, self.socket).close()
        self.socket = self._line

    def server_activate(self) -> None:
        """The line is open already."""

    def _accepted(self) -> tuple[socket.socket, Any]:
        _, files, _, _ = socket.recv_fds(self._line, 1, 1)
        if not files:
            raise OSError("nobody hands on connections any more")
        plain = socket.socket(fileno=files[0])
        return plain, plain.getpeername()


def handed_from(line: socket.socket) -> Any:
    """A server class for the connections that come on a line (a Unix socket that keeps messages apart)."""
    return partial(_HandedServer, line=line)
