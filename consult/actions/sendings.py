"""What goes out: each row claimed, sent outside of any transaction, its receipt kept; at least once, and told so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from consult.domain.access import Scope, What, scope_of
from consult.domain.audit import Deed, Entry
from consult.domain.errors import NotAllowed, Refusal, Words, WrongState
from consult.domain.people import Actor, Language
from consult.domain.reach import Channel
from consult.domain.sendings import Receipt, Sending, Standing, Undeliverable, Ways, compose, next_try
from consult.store import people, reach, sendings
from consult.store.unit import Store

CLAIM = timedelta(minutes=2)
BATCH = 50
NOT_YOURS = Words("只有平台管理员可以处理通知发送。", "Only platform administrators see to what goes out.")
NOT_DEAD = Words("这一条没有失败，不需要重发。", "This one was not given up; there is nothing to send again.")
log = structlog.get_logger("sendings")


@dataclass(frozen=True, slots=True)
class Outlet:
    """The ways out, and the address under which people reach our pages."""

    ways: Ways
    public_url: str


def send_due(store: Store, outlet: Outlet, channel: Channel, now: datetime) -> int:
    """Send what is due by one way; how many messages went. Stops when the way itself is away for now."""
    with store.read() as connection:
        waiting = sendings.due(connection, channel, now, BATCH)
    seen: set[int] = set()
    sent = 0
    for first in waiting:
        if first.id in seen:
            continue
        letter = _letter(store, first, now)
        seen.update(each.id for each in letter)
        claimed = _claim(store, letter, now)
        if not claimed:
            continue
        went = _send(store, outlet, claimed, now)
        if went is None:
            break
        sent += went
    return sent


def _letter(store: Store, first: Sending, now: datetime) -> list[Sending]:
    """What goes in one message: a notice by itself, or everything of the night for this person."""
    if first.standing is not Standing.HELD:
        return [first]
    with store.read() as connection:
        return sendings.held_with(connection, first, now)


def _claim(store: Store, letter: Sequence[Sending], now: datetime) -> list[Sending]:
    with store.write() as unit:
        return [each for each in letter if sendings.claim(unit, each, now + CLAIM, now)]


def _send(store: Store, outlet: Outlet, letter: Sequence[Sending], now: datetime) -> bool | None:
    """Whether it went; None when the way is away and the others need not be tried now."""
    ids = [each.id for each in letter]
    if next_try(letter[0].urgency, letter[0].attempts, now) is None:  # each time something broke while it went
        _failed(store, letter, "away", None)
        return False
    try:
        receipt = _hand_over(store, outlet, letter, now)
    except Undeliverable as final:
        _failed(store, letter, final.cause, None)
        return False
    except (Refusal, OSError) as away:
        again = next_try(letter[0].urgency, letter[0].attempts + 1, now)
        _failed(store, letter, "away", again)
        log.warning("sending failed", channel=str(letter[0].channel), error=type(away).__name__, final=again is None)
        return None
    with store.write() as unit:
        sendings.arrived(unit, ids, receipt.id[:128], receipt.delivered, now)
    return True


def _hand_over(store: Store, outlet: Outlet, letter: Sequence[Sending], now: datetime) -> Receipt:
    first = letter[0]
    way = outlet.ways.get(first.channel)
    if way is None:
        raise Undeliverable("no-way")
    to, language = _receiver(store, first)
    return way.send(compose(letter, to, language, outlet.public_url), now)


def _receiver(store: Store, sending: Sending) -> tuple[str, Language]:
    """Where it goes, as that stands now, and in which language. Raises Undeliverable where there is no address."""
    if sending.institution is not None:
        return sending.institution, Language.ZH
    with store.read() as connection:
        person = people.person(connection, sending.person_id or "")
        to = reach.of_person(connection, person.id).address(sending.channel)
    if not to or not person.active:
        raise Undeliverable("no-address")
    return to, person.language or Language.ZH


def _failed(store: Store, letter: Sequence[Sending], trouble: str, again: datetime | None) -> None:
    with store.write() as unit:
        sendings.failed(unit, [each.id for each in letter], trouble, again)


def take_receipt(store: Store, channel: Channel, receipt: str, delivered: bool, now: datetime) -> bool:
    """What a carrier reports of a message it took; whether we knew it and had not heard yet."""
    if not receipt:
        return False
    with store.write() as unit:
        return sendings.reported(unit, channel, receipt, delivered, now) > 0


def resend(store: Store, actor: Actor, number: int, now: datetime) -> None:
    """Send one that was given up once more. Raises NotAllowed, NotFound, WrongState."""
    check_operator(actor)
    with store.write() as unit:
        each = sendings.find(unit.connection, number)
        if not sendings.again(unit, number, now):
            raise WrongState(NOT_DEAD)
        detail = {"what": "notice sent again", "channel": str(each.channel)}
        unit.note(Entry(Deed.ADMINISTER, now, actor.person_id, actor.name, "sending", str(number), detail=detail))


def check_operator(actor: Actor) -> None:
    """Raises NotAllowed for everybody but those who run the platform."""
    if Scope.ALL not in scope_of(actor, What.OPERATIONS):
        raise NotAllowed(NOT_YOURS)
