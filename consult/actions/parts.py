"""What the actions work with, built once by wiring and handed to every door as one value."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from consult.actions.intake import Intake
from consult.actions.passwords import Passwords
from consult.actions.sealing import Sealer
from consult.domain.reach import Channel, Open
from consult.formats.pdf_pool import Workshop
from consult.settings import Settings
from consult.store.blobs import Blobs
from consult.store.unit import Store


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one process: database, blobs, the way in for images, makers of documents and pictures, the clock."""

    settings: Settings
    store: Store
    blobs: Blobs
    intake: Intake
    sealer: Sealer
    passwords: Passwords
    clock: Callable[[], datetime]
    painter: Workshop

    @property
    def out(self) -> Open:
        """The ways out that are set up."""
        told = self.settings
        there = {
            Channel.EMAIL: bool(told.mail.host),
            Channel.SMS: bool(told.sms.url),
            Channel.WEBHOOK: bool(told.outward.webhooks),
        }
        return Open(frozenset(name for name, is_there in there.items() if is_there), frozenset(told.outward.webhooks))
