"""`consult institution`, `agreement`, `user`: the first entries of a network, before anyone can sign in."""

import argparse
import getpass
import sys
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from consult.cli.commands import Commands
from consult.domain.agreements import Agreement
from consult.domain.cases import ServiceType
from consult.domain.errors import Refusal, Words
from consult.domain.people import (
    STAFF_ROLES,
    Approval,
    Institution,
    InstitutionKind,
    Language,
    Licence,
    Person,
    Role,
    SitePolicy,
    Skill,
)

if TYPE_CHECKING:
    from consult.actions.parts import Parts

Deed = Callable[["Parts", argparse.Namespace], str]


def add_commands(commands: Commands) -> None:
    """`consult institution add`, `consult agreement add`, `consult user add | password | pin | close`."""
    _institution(_verbs(commands, "institution", "hospitals and centres").add_parser("add", help="add or change one"))
    _agreement(_verbs(commands, "agreement", "who may ask whom").add_parser("add", help="add one"))
    user = _verbs(commands, "user", "accounts")
    _user(user.add_parser("add", help="open an account; password and PIN are asked, or read from two lines of input"))
    for name, deed, help_text in (
        ("password", _set_password, "give an account a new password; its sessions end"),
        ("pin", _set_pin, "give an account a new signing PIN, with a new certificate"),
        ("close", _close, "close an account; its sessions end, its signing certificates are revoked"),
    ):
        parser = user.add_parser(name, help=help_text)
        parser.add_argument("username")
        parser.set_defaults(run=lambda asked, deed=deed: _do(deed, asked))


def _verbs(commands: Commands, name: str, help_text: str) -> Commands:
    return commands.add_parser(name, help=help_text).add_subparsers(title="commands", metavar="COMMAND", required=True)


