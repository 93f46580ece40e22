"""What the actions work with, built once by wiring and handed to every door as one value."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from consult.actions.intake import Intake
from consult.actions.passwords import Passwords
from consult.actions.sealing import Sealer
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
