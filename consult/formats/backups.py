"""What a backup says of itself: which moment it holds, and the hash of everything in it."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from consult.domain.backups import Copied
from consult.domain.errors import Broken, Words

FORMAT = 1
NOT_ONE = Words("这不是一份完整的备份。", "This is not a whole backup.")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup: the database's engine and revision, its dump, the lists of objects, and files beside them.

    ``objects`` lists ``sha256 size`` a line, in order; ``refused`` those in quarantine. ``lost`` are objects that rows
    name and that were not there, or not with these bytes, when the backup was made.
    """

    at: datetime
    engine: str
    revision: str | None
    database: Copied
    objects: Copied
    refused: Copied
    files: tuple[Copied, ...]
    lost: tuple[str, ...]

    def parts(self) -> tuple[Copied, ...]:
        """Every file of the backup but this one and the objects."""
        return (self.database, self.objects, self.refused, *self.files)


def written(manifest: Manifest) -> bytes:
    """The manifest as JSON."""
    body = asdict(manifest) | {"format": FORMAT, "at": manifest.at.astimezone(UTC).isoformat()}
    return json.dumps(body, ensure_ascii=False, indent=1).encode()


def read(data: bytes) -> Manifest:
    """A manifest from JSON. Raises Broken for anything else, and for a later format."""
    try:
        body: dict[str, Any] = json.loads(data)
        if body["format"] != FORMAT:
            raise Broken(Words("备份来自更新的版本。", "The backup was made by a later version."))
        return Manifest(
            datetime.fromisoformat(body["at"]),
            str(body["engine"]),
            body["revision"],
            Copied(**body["database"]),
            Copied(**body["objects"]),
            Copied(**body["refused"]),
            tuple(Copied(**each) for each in body["files"]),
            tuple(map(str, body["lost"])),
        )
    except (ValueError, KeyError, TypeError) as wrong:
        raise Broken(NOT_ONE) from wrong
