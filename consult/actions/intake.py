"""Takes in images: bytes to disk, header read in bounds, rows committed for all senders together, then the receipt."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from consult.actions.rows import Arrival, Kept, RowWriter
from consult.domain.errors import Broken, NoRoom, Words
from consult.domain.studies import Instance
from consult.formats.bounded import HeaderReader
from consult.store import arrivals
from consult.store.arrivals import Refused
from consult.store.blobs import Blobs
from consult.store.blobs import Incoming as Incoming  # noqa: PLC0414  for the doors
from consult.store.unit import Store

WAIT_S = 30.0  # for others' bytes to be settled before a new object is refused

BUSY = Words("接收队列已满，请稍后重新发送。", "Too much is arriving at once; send again shortly.")
NOT_WHAT_WAS_SAID = Words(
    "影像与发送请求所述的 SOP 实例不一致，未接收。", "The object is not the SOP instance that the request named."
)


class Mismatched(Broken):
    """The data set is not the SOP instance that the request around it named."""

    code = "mismatched"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: the institution (its code) that will own the study, the AE title or account, and the door.

    ``charset`` is the character set to believe instead of what this sender declares.
    """

    institution: str
    name: str
    door: str
    charset: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """What the request around an object says it is; None where it does not say."""

    sop_class: str | None = None
    sop_uid: str | None = None
    study_uid: str | None = None

    def fits(self, instance: Instance) -> bool:
        """Whether the object is what was said."""
        pairs = (
            (self.sop_class, instance.sop_class),
            (self.sop_uid, instance.sop_uid),
            (self.study_uid, instance.study_uid),
        )
        return all(said in (None, found) for said, found in pairs)


