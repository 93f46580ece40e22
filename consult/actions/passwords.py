"""Passwords and PINs as argon2id hashes; who does not exist costs the same time as who does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from consult.domain.sessions import SECRET_MAX, secret_bytes

# OWASP Password Storage: argon2id, 19 MiB, two passes, one lane.
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
AT_A_TIME = 4
"""Hashes under way at once in a process: bounds the memory, and how many guesses can overtake the count."""


class Passwords:
    """Makes and checks hashes, a few at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._turns = threading.BoundedSemaphore(AT_A_TIME)
        self._nobody = self._hasher.hash("nobody")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One of the few places at the hasher; a check and the count of its failure belong in one turn."""
        with self._turns:
            yield

    def hash(self, secret: str) -> str:
        """The argon2id hash of a password or PIN."""
        return self._hasher.hash(secret_bytes(secret))

    def agree(self, kept: str | None, secret: str) -> bool:
        """Whether the secret is the one that was kept; for nobody's (None) the same work is done, and it is not."""
        typed = secret_bytes(secret[: SECRET_MAX + 1])
        try:
            right = self._hasher.verify(kept or self._nobody, typed)
        except (VerificationError, InvalidHashError):
            return False
        return right and kept is not None and len(secret) <= SECRET_MAX
