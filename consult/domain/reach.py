"""How a person is reached outside the pages: addresses, which notices go by which way, and the hours of quiet."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from consult.domain.calendars import ASIA_SHANGHAI
from consult.domain.errors import FieldError, Invalid, Words
from consult.domain.notices import Urgency


class Channel(StrEnum):
    """A way out. The page is none: a notice stands there at once."""

    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"


CHANNEL_NAMES: dict[Channel, Words] = {
    Channel.EMAIL: Words("邮件", "e-mail"),
    Channel.SMS: Words("短信", "text message"),
    Channel.WEBHOOK: Words("系统对接", "webhook"),
}


@dataclass(frozen=True, slots=True)
class Open:
    """Which ways out are set up here, and the institutions whose own system is told as well."""

    ways: frozenset[Channel] = frozenset()
    hooked: frozenset[str] = frozenset()


PERSONAL = (Channel.EMAIL, Channel.SMS)
"""The ways to a person; a webhook goes to an institution's own system, once a fact."""
CHOOSABLE = (Urgency.ACTION, Urgency.NEWS)
"""What a person may choose to have or not: emergencies go by every way there is."""
NIGHT_FROM, NIGHT_TO = 22 * 60, 7 * 60
DAY_MINUTES = 24 * 60

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
MOBILE = re.compile(r"1[3-9]\d{9}|\+\d{6,15}")


def _default_ways() -> dict[Channel, frozenset[Urgency]]:
    return {Channel.EMAIL: frozenset({Urgency.ACTION}), Channel.SMS: frozenset()}


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a person is reached; quiet hours in minutes after midnight in Shanghai, the same twice: none."""

    email: str = ""
    mobile: str = ""
    quiet_from: int = NIGHT_FROM
    quiet_to: int = NIGHT_TO
    ways: Mapping[Channel, frozenset[Urgency]] = field(default_factory=_default_ways)
    version: int = 0

    def address(self, channel: Channel) -> str:
        """The address for a way; empty where there is none."""
        return {Channel.EMAIL: self.email, Channel.SMS: self.mobile}.get(channel, "")


def ways_for(reach: Reach, urgency: Urgency) -> tuple[Channel, ...]:
    """The ways by which a notice goes to a person who has these addresses and made these choices."""
    wanted = [
        channel
        for channel in PERSONAL
        if urgency is Urgency.EMERGENCY or urgency in reach.ways.get(channel, frozenset())
    ]
    return tuple(channel for channel in wanted if reach.address(channel))


def quiet_until(reach: Reach, now: datetime) -> datetime | None:
    """When the quiet hours that hold ``now`` end; None outside of them. They may span midnight."""
    local = now.astimezone(ASIA_SHANGHAI)
    minute = local.hour * 60 + local.minute
    since = (minute - reach.quiet_from) % DAY_MINUTES
    if since >= (reach.quiet_to - reach.quiet_from) % DAY_MINUTES:
        return None
    ahead = (reach.quiet_to - minute) % DAY_MINUTES
    end = local.replace(second=0, microsecond=0) + timedelta(minutes=ahead)
    return end.astimezone(UTC)


def checked(reach: Reach) -> Reach:
    """The same with its addresses as they are kept. Raises Invalid with each field that is wrong."""
    kept = replace(reach, email=reach.email.strip(), mobile=re.sub(r"[\s-]", "", reach.mobile))
    wrong: list[FieldError] = []
    if kept.email and not ADDRESS.fullmatch(kept.email):
        wrong.append(FieldError("email", Words("邮箱地址格式不对。", "That is not an e-mail address.")))
    if kept.mobile and not MOBILE.fullmatch(kept.mobile):
        wrong.append(FieldError("mobile", Words("手机号格式不对。", "That is not a mobile number.")))
    wrong += [
        FieldError(name, Words("请填写 00:00 到 23:59。", "Give a time of the day."))
        for name in ("quiet_from", "quiet_to")
        if not 0 <= getattr(kept, name) < DAY_MINUTES
    ]
    if wrong:
        raise Invalid(wrong[0].sentence, wrong)
    return kept


def masked(address: str) -> str:
    """An address as operators see it: enough to tell which, too little to use."""
    name, at, host = address.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return f"{address[:3]}****{address[-2:]}" if address else ""
