"""A real mail server on loopback: it asks for a login and TLS where told, and keeps what it took."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from tests.peers.nginx import free_port


@dataclass
class Mailbox:
    """What the server took, and how it is to behave."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    raw: list[bytes] = field(default_factory=list[bytes])
    answers: list[str] = field(default_factory=list[str])  # to the next messages, instead of taking them
    recipients: str = ""  # the answer to every recipient, instead of taking them

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Take a recipient, or refuse as told."""
        if self.recipients:
            return self.recipients
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Take a message, or answer as told."""
        if self.answers:
            return self.answers.pop(0)
        self.raw.append(envelope.content)
        self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return "250 OK"


@contextmanager
def mail_server(login: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """A server; with ``tls`` it wants STARTTLS first, with ``login`` these words."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword

    def agrees(_server: Any, _session: Any, _envelope: Any, _mechanism: str, said: Any) -> Any:
        right = isinstance(said, LoginPassword) and login == (said.login.decode(), said.password.decode())
        return AuthResult(success=right, handled=False)

    box = Mailbox(free_port())  # the library calls itself at the port that it was given
    controller = Controller(
        box, hostname="127.0.0.1", port=box.port, authenticator=agrees, auth_required=login is not None,
        auth_require_tls=tls is not None, tls_context=tls, require_starttls=tls is not None,
    )  # fmt: skip
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