def _institution(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", help="how other systems name it, such as ANLONG")
    parser.add_argument("--zh", required=True, help="its name in Chinese")
    parser.add_argument("--en", required=True, help="its name in English")
    parser.add_argument("--kind", type=InstitutionKind, required=True, choices=list(InstitutionKind))
    parser.add_argument("--centre", help="the code of the regional centre that coordinates its cases")
    parser.add_argument("--ae", action="append", default=[], metavar="TITLE", help="an AE title it calls by; repeat")
    parser.add_argument("--two-person", action="store_true", help="its reports need a second signature")
    parser.add_argument("--auto-triage", action="store_true", help="complete cases go to the router by themselves")
    parser.add_argument("--approval", type=Approval, choices=list(Approval), default=Approval.NONE,
                        help="which of its requests need a department head")  # fmt: skip
    parser.add_argument("--thin", action="store_true", help="its cases wait for thin slices")
    parser.set_defaults(run=lambda asked: _do(_add_institution, asked))


def _agreement(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asking", help="code of the institution that asks")
    parser.add_argument("asked", help="code of the institution that is asked")
    parser.add_argument("--service", type=ServiceType, action="append", choices=list(ServiceType), help="default: all")
    parser.add_argument("--from", dest="since", type=date.fromisoformat, required=True, metavar="DATE")
    parser.add_argument("--to", dest="until", type=date.fromisoformat, metavar="DATE", help="last day; default: open")
    parser.set_defaults(run=lambda asked: _do(_add_agreement, asked))


def _user(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("username")
    parser.add_argument("--name", required=True, help="the person's name, as reports print it")
    parser.add_argument("--institution", required=True, metavar="CODE")
    parser.add_argument("--role", type=Role, action="append", required=True, choices=sorted(STAFF_ROLES))
    parser.add_argument(
        "--skill",
        type=_skill,
        action="append",
        default=[],
        metavar="MODALITY:PART[:SUBSPECIALTY]",
        help="CT:HEAD, MR:*",
    )
    parser.add_argument("--licence", type=_licence, metavar="NUMBER:DATE", help="practising licence and its last day")
    parser.add_argument("--sign-right", action="store_true", help="may sign reports; a certificate is issued")
    parser.add_argument("--language", type=Language, choices=list(Language))
    parser.add_argument("--load-limit", type=float, default=20.0, help="most open work at a time; a head CT is 1")
    parser.set_defaults(run=lambda asked: _do(_add_user, asked))


def _skill(told: str) -> Skill:
    modality, _, rest = told.partition(":")
    body_part, _, subspecialty = rest.partition(":")
    if not modality or not body_part:
        raise argparse.ArgumentTypeError("a skill is MODALITY:PART, such as CT:HEAD, or MR:* for every part")
    return Skill(modality.upper(), body_part.upper(), subspecialty or None)


def _licence(told: str) -> Licence:
    number, _, last_day = told.rpartition(":")
    try:
        return Licence(number, date.fromisoformat(last_day))
    except ValueError:
        raise argparse.ArgumentTypeError("a licence is NUMBER:DATE, such as 110520100001234:2030-06-30") from None


def _do(deed: Deed, asked: argparse.Namespace) -> int:
    """Run a deed on this machine's settings; 0 with what was done, 1 with the reason."""
    from consult.settings import Settings
    from consult.wiring import open_parts

    try:
        with open_parts(Settings()) as parts:
            print(deed(parts, asked))
    except Refusal as refusal:
        print(refusal.sentence.en, file=sys.stderr)
        return 1
    except ValueError as wrong:
        print(wrong, file=sys.stderr)
        return 1
    return 0


def _add_institution(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import people
    from consult.queries import nodes

    held = {node.ae_title for node in nodes.every(parts.store) if node.institution == asked.code}
    policy = SitePolicy(asked.two_person, asked.approval, asked.auto_triage, asked.thin)
    added = Institution(
        asked.code, Words(asked.zh, asked.en), asked.kind, frozenset(asked.ae) | held, policy, asked.centre
    )
    people.add_institution(parts.store, added, parts.clock())
    return f"institution {added.code}"


def _add_agreement(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import people

    services = frozenset(str(service) for service in asked.service or ServiceType)
    agreed = Agreement(asked.asking, asked.asked, services, asked.since, asked.until)
    people.add_agreement(parts.store, agreed, parts.clock())
    return f"{asked.asking} may ask {asked.asked} from {asked.since}"


def _add_user(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import people
    from consult.wiring import clock

    if asked.sign_right:
        parts.sealer.authority()  # no account is opened that could not sign
    password = _new_secret("password")
    pin = _new_secret("signing PIN")
    account = people.NewAccount(
        username=asked.username,
        name=asked.name,
        institution_code=asked.institution,
        roles=frozenset(asked.role),
        password=password,
        pin=pin,
        skills=tuple(asked.skill),
        licence=asked.licence,
        sign_right=asked.sign_right,
        language=asked.language,
        load_limit_units=asked.load_limit,
    )
    person = people.add_person(parts.store, parts.passwords, account, clock())
    if person.sign_right:
        _enrol(parts, person, pin)
    return f"user {person.username} ({person.id})"


def _enrol(parts: "Parts", person: Person, pin: str) -> None:
    from consult.queries import people
    from consult.wiring import clock

    where = people.institution(parts.store, person.institution_code)
    parts.sealer.enrol(parts.store, person, where.name.zh, pin, clock())


def _set_password(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import people
    from consult.queries.people import person_named
    from consult.wiring import clock

    person = person_named(parts.store, asked.username)
    people.set_password(parts.store, parts.passwords, person, _new_secret("password"), clock())
    return f"new password for {person.username}"


def _set_pin(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import people
    from consult.queries.people import person_named
    from consult.wiring import clock

    person, pin = person_named(parts.store, asked.username), _new_secret("signing PIN")
    people.set_pin(parts.store, parts.passwords, person, pin, clock())
    if person.sign_right:
        _enrol(parts, person, pin)
    return f"new signing PIN for {person.username}"


def _close(parts: "Parts", asked: argparse.Namespace) -> str:
    from consult.actions import people
    from consult.queries.people import person_named
    from consult.wiring import clock

    person = person_named(parts.store, asked.username)
    people.close_account(parts.store, person, clock())
    revoked = parts.sealer.revoke(parts.store, person, clock())
    return f"closed {person.username}" + (f"; {revoked} signing certificate(s) revoked" if revoked else "")


def _new_secret(what: str) -> str:
    """A secret typed twice without echo, or the next line of input; never an argument, which others could list."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    while True:
        typed = getpass.getpass(f"New {what}: ")
        if getpass.getpass(f"The {what} again: ") == typed:
            return typed
        print("They differ; once more.", file=sys.stderr)
