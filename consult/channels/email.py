"""E-mail by SMTP (RFC 5321): STARTTLS or TLS, a login where one is set, one message a connection."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Literal

from consult.domain.errors import Unavailable, Words
from consult.domain.sendings import Message, Receipt, Undeliverable

AWAY = Words("邮件服务器暂时无法连接。", "The mail server cannot be reached.")
Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Email:
    """A mail server that takes our messages; ``security`` ``none`` is for one on this machine."""

    host: str
    port: int
    security: Security
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    authorities: Path | None = None
    timeout_s: float = 20.0

    def send(self, message: Message, now: datetime) -> Receipt:
        """Hand a message to the server: "sent", for whether it was read nobody tells. Raises as Way says."""
        mail = self._mail(message, now)
        try:
            with self._connected() as server:
                server.send_message(mail)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as refused:
            raise _refusal(_code(refused)) from refused
        except (smtplib.SMTPAuthenticationError, UnicodeError) as wrong:  # the library signs in with ASCII only
            raise Undeliverable("not-signed-in") from wrong
        except smtplib.SMTPResponseException as answer:
            raise _refusal(answer.smtp_code) from answer
        except (smtplib.SMTPException, OSError) as away:
            raise Unavailable(AWAY) from away
        return Receipt(str(mail["Message-ID"]), delivered=False)

    def _mail(self, message: Message, now: datetime) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = Address(addr_spec=self.sender)
        mail["To"] = Address(addr_spec=message.to)
        mail["Subject"] = message.subject
        mail["Date"] = now
        # the same however often it is tried: mailboxes fold a message that came twice into one
        named = sha256(message.key.encode()).hexdigest()[:32]
        mail["Message-ID"] = f"<{named}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: nobody's absence note answers it
        mail.set_content(message.text)
        return mail

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        trusted = ssl.create_default_context(cafile=self.authorities)
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_s, context=trusted)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
        with server:
            if self.security == "starttls":
                server.starttls(context=trusted)
            if self.username is not None:
                server.login(self.username, self.password or "")
            yield server


def _code(refused: smtplib.SMTPRecipientsRefused | smtplib.SMTPSenderRefused) -> int:
    if isinstance(refused, smtplib.SMTPSenderRefused):
        return refused.smtp_code
    return min(code for code, _ in refused.recipients.values())


def _refusal(code: int) -> Unavailable | Undeliverable:
    """4yz is for now, 5yz for good (RFC 5321 §4.2.1); 550 to 553 are about the address."""
    if code < 500:
        return Unavailable(AWAY)
    return Undeliverable("address" if 550 <= code <= 553 else "refused")
