"""Calls to other systems: only where an administrator said, never to a neighbour, never on to somewhere else."""

import ssl
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from consult.channels.outward import Outward, is_public
from consult.channels.sms import Sms
from consult.channels.webhook import ID_HEADER, Endpoint, Webhook
from consult.domain.errors import Unavailable
from consult.domain.sendings import Message, Undeliverable
from consult.formats.sealed_calls import HEADER, WINDOW, is_sealed, seal
from tests.makers.people import NOW
from tests.peers.certificates import Certificates
from tests.peers.receiver import receiver

SECRET = "a secret of this test"
LISTED = Outward(listed={"localhost"}, timeout_s=10)
MESSAGE = Message("17/assign/ANLONG/webhook", "ANLONG", "s", "会诊已派给您", {"case": "HZ20261124-0001"})


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2400:3200::1", True), ("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("::1", False),
        ("fe80::1", False), ("fd00::1", False), ("::ffff:10.0.0.1", False), ("224.0.0.1", False),
    ],
)  # fmt: skip
def test_what_is_out_in_the_world(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1/x", "https://localhost:1/x", "https://127.0.0.1:1/x", "https://[::1]:1/x",
        "https://169.254.169.254/latest", "https://0x7f000001/x", "file:///etc/passwd", "https://user@localhost/x",
        "http://example.org/", "https:///x",
    ],
)  # fmt: skip
def test_a_private_or_unlisted_address_is_never_called(url: str) -> None:
    with pytest.raises(Undeliverable) as refused:
        Outward().post(url, b"{}", {})
    assert refused.value.cause == "not-allowed"


def test_a_redirect_is_not_followed() -> None:
    with receiver() as first, receiver() as other:
        first.answers = [(307, {"Location": other.url})]
        with pytest.raises(Undeliverable) as refused:
            LISTED.post(first.url, b"{}", {})
    assert refused.value.cause == "redirect"
    assert other.calls == []


@pytest.mark.parametrize(
    ("status", "refusal"),
    [(500, Unavailable), (503, Unavailable), (429, Unavailable), (400, Undeliverable), (401, Undeliverable)],
)
def test_no_for_now_and_no_for_good_are_told_apart(status: int, refusal: type[Exception]) -> None:
    with receiver() as there:
        there.answers = [(status, {})]
        with pytest.raises(refusal):
            LISTED.post(there.url, b"{}", {})
    with pytest.raises(Unavailable):
        LISTED.post(there.url, b"{}", {})  # it has gone


def test_a_certificate_must_name_the_host_though_its_address_is_called(tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made.issue("localhost"))
    wrong = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    wrong.load_cert_chain(*made.issue("another.example"))
    trusting = replace(LISTED, authorities=made.authority)
    with receiver(context) as there:
        trusting.post(there.url, b"{}", {})
        with pytest.raises(Unavailable):
            LISTED.post(there.url, b"{}", {})
    with receiver(wrong) as there, pytest.raises(Unavailable):
        trusting.post(there.url, b"{}", {})


def test_a_text_message_carries_the_gateways_token_and_one_key() -> None:
    with receiver() as gateway:
        sms = Sms(f"{gateway.url}/send", "token-1", "会诊平台", LISTED)
        receipt = sms.send(Message("9/anlong.doctor/sms", "13800001111", "", "报告已送达"), NOW)
    (call,) = gateway.calls
    assert call.json == {"to": "13800001111", "text": "【会诊平台】报告已送达", "id": "9/anlong.doctor/sms"}
    assert call.headers["Authorization"] == "Bearer token-1"
    assert call.headers["Idempotency-Key"] == "9/anlong.doctor/sms"
    assert (receipt.id, receipt.delivered) == ("gw-1", False)
    assert "token-1" not in repr(sms)


def test_a_webhook_is_sealed_with_its_time_and_says_which_notice_it_is() -> None:
    with receiver() as system:
        hook = Webhook({"ANLONG": Endpoint(system.url, SECRET)}, LISTED)
        assert hook.send(MESSAGE, NOW).delivered
        with pytest.raises(Undeliverable):
            hook.send(replace(MESSAGE, to="DUSHAN"), NOW)
    (call,) = system.calls
    assert call.headers[ID_HEADER] == MESSAGE.key
    assert call.headers["Host"] == urlsplit(system.url).netloc
    assert is_sealed(SECRET, call.body, call.headers[HEADER], NOW)
    assert SECRET not in repr(hook)


def test_a_seal_is_refused_when_altered_old_early_or_of_another_secret() -> None:
    header = seal(SECRET, b"body", NOW)
    assert is_sealed(SECRET, b"body", header, NOW + WINDOW)
    assert not is_sealed(SECRET, b"Body", header, NOW)
    assert not is_sealed("another", b"body", header, NOW)
    assert not is_sealed(SECRET, b"body", header, NOW + WINDOW * 1.01)
    assert not is_sealed(SECRET, b"body", header, NOW - WINDOW * 1.01)
    assert not is_sealed(SECRET, b"body", header.replace("v1=", "v1=0"), NOW)
    assert not is_sealed("", b"body", seal("", b"body", NOW), NOW)
