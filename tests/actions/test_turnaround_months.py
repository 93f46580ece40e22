"""The monthly report is told by mail to who looks after an institution: once, by day, with a link and no figure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from consult.actions import reach, sendings, turnaround_months
from consult.actions.sendings import Outlet
from consult.channels.email import Email
from consult.domain.notices import Urgency
from consult.domain.people import Actor
from consult.domain.reach import Channel, Open, Reach
from consult.store.unit import Store
from tests.makers.people import ACTORS, NOW, settle
from tests.peers.mail import mail_server

OUT = Open(frozenset({Channel.EMAIL}))
MIDNIGHT = datetime(2026, 10, 31, 16, 5, tzinfo=UTC)  # in Shanghai the first of November
MORNING = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
MAILED = Reach("luo@example.org")


def made(_actor: Actor, _month: str, house: str, _now: datetime) -> bytes | None:
    """Only in ANLONG something happened."""
    return b"%PDF" if house == "安龙县人民医院" else None


def test_it_comes_by_mail_in_the_morning_and_once(store: Store) -> None:
    settle(store)
    for person_id in ("anlong.admin", "anlong.doctor"):
        reach.keep(store, ACTORS[person_id], replace(MAILED, email=f"{person_id}@example.org"), NOW)
    for at in (MIDNIGHT, MIDNIGHT + timedelta(minutes=10)):
        turnaround_months.make_due(store, made, OUT, at)
    with mail_server() as box:
        way = Email("127.0.0.1", box.port, "none", "consult@example.org", timeout_s=10)
        outlet = Outlet({Channel.EMAIL: way}, "https://hz.example.org")
        assert sendings.send_due(store, outlet, Channel.EMAIL, MORNING - timedelta(seconds=1)) == 0
        assert sendings.send_due(store, outlet, Channel.EMAIL, MORNING) == 1
        assert sendings.send_due(store, outlet, Channel.EMAIL, MORNING + timedelta(days=1)) == 0
    (mail,) = box.mails
    assert mail["To"] == "anlong.admin@example.org"
    words = "2026-10 时效月报已生成，请登录查看"
    assert mail["Subject"] == words
    assert mail.get_content().splitlines() == [words, "https://hz.example.org/turnaround"]


@pytest.mark.parametrize(
    ("out", "at"),
    [
        (Open(), MAILED),
        (OUT, replace(MAILED, email="", mobile="13800001111")),
        (OUT, replace(MAILED, ways={Channel.EMAIL: frozenset[Urgency]()})),
    ],
    ids=["no mail server", "no address", "wants no mail"],
)
def test_where_mail_is_not_wanted_the_report_is_made_all_the_same(store: Store, out: Open, at: Reach) -> None:
    settle(store)
    reach.keep(store, ACTORS["anlong.admin"], at, NOW)
    assert turnaround_months.make_due(store, made, out, MIDNIGHT) == 1
    with mail_server() as box:
        way = Email("127.0.0.1", box.port, "none", "consult@example.org", timeout_s=10)
        assert sendings.send_due(store, Outlet({Channel.EMAIL: way}, ""), Channel.EMAIL, MORNING) == 0
    assert box.mails == []
