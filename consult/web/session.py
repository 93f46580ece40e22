"""Who is there: sign-in and out, the cookie and the token, and the checks that a call was meant by its person."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from flask import Flask, Response, g, jsonify, request
from pydantic import BaseModel, Field, StringConstraints

from consult.actions import people as people_actions
from consult.actions import sessions
from consult.actions.parts import Parts
from consult.actions.sessions import SignedIn
from consult.domain.errors import NotSignedIn
from consult.domain.people import Actor, Language
from consult.domain.sessions import TOKEN_DAYS, TOKEN_MAX_DAYS, ForeignCall, PasswordFirst
from consult.queries import people as people_queries
from consult.web.openapi import PREFIX, Api
from consult.web.schemas import In

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"
FIRST = (f"{PREFIX}/session", f"{PREFIX}/account/first")
"""All that is open to whoever signed in by a one-time password."""


class SignInIn(In):
    """Name and password; ``otp`` is the code of a second factor, for an account that has one."""

    username: Annotated[str, StringConstraints(max_length=200)]
    password: Annotated[str, StringConstraints(max_length=1000)]
    otp: Annotated[str, StringConstraints(max_length=16)] | None = None


class LanguageIn(In):
    """The language the person wants to read."""

    language: Language


class TokenIn(In):
    """What a new token is for, and for how many days."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]
    days: Annotated[int, Field(ge=1, le=TOKEN_MAX_DAYS)] = TOKEN_DAYS


class TokenPath(BaseModel):
    """Which token."""

    token_id: str


class NamesOut(BaseModel):
    """A name in both languages."""

    zh: str
    en: str


class WhoOut(BaseModel):
    """A person."""

    id: str
    username: str
    name: str


class HouseOut(BaseModel):
    """An institution."""

    code: str
    name: NamesOut


class SkillOut(BaseModel):
    """What someone reads; ``body_part`` ``*`` is every part."""

    modality: str
    body_part: str
    subspecialty: str | None


class SessionOut(BaseModel):
    """Who is signed in; ``csrf`` goes into the X-CSRF-Token header of every unsafe call (None for a program).

    ``temporary`` says that the password is one-time: nothing else is open before it was replaced.
    """

    person: WhoOut
    name: str
    roles: list[str]
    institution: HouseOut
    language: Language | None
    skills: list[SkillOut]
    sign_right: bool
    temporary: bool
    csrf: str | None


class TokenOut(BaseModel):
    """An API token; ``token`` itself is told once, when it is made."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime
    token: str | None = None


class TokensOut(BaseModel):
    """The person's own tokens, newest first."""

    items: list[TokenOut]


class SiteOut(BaseModel):
    """An institution; ``agreements`` are those it may ask today, told to itself, its centre and the platform."""

    code: str
    name: NamesOut
    kind: str
    centre: str | None
    agreements: list[str]


class SitesOut(BaseModel):
    """Every institution, by code."""

    items: list[SiteOut]


def secure(parts: Parts) -> bool:
    """Whether people reach us by TLS."""
    return parts.settings.web.public_url.startswith("https:")


def cookie_name(parts: Parts) -> str:
    """The session's cookie; with the prefix browsers take it from this host only, over TLS (RFC 6265bis §4.1.3)."""
    return "__Host-consult" if secure(parts) else "consult"


def install(app: Flask, parts: Parts) -> None:
    """Find out at the beginning of each request who is there, so that even a refusal is in their language."""

    @app.before_request
    def begin() -> None:
        if not request.path.startswith("/assets/"):
            recognise(parts)


def recognise(parts: Parts) -> None:
    """Remember who is there, for what runs outside ``install``'s reach as well (the feed's sockets).

    A bad credential is only refused where somebody has to be there.
    """
    g.public_host = urlsplit(parts.settings.web.public_url).netloc
    bearer, cookie = _bearer(), request.cookies.get(cookie_name(parts))
    try:
        if bearer is not None:
            g.signed_in = sessions.by_token(parts.store, bearer, parts.clock())
        elif cookie:
            g.signed_in, g.session_token = sessions.resume(parts.store, cookie, parts.clock()), cookie
    except NotSignedIn as refusal:
        g.refusal = refusal
    if "signed_in" in g and g.signed_in.person.language is not None:
        g.language = g.signed_in.person.language


def _bearer() -> str | None:
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else None


def signed_in() -> SignedIn:
    """Who asks. Raises NotSignedIn, PasswordFirst, ForeignCall for an unsafe call that our own page did not make."""
    if "signed_in" not in g:
        raise g.get("refusal") or NotSignedIn(sessions.SIGNED_OUT)
    who: SignedIn = g.signed_in
    if who.temporary and not request.path.startswith(FIRST):
        raise PasswordFirst
    if who.csrf is not None and request.method not in SAFE:
        check_origin()
        sessions.check_csrf(g.session_token, request.headers.get(CSRF_HEADER))
    return who


