"""Where objects lie for good when that is not this machine's folder: an S3-compatible store, through obstore."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from consult.domain.errors import Unavailable, Words

if TYPE_CHECKING:
    from obstore.store import S3Store

AWAY = Words("影像存储暂时不可用，请稍后重试。", "The object store is away for a moment; try again shortly.")
AT_ONCE = 64 << 20  # bytes that go up as one request; larger objects go in parts
PART = 16 << 20


class Shelf(Protocol):
    """A place for objects by their hash. Every call may raise Unavailable."""

    def put(self, sha256: str, file: Path) -> None:
        """Keep the bytes of a file; durable when this returns. Nothing that lies there is replaced."""
        ...

    def fetch(self, sha256: str) -> Iterator[bytes] | None:
        """The bytes in pieces; None when there is no such object."""
        ...

    def names(self) -> Iterator[tuple[str, int]]:
        """Every object's hash and size."""
        ...

    def set_aside(self, sha256: str) -> None:
        """Take an object out, so that it can still be put back; nothing happens when it is not there."""
        ...

    def aside(self) -> list[str]:
        """What was set aside and is not settled."""
        ...

    def put_back(self, sha256: str) -> None:
        """Give an object that was set aside its place again."""
        ...

    def drop(self, sha256: str) -> None:
        """Remove an object that was set aside, for good."""
        ...


@dataclass(frozen=True, slots=True)
class S3:
    """How to reach a bucket; ``endpoint`` None is Amazon's own."""

    url: str
    endpoint: str | None
    region: str
    access_key: str | None
    secret_key: str | None
    timeout_s: float = 60.0

    def open(self) -> "S3Store":
        """The client; it tries again for some seconds before it gives up."""
        from datetime import timedelta

        from obstore.store import S3Store

        parts = urlsplit(self.url)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError("blobs.url must be file:///folder or s3://bucket/prefix")
        config: Any = {"region": self.region, "checksum_algorithm": "SHA256"}
        if self.endpoint:
            config |= {"endpoint": self.endpoint, "virtual_hosted_style_request": False}
        if self.access_key and self.secret_key:
            config |= {"access_key_id": self.access_key, "secret_access_key": self.secret_key}
        client: Any = {"timeout": timedelta(seconds=self.timeout_s), "connect_timeout": "5s"}
        if (self.endpoint or "").startswith("http://"):
            client["allow_http"] = True
        return S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config=config,
            client_options=client,
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=15)},
        )


class S3Shelf:
    """Objects as ``objects/ab/<sha256>`` in a bucket; a put sends SHA-256 sums and never replaces (If-None-Match)."""

    def __init__(self, store: "S3Store", at_once: int = AT_ONCE) -> None:
        self._store = store
        self._at_once = at_once

    def put(self, sha256: str, file: Path) -> None:
        """See Shelf. An object that lies there already is taken for the same: its name is its hash."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, BaseError

        try:
            if file.stat().st_size <= self._at_once:
                obstore.put(self._store, _key(sha256), file, mode="create", use_multipart=False)
            elif not self._has(sha256):
                obstore.put(self._store, _key(sha256), file, use_multipart=True, chunk_size=PART)
        except AlreadyExistsError:
            pass
        except (BaseError, OSError) as away:
            raise Unavailable(AWAY) from away

    def _has(self, sha256: str) -> bool:
        import obstore
        from obstore.exceptions import NotFoundError

        try:
            obstore.head(self._store, _key(sha256))
        except (FileNotFoundError, NotFoundError):
            return False
        return True

    def fetch(self, sha256: str) -> Iterator[bytes] | None:
        """See Shelf."""
        import obstore
        from obstore.exceptions import BaseError, NotFoundError

        try:
            found = obstore.get(self._store, _key(sha256))
        except (FileNotFoundError, NotFoundError):
            return None
        except BaseError as away:
            raise Unavailable(AWAY) from away
        return _pieces(found)

    def names(self) -> Iterator[tuple[str, int]]:
        """See Shelf."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            for page in obstore.list(self._store, prefix="objects"):
                for each in page:
                    yield str(each["path"]).rpartition("/")[2], int(each["size"])
        except BaseError as away:
            raise Unavailable(AWAY) from away

    def set_aside(self, sha256: str) -> None:
        """See Shelf."""
        self._move(_key(sha256), _aside(sha256))

    def aside(self) -> list[str]:
        """See Shelf."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            return [
                str(each["path"]).rpartition("/")[2]
                for page in obstore.list(self._store, prefix="removing")
                for each in page
            ]
        except BaseError as away:
            raise Unavailable(AWAY) from away

    def put_back(self, sha256: str) -> None:
        """See Shelf."""
        self._move(_aside(sha256), _key(sha256))

    def drop(self, sha256: str) -> None:
        """See Shelf."""
        import obstore
        from obstore.exceptions import BaseError, NotFoundError

        try:
            obstore.delete(self._store, _aside(sha256))
        except (FileNotFoundError, NotFoundError):
            return
        except BaseError as away:
            raise Unavailable(AWAY) from away

    def _move(self, old: str, new: str) -> None:
        """Copied within the bucket, then deleted: at no moment is it in neither place."""
        import obstore
        from obstore.exceptions import BaseError, NotFoundError

        try:
            obstore.copy(self._store, old, new)
            obstore.delete(self._store, old)
        except (FileNotFoundError, NotFoundError):
            return
        except BaseError as away:
            raise Unavailable(AWAY) from away


def _pieces(found: Any) -> Iterator[bytes]:
    from obstore.exceptions import BaseError

    try:
        for piece in found.stream(min_chunk_size=1 << 20):
            yield bytes(piece)
    except BaseError as away:
        raise Unavailable(AWAY) from away


def _key(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"


def _aside(sha256: str) -> str:
    return f"removing/{sha256}"


def pieces_of(file: Path) -> Iterator[bytes]:
    """A file's bytes in pieces. Raises FileNotFoundError."""
    with file.open("rb") as opened:
        while piece := opened.read(1 << 20):
            yield piece


def hash_of(pieces: Iterator[bytes]) -> str:
    """The SHA-256 of bytes that come in pieces."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
