"""Settings in, parts out: the only place that builds, opens and closes what a process works with."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from consult.actions import (
    announcements,
    assessment,
    audit,
    commitments,
    deadlines,
    deliveries,
    images,
    nodes,
    notices,
    performed,
    proof,
    relay,
    room_log,
    sendings,
    turnaround,
    turnaround_months,
)
from consult.actions.intake import Intake
from consult.actions.parts import Parts
from consult.actions.passwords import Passwords
from consult.actions.relay import StoredPositions
from consult.actions.sealing import Sealer
from consult.domain.errors import NotFound
from consult.domain.events import Fact
from consult.domain.people import Actor
from consult.domain.reach import Channel
from consult.formats.bounded import HeaderReader
from consult.formats.pdf_pool import Workshop
from consult.formats.trust import DemoAuthority, find_demo_authority, open_demo_authority
from consult.settings import Blobs as BlobSettings
from consult.settings import Dicom, Settings, Trust
from consult.store.announcements import ASK
from consult.store.blobs import Blobs
from consult.store.leader import Leadership
from consult.store.shelves import S3, S3Shelf
from consult.store.unit import Store
from consult.worker.jobs import Job, Ticker
from consult.worker.preparing import Preparing
from consult.worker.relay import Handler, Relay

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask_openapi.openapi import OpenAPI

    from consult.channels.dicom import Peers
    from consult.channels.secure import Identity
    from consult.domain.nodes import Node
    from consult.domain.room_tickets import Ticket
    from consult.listeners.dimse import DimseListener
    from consult.listeners.services import Service
    from consult.live.server import Live
    from consult.media.server import MediaDoor
    from consult.web.feed import Feed

TICK_S = 0.5
COMMITMENTS_S = 1.0
COUNTS_S = 2.0
VERIFY_S = 30.0
SEND_S = 1.0
HOUR_S, DAY_S = 3600.0, 86400.0
ANCHOR_S = 600.0  # looks whether today's is there
PAINTER_MB = 2048
JUDGE_TIMEOUT_S = 20.0  # for a file of anyone that is to be verified


def clock() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@contextmanager
def open_store(url: str) -> Iterator[Store]:
    """A database alone, closed again at the end."""
    store = Store(url)
    try:
        yield store
    finally:
        store.close()


def open_blobs(kept: BlobSettings) -> Blobs:
    """The objects: in a folder, or on a shelf elsewhere with copies near at hand."""
    if not kept.elsewhere:
        return Blobs(kept.folder, prepared=kept.prepared)
    bucket = S3(kept.url, kept.endpoint, kept.region, kept.access_key, kept.secret_key, kept.timeout_s)
    shelf = S3Shelf(bucket.open())
    return Blobs(kept.folder, shelf=shelf, near_bytes=kept.near_bytes, prepared=kept.prepared)


@contextmanager
def open_parts(settings: Settings) -> Iterator[Parts]:
    """The parts of one process, closed again at the end."""
    with ExitStack() as closing:
        store = closing.enter_context(open_store(settings.database.url))
        blobs = open_blobs(settings.blobs)
        reader = HeaderReader(settings.parser.workers, settings.parser.memory_mb, settings.parser.timeout_s)
        closing.enter_context(reader)
        intake = Intake(store, blobs, reader, clock, quiet_s=settings.dicom.quiet_s,
                        in_flight_bytes=settings.dicom.max_bytes_in_flight)  # fmt: skip
        closing.enter_context(intake)
        workshop = Workshop(settings.report.render_workers, settings.report.render_timeout_s)
        closing.callback(workshop.close)
        judge = Workshop(1, JUDGE_TIMEOUT_S, trade="judge")
        closing.callback(judge.close)
        passwords = Passwords()
        sealer = Sealer(workshop, judge, lambda: _authority(settings.trust), passwords)
        painter = Workshop(1, settings.prepare.picture_timeout_s, PAINTER_MB, trade="paint")
        closing.callback(painter.close)
        yield Parts(settings, store, blobs, intake, sealer, passwords, clock, painter)


def _authority(trust: Trust) -> DemoAuthority:
    """A demonstration makes its own authority; elsewhere only one that somebody made on purpose signs."""
    return open_demo_authority(trust.folder, clock()) if trust.demo else find_demo_authority(trust.folder)


@dataclass(frozen=True, slots=True)
class Worker:
    """The relay and the tick of one process."""

    relay: Relay
    ticker: Ticker
    preparing: Preparing
    leadership: Leadership

    def start(self) -> None:
        """Begin in the background."""
        self.relay.start()
        self.ticker.start()
        self.preparing.start()

    def stop(self) -> None:
        """End, and let another worker lead."""
        self.preparing.stop()
        self.ticker.stop()
        self.relay.stop()
        self.leadership.give_up()


def build_worker(parts: Parts) -> Worker:
    """The relay with its subscribers and the ticker with its jobs; both work only while this process leads."""
    leadership = Leadership(parts.store)
    the_relay = Relay(StoredPositions(parts.store), subscribers(parts), parts.clock, leadership.held)
    parts.store.on_facts(the_relay.nudge)
    prepares = Preparing(
        lambda maker: images.prepare_next(parts.store, parts.blobs, maker, small_picture(parts)), leadership.held
    )
    peers = peers_of(parts)
    tell, counts = peers.tell_commitment, {ASK: announcements.ask_counts(peers.counts)}
    jobs = (
        Job("timers", TICK_S, lambda now: relay.run_due_timers(parts.store, timer_jobs(parts), now)),
        Job("commitments", COMMITMENTS_S, lambda now: commitments.tell_due(parts.store, parts.blobs, tell, now)),
        Job("counts", COUNTS_S, lambda now: relay.run_due_timers(parts.store, counts, now)),
        Job("verify", VERIFY_S, lambda now: proof.walk(parts.store, parts.blobs, now)),
        Job("evict", HOUR_S, lambda _: images.evict(parts.blobs, parts.settings.prepare.budget_mb << 20)),
        Job("months", ANCHOR_S, months_job(parts)),
        Job("old notices", HOUR_S, lambda now: notices.forget_old(parts.store, now)),
        Job("answers", DAY_S, lambda now: relay.forget_old_answers(parts.store, now)),
        *_sending(parts),
        *_anchoring(parts),
    )
    return Worker(the_relay, Ticker(jobs, leadership.held, parts.clock), prepares, leadership)


def small_picture(parts: Parts) -> images.Paint:
    """Makes small pictures in the painter's process."""
    return lambda path, frame, longest: parts.painter.paint(path, frame, within=(longest, longest))


