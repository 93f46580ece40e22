"""E-mail against a real mail server: TLS and login where asked, the same message id every time, refusals told apart."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from consult.channels.email import Email
from consult.domain.errors import Unavailable
from consult.domain.sendings import Message, Undeliverable
from tests.makers.people import NOW
from tests.peers.certificates import Certificates
from tests.peers.mail import Mailbox, mail_server

MESSAGE = Message(
    "17/anlong.doctor/email", "wang@example.org", "【急】HZ20261124-0001 报告已送达", "报告已送达\nhttps://x/cases/1"
)


def plain(box: Mailbox) -> Email:
    """A way to a server on this machine, without TLS."""
    return Email("127.0.0.1", box.port, "none", "consult@example.org", timeout_s=10)


def test_a_message_comes_as_it_was_written() -> None:
    with mail_server() as box:
        receipt = plain(box).send(MESSAGE, NOW)
    (mail,) = box.mails
    assert mail["To"] == "wang@example.org"
    assert mail["From"] == "consult@example.org"
    assert mail["Subject"] == MESSAGE.subject
    assert mail.get_content().splitlines() == MESSAGE.text.splitlines()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert receipt.id == mail["Message-ID"]
    assert not receipt.delivered  # the server has it; that it was read nobody says


def test_a_message_that_is_tried_twice_has_one_id() -> None:
    with mail_server() as box:
        plain(box).send(MESSAGE, NOW)
        plain(box).send(MESSAGE, NOW)
        plain(box).send(replace(MESSAGE, key="18/anlong.doctor/email"), NOW)
    first, second, other = (mail["Message-ID"] for mail in box.mails)
    assert first == second != other


def test_it_signs_in_by_tls(tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    certificate, key = made.issue("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with mail_server(("consult", "a-password"), context) as box:
        way = Email("127.0.0.1", box.port, "starttls", "consult@example.org", "consult", "a-password",
                    made.authority, 10)  # fmt: skip
        assert way.send(MESSAGE, NOW).id
        with pytest.raises(Undeliverable) as wrong:
            replace(way, password="another").send(MESSAGE, NOW)
        assert wrong.value.cause == "not-signed-in"
        with pytest.raises(Unavailable):
            replace(way, authorities=None).send(MESSAGE, NOW)  # nobody vouches for the server
        with pytest.raises((Unavailable, Undeliverable)):
            replace(way, security="none", username=None).send(MESSAGE, NOW)
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [("451 later", Unavailable), ("452 full", Unavailable), ("554 no", Undeliverable), ("421 closing", Unavailable)],
)
def test_no_for_now_and_no_for_good_are_told_apart(answer: str, refusal: type[Exception]) -> None:
    with mail_server() as box:
        box.answers = [answer]
        with pytest.raises(refusal):
            plain(box).send(MESSAGE, NOW)
        plain(box).send(MESSAGE, NOW)
    assert len(box.mails) == 1


def test_an_address_that_the_server_does_not_know_is_said_to_be_the_trouble() -> None:
    with mail_server() as box:
        box.recipients = "550 no such mailbox"
        with pytest.raises(Undeliverable) as refused:
            plain(box).send(MESSAGE, NOW)
    assert refused.value.cause == "address"


def test_a_server_that_is_away_is_tried_again() -> None:
    with mail_server() as box:
        way = plain(box)
    with pytest.raises(Unavailable):
        way.send(MESSAGE, NOW)


def test_nothing_that_is_written_becomes_a_header() -> None:
    with mail_server() as box, pytest.raises(ValueError, match="Header"):
        plain(box).send(replace(MESSAGE, subject="x\r\nBcc: someone@example.org"), NOW)
    assert box.mails == []
