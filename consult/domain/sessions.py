"""Signing in, as rules: how long a session lives, how many wrong tries are let pass, what a password must be."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from consult.domain.errors import FieldError, Invalid, NotAllowed, NotSignedIn, TooMany, Words

IDLE = timedelta(hours=2)
"""A session that nobody used for this long is over."""

ABSOLUTE = timedelta(hours=12)
"""A session is over after this, used or not: the length of a long shift."""

SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last use of a session is kept; each use would be a write."""

TOKEN_DAYS = 90
TOKEN_MAX_DAYS = 366
"""How long an API token lives, by itself and at most."""

PASSWORD_MIN, PIN_MIN, SECRET_MAX = 8, 6, 256
"""Length is what counts (ASVS 5.0 V6.2): no rule about kinds of characters, and room for a sentence."""

ACCOUNT_NAME_MAX = 64


class WrongSignIn(NotSignedIn):
    """Name and password do not belong together; whether the account exists is not told."""

    code = "wrong-sign-in"

    def __init__(self) -> None:
        super().__init__(
            Words("用户名或密码不正确，请检查后重试。", "The user name or password is wrong; check both and try again.")
        )


class WrongPin(Invalid):
    """The signing PIN is wrong; nothing was signed."""

    code = "wrong-pin"

    def __init__(self) -> None:
        sentence = Words("签名密码不正确，报告尚未签发。", "The signing PIN is wrong; nothing was signed.")
        super().__init__(sentence, [FieldError("pin", sentence)])


class PasswordFirst(NotAllowed):
    """Signed in by a one-time password that an administrator knows; nothing is open until it was replaced."""

    code = "password-first"

    def __init__(self) -> None:
        super().__init__(
            Words("请先设置自己的密码和签名密码。", "Choose a password and a signing PIN of your own first.")
        )


class ForeignCall(NotAllowed):
    """A call that a page of another site made, or that does not carry the session's CSRF token."""

    code = "csrf"

    def __init__(self) -> None:
        super().__init__(Words("页面已过期，请刷新后再操作。", "This page is out of date; refresh it and try again."))


@dataclass(frozen=True, slots=True)
class TryLimit:
    """So many wrong tries are let pass within a time; then a pause."""

    tries: int
    within: timedelta

    def pause_s(self, failures: Iterable[datetime], now: datetime) -> int:
        """Seconds until the next try is let pass, rounded up; 0 when it may be made now."""
        recent = sorted(at for at in failures if at > now - self.within)
        if len(recent) < self.tries:
            return 0
        return max(1, ceil((recent[-self.tries] + self.within - now).total_seconds()))


ACCOUNT_TRIES = TryLimit(10, timedelta(minutes=15))
ADDRESS_TRIES = TryLimit(100, timedelta(minutes=15))
"""A hospital often shares one address, so it is given more."""
PIN_TRIES = TryLimit(5, timedelta(minutes=15))
LONGEST_WINDOW = max(limit.within for limit in (ACCOUNT_TRIES, ADDRESS_TRIES, PIN_TRIES))


def too_many(pause_s: int) -> TooMany:
    """The refusal that says how long to wait."""
    minutes = ceil(pause_s / 60)
    return TooMany(
        Words(f"尝试次数过多，请 {minutes} 分钟后再试。", f"Too many tries; please wait {minutes} min."), pause_s
    )


def is_live(created_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """Whether a session that began and was last used at these times still holds."""
    return now < created_at + ABSOLUTE and now < seen_at + IDLE


def account_name(typed: str) -> str:
    """An account name as it is kept: one form for what people type the same (NFKC, no case, no outer space)."""
    return unicodedata.normalize("NFKC", typed).strip().casefold()


def secret_bytes(typed: str) -> bytes:
    """A password or PIN as it is hashed: NFC, so that two keyboards write the same characters the same way."""
    return unicodedata.normalize("NFC", typed).encode("utf-8", "surrogatepass")


def is_account_name(name: str) -> bool:
    """Whether an account can have this name: one word, as ``account_name`` writes it."""
    allowed = all(letter.isalnum() or letter in "._-@" for letter in name)
    return 0 < len(name) <= ACCOUNT_NAME_MAX and allowed and account_name(name) == name


def check_account_name(name: str) -> None:
    """Raises Invalid when no account can have this name."""
    if not is_account_name(name):
        raise Invalid.at(
            "username",
            Words("用户名用字母、数字、点、横线，最长 64 字。", "Letters, digits, dots and dashes, 64 at most."),
        )


def check_password(password: str, username: str) -> None:
    """Raises Invalid when it is too short, too long, or the account's own name."""
    _check_length("password", password, PASSWORD_MIN)
    if account_name(password) == username:
        raise Invalid.at("password", Words("密码不能与用户名相同。", "The password must differ from the user name."))


def check_pin_text(pin: str) -> None:
    """Raises Invalid when a new signing PIN is too short or too long."""
    _check_length("pin", pin, PIN_MIN)


def _check_length(field: str, secret: str, least: int) -> None:
    if not least <= len(secret) <= SECRET_MAX:
        raise Invalid.at(
            field,
            Words(f"长度应为 {least} 到 {SECRET_MAX} 字。", f"It needs {least} to {SECRET_MAX} characters."),
        )
