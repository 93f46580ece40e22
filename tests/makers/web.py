"""The HTTP door over an archive, with people of two counties and of the expert centre signed in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consult.actions.parts import Parts
from consult.actions.passwords import Passwords
from consult.formats.bounded import HeaderReader
from consult.settings import Settings
from consult.store.blobs import Blobs
from consult.web.app import create_app
from tests.doubles import Clock
from tests.makers.archive import Archive, archive
from tests.makers.pictures import Painter
from tests.makers_people import PASSWORD, fresh_store, open_accounts, open_institutions


class QuickPasswords(Passwords):
    """Hashes as the product makes them, but cheap: nobody guesses in a test."""

    def __init__(self) -> None:
        super().__init__()
        self._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


PASSWORDS = QuickPasswords()


@dataclass(frozen=True)
class Site:
    """The application, the archive behind it, and a signed-in browser a person."""

    app: Flask
    archive: Archive
    browsers: Mapping[str, "Browser"] = field(default_factory=dict)

    def __getitem__(self, username: str) -> "Browser":
        return self.browsers[username]

    def anyone(self) -> FlaskClient:
        """A browser in which nobody is signed in."""
        return self.app.test_client()


@dataclass(frozen=True)
class Browser:
    """A signed-in person's browser, which sends what our pages send."""

    client: FlaskClient
    csrf: str

    def get(self, path: str, **headers: str) -> TestResponse:
        """Ask; header names are written with underscores."""
        return self.client.get(path, headers=_headers(headers), buffered=True)

    def post(self, path: str, data: Any, **headers: str) -> TestResponse:
        """Send, with the header that another site could not send."""
        return self.client.post(path, data=data, headers={"X-CSRF-Token": self.csrf, **_headers(headers)})


def _headers(said: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in said.items()}


@contextmanager
def site(
    folder: Path,
    reader: HeaderReader,
    *usernames: str,
    settings: Settings | None = None,
    prepared: Path | None = None,
    **limits: int,
) -> Iterator[Site]:
    """The door with these people signed in."""
    store = fresh_store(folder)
    open_institutions(store)
    people = open_accounts(store, PASSWORDS, *usernames)
    blobs = None if prepared is None else Blobs(folder / "blobs", 0, prepared=prepared)
    with archive(store, folder, reader, blobs=blobs, **limits) as opened:
        clock: Clock = opened.clock
        no_sealer, painter = cast(Any, None), cast(Any, Painter())
        parts = Parts(settings or Settings(), store, opened.blobs, opened.intake, no_sealer, PASSWORDS, clock, painter)
        app = create_app(parts)
        yield Site(app, opened, {person.username: signed_in(app, person.username) for person in people.values()})
    store.close()


def signed_in(app: Flask, username: str) -> Browser:
    """A person's browser in which they have just signed in."""
    client = app.test_client()
    answer = client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return Browser(client, answer.json["csrf"])
