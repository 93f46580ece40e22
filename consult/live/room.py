"""One live room: judges what its members say, has it kept, and spreads it; a deed is seen by others only once kept."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consult.domain.meetings import Meeting
from consult.domain.room_kinds import CREDIT, KINDS, LIMITS, PACES, Lane, RoomRefused, RoomRole, Why
from consult.domain.room_log import Op, beginning, chained, moment
from consult.domain.rooms import Bucket, Room, check, judge, kind_of, plain
from consult.live.log import Log
from consult.live.member import Member, framed

MOST_SERIES = 64


@dataclass(frozen=True, slots=True)
class Times:
    """The two clocks: the time of day (UTC), and seconds that only grow."""

    now: Callable[[], datetime]
    ticks: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Sent:
    """A kept deed as it goes out; ``images``: not for guests who may not see them."""

    seq: int
    images: bool
    frame: str


class LiveRoom:
    """A room in memory. ``judged`` counts deeds that are still being kept, ``state`` only those that are."""

    def __init__(self, meeting: Meeting, ops: Sequence[Op], log: Log, times: Times) -> None:
        self.id, self.case_id = meeting.id, meeting.case_id
        self.state, self.judged = Room(), Room()
        self.members: list[Member] = []
        self.is_over = False
        self.view: tuple[str, dict[str, Any]] | None = None  # who showed it last, and what
        self._log, self._times = log, times
        self._hash = beginning(meeting.id, meeting.case_id)
        self._seqs: dict[tuple[str, str], int] = {}
        self._authors: dict[int, list[Member]] = {}
        self._sent: deque[Sent] = deque(maxlen=LIMITS["catch_up"])
        self._paces: dict[tuple[str, Lane], Bucket] = {}
        self._loaded: dict[str, dict[str, list[int]]] = {}
        for op in ops:
            self.judged.take(op)
            self._seqs[op.by, op.cid] = op.seq
            self._hash = op.hash
            self._remember(op)

    def _remember(self, op: Op) -> Sent:
        self.state.take(op)
        told = {"t": "op", "seq": op.seq, "at": moment(op.at), "by": op.by, "kind": op.kind, "body": op.body}
        sent = Sent(op.seq, KINDS[op.kind].images, framed(told))
        self._sent.append(sent)
        return sent

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits to be kept."""
        return self.state.seq == self.judged.seq

    # who is there

    @property
    def people(self) -> dict[str, RoomRole]:
        """Everybody who is there, and as what."""
        return {member.person_id: member.role for member in self.members}

    def enter(self, member: Member, since: int) -> None:
        """Somebody came, who has seen the deeds up to ``since``. Raises RoomRefused when there is no room."""
        mine = [each for each in self.members if each.person_id == member.person_id]
        if not mine and len(self.people) >= LIMITS["people"]:
            raise RoomRefused(Why.FULL)
        if len(mine) >= LIMITS["tabs"]:
            mine[0].end("elsewhere")
            self.members.remove(mine[0])
        member.role = self.judged.role_of(member.person_id, member.ticket.role)
        self.members.append(member)
        if member.role is RoomRole.WAITING:
            member.tell(framed({"t": "waiting", "room": self.id, "you": member.person_id}))
        else:
            self._greet(member, since)
        self.tell_people()

    def leave(self, member: Member) -> None:
        """Somebody's socket is gone."""
        if member in self.members:
            self.members.remove(member)
        if member.person_id not in self.people:
            self._loaded.pop(member.person_id, None)
            for lane in Lane:
                self._paces.pop((member.person_id, lane), None)
        self.tell_people()

    def _greet(self, member: Member, since: int) -> None:
        member.is_welcome = True
        member.tell(self._welcome(member, since))

    def _welcome(self, member: Member, since: int) -> str:
        state, images = self.state, member.ticket.images
        told: dict[str, Any] = {
            "t": "welcome", "room": self.id, "you": member.person_id, "role": member.role, "head": state.seq,
            "epoch": state.epoch, "presenter": state.presenter, "recording": state.recording, "credit": CREDIT,
            "limits": dict(LIMITS), "people": self._present(),
        }  # fmt: skip
        if images and self.view is not None:
            told["view"] = {"by": self.view[0], "body": self.view[1]}
        behind = state.seq - since
        if since <= 0 or behind < 0 or behind > len(self._sent):
            return framed(told | {"snapshot": state.document(images), "ops": []})
        missed = [sent.frame for sent in self._sent if sent.seq > since and (images or not sent.images)]
        return f'{framed(told)[:-1]},"ops":[{",".join(missed)}]}}'

    def _present(self) -> list[dict[str, Any]]:
        told: dict[str, dict[str, Any]] = {}
        for member in self.members:
            ticket = member.ticket
            entry = told.setdefault(
                member.person_id,
                {"id": member.person_id, "name": ticket.name, "site": ticket.site, "role": member.role, "tabs": 0,
                 "loaded": self._loaded.get(member.person_id, {})},
            )  # fmt: skip
            entry["tabs"] += 1
        return list(told.values())

    def tell_people(self) -> None:
        """Tell everybody who is there now."""
        frame = framed({"t": "people", "people": self._present()})
        for member in self.members:
            if member.is_inside:
                member.show(("", "people"), frame)

    # what is said

    def deed(self, member: Member, cid: str, name: Any, body: Any) -> None:
        """Judge a durable deed and have it kept; the same one again gets its answer again. Raises RoomRefused."""
        known = self._seqs.get((member.person_id, cid))
        if known is not None:
            if known <= self.state.seq:
                member.tell(framed({"t": "ack", "cid": cid, "seq": known}))
            else:
                self._authors[known].append(member)
            return
        if self.is_over:
            raise RoomRefused(Why.AWAY)
        self._pace(member, Lane.DURABLE)
        kind = kind_of(name, Lane.DURABLE)
        check(kind, body, member.role, member.ticket.images)
        judge(self.judged, kind, body, member.person_id, self.people)
        op = Op(self.judged.seq + 1, self._times.now(), member.person_id, cid, kind.name, plain(body))
        self._hash = chained(self._hash, op)
        kept = Op(op.seq, op.at, op.by, op.cid, op.kind, op.body, self._hash)
        self.judged.take(kept)
        self._seqs[op.by, op.cid] = op.seq
        self._authors[op.seq] = [member]
        self._log.add(self, kept)
        self._set_roles()

    def _set_roles(self) -> None:
        for member in self.members:
            member.role = self.judged.role_of(member.person_id, member.ticket.role)

    def kept(self, ops: Sequence[Op]) -> None:
        """These deeds are on disk: answer their authors and tell the others."""
        for op in ops:
            self._spread(op)
        if any(op.kind in ("presenter", "role", "admit") for op in ops):
            self.tell_people()

    def _spread(self, op: Op) -> None:
        sent = self._remember(op)
        authors = self._authors.pop(op.seq, [])
        newly = op.body["person"] if op.kind == "admit" else None
        for member in self.members:
            if member.person_id == newly:
                self._greet(member, 0)
            elif member in authors:
                member.tell(framed({"t": "ack", "cid": op.cid, "seq": op.seq, "at": moment(op.at)}))
            elif member.is_inside and (member.ticket.images or not sent.images):
                member.tell(sent.frame)

    def lost(self) -> None:
        """What is in memory may differ from what was kept: everybody comes back to a room read anew."""
        self.over("away")

    def over(self, why: str) -> None:
        """Send everybody away."""
        self.is_over = True
        for member in self.members:
            member.end(why)

    def now(self, member: Member, name: Any, body: Any) -> None:
        """Spread what only counts now. Raises RoomRefused."""
        self._pace(member, Lane.EPHEMERAL)
        kind = kind_of(name, Lane.EPHEMERAL)
        check(kind, body, member.role, member.ticket.images)
        if kind.name == "view":
            if body["epoch"] != self.judged.epoch:
                return  # it was under way while the presenter changed
            self.view = (member.person_id, body)
        elif kind.name == "loaded":
            self._note_loaded(member.person_id, body)
        frame = framed({"t": "eph", "by": member.person_id, "kind": kind.name, "body": body})
        key = (member.person_id, kind.name)
        for other in self.members:
            if other is not member and other.is_inside and (other.ticket.images or not kind.images):
                other.show(key, frame)

    def _note_loaded(self, person_id: str, body: dict[str, Any]) -> None:
        mine = self._loaded.setdefault(person_id, {})
        mine.pop(body["series"], None)
        mine[body["series"]] = [body["done"], body["total"]]
        if len(mine) > MOST_SERIES:
            mine.pop(next(iter(mine)))

    def _pace(self, member: Member, lane: Lane) -> None:
        key, ticks = (member.person_id, lane), self._times.ticks()
        bucket = self._paces.get(key)
        if bucket is None:
            bucket = self._paces[key] = Bucket(PACES[lane], ticks)
        if not bucket.takes(ticks):
            raise RoomRefused(Why.PACE)
