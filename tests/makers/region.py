"""A region behind its real HTTP door: people of two counties with tokens, a worker turned by hand, a clock to set."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from flask import Flask
from sqlalchemy import delete
from werkzeug.test import TestResponse

from consult.actions.intake import Intake
from consult.actions.parts import Parts
from consult.actions.relay import StoredPositions, run_due_timers
from consult.actions.sealing import Sealer
from consult.domain.cases import Case, case_of
from consult.domain.events import Fact
from consult.domain.people import Person
from consult.formats.document import Rendered, ReportDocument, Stamp
from consult.formats.pdf_pool import Workshop
from consult.settings import Settings, Web
from consult.store import cases, sessions, tables
from consult.store.blobs import Blobs
from consult.store.schema import metadata
from consult.store.unit import Store
from consult.web.app import create_app
from consult.wiring import clock as real_clock
from consult.wiring import subscribers, timer_jobs
from consult.worker.relay import Relay
from tests.doubles import Clock
from tests.makers.cases import a_study
from tests.makers.parallel import together
from tests.makers.people import NOW, PEOPLE, settle
from tests.makers.web import PASSWORDS

SECRET = "Region-4mK9-平台"
STUDIES = {"ANLONG": "1.2.826.0.1.3680043.8.498.1", "DUSHAN": "1.2.826.0.1.3680043.8.498.2"}
KEPT = frozenset(
    {"institutions", "agreements", "people", "person_roles", "skills", "shifts", "credentials", "sessions",
     "api_tokens", "studies", "series", "instances"}
)  # fmt: skip


@dataclass(frozen=True)
class Signature:
    """Whose certificate a quick signature claims."""

    serial: str
    issuer: str = "演示"


@dataclass(frozen=True)
class QuickSigner:
    """Someone who can sign now."""

    facts: Signature


class QuickSealer:
    """Keeps the sealer's protocol without pages and keys: a document is its own words."""

    demo = True

    def signer(self, _store: Store, person_id: str, _pin: str) -> QuickSigner:
        """The person's signer."""
        return QuickSigner(Signature(str(sum(person_id.encode()))))

    def layout(self, document: ReportDocument) -> Rendered:
        """The page."""
        return cast(Rendered, document)

    def certify(self, page: Any, signer: QuickSigner, stamp: Stamp) -> bytes:
        """The signed page."""
        return f"{page.number} {page.version} {page.content_sha256} {signer.facts.serial} {stamp.signed_at}".encode()

    def approve(self, pdf: bytes, signer: QuickSigner, stamp: Stamp) -> bytes:
        """The page with a second signature."""
        return pdf + f" {signer.facts.serial} {stamp.signed_at}".encode()


@dataclass
class Region:
    """The application with everybody signed in, and what a worker does when its turn comes."""

    app: Flask
    parts: Parts
    clock: Clock
    tokens: Mapping[str, str]
    relay: Relay = field(init=False)

    def __post_init__(self) -> None:
        self.relay = Relay(StoredPositions(self.store), subscribers(self.parts), self.clock, lambda: True)

    @property
    def store(self) -> Store:
        """The database."""
        return self.parts.store

    def call(self, who: str, method: str, path: str, body: Any = None, raw: bytes | None = None,
             **headers: str) -> TestResponse:  # fmt: skip
        """One call; header names are written with underscores."""
        said = {"Authorization": f"Bearer {self.tokens[who]}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        kind = None if data is None else "application/json"
        with self.app.test_client() as client:
            return client.open("/api/v1" + path, method=method, data=data, headers=said, content_type=kind)

    def work(self) -> None:
        """Facts to those who react to them, two ticks of due timers at the same moment, and facts again."""
        self.hear()
        together(2, lambda _: self.tick())
        self.hear()

    def hear(self) -> None:
        """Hand every fact over."""
        while self.relay.turn():
            pass

    def tick(self) -> None:
        """Run what is due."""
        failures = run_due_timers(self.store, timer_jobs(self.parts), self.clock())
        assert failures == [], failures

    def cases(self) -> dict[str, Case]:
        """All cases as they stand."""
        with self.store.read() as connection:
            return {case.id: case for case in map(case_of, connection.scalars(tables.cases.select().with_only_columns(
                tables.cases.c.document)))}  # fmt: skip

    def facts(self, case_id: str) -> list[Fact]:
        """What happened to a case."""
        with self.store.read() as connection:
            return cases.facts_of(connection, case_id)

    def wipe(self) -> None:
        """Back to a region in which nobody asked for anything yet."""
        with self.store.write() as unit:
            for table in reversed(metadata.sorted_tables):
                if table.name not in KEPT:
                    unit.connection.execute(delete(table))
        self.clock.now = NOW


def plain_parts(settings: Settings) -> Parts:
    """What a process works with that moves cases in real time and neither receives images nor lays out pages."""
    nothing = cast(Workshop, None)
    return Parts(settings, Store(settings.database.url), Blobs(settings.blobs.folder), cast(Intake, None),
                 cast(Sealer, QuickSealer()), PASSWORDS, real_clock, nothing)  # fmt: skip


def region(store: Store, folder: Path, now: datetime = NOW) -> Region:
    """A region over a fresh database, at a moment."""
    settle(store)
    for site, uid in STUDIES.items():
        a_study(store, site, uid)
    secret, clock = PASSWORDS.hash(SECRET), Clock(now)
    with store.write() as unit:
        for who in PEOPLE:
            sessions.keep_secrets(unit, sessions.Secrets(who, secret, secret), now)
    settings = Settings(web=Web(public_url="https://consult.example.cn"))
    nothing = cast(Workshop, None)  # no image is drawn here, and none comes in
    parts = Parts(settings, store, Blobs(folder / "blobs"), cast(Intake, None), cast(Sealer, QuickSealer()),
                  PASSWORDS, clock, nothing)  # fmt: skip
    app = create_app(parts)
    return Region(app, parts, clock, {who: _token(app, person) for who, person in PEOPLE.items()})


def _token(app: Flask, person: Person) -> str:
    client = app.test_client()
    answer = client.post("/api/v1/session", json={"username": person.username, "password": SECRET})
    assert answer.status_code == 200, answer.text
    csrf = {"X-CSRF-Token": answer.get_json()["csrf"]}
    made = client.post("/api/v1/tokens", json={"name": "walk", "days": 90}, headers=csrf)
    assert made.status_code == 201, made.text
    return str(made.get_json()["token"])
