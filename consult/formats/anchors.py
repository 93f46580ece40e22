"""Signed anchors: where the audit log stood on a day, kept outside the database, under an Ed25519 key of its own."""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Anchor:
    """On ``at`` the log ended with row ``seq``, whose hash was ``hash``; ``good`` says that the signature holds."""

    seq: int
    hash: str
    at: datetime
    good: bool = True


def _told(anchor: Anchor) -> bytes:
    return json.dumps([anchor.seq, anchor.hash, anchor.at.isoformat()], separators=(",", ":")).encode()


def path_of(folder: Path, day: str) -> Path:
    """The file of a day (``2026-11-24``)."""
    return folder / f"{day}.anchor.json"


def write(folder: Path, key: Path, anchor: Anchor) -> Path:
    """Sign and keep the anchor of its day, whole or not at all; a later one of the same day takes its place."""
    folder.mkdir(parents=True, exist_ok=True)
    signature = _key(key).sign(_told(anchor))
    body = {
        "seq": anchor.seq,
        "hash": anchor.hash,
        "at": anchor.at.isoformat(),
        "signature": base64.b64encode(signature).decode(),
    }
    place = path_of(folder, anchor.at.date().isoformat())
    aside = place.with_suffix(".new")
    with aside.open("w", encoding="utf-8") as file:
        json.dump(body, file)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(place)
    return place


def every(folder: Path, key: Path) -> Iterator[Anchor]:
    """All anchors of a folder, oldest first; one that was changed is told as not good."""
    if not folder.is_dir():
        return
    for place in sorted(folder.glob("*.anchor.json")):
        yield _read(place, key)


def _read(place: Path, key: Path) -> Anchor:
    from cryptography.exceptions import InvalidSignature

    body = json.loads(place.read_text("utf-8"))
    anchor = Anchor(int(body["seq"]), str(body["hash"]), datetime.fromisoformat(body["at"]))
    try:
        _key(key, make=False).public_key().verify(base64.b64decode(body["signature"]), _told(anchor))
    except InvalidSignature:
        return Anchor(anchor.seq, anchor.hash, anchor.at, good=False)
    return anchor


def _key(path: Path, make: bool = True) -> "Ed25519PrivateKey":
    """The key of anchors, made when it is first needed; readable by its owner only. Raises FileNotFoundError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if make and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as new:
            new.write(Ed25519PrivateKey.generate().private_bytes_raw())
            new.flush()
            os.fsync(new.fileno())
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