def _sending(parts: Parts) -> tuple[Job, ...]:
    """A job a way out, so that one that is away keeps no other waiting."""
    outlet = outlet_of(parts.settings)

    def job(channel: Channel) -> Job:
        return Job(f"send {channel}", SEND_S, lambda now: sendings.send_due(parts.store, outlet, channel, now))

    return tuple(job(channel) for channel in Channel)


def outlet_of(settings: Settings) -> sendings.Outlet:
    """Where notices go out, by the ways that are set up."""
    from consult.channels.ways import ways_of

    return sendings.Outlet(ways_of(settings), settings.web.public_url)


def months_job(parts: Parts) -> "Callable[[datetime], int]":
    """Has the monthly reports that are due laid out in the process that prints, and told."""
    from consult.queries import turnaround_month

    def make(actor: Actor, month: str, house: str, now: datetime) -> bytes | None:
        page = turnaround_month.page(parts.store, actor, month, house, now)
        return None if page is None else parts.sealer.workshop.figures(page)

    return lambda now: turnaround_months.make_due(parts.store, make, parts.out, now)


def _anchoring(parts: Parts) -> tuple[Job, ...]:
    """The daily anchor of the audit log, where a folder was set for it."""
    folder, key = parts.settings.audit.folder, parts.settings.audit.key
    if folder is None:
        return ()
    return (Job("anchor", ANCHOR_S, lambda now: audit.anchor_when_due(parts.store, folder, key, now)),)


def subscribers(parts: Parts) -> Mapping[str, Handler]:
    """SUBSCRIBERS: who reacts to facts, each with a stored position of its own."""
    out = parts.out
    return {
        "deadlines": _on("case", lambda fact, now: deadlines.on_case_fact(parts.store, fact, now)),
        "arrivals": _on("study", lambda fact, now: deadlines.on_study_fact(parts.store, fact, now)),
        "deliveries": _on("case", lambda fact, now: deliveries.on_case_fact(parts.store, parts.blobs, fact, now)),
        "prove": _on("study", lambda fact, now: proof.on_study_fact(parts.store, parts.blobs, fact, now)),
        "notices": _on("case", lambda fact, now: notices.on_case_fact(parts.store, fact, now, out)),
        "prepare": _on("study", lambda fact, now: images.on_study_fact(parts.store, fact, now)),
        "turnaround": lambda fact, _: turnaround.on_fact(parts.store, fact),
    }


def _on(subject: str, handler: Handler) -> Handler:
    def only(fact: Fact, now: datetime) -> None:
        if fact.subject == subject:
            handler(fact, now)

    return only


def timer_jobs(parts: Parts) -> Mapping[str, relay.TimerJob]:
    """JOBS: what a due timer does, by its name."""
    return {
        **deadlines.CASE_TIMERS,
        **notices.timers(parts.out),
        **assessment.study_timers(parts.settings.dicom.quiet_s),
    }


