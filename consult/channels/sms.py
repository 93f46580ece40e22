"""Text messages by a gateway over HTTP: JSON in, the gateway's number out; its reports come back signed."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from consult.channels.outward import Outward
from consult.domain.errors import Unavailable, Words
from consult.domain.sendings import Message, Receipt

UNREADABLE = Words("短信网关的回答无法理解。", "The gateway's answer could not be understood.")


@dataclass(frozen=True, slots=True)
class Sms:
    """A gateway: ``POST url {to, text, id}`` with a bearer token, answered by ``{id}``.

    ``Idempotency-Key`` is the same however often a message is tried, so that a gateway can send it once.
    """

    url: str
    token: str = field(repr=False)
    signature: str
    outward: Outward

    def send(self, message: Message, now: datetime) -> Receipt:
        """Hand a message to the gateway; whether it arrived is reported later. Raises as Way says."""
        del now  # the gateway stamps it
        text = f"【{self.signature}】{message.text}" if self.signature else message.text
        body = json.dumps({"to": message.to, "text": text, "id": message.key}, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": message.key,
        }
        answer = self.outward.post(self.url, body, headers)
        try:
            number = json.loads(answer)["id"]
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable(UNREADABLE) from error
        return Receipt(str(number), delivered=False)
