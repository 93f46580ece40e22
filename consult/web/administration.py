"""Administration over HTTP: accounts, institutions, agreements, and what was changed of each by whom."""

from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from consult.actions import administration as actions
from consult.actions.parts import Parts
from consult.domain.calendars import CHINA
from consult.domain.errors import Invalid, Words
from consult.queries import administration as queries
from consult.web import administration_shapes as shapes
from consult.web.answers import answered
from consult.web.openapi import Api
from consult.web.schemas import Line
from consult.web.session import current_actor

BAD_DAYS = Words(
    "两家机构须不同，且截止日不早于起始日。", "Two different institutions, and an end not before the beginning."
)


class AccountsQuery(BaseModel):
    """Which accounts: of a house, by letters of a name, those whose licence runs out soon, the closed ones too."""

    institution: Line = ""
    q: Line = ""
    expiring: bool = False
    closed: bool = False
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=queries.MOST)


class AccountPath(BaseModel):
    """Which account."""

    person_id: str = Field(pattern="^[0-9A-Za-z._-]{1,32}$")


class VersionOf(BaseModel):
    """The version that the change was made on."""

    version: int = Field(ge=1)


class InstitutionPath(BaseModel):
    """Which institution."""

    code: shapes.Code


class NewOrVersion(BaseModel):
    """The version that the change was made on; absent for a new one."""

    version: int | None = Field(default=None, ge=1)


class AgreementPath(BaseModel):
    """Which agreement."""

    number: int


class ChangesPath(BaseModel):
    """Of what."""

    subject: Literal["person", "institution"]
    subject_id: str


class ChangesQuery(BaseModel):
    """A cursor, and how many."""

    before: int | None = None
    limit: int = Field(default=30, ge=1, le=queries.MOST)


def administration_api(parts: Parts) -> Api:
    """The routes of administration."""
    api = Api("administration", "Accounts, institutions, agreements, and what was changed of each")
    _accounts(api, parts)
    _account_verbs(api, parts)
    _institutions(api, parts)
    _changes(api, parts)
    return api


def _accounts(api: Api, parts: Parts) -> None:
    @api.get("/admin/accounts", responses={200: shapes.AccountsOut})
    def list_accounts(query: AccountsQuery) -> Response:
        """Accounts by name: everybody's for the platform, their own for a house."""
        soon = queries.soon(parts.clock())
        asked = queries.Asked(query.institution or None, query.q, soon if query.expiring else None, query.closed)
        found = queries.page(parts.store, current_actor(), asked, query.after, query.limit, parts.clock())
        return answered(
            shapes.AccountsOut(
                items=[shapes.account_out(each, soon) for each in found.items],
                next=found.next,
                total=found.total,
                expiring=found.expiring,
            )
        )

    @api.post("/admin/accounts", responses={201: shapes.OpenedOut})
    def open_account(body: shapes.NewAccountIn) -> Response:
        """Open an account; its one-time password is shown this once."""
        opened = actions.open_account(parts, current_actor(), body.username, body.told())
        answer = answered(shapes.opened_out(opened, queries.soon(parts.clock())))
        answer.status_code = 201
        return answer

    @api.put("/admin/accounts/<person_id>", responses={200: shapes.AccountOut})
    def change_account(path: AccountPath, query: VersionOf, body: shapes.AccountIn) -> Response:
        """Change what an account may."""
        kept = actions.change_account(parts, current_actor(), path.person_id, query.version, body.told())
        return answered(shapes.account_out(kept, queries.soon(parts.clock())))


def _account_verbs(api: Api, parts: Parts) -> None:
    @api.post("/admin/accounts/<person_id>/close", responses={200: shapes.AccountOut})
    def close_account(path: AccountPath, query: VersionOf) -> Response:
        """Close an account: its sessions end, its signing certificates are revoked."""
        kept = actions.close_account(parts, current_actor(), path.person_id, query.version)
        return answered(shapes.account_out(kept, queries.soon(parts.clock())))

    @api.post("/admin/accounts/<person_id>/reopen", responses={200: shapes.OpenedOut})
    def reopen_account(path: AccountPath, query: VersionOf) -> Response:
        """Open a closed account again, by a new one-time password."""
        opened = actions.reopen_account(parts, current_actor(), path.person_id, query.version)
        return answered(shapes.opened_out(opened, queries.soon(parts.clock())))

    @api.post("/admin/accounts/<person_id>/password", responses={200: shapes.OpenedOut})
    def renew_password(path: AccountPath, query: VersionOf) -> Response:
        """A new one-time password; sessions and tokens end."""
        opened = actions.renew_password(parts, current_actor(), path.person_id, query.version)
        return answered(shapes.opened_out(opened, queries.soon(parts.clock())))


def _institutions(api: Api, parts: Parts) -> None:
    @api.get("/admin/institutions", responses={200: shapes.InstitutionsOut})
    def list_houses() -> Response:
        """The institutions that the person looks after."""
        found = queries.houses(parts.store, current_actor())
        return answered(shapes.InstitutionsOut(items=[shapes.institution_out(each) for each in found]))

    @api.put("/admin/institutions/<code>", responses={204: None})
    def keep_institution(path: InstitutionPath, query: NewOrVersion, body: shapes.InstitutionIn) -> Response:
        """Add an institution, or change it."""
        actions.keep_institution(parts, current_actor(), body.told(path.code), query.version)
        return Response(status=204)

    @api.get("/admin/agreements", responses={200: shapes.AgreementsOut})
    def list_agreements() -> Response:
        """Who may ask whom."""
        today = CHINA.local_day(parts.clock())
        found = queries.agreements(parts.store, current_actor())
        return answered(shapes.AgreementsOut(items=[shapes.agreement_out(each, today) for each in found]))

    @api.post("/admin/agreements", responses={204: None})
    def add_agreement(body: shapes.AgreementIn) -> Response:
        """Keep a new agreement."""
        return _kept(body, None)

    @api.put("/admin/agreements/<number>", responses={204: None})
    def change_agreement(path: AgreementPath, body: shapes.AgreementIn) -> Response:
        """Change the services and days of an agreement; its two sides stay."""
        return _kept(body, path.number)

    def _kept(body: shapes.AgreementIn, number: int | None) -> Response:
        try:
            told = body.told()
        except ValueError:
            raise Invalid.at("valid_to", BAD_DAYS) from None
        actions.keep_agreement(parts, current_actor(), told, number)
        return Response(status=204)


def _changes(api: Api, parts: Parts) -> None:
    @api.get("/admin/changes/<subject>/<subject_id>", responses={200: shapes.ChangesOut})
    def list_changes(path: ChangesPath, query: ChangesQuery) -> Response:
        """What was changed of an account or an institution, newest first."""
        rows, following = queries.changes(
            parts.store, current_actor(), path.subject, path.subject_id, query.before, query.limit
        )
        return answered(shapes.ChangesOut(items=[shapes.change_out(row) for row in rows], next=following))
