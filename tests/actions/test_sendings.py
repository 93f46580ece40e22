"""What goes out goes at least once and is told so: real servers, killed workers, held nights, and what is given up."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest

from consult.actions import notices, reach, sendings
from consult.actions.relay import StoredPositions
from consult.actions.sendings import CLAIM, Outlet
from consult.channels.email import Email
from consult.channels.outward import Outward
from consult.channels.sms import Sms
from consult.channels.webhook import Endpoint, Webhook
from consult.domain.cases import Patient, State
from consult.domain.errors import Invalid, NotAllowed, TooMany, WrongState
from consult.domain.notices import Urgency
from consult.domain.people import Language
from consult.domain.reach import Channel, Open, Reach
from consult.domain.sendings import Message, Receipt, Sending, Standing
from consult.domain.workflow import Verb
from consult.queries import sendings as queries
from consult.store import people
from consult.store import sendings as rows
from consult.store.unit import Store
from consult.worker.relay import Relay
from tests.doubles import Clock
from tests.makers.cases import a_study, brought_to, by
from tests.makers.people import ACTORS, NOW, settle
from tests.peers.mail import Mailbox, mail_server
from tests.peers.receiver import Receiver, receiver

OUT = Open(frozenset(Channel), frozenset({"ANLONG"}))
ALL = {Channel.EMAIL: frozenset(Urgency), Channel.SMS: frozenset(Urgency)}
DOCTOR = Reach("doctor@example.org", "13800001111", ways=ALL)
NIGHT = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
MORNING = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
CANARY = Patient("金丝雀甲", "M", datetime(1970, 1, 1).date(), "520000197001019999", "13900009999")


@dataclass
class Post:
    """Real servers for every way, and a worker that uses them, turned by hand."""

    store: Store
    box: Mailbox
    gateway: Receiver
    system: Receiver
    outlet: Outlet

    def told(self, now: datetime = NOW) -> None:
        """Let every fact be told."""
        handlers = {"notices": lambda fact, at: notices.on_case_fact(self.store, fact, at, OUT)}
        relay = Relay(StoredPositions(self.store), handlers, Clock(now), lambda: True)
        while relay.turn():
            pass

    def send(self, now: datetime = NOW, *channels: Channel) -> int:
        """One tick of the worker for these ways, or for all."""
        return sum(sendings.send_due(self.store, self.outlet, each, now) for each in channels or Channel)

    def all(self, channel: Channel) -> list[Sending]:
        """Every sending by a way, oldest first."""
        with self.store.read() as connection:
            found = [each for standing in Standing for each in rows.page(connection, standing, None, 100)]
        return sorted((each for each in found if each.channel is channel), key=lambda each: each.id)


@pytest.fixture
def post(store: Store) -> Iterator[Post]:
    """ANLONG's doctor can be reached by every way, and so can its system."""
    settle(store)
    a_study(store)
    reach.keep(store, ACTORS["anlong.doctor"], DOCTOR, NOW)
    with ExitStack() as closing:
        box = closing.enter_context(mail_server())
        gateway, system = closing.enter_context(receiver()), closing.enter_context(receiver())
        outward = Outward({"localhost"}, 10)
        ways = {
            Channel.EMAIL: Email("127.0.0.1", box.port, "none", "consult@example.org", timeout_s=10),
            Channel.SMS: Sms(gateway.url, "token", "会诊平台", outward),
            Channel.WEBHOOK: Webhook({"ANLONG": Endpoint(system.url, "a secret of this test")}, outward),
        }
        yield Post(store, box, gateway, system, Outlet(ways, "https://hz.example.org"))


def test_a_report_that_came_is_told_by_mail_text_message_and_webhook_once(post: Post) -> None:
    case_id = brought_to(post.store, State.DELIVERED)
    post.told()
    assert post.send() == 3
    assert post.send(NOW + 5 * CLAIM) == 0
    (mail,), (text,), (hook,) = post.box.mails, post.gateway.calls, post.system.calls
    link = f"https://hz.example.org/cases/{case_id}"
    assert mail["To"] == "doctor@example.org"
    assert mail.get_content().splitlines() == ["HZ20261124-0001 报告已送达，请确认收到", link]
    assert text.json["text"] == f"【会诊平台】HZ20261124-0001 报告已送达，请确认收到\n{link}"
    assert hook.json["case"] == "HZ20261124-0001"
    assert hook.json["words"]["en"] == "The report is there; please acknowledge it"
    standings = {each.channel: each.standing for way in Channel for each in post.all(way)}
    assert standings == {
        Channel.EMAIL: Standing.SENT, Channel.SMS: Standing.SENT, Channel.WEBHOOK: Standing.DELIVERED,
    }  # fmt: skip