def build_web(parts: Parts) -> "OpenAPI":
    """The HTTP door."""
    from consult.web.app import create_app

    return create_app(parts)


def build_feed(app: "OpenAPI", parts: Parts) -> "Feed":
    """The sockets of the HTTP door."""
    from consult.web.feed import Feed

    return Feed(app, parts)


def build_live(settings: Settings, store: Store) -> "Live":
    """The door of live rooms; it needs the database and nothing else. Raises ValueError without a secret."""
    from consult.domain import room_tickets
    from consult.live.room import Times
    from consult.live.server import Live, Record, Where
    from consult.queries import rooms

    secret = settings.live.secret
    if secret is None:
        raise ValueError("live.secret is not set: the web door and the live door need the same one")

    def ticket(text: str, now: datetime) -> "Ticket":
        return room_tickets.opened(text, secret, now)

    record = Record(
        ticket,
        partial(room_log.opening, store),
        partial(room_log.keep, store),
        partial(room_log.arrive, store),
        partial(room_log.leave, store),
        partial(room_log.meet, store),
        partial(room_log.keep_views, store),
        partial(rooms.marks, store),
        partial(rooms.stands, store),
    )
    origins = (settings.web.public_url, *settings.live.origins)
    return Live(Where(settings.live.host, settings.live.port, origins), record, Times(clock, monotonic))


def build_media(settings: Settings) -> "MediaDoor":
    """The door of sound and picture. Raises ValueError without a secret."""
    from consult.media.opening import opened

    return opened(settings, clock)


def peers_of(parts: Parts) -> "Peers":
    """We as the caller of DICOM peers."""
    from consult.channels.dicom import Peers
    from consult.channels.secure import for_calling

    identity = _identity(parts.settings.dicom)
    return Peers(parts.settings.dicom.ae_title, for_calling(identity) if identity is not None else None)


def _identity(door: Dicom) -> "Identity | None":
    from consult.channels.secure import Identity

    files = (door.tls_certificate, door.tls_key, door.tls_authorities)
    named = [each for each in files if each is not None]
    if len(named) == len(files):
        return Identity(*named)
    if named or door.tls_port is not None:
        raise ValueError("dicom.tls_certificate, tls_key and tls_authorities go together")
    return None


def echo(parts: Parts, ae_title: str) -> None:
    """Ask a DICOM peer whether it answers. Raises NotFound and Unreachable."""
    node = nodes.known(parts.store, ae_title)
    if node is None:
        raise NotFound
    peers_of(parts).echo(node)


def build_listener(parts: Parts) -> "DimseListener":
    """The DICOM door with all it serves."""
    from consult.channels.secure import for_callers
    from consult.listeners.dimse import DimseListener, Secure

    door = parts.settings.dicom
    identity = _identity(door)
    secure = None
    if identity is not None and door.tls_port is not None:
        secure = Secure(door.tls_port, for_callers(identity))
    return DimseListener(
        parts.intake,
        lambda call: nodes.caller(parts.store, call),
        host=door.host,
        port=door.port,
        ae_title=door.ae_title,
        max_associations=door.max_associations,
        services=dimse_services(parts),
        secure=secure,
    )


def dimse_services(parts: Parts) -> "tuple[Service, ...]":
    """SERVICES: what the DICOM door serves beside C-ECHO and C-STORE."""
    from consult.listeners.commitment import Committing
    from consult.listeners.find import Finding
    from consult.listeners.outgoing import Loader
    from consult.listeners.performed import Performing
    from consult.listeners.retrieve import Retrieving
    from consult.queries import dimse

    store, blobs = parts.store, parts.blobs

    def known(call: nodes.Call) -> "Node | None":
        return nodes.caller(store, call)

    def searched(node: "Node", address: str) -> None:
        nodes.searched(store, node, address, parts.clock())

    finding = Finding(partial(dimse.answers, store), searched, known, parts.settings.dicom.ae_title)
    retrieving = Retrieving(
        partial(dimse.retrieved, store),
        lambda told: nodes.export(store, told, parts.clock()),
        known,
        partial(nodes.known, store),
        peers_of(parts),
        lambda: Loader(blobs.path),
    )
    committing = Committing(
        lambda node, uid, asked, here: commitments.ask(store, node, uid, asked, parts.clock(), here),
        partial(commitments.judge, store, blobs),
        lambda key: commitments.told(store, key, parts.clock()),
        known,
    )
    performing = Performing(
        lambda node, step: performed.begin(store, node, step, parts.clock()),
        lambda node, uid, status, series, reason: performed.change(
            store, node, uid, status, series, reason, parts.clock()
        ),
        known,
    )
    return (finding.service(), *retrieving.services(), committing.service(), performing.service())
