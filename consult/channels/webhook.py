"""Notices to an institution's own system: signed JSON with a time stamp, to the address its administrators set."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from consult.channels.outward import Outward
from consult.domain.sendings import Message, Receipt, Undeliverable
from consult.formats.sealed_calls import HEADER, seal

ID_HEADER = "X-Consult-Id"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an institution's system listens, and the secret that both know."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Webhook:
    """The endpoints by institution. A receiver checks the signature, and that it has not had the id before."""

    endpoints: Mapping[str, Endpoint]
    outward: Outward

    def send(self, message: Message, now: datetime) -> Receipt:
        """Post a notice; a 2xx answer says that it has come. Raises as Way says."""
        endpoint = self.endpoints.get(message.to)
        if endpoint is None:
            raise Undeliverable("no-address")
        body = json.dumps(message.facts, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            ID_HEADER: message.key,
            HEADER: seal(endpoint.secret, body, now),
        }
        self.outward.post(endpoint.url, body, headers)
        return Receipt(message.key, delivered=True)
