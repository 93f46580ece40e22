"""The audit log kept honest: what is read is written down, the day's end is signed, and the whole is checked."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from consult.domain.audit import Entry, Flaw, Row, flaw_of
from consult.domain.errors import Words
from consult.formats import anchors
from consult.formats.anchors import Anchor
from consult.store import audit
from consult.store.unit import Store

AGAIN = timedelta(minutes=10)
MOST = 50_000


def note(store: Store, *entries: Entry) -> None:
    """Write deeds down that change nothing else, together. Raises Unavailable."""
    with store.write() as unit:
        for entry in entries:
            unit.note(entry)


class Watch:
    """Writes down what people look at: once in ten minutes a person, deed and object, not once a frame.

    ``most`` bounds what is remembered; what is forgotten is written once more.
    """

    def __init__(self, store: Store, most: int = MOST) -> None:
        self._store = store
        self._most = most
        self._seen: OrderedDict[tuple[str | None, str, str, str], datetime] = OrderedDict()
        self._turn = threading.Lock()

    def saw(self, entry: Entry) -> bool:
        """Somebody looked at something; False when that stands in the log since a short while. Raises Unavailable."""
        key = (entry.person_id, entry.deed, entry.subject_id, entry.outcome)
        with self._turn:
            since = self._seen.get(key)
            if since is not None and entry.at - since < AGAIN:
                return False
        note(self._store, entry)
        with self._turn:
            self._seen[key] = entry.at
            self._seen.move_to_end(key)
            while len(self._seen) > self._most:
                self._seen.popitem(last=False)
        return True


def anchor(store: Store, folder: Path, key: Path, now: datetime) -> Anchor | None:
    """Sign where the log ends now, and keep it in the folder; None for an empty log. Raises Unavailable, OSError."""
    with store.read() as connection:
        last = audit.head(connection)
    if last is None:
        return None
    signed = Anchor(last.seq, last.hash, now)
    anchors.write(folder, key, signed)
    return signed


def anchor_when_due(store: Store, folder: Path, key: Path, now: datetime) -> None:
    """Once a day."""
    if not anchors.path_of(folder, now.date().isoformat()).exists():
        anchor(store, folder, key, now)


def verify(store: Store, folder: Path | None, key: Path | None) -> tuple[int, Flaw | None]:
    """How many rows are good, and the first that is not: against its neighbours, and against every anchor."""
    known: Sequence[Anchor] = tuple(anchors.every(folder, key)) if folder is not None and key is not None else ()
    for each in known:
        if not each.good:
            return 0, Flaw(each.seq, _said(each, "锚点签名无效", "its signature does not hold"))
    due = sorted(known, key=lambda each: each.seq)
    before: Row | None = None
    with store.read() as connection:
        for row in audit.walk(connection):
            flaw = flaw_of(before, row)
            while flaw is None and due and due[0].seq <= row.seq:
                met = due.pop(0)
                if met.hash != row.hash:
                    flaw = Flaw(
                        row.seq, _said(met, "该行与锚点不符，之前的日志被重写", "the rows up to it were rewritten")
                    )
            if flaw is not None:
                return (before.seq if before else 0), flaw
            before = row
    good = before.seq if before else 0
    if due:
        return good, Flaw(
            good + 1, _said(due[0], f"日志末尾缺失，自第 {good + 1} 行起", f"rows from {good + 1} are missing")
        )
    return good, None


def _said(met: Anchor, zh: str, en: str) -> Words:
    day = met.at.date().isoformat()
    return Words(f"{day} 的锚点（第 {met.seq} 行）：{zh}。", f"Anchor of {day} (row {met.seq}): {en}.")
