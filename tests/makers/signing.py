"""Parts with which reports are signed for real: a database, a folder, a workshop, an authority, people with PINs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from consult.actions import reports
from consult.actions.intake import Intake
from consult.actions.once import Once
from consult.actions.parts import Parts
from consult.actions.passwords import Passwords
from consult.actions.sealing import Sealer
from consult.actions.verification import Verification, verify
from consult.actions.workflow import NO_KEY, Order
from consult.domain.cases import Case, State
from consult.domain.people import SitePolicy
from consult.domain.reports import ReportText
from consult.domain.workflow import Verb
from consult.formats.pdf_pool import Workshop
from consult.formats.trust import open_demo_authority
from consult.settings import Settings, Trust, Web
from consult.store import reports as report_store
from consult.store import sessions
from consult.store.blobs import Blobs
from consult.store.reports import SignedDocument
from consult.store.schema import metadata
from consult.store.unit import Store
from tests.doubles import Clock
from tests.makers import documents
from tests.makers.cases import WRITTEN, a_study, brought_to, stored, write_report
from tests.makers.people import ACTORS, PEOPLE, settle

PIN = "246810-pin"
AUTHOR, REVIEWER, REQUESTER = "guiyang.ct", "guiyang.reviewer", "anlong.doctor"
ADDRESS = "10.0.0.7"
PASSWORDS = Passwords()


@dataclass(frozen=True)
class Desk:
    """Where reports are signed; what is done there happens at ``clock``, which stands still unless it is moved."""

    parts: Parts
    clock: Clock

    def case(self, state: State = State.IN_PROGRESS, text: ReportText = WRITTEN, **changes: Any) -> str:
        """A case brought to a state, its report written; its id. Each asks a question of its own."""
        case_id = brought_to(self.parts.store, state, **{"question": f"问题{uuid4().hex}"} | changes)
        write_report(self.parts.store, case_id, text)
        return case_id

    def stored(self, case_id: str) -> Case:
        """The case as it stands."""
        return stored(self.parts.store, case_id)

    def sign(
        self, case_id: str, verb: Verb = Verb.SIGN, who: str = AUTHOR, once: Once = NO_KEY, **said: Any
    ) -> dict[str, Any]:
        """A signature, a minute after the last."""
        now = self.clock.advance(minutes=1)
        order = Order(verb, {"pin": PIN, **said}, None, once)
        return reports.seal(self.parts, case_id, order, ACTORS[who], ADDRESS, now)

    def documents(self, case_id: str, *states: str) -> list[SignedDocument]:
        """What was signed, oldest first; what was issued or recalled where no states are named."""
        with self.parts.store.read() as connection:
            return report_store.documents(connection, case_id, *([states] if states else []))

    def pdf(self, document: SignedDocument) -> bytes:
        """A document's bytes."""
        return self.parts.blobs.path(document.sha256).read_bytes()

    def verify(self, pdf: bytes) -> Verification:
        """The public's question."""
        return verify(self.parts, pdf, self.clock())


@contextmanager
def workshops() -> Iterator[tuple[Workshop, Workshop]]:
    """A workshop to make documents in, and one to judge them."""
    with Workshop(1, 120.0) as makes, Workshop(1, 120.0, trade="judge") as judges:
        yield makes, judges


@contextmanager
def lone_desk(folder: Path) -> Iterator[Desk]:
    """A desk with workshops and a database of its own."""
    store = Store(f"sqlite:///{folder}/consult.db")
    metadata.create_all(store.engine)
    with workshops() as shops, desk(store, folder, shops) as opened:
        yield opened
    store.close()


@contextmanager
def desk(store: Store, folder: Path, shops: tuple[Workshop, Workshop], *, two_person: bool = False) -> Iterator[Desk]:
    """A desk over a fresh database: the demonstration's people, the two who sign with certificates and PINs."""
    clock = Clock(documents.NOW)
    settle(store, performing=SitePolicy(two_person=two_person))
    a_study(store)
    trust = Trust(folder=folder / "trust", demo=True)
    settings = Settings(trust=trust, web=Web(public_url="https://consult.example.cn"))
    sealer = Sealer(*shops, lambda: open_demo_authority(trust.folder, documents.NOW), PASSWORDS)
    blobs = Blobs(folder / "blobs")
    parts = Parts(settings, store, blobs, cast(Intake, None), sealer, PASSWORDS, clock, shops[0])
    secret = PASSWORDS.hash(PIN)
    with store.write() as unit:
        for who in (AUTHOR, REVIEWER, REQUESTER, "guiyang.resident"):
            sessions.keep_secrets(unit, sessions.Secrets(who, secret, secret), documents.NOW)
    for who in (AUTHOR, REVIEWER):
        sealer.enrol(store, PEOPLE[who], "贵阳专家中心", PIN, documents.NOW)
    yield Desk(parts, clock)
    blobs.close()