def test_no_patient_is_named_on_any_way_or_in_the_log(
    post: Post, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case_id = brought_to(post.store, State.IN_PROGRESS, patient=CANARY, question="金丝雀甲头痛")
    by(post.store, case_id, "guiyang.ct", Verb.RAISE_ALERT, critical={"finding": "急性脑出血金丝雀甲"})
    post.box.answers, post.gateway.answers = ["451 later"], [(500, {})]
    post.told()
    for step in range(4):
        post.send(NOW + step * CLAIM)
    went = [bytes(mail) for mail in post.box.raw] + [call.body for call in post.gateway.calls + post.system.calls]
    assert len(post.box.mails) == 1
    assert len(post.gateway.calls) == 2
    said = " ".join(mail.get_content() + str(mail["Subject"]) for mail in post.box.mails)
    printed = capfd.readouterr()
    everything = said + b" ".join(went).decode() + caplog.text + printed.out + printed.err
    assert "sending failed" in everything
    for secret in ("金丝雀", "520000197001019999", "13900009999", "脑出血", "头痛"):
        assert secret not in everything, secret


def test_english_for_those_who_read_it(post: Post) -> None:
    with post.store.write() as unit:
        people.speak(unit, "anlong.doctor", Language.EN)
    brought_to(post.store, State.DELIVERED)
    post.told()
    post.send(NOW, Channel.EMAIL)
    assert post.box.mails[0]["Subject"] == "HZ20261124-0001 The report is there; please acknowledge it"


class Killed(BaseException):
    """The worker's process ends here."""


@dataclass
class Deadly:
    """A way that hands the message over, and whose worker dies before it can write that down."""

    way: Email

    def send(self, message: Message, now: datetime) -> Receipt:
        """Send it, and die."""
        self.way.send(message, now)
        raise Killed


def test_a_worker_killed_between_sending_and_receipt_sends_again_and_says_so(post: Post) -> None:
    brought_to(post.store, State.DELIVERED)
    post.told()
    deadly = Outlet({Channel.EMAIL: Deadly(post.outlet.ways[Channel.EMAIL])}, "https://hz.example.org")  # type: ignore[arg-type]
    with pytest.raises(Killed):
        sendings.send_due(post.store, deadly, Channel.EMAIL, NOW)
    assert post.send(NOW + CLAIM - timedelta(seconds=1), Channel.EMAIL) == 0  # it may still be under way
    assert post.send(NOW + CLAIM, Channel.EMAIL) == 1
    first, second = post.box.mails
    assert first["Message-ID"] == second["Message-ID"]
    (sent,) = post.all(Channel.EMAIL)
    assert (sent.standing, sent.attempts, sent.repeats) == (Standing.SENT, 2, 1)


def test_two_workers_send_once(post: Post) -> None:
    brought_to(post.store, State.DELIVERED)
    post.told()
    start = Barrier(2)

    def tick() -> None:
        start.wait(10)
        post.send(NOW, Channel.EMAIL)

    threads = [Thread(target=tick) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(post.box.mails) == 1


def test_a_server_that_is_away_is_tried_again_later_and_later(post: Post) -> None:
    brought_to(post.store, State.DELIVERED)
    post.told()
    post.box.answers = ["451 later"] * 2
    assert post.send(NOW, Channel.EMAIL) == 0
    assert post.send(NOW + timedelta(seconds=29), Channel.EMAIL) == 0
    assert post.box.answers == ["451 later"]
    post.send(NOW + timedelta(seconds=30), Channel.EMAIL)
    assert post.box.answers == []
    assert post.send(NOW + timedelta(seconds=89), Channel.EMAIL) == 0
    assert post.send(NOW + timedelta(seconds=90), Channel.EMAIL) == 1
    (sent,) = post.all(Channel.EMAIL)
    assert (sent.attempts, sent.repeats, sent.trouble) == (3, 0, "")


def test_one_way_that_is_away_keeps_no_other_waiting(post: Post) -> None:
    brought_to(post.store, State.DELIVERED)
    post.told()
    post.box.answers = ["421 closing"]
    assert post.send() == 2
    assert len(post.gateway.calls) == len(post.system.calls) == 1


def test_what_is_refused_for_good_waits_for_an_operator_who_sends_it_again(post: Post) -> None:
    brought_to(post.store, State.DELIVERED)
    post.told()
    post.box.recipients = "550 no such mailbox"
    post.send(NOW, Channel.EMAIL)
    (dead,) = post.all(Channel.EMAIL)
    assert (dead.standing, dead.trouble) == (Standing.DEAD, "address")
    admin, doctor = ACTORS["admin"], ACTORS["anlong.doctor"]
    page = queries.page(post.store, admin, Standing.DEAD, None, 10)
    assert [each.to for each in page.items] == ["d***@example.org"]
    assert page.counts[Standing.DEAD] == 1
    for who in (doctor, ACTORS["anlong.admin"], ACTORS["auditor"]):
        with pytest.raises(NotAllowed):
            sendings.resend(post.store, who, dead.id, NOW)
        with pytest.raises(NotAllowed):
            queries.page(post.store, who, Standing.DEAD, None, 10)
    post.box.recipients = ""
    sendings.resend(post.store, admin, dead.id, NOW)
    with pytest.raises(WrongState):
        sendings.resend(post.store, admin, dead.id, NOW)
    assert post.send(NOW, Channel.EMAIL) == 1


def test_it_is_given_up_after_so_many_tries(post: Post) -> None:
    brought_to(post.store, State.DELIVERED)
    post.told()
    post.box.answers = ["451 later"] * 30
    at = NOW
    while post.all(Channel.EMAIL)[0].standing is Standing.WAITING:
        at += timedelta(hours=1)
        post.send(at, Channel.EMAIL)
    (dead,) = post.all(Channel.EMAIL)
    assert (dead.standing, dead.trouble, dead.attempts) == (Standing.DEAD, "away", 12)


def test_the_night_comes_as_one_message_in_the_morning(post: Post) -> None:
    first = brought_to(post.store, State.DELIVERED, NIGHT)
    brought_to(post.store, State.DELIVERED, NIGHT, question="另一个问题")
    post.told(NIGHT)
    assert post.send(NIGHT, Channel.EMAIL, Channel.SMS) == 0
    assert post.send(MORNING - timedelta(seconds=1), Channel.EMAIL) == 0
    post.box.answers = ["451 later"]
    post.send(MORNING, Channel.EMAIL)
    assert post.send(MORNING + timedelta(minutes=1), Channel.EMAIL) == 1
    (mail,) = post.box.mails
    lines = mail.get_content().splitlines()
    assert mail["Subject"] == lines[0] == "夜间有 2 条会诊通知"
    assert [line.split()[0] for line in lines[1:3]] == ["HZ20261124-0001", "HZ20261124-0002"]
    assert lines[3] == "https://hz.example.org/notices"
    assert first not in mail.get_content()
    assert {each.standing for each in post.all(Channel.EMAIL)} == {Standing.SENT}


def test_what_the_carrier_reports_is_kept_once(post: Post) -> None:
    case_id = brought_to(post.store, State.DELIVERED)
    post.told()
    post.send(NOW, Channel.SMS)
    later = NOW + timedelta(minutes=1)
    assert not sendings.take_receipt(post.store, Channel.SMS, "gw-99", True, later)
    assert not sendings.take_receipt(post.store, Channel.SMS, "", True, later)
    assert sendings.take_receipt(post.store, Channel.SMS, "gw-1", True, later)
    assert not sendings.take_receipt(post.store, Channel.SMS, "gw-1", False, later)
    (sent,) = post.all(Channel.SMS)
    assert (sent.standing, sent.delivered_at) == (Standing.DELIVERED, later)
    told = queries.of_case(post.store, case_id, ACTORS["guiyang.reviewer"])
    (deliver,) = [each for each in told if each.told.notice == "deliver"]
    assert deliver.name == "王建国"
    assert {each.channel: each.standing for each in deliver.sendings}[Channel.SMS] is Standing.DELIVERED


def test_a_person_tries_their_own_address_once_a_minute(post: Post) -> None:
    doctor, other = ACTORS["anlong.doctor"], ACTORS["anlong.other"]
    made = reach.test(post.store, doctor, Channel.EMAIL, OUT, NOW)
    assert made.standing is Standing.WAITING
    post.send(NOW, Channel.EMAIL)
    assert "测试" in post.box.mails[0].get_content()
    with pytest.raises(TooMany) as soon:
        reach.test(post.store, doctor, Channel.EMAIL, OUT, NOW + timedelta(seconds=20))
    assert soon.value.retry_after_s == 41
    reach.test(post.store, doctor, Channel.EMAIL, OUT, NOW + timedelta(minutes=1))
    with pytest.raises(Invalid):
        reach.test(post.store, other, Channel.EMAIL, OUT, NOW)
    with pytest.raises(Invalid):
        reach.test(post.store, doctor, Channel.SMS, Open(), NOW)


def test_an_address_that_changed_meanwhile_is_the_one_that_is_written_to(post: Post) -> None:
    brought_to(post.store, State.DELIVERED)
    post.told()
    reach.keep(post.store, ACTORS["anlong.doctor"], replace(DOCTOR, email="new@example.org", mobile="", version=1), NOW)
    post.send()
    assert post.box.mails[0]["To"] == "new@example.org"
    (text,) = post.all(Channel.SMS)
    assert (text.standing, text.trouble) == (Standing.DEAD, "no-address")