NOTHING_NAMED = Named()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was made durable, and what became of it; ``study_id`` is the key of the study."""

    study_id: str
    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class: str
    kept: Kept


class Intake:
    """The one way in for images, for all doors of a process. A context manager.

    ``clock`` gives aware UTC; ``quiet_s`` is how long a study must be quiet before it is assessed; ``in_flight_bytes``
    bounds what has come whole and is not settled before new objects wait: what still comes lies on disk, and one that
    sends a large object slowly holds up nobody. ``quarantine_bytes`` bounds what is kept of refusals.
    """

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        reader: HeaderReader,
        clock: Callable[[], datetime],
        *,
        quiet_s: float,
        in_flight_bytes: int = 512 << 20,
        quarantine_bytes: int = 2 << 30,
        side_threads: int = 4,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._reader = reader
        self._clock = clock
        self._in_flight_bytes = in_flight_bytes
        self._quarantine_bytes = quarantine_bytes
        self._flow = threading.Condition()
        self._unsettled: set[Incoming] = set()
        self._rows = RowWriter(store, blobs, clock, timedelta(seconds=quiet_s))
        self._side = ThreadPoolExecutor(side_threads, "intake")

    def __enter__(self) -> Self:
        self._rows.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._side.shutdown()
        self._rows.close()
        self._blobs.close()

    def open(self) -> Incoming:
        """A new object to write into; waits while too many bytes are in flight.

        Raises NoRoom when the disk is full or others' bytes do not settle in time. Give it to ``take`` or ``drop``.
        """
        with self._flow:
            if not self._flow.wait_for(self._has_room, WAIT_S):
                raise NoRoom(BUSY)
        return self._blobs.incoming()

    def _has_room(self) -> bool:
        return sum(each.size for each in self._unsettled) < self._in_flight_bytes

    def drop(self, incoming: Incoming) -> None:
        """The rest of it will not come: forget the object."""
        incoming.discard()

    def take(self, incoming: Incoming, sender: Sender, named: Named = NOTHING_NAMED) -> Receipt:
        """Make a whole object durable; returns when file and row are on disk.

        Raises Broken when it is not what it claims, or not what was ``named`` (it is then in quarantine); NoRoom or
        Unavailable when it should be sent again (nothing is left).
        """
        self._arrived(incoming)
        try:
            arrival, kept = self._prepared(incoming, sender, named)
            return _receipt(arrival, kept.result())
        finally:
            self._settled(incoming)

    def _prepared(self, incoming: Incoming, sender: Sender, named: Named) -> tuple[Arrival, Future[Kept]]:
        """Bring the object to its place on disk, and queue it for its row."""
        self._rows.coming(1)
        try:
            incoming.flush()
            instance = self._read(incoming, sender, named)
            self._blobs.keep(incoming)
            arrival = Arrival(
                instance, incoming.sha256, incoming.size, sender.institution, sender.name[:64], self._clock()
            )
            arrival.row  # noqa: B018  made here, in the sender's thread, not in the writer's
            return arrival, self._rows.put(arrival)
        finally:
            self._rows.coming(-1)

    def take_aside(self, incoming: Incoming, sender: Sender, named: Named = NOTHING_NAMED) -> "Future[Receipt]":
        """As ``take``, but returns at once, so that one sender's objects are committed together."""
        self._arrived(incoming)
        receipt: Future[Receipt] = Future()
        self._side.submit(self._take_aside, incoming, sender, named, receipt)
        return receipt

    def _take_aside(self, incoming: Incoming, sender: Sender, named: Named, receipt: "Future[Receipt]") -> None:
        """Prepare the object in this thread, which is then free for the next; the commit settles the receipt."""
        try:
            arrival, kept = self._prepared(incoming, sender, named)
        except Exception as why:  # noqa: BLE001  the edge of this thread: whoever waits for the receipt raises it
            self._settled(incoming)
            receipt.set_exception(why)
            return

        def committed(done: "Future[Kept]") -> None:
            self._settled(incoming)
            if (why := done.exception()) is not None:
                receipt.set_exception(why)
            else:
                receipt.set_result(_receipt(arrival, done.result()))

        kept.add_done_callback(committed)

    def _arrived(self, incoming: Incoming) -> None:
        with self._flow:
            self._unsettled.add(incoming)

    def _settled(self, incoming: Incoming) -> None:
        incoming.discard()
        with self._flow:
            self._unsettled.discard(incoming)
            self._flow.notify_all()

    def hung_up(self, study_ids: Iterable[str]) -> None:
        """Whoever sent into these studies is done: look at them soon, without the long wait for a silent sender."""
        self._rows.hung_up(study_ids)

    def still_connected(self, study_ids: Iterable[str]) -> None:
        """Somebody who sent into these studies has not hung up: they go on receiving."""
        self._rows.still_connected(study_ids)

    def refuse(self, incoming: Incoming, sender: Sender, why: Broken, sop_uid: str) -> None:
        """Put a whole object into quarantine with the reason. Raises NoRoom when there is no room for it either."""
        sha256, size = incoming.sha256, incoming.size
        kept = self._blobs.quarantine(incoming, self._quarantine_bytes)
        zh, en = why.sentence
        noted = Refused(
            self._clock(),
            sender.institution,
            sender.name[:64],
            sender.door,
            why.code,
            zh,
            en,
            sop_uid,
            sha256,
            size,
            kept,
        )
        with self._store.write() as unit:
            arrivals.note_refused(unit, noted)

    def _read(self, incoming: Incoming, sender: Sender, named: Named) -> Instance:
        try:
            instance = self._reader.read(incoming.path, sender.charset)
            if not named.fits(instance):
                raise Mismatched(NOT_WHAT_WAS_SAID)
        except Broken as why:
            self.refuse(incoming, sender, why, named.sop_uid or "")
            raise
        return instance


def _receipt(arrival: Arrival, kept: Kept) -> Receipt:
    said = arrival.instance
    return Receipt(arrival.study_id, said.study_uid, said.series_uid, said.sop_uid, said.sop_class, kept)
