"""Whether this process can do its work: database there and migrated, store writable, room on the disk."""

import shutil

from consult.actions.parts import Parts
from consult.domain.errors import Unavailable
from consult.store.health import is_this_version

LEAST_FREE = 256 * 1024 * 1024


def ready(parts: Parts) -> dict[str, bool]:
    """Each part by name, and whether it is good."""
    return {"database": _database(parts), "blobs": _writable(parts), "disk": _room(parts)}


def _database(parts: Parts) -> bool:
    try:
        with parts.store.read() as connection:
            return is_this_version(connection)
    except Unavailable:
        return False


def _writable(parts: Parts) -> bool:
    probe = parts.settings.blobs.folder / ".probe"
    try:
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _room(parts: Parts) -> bool:
    try:
        return shutil.disk_usage(parts.settings.blobs.folder).free > LEAST_FREE
    except OSError:
        return False
