"""Makes signed documents: lays the page out in a process apart, and signs with a key that only its person can open."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from consult.actions.passwords import Passwords
from consult.domain.audit import Deed, Entry
from consult.domain.errors import NotAllowed, Words
from consult.domain.people import COMMAND_LINE, Actor, Person
from consult.formats import seal
from consult.formats.document import Rendered, ReportDocument, Stamp
from consult.formats.pdf_pool import Workshop
from consult.formats.signing_keys import Signer, seal_key, unlock
from consult.formats.trust import DemoAuthority, TrustSource
from consult.formats.verdict import Identity, Verdict
from consult.store import reports
from consult.store.unit import Store

NO_KEY = Words("您还没有签名证书，请联系管理员办理。", "You have no signing certificate yet; ask the administrator.")
LONGEST_KEY_IMAGE = 1024


@dataclass(frozen=True, slots=True)
class Sealer:
    """The document maker of one process. ``judge`` looks at files from outside, so that no file keeps a doctor waiting.

    ``passwords`` bounds how many keys are opened at once: each takes 64 MiB.
    """

    workshop: Workshop
    judge: Workshop
    authority: Callable[[], DemoAuthority]
    passwords: Passwords

    @property
    def demo(self) -> bool:
        """Whether every page must say that the certificates are self-made: they are, of the only authority there is."""
        return True

    def warm(self) -> None:
        """Starts the processes, so that the first signature and the first verdict do not wait for them."""
        self.workshop.warm()
        self.judge.warm()

    def trust(self) -> TrustSource:
        """What signatures are made and checked against, with the revocation lists of this moment."""
        return self.authority().trust()

    def enrol(self, store: Store, person: Person, institution: str, pin: str, now: datetime) -> None:
        """Issue a certificate to a person and keep its key under their PIN."""
        issued = self.authority().issue(person.name, person.id, institution, now)
        with self.passwords.turn():
            sealed = seal_key(issued, pin)
        with store.write() as unit:
            reports.keep_key(unit.connection, person.id, str(issued.serial), sealed, now)

    def revoke(self, store: Store, person: Person, now: datetime, by: Actor = COMMAND_LINE) -> int:
        """From now on nothing counts that is signed with the person's certificates; how many. Raises Unavailable.

        What they signed before stays valid. Doing it twice changes nothing.
        """
        with store.read() as connection:
            serials = reports.serials_of(connection, person.id)
        for serial in serials:
            self.authority().revoke(int(serial), now)
        if serials:
            with store.write() as unit:
                detail = {"what": "revoke", "serials": serials}
                unit.note(Entry(Deed.ADMINISTER, now, by.person_id, by.name, "person", person.id, detail=detail))
        return len(serials)

    def signer(self, store: Store, person_id: str, pin: str) -> Signer:
        """The person's signer, opened with the PIN. Raises NotAllowed where there is none, WrongPin, Unavailable."""
        with store.read() as connection:
            sealed = reports.sealed_key(connection, person_id)
        if sealed is None:
            raise NotAllowed(NO_KEY)
        with self.passwords.turn():
            return unlock(sealed, pin, self.trust())

    def layout(self, document: ReportDocument) -> Rendered:
        """The pages, unsigned."""
        return self.workshop.render(document)

    def certify(self, rendered: Rendered, signer: Signer, stamp: Stamp) -> bytes:
        """The author's signature on a fresh document."""
        image = self.workshop.stamp(stamp)
        return seal.certify(rendered, signer, self.trust(), at=stamp.signed_at, stamp=image)

    def approve(self, pdf: bytes, signer: Signer, stamp: Stamp) -> bytes:
        """The reviewer's signature over the author's."""
        image = self.workshop.stamp(stamp)
        return seal.approve(pdf, signer, self.trust(), at=stamp.signed_at, stamp=image)

    def key_image(self, path: Path, frame: int) -> bytes:
        """A frame as PNG for the page."""
        return self.workshop.png(path, frame, LONGEST_KEY_IMAGE)

    def identify(self, pdf: bytes) -> Identity | None:
        """Which report a file from anywhere says it is."""
        return self.judge.identify(pdf)

    def verify(self, pdf: bytes, archived_sha256: str | None, now: datetime) -> Verdict:
        """Whether a file from anywhere is our signed report, as archived."""
        return self.judge.verify(pdf, self.trust(), archived_sha256, now=now)
