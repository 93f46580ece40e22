"""An object store that speaks S3 over real HTTP, in this process: it can go away and come back with what it holds."""

from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from consult.store.shelves import S3, S3Shelf


class ObjectStore:
    """moto's server on a free port of loopback."""

    def __init__(self) -> None:
        self._server: Any = None
        self._port = 0

    def __enter__(self) -> Self:
        self.come()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go()

    def come(self) -> None:
        """Answer, at the same address as before."""
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer("127.0.0.1", self._port, verbose=False)
        self._server.start()
        self._port = self._server.get_host_and_port()[1]

    def go(self) -> None:
        """Answer no more; what is held stays."""
        self._server.stop()

    @property
    def endpoint(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """Its port on loopback."""
        return self._port

    def bucket(self) -> S3:
        """A new empty bucket, and a prefix in it."""
        import httpx

        name = f"b{uuid4().hex}"
        httpx.put(f"{self.endpoint}/{name}").raise_for_status()
        return S3(f"s3://{name}/images", self.endpoint, "us-east-1", "testing", "testing")


def shelf(place: S3) -> S3Shelf:
    """The shelf in a bucket."""
    return S3Shelf(place.open())
