"""Accounts, institutions and agreements as JSON, in and out."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from consult.actions.administration import AccountText, Opened
from consult.domain.agreements import Agreement
from consult.domain.audit import Row
from consult.domain.cases import ServiceType
from consult.domain.errors import Words
from consult.domain.people import Approval, Institution, InstitutionKind, Licence, Role, SitePolicy, Skill
from consult.queries.administration import Account, House, KeptAgreement
from consult.web.schemas import In, Line, Name
from consult.web.session import NamesOut, SkillOut

Code = Annotated[str, Field(pattern="^[A-Z0-9_-]{2,32}$")]
Piece = Annotated[str, Field(pattern=r"^[A-Za-z0-9_*-]{1,24}$")]
WORK_MOST = 200


class SkillIn(In):
    """What someone reads; ``body_part`` ``*`` is every part."""

    modality: Piece
    body_part: Piece
    subspecialty: Line = ""


class LicenceIn(In):
    """A practising licence and the last day on which it holds."""

    number: Annotated[str, Field(min_length=1, max_length=32)]
    expires: date


class AccountIn(In):
    """What an administrator says of an account."""

    name: Name
    institution: Code
    roles: list[Role] = Field(max_length=len(Role))
    skills: list[SkillIn] = Field(default_factory=list[SkillIn], max_length=100)
    licence: LicenceIn | None = None
    sign_right: bool = False
    load_limit_units: float = Field(default=20.0, ge=1, le=WORK_MOST)

    def told(self) -> AccountText:
        """As the action takes it."""
        return AccountText(
            self.name,
            self.institution,
            frozenset(self.roles),
            tuple(Skill(s.modality.upper(), s.body_part.upper(), s.subspecialty or None) for s in self.skills),
            Licence(self.licence.number, self.licence.expires) if self.licence else None,
            self.sign_right,
            self.load_limit_units,
        )


class NewAccountIn(AccountIn):
    """The same with the name to sign in by."""

    username: Line


class LicenceOut(BaseModel):
    """A licence; ``expiring`` says that it runs out soon, or has."""

    number: str
    expires: date
    expiring: bool


class AccountOut(BaseModel):
    """An account; ``temporary`` says that its person has not yet replaced the one-time password."""

    id: str
    version: int
    username: str
    name: str
    institution: str
    roles: list[str]
    skills: list[SkillOut]
    licence: LicenceOut | None
    sign_right: bool
    load_limit_units: float
    active: bool
    temporary: bool


class OpenedOut(BaseModel):
    """An account, and its one-time password: told this once."""

    account: AccountOut
    password: str


class AccountsOut(BaseModel):
    """A page by account name; ``next`` is the cursor for ``after``."""

    items: list[AccountOut]
    next: str | None
    total: int
    expiring: int


class LookedOut(BaseModel):
    """A row of a list of accounts as it was understood; ``wrong`` says what is to be mended, empty where nothing is."""

    line: int
    username: str
    name: str
    institution: str
    roles: list[str]
    wrong: str


class PreviewOut(BaseModel):
    """A whole list, and how many of its rows are wrong."""

    items: list[LookedOut]
    wrong: int


class TakenInOut(BaseModel):
    """The accounts of a list with their one-time passwords: told this once."""

    items: list[OpenedOut]


class PolicyIn(In):
    """What a house decided for its own cases."""

    two_person: bool
    approval: Approval
    auto_triage: bool
    thin_required: bool


class NamesIn(In):
    """A name in both languages."""

    zh: Annotated[str, Field(min_length=1, max_length=128)]
    en: Annotated[str, Field(min_length=1, max_length=128)]


class InstitutionIn(In):
    """What is said of an institution; ``centre`` coordinates its cases."""

    name: NamesIn
    kind: InstitutionKind
    centre: Code | None = None
    policy: PolicyIn

    def told(self, code: str) -> Institution:
        """As the action takes it."""
        policy = SitePolicy(**self.policy.model_dump())
        return Institution(code, Words(self.name.zh, self.name.en), self.kind, frozenset(), policy, self.centre)


class InstitutionOut(BaseModel):
    """An institution with what it decided, and how many accounts it has."""

    code: str
    version: int
    name: NamesOut
    kind: str
    centre: str | None
    ae_titles: list[str]
    policy: PolicyIn
    accounts: int


class InstitutionsOut(BaseModel):
    """The institutions that the person looks after."""

    items: list[InstitutionOut]


class AgreementIn(In):
    """Who may ask whom for what, from one day through another."""

    requesting_site: Code
    performing_site: Code
    service_types: list[ServiceType] = Field(max_length=len(ServiceType))
    valid_from: date
    valid_to: date | None = None

    def told(self) -> Agreement:
        """As the action takes it. Raises ValueError."""
        services = frozenset(map(str, self.service_types))
        return Agreement(self.requesting_site, self.performing_site, services, self.valid_from, self.valid_to)


class AgreementOut(BaseModel):
    """An agreement by its number."""

    number: int
    requesting_site: str
    performing_site: str
    service_types: list[str]
    valid_from: date
    valid_to: date | None
    holds: bool


class AgreementsOut(BaseModel):
    """Agreements, by who asks."""

    items: list[AgreementOut]


class ChangeOut(BaseModel):
    """One change: who, when, and each field with what it was and became."""

    seq: int
    at: datetime
    by: str
    what: str
    fields: dict[str, str]


class ChangesOut(BaseModel):
    """Changes, newest first; ``next`` is the cursor for ``before``."""

    items: list[ChangeOut]
    next: int | None


def account_out(kept: Account, soon: date) -> AccountOut:
    """An account as JSON; licences that end before ``soon`` are told."""
    person = kept.person
    held = person.licence
    licence = (
        None if held is None else LicenceOut(number=held.number, expires=held.expires, expiring=held.expires < soon)
    )
    return AccountOut(
        id=person.id,
        version=kept.version,
        username=person.username,
        name=person.name,
        institution=person.institution_code,
        roles=sorted(map(str, person.roles)),
        skills=[
            SkillOut(modality=s.modality, body_part=s.body_part, subspecialty=s.subspecialty) for s in person.skills
        ],
        licence=licence,
        sign_right=person.sign_right,
        load_limit_units=person.load_limit_units,
        active=person.active,
        temporary=kept.temporary,
    )


def opened_out(opened: Opened, soon: date) -> OpenedOut:
    """A new account with its one-time password as JSON."""
    return OpenedOut(account=account_out(opened.account, soon), password=opened.password)


def institution_out(house: House) -> InstitutionOut:
    """An institution as JSON."""
    told = house.institution
    policy = PolicyIn(**asdict(told.policy))
    return InstitutionOut(
        code=told.code,
        version=house.version,
        name=NamesOut(**told.name._asdict()),
        kind=str(told.kind),
        centre=told.centre,
        ae_titles=sorted(told.ae_titles),
        policy=policy,
        accounts=house.accounts,
    )


def agreement_out(kept: KeptAgreement, today: date) -> AgreementOut:
    """An agreement as JSON."""
    told = kept.agreement
    return AgreementOut(
        number=kept.number,
        requesting_site=told.requesting_site,
        performing_site=told.performing_site,
        service_types=sorted(told.service_types),
        valid_from=told.valid_from,
        valid_to=told.valid_to,
        holds=told.holds_on(today),
    )


def change_out(row: Row) -> ChangeOut:
    """A change as JSON."""
    said = {name: str(value) for name, value in row.entry.detail.items()}
    return ChangeOut(
        seq=row.seq, at=row.entry.at, by=row.entry.person_name, what=said.pop("what", "change"), fields=said
    )
