"""CHANNELS: the ways out that are set up, each built from its section of the settings."""

from collections.abc import Mapping

from consult.channels.email import Email
from consult.channels.outward import Outward
from consult.channels.sms import Sms
from consult.channels.webhook import Endpoint, Webhook
from consult.domain.reach import Channel
from consult.domain.sendings import Way
from consult.settings import Settings


def ways_of(settings: Settings) -> "Mapping[Channel, Way]":
    """By channel; what is not set up is not there."""
    out, mail, gateway = settings.outward, settings.mail, settings.sms
    outward = Outward(frozenset(out.private_hosts), out.timeout_s, out.authorities)
    ways: dict[Channel, Way] = {}
    if mail.host:
        ways[Channel.EMAIL] = Email(mail.host, mail.port, mail.security, mail.sender, mail.username, mail.password,
                                    mail.authorities, mail.timeout_s)  # fmt: skip
    if gateway.url:
        ways[Channel.SMS] = Sms(gateway.url, gateway.token or "", gateway.signature, outward)
    if out.webhooks:
        endpoints = {code: Endpoint(hook.url, hook.secret) for code, hook in out.webhooks.items()}
        ways[Channel.WEBHOOK] = Webhook(endpoints, outward)
    return ways