def current_actor() -> Actor:
    """The actor of this request; raises as ``signed_in`` does."""
    return signed_in().actor


def check_origin() -> None:
    """Raises ForeignCall for a call that a browser says was made by a page of another site.

    Who says nothing is no browser: every browser sends Origin with an unsafe call.
    """
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc not in (request.host, g.public_host):
        raise ForeignCall
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise ForeignCall


def account_api(parts: Parts) -> Api:
    """The routes of sessions, tokens and institutions."""
    api = Api("account", "Signing in and out, tokens for programs, institutions")
    _sessions(api, parts)
    _tokens(api, parts)
    return api


def _sessions(api: Api, parts: Parts) -> None:
    @api.post("/session", responses={200: SessionOut})
    def sign_in(body: SignInIn) -> Response:
        """Sign in; the session is a cookie, and the answer says who one is."""
        check_origin()
        opened = sessions.sign_in(
            parts.store,
            parts.passwords,
            body.username,
            body.password,
            address=request.remote_addr or "",
            old_token=request.cookies.get(cookie_name(parts)),
            now=parts.clock(),
        )
        answer = _session(parts, opened.signed_in)
        _set_cookie(answer, parts, opened.token)
        return answer

    @api.get("/session", responses={200: SessionOut})
    def show_session() -> Response:
        """Who is signed in."""
        return _session(parts, signed_in())

    @api.delete("/session", responses={204: None})
    def sign_out() -> Response:
        """Sign out: the session is over, and its cookie is of no more use."""
        who = signed_in()
        if who.csrf is not None:
            sessions.sign_out(parts.store, who, g.session_token, parts.clock())
        answer = Response(status=204)
        _set_cookie(answer, parts, "", max_age=0)
        return answer

    @api.put("/session/language", responses={200: SessionOut})
    def choose_language(body: LanguageIn) -> Response:
        """Choose the language for good, on every screen."""
        who = signed_in()
        people_actions.choose_language(parts.store, who.actor, body.language)
        return _session(parts, who, body.language)


def _set_cookie(answer: Response, parts: Parts, token: str, max_age: int | None = None) -> None:
    """Without an age the cookie ends with the browser: county PCs are shared."""
    answer.set_cookie(
        cookie_name(parts),
        token,
        max_age=max_age,
        secure=secure(parts),
        httponly=True,
        samesite="Lax",
        path="/",
    )


def _tokens(api: Api, parts: Parts) -> None:
    @api.post("/tokens", responses={201: TokenOut})
    def make_token(body: TokenIn) -> Response:
        """Make a token with which a program acts as this person; it is shown this once."""
        made = sessions.make_token(parts.store, signed_in(), body.name, body.days, parts.clock())
        answer = _private(_token(made))
        answer.status_code = 201
        return answer

    @api.get("/tokens", responses={200: TokensOut})
    def list_tokens() -> Response:
        """The person's own tokens, without their secrets."""
        return _private(TokensOut(items=[_token(each) for each in sessions.tokens(parts.store, signed_in())]))

    @api.delete("/tokens/<token_id>", responses={204: None})
    def revoke_token(path: TokenPath) -> Response:
        """Take back one of the person's own tokens."""
        sessions.revoke_token(parts.store, signed_in(), path.token_id)
        return Response(status=204)

    @api.get("/institutions", responses={200: SitesOut})
    def list_institutions() -> Response:
        """Every institution, and whom one's own may ask."""
        sites = people_queries.sites(parts.store, current_actor(), parts.clock())
        return _private(SitesOut(items=[_site(site) for site in sites]))


def _session(parts: Parts, who: SignedIn, chosen: Language | None = None) -> Response:
    person, house = who.person, sessions.institution_of(parts.store, who)
    return _private(
        SessionOut(
            person=WhoOut(id=person.id, username=person.username, name=person.name),
            name=person.name,
            roles=sorted(str(role) for role in person.roles),
            institution=HouseOut(code=house.code, name=NamesOut(**house.name._asdict())),
            language=chosen or person.language,
            skills=[
                SkillOut(modality=s.modality, body_part=s.body_part, subspecialty=s.subspecialty) for s in person.skills
            ],
            sign_right=person.sign_right,
            temporary=who.temporary,
            csrf=who.csrf,
        )
    )


def _token(made: sessions.ApiToken) -> TokenOut:
    return TokenOut(
        id=made.id, name=made.name, created_at=made.created_at, expires_at=made.expires_at, token=made.secret
    )


def _site(site: people_queries.Site) -> SiteOut:
    told = site.institution
    return SiteOut(
        code=told.code,
        name=NamesOut(**told.name._asdict()),
        kind=str(told.kind),
        centre=told.centre,
        agreements=list(site.agreements),
    )


def _private(body: BaseModel) -> Response:
    """An answer about a person: no cache may keep it."""
    answer = jsonify(body.model_dump(mode="json"))
    answer.headers["Cache-Control"] = "no-store"
    return answer
