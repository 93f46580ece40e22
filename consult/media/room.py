"""One room as its people see it: who is there, who is muted, which rung each line stands on, and who is told what."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from consult.domain.media import SENDING_ROLES, SILENT, SILENT_S, RoomFull, Standing, Stats, step
from consult.domain.room_tickets import Ticket


class Line(Protocol):
    """A browser's socket."""

    def tell(self, message: str) -> None:
        """Send it soon, in order; never waits."""
        ...

    def hang_up(self, code: str, zh: str, en: str) -> None:
        """End, saying why."""
        ...


@dataclass(eq=False, slots=True)
class Member:
    """A person in the room. ``offered`` is the number of the offer they have not answered yet, 0 for none."""

    ticket: Ticket
    line: Line
    heard_at: float
    sound: bool = True
    picture: bool = True
    sends: bool = False
    offers: int = 0
    offered: int = 0
    offered_at: float = 0.0
    behind: bool = False
    stats: Stats = field(default_factory=lambda: Stats(None, 0.0))
    standing: Standing = field(default_factory=Standing)

    @property
    def person(self) -> str:
        """Who it is."""
        return self.ticket.person_id

    @property
    def may_send(self) -> bool:
        """Whether they are here to be seen and heard, too."""
        return self.ticket.role in SENDING_ROLES

    def told(self) -> dict[str, Any]:
        """What the others see of them."""
        return {
            "person": self.person,
            "name": self.ticket.name,
            "role": self.ticket.role,
            "sends": self.sends,
            "sound": self.sound,
            "picture": self.picture,
            "rung": self.standing.step.rung,
        }


class Room:
    """The members of one room, as many senders and observers as it holds."""

    def __init__(self, name: str, most_senders: int, most_observers: int) -> None:
        self.name = name
        self.members: dict[str, Member] = {}
        self.speaker: str | None = None
        self.recorded = False
        self._most = {True: most_senders, False: most_observers}

    def enter(self, ticket: Ticket, line: Line, now: float) -> Member:
        """Let somebody in; the same person's earlier line must be gone. Raises RoomFull."""
        member = Member(ticket, line, now)
        most = self._most[member.may_send]
        if sum(each.may_send == member.may_send for each in self) >= most:
            raise RoomFull(most)
        self.members[member.person] = member
        return member

    def __iter__(self) -> Iterator[Member]:
        return iter(tuple(self.members.values()))

    def publishers(self, member: Member) -> list[str]:
        """Whose sound and picture a member is to receive."""
        return [each.person for each in self if each.sends and each is not member]

    def tell(self, kind: str, but: Member | None = None, **told: Any) -> None:
        """Tell everybody, or everybody but one."""
        message = said(kind, **told)
        for member in self:
            if member is not but:
                member.line.tell(message)

    def judge(self, now: float) -> Iterator[Member]:
        """Put every line on the rung it carries; those who changed theirs. ``now`` in seconds of a steady clock."""
        for member in self:
            stats = SILENT if now - member.heard_at > SILENT_S else member.stats
            before, member.standing = member.standing, step(member.standing, stats, now)
            if before.index != member.standing.index:
                yield member


def said(kind: str, **told: Any) -> str:
    """A message to a browser."""
    return json.dumps({"kind": kind, **told}, ensure_ascii=False, separators=(",", ":"))
