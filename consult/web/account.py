"""One's own account: a new password, a new signing PIN, each with the present one as proof."""

from typing import Annotated

from flask import Response, g
from pydantic import StringConstraints

from consult.actions import account
from consult.actions.parts import Parts
from consult.web.openapi import Api
from consult.web.schemas import In
from consult.web.session import signed_in

Secret = Annotated[str, StringConstraints(max_length=1000)]


class PasswordIn(In):
    """The present password, and the new one."""

    old_password: Secret
    password: Secret


class PinIn(In):
    """The present signing PIN, and the new one."""

    old_pin: Secret
    pin: Secret


class FirstIn(In):
    """The one-time password, and what replaces it: one's own password and signing PIN."""

    old_password: Secret
    password: Secret
    pin: Secret


def own_account_api(parts: Parts) -> Api:
    """The routes of one's own account."""
    api = Api("own account", "One's own password and signing PIN")

    @api.put("/account/password", responses={204: None})
    def change_password(body: PasswordIn) -> Response:
        """Change one's own password; other sessions and all tokens of the person end, this session goes on."""
        account.change_password(parts, signed_in(), g.get("session_token"), body.old_password, body.password)
        return Response(status=204)

    @api.put("/account/first", responses={204: None})
    def choose_first(body: FirstIn) -> Response:
        """Replace the one-time password at the first sign-in; whoever may sign gets a certificate under this PIN."""
        account.first_secrets(parts, signed_in(), g.get("session_token"), body.old_password, body.password, body.pin)
        return Response(status=204)

    @api.put("/account/pin", responses={204: None})
    def change_pin(body: PinIn) -> Response:
        """Change one's own signing PIN; the signing key and its certificate stay the same."""
        account.change_pin(parts, signed_in(), body.old_pin, body.pin)
        return Response(status=204)

    return api
