"""People say how they are reached, and try it."""

from datetime import datetime, timedelta

from consult.domain.audit import Deed, Entry
from consult.domain.errors import Invalid, NotAllowed, Stale, TooMany, Words
from consult.domain.notices import Urgency
from consult.domain.people import Actor
from consult.domain.reach import CHANNEL_NAMES, PERSONAL, Channel, Open, Reach, checked
from consult.domain.sendings import CAUSES, TEST, Sending
from consult.store import reach, sendings
from consult.store.sendings import NewSending
from consult.store.unit import Store, Taken

TEST_EVERY = timedelta(minutes=1)
NOBODY = Words("请先登录。", "Please sign in first.")
WAIT = Words("刚发过测试通知，请一分钟后再试。", "A test was sent just now; try again in a minute.")


def keep(store: Store, actor: Actor, asked: Reach, now: datetime) -> Reach:
    """Keep how the actor is reached; the record as it stands then. Raises Invalid, Stale, NotAllowed."""
    if actor.person_id is None:
        raise NotAllowed(NOBODY)
    kept = checked(asked)
    try:
        with store.write() as unit:
            reach.keep(unit, actor.person_id, kept, now)
            detail = {"what": "reach"}  # which address is nobody's business in the log
            entry = Entry(Deed.ADMINISTER, now, actor.person_id, actor.name, "person", actor.person_id, detail=detail)
            unit.note(entry)
            return reach.of_person(unit.connection, actor.person_id)
    except Taken:
        raise Stale from None


def test(store: Store, actor: Actor, channel: Channel, out: Open, now: datetime) -> Sending:
    """Send the actor a message to see whether it arrives. Raises Invalid, TooMany, NotAllowed."""
    if actor.person_id is None:
        raise NotAllowed(NOBODY)
    if channel not in out.ways:
        raise Invalid.at("channel", CAUSES["no-way"])
    person_id = actor.person_id
    with store.write() as unit:
        if channel not in PERSONAL or not reach.of_person(unit.connection, person_id).address(channel):
            name = CHANNEL_NAMES[channel]
            raise Invalid.at("channel", Words(f"请先保存{name.zh}地址。", f"Save an address for {name.en} first."))
        last = sendings.newest_test(unit.connection, person_id, channel)
        if last is not None and now - last.created_at < TEST_EVERY:
            raise TooMany(WAIT, int((last.created_at + TEST_EVERY - now).total_seconds()) + 1)
        key = f"test/{person_id}/{channel}/{now.timestamp():.6f}"
        new = NewSending(key, channel, Urgency.ACTION, TEST, {}, now, person_id=person_id)
        sendings.add(unit, [new], now)
        made = sendings.newest_test(unit.connection, person_id, channel)
    if made is None:
        raise Stale
    return made
