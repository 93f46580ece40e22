"""Installations to back up and to restore into, each on a database and a folder (or bucket) of its own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from consult.actions import backups, restoring
from consult.actions.backups import Made, Tell
from consult.actions.restoring import Restored
from consult.settings import Audit, Database, Settings, Trust
from consult.settings import Blobs as BlobSettings
from consult.store.blobs import Blobs
from consult.store.shelves import S3
from consult.store.unit import Store
from consult.wiring import open_blobs

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def silent(_done: int, _total: int, _size: int) -> None:
    """Nobody looks how far it is."""


@dataclass(frozen=True)
class Installation:
    """Settings, and what they name, open."""

    settings: Settings
    store: Store
    blobs: Blobs

    def back_up(self, folder: Path, now: datetime = NOW, tell: Tell = silent, every: bool = False) -> Made:
        """Keep all of it."""
        return backups.back_up(self.settings, self.store, self.blobs, folder, now, tell, every)

    def restore(
        self, folder: Path, name: str | None = None, tell: Tell = silent, despite_losses: bool = False
    ) -> Restored:
        """Bring it back."""
        return restoring.restore(self.settings, self.store, self.blobs, folder, name, NOW, tell, despite_losses)

    def close(self) -> None:
        """Leave it."""
        self.store.close()
        self.blobs.close()


def installation(url: str, folder: Path, bucket: S3 | None = None) -> Installation:
    """An installation with nothing in it yet, not even tables."""
    kept = BlobSettings(url=f"file://{folder}/blobs")
    if bucket is not None:
        kept = BlobSettings(url=bucket.url, spool=folder / "blobs", endpoint=bucket.endpoint,
                            access_key=bucket.access_key, secret_key=bucket.secret_key)  # fmt: skip
    settings = Settings(
        database=Database(url=url),
        blobs=kept,
        trust=Trust(folder=folder / "trust", demo=True),
        audit=Audit(folder=folder / "anchors", key=folder / "keys" / "audit.key"),
    )
    return Installation(settings, Store(url), open_blobs(kept))
