"""Many accounts at once from a list: every row is checked first, and all of them are opened or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from consult.actions import administration
from consult.actions.administration import AccountText, Opened
from consult.actions.parts import Parts
from consult.domain.administration import NAME_TAKEN
from consult.domain.errors import Invalid, Refusal, Words
from consult.domain.people import ROLE_NAMES, Actor, Licence, Role, Skill
from consult.domain.sessions import account_name
from consult.formats import account_lists
from consult.formats.account_lists import Line
from consult.store import people
from consult.store.unit import Unit

BY_WORD = {word: role for role, names in ROLE_NAMES.items() for word in (names.zh, names.en, str(role))}
YES, NO = frozenset({"是", "有", "yes", "true", "1", "y"}), frozenset({"", "否", "无", "no", "false", "0", "n"})
BETWEEN = str.maketrans("，、；,;/", "      ")
TWICE = Words("这个用户名在文件里出现了两次。", "This user name stands twice in the file.")
BAD_DAY = Words("有效期写作 2030-06-30。", "Write the day as 2030-06-30.")
BAD_SIGN = Words("签发权写“是”或“否”。", "Write yes or no for the right to sign.")
NOT_ALL = Words("有的行有错，一个账号也没有开通。", "Some rows are wrong; no account was opened.")


@dataclass(frozen=True, slots=True)
class Looked:
    """A row as it was understood; ``wrong`` says what is to be mended."""

    number: int
    username: str
    name: str
    institution: str
    roles: tuple[str, ...]
    wrong: Words | None


def preview(parts: Parts, actor: Actor, data: bytes) -> list[Looked]:
    """What the list would open, row by row; nothing is changed. Raises Invalid for a file that is no list."""
    lines = account_lists.read(data)
    with parts.store.read() as connection:
        known = {each.code for each in people.all_institutions(connection)}
        taken = {
            name
            for line in lines
            if people.person_named(connection, name := account_name(line.cells["username"])) is not None
        }
    seen: set[str] = set()
    return [_looked(actor, line, known, taken, seen) for line in lines]


def _looked(actor: Actor, line: Line, known: set[str], taken: set[str], seen: set[str]) -> Looked:
    name, wrong = account_name(line.cells["username"]), None
    try:
        told = text_of(line)
        if told.institution_code not in known:
            raise Invalid.at("institution", Words("没有这个机构代码。", "There is no institution of that code."))
        administration.check_new(actor, name, told)
        if name in taken:
            raise Invalid.at("username", NAME_TAKEN)
        if name in seen:
            raise Invalid.at("username", TWICE)
    except Refusal as refusal:
        wrong = refusal.sentence
    seen.add(name)
    cells = line.cells
    roles = tuple(cells["roles"].translate(BETWEEN).split())
    return Looked(line.number, name, cells["name"], cells["institution"].upper(), roles, wrong)


def take_in(parts: Parts, actor: Actor, data: bytes) -> list[Opened]:
    """Open every account of the list, in one transaction. Raises Invalid when a single row is wrong."""
    if any(row.wrong is not None for row in preview(parts, actor, data)):
        raise Invalid.at("file", NOT_ALL)
    lines = account_lists.read(data)
    passwords = [administration.one_time_password() for _ in lines]
    hashes: list[str] = []
    for password in passwords:
        with parts.passwords.turn():
            hashes.append(parts.passwords.hash(password))
    with parts.store.write() as unit:
        return _opened(unit, actor, lines, list(zip(passwords, hashes, strict=True)), parts)


def _opened(
    unit: Unit, actor: Actor, lines: Sequence[Line], secrets: Sequence[tuple[str, str]], parts: Parts
) -> list[Opened]:
    now = parts.clock()
    return [
        Opened(administration.open_in(unit, actor, line.cells["username"], text_of(line), hashed, now), password)
        for line, (password, hashed) in zip(lines, secrets, strict=True)
    ]


def text_of(line: Line) -> AccountText:
    """What a row says of an account. Raises Invalid."""
    cells = {name: line.cells.get(name, "") for name in account_lists.HEADINGS}
    said = cells["sign_right"].casefold()
    if said not in YES | NO:
        raise Invalid.at("sign_right", BAD_SIGN)
    return AccountText(
        cells["name"],
        cells["institution"].upper(),
        frozenset(_role(word) for word in _role_words(cells["roles"])),
        tuple(_skill(word) for word in cells["skills"].translate(BETWEEN).split()),
        _licence(cells["licence"], cells["expires"]),
        said in YES,
    )


def _role_words(told: str) -> list[str]:
    """Roles between spaces or commas; an English name with a space in it stands alone in its cell."""
    return [told.strip()] if told.strip() in BY_WORD else told.translate(BETWEEN).split()


def _role(word: str) -> Role:
    if word not in BY_WORD:
        raise Invalid.at("roles", Words(f"没有角色“{word}”。", f"There is no role “{word}”."))
    return BY_WORD[word]


def _skill(word: str) -> Skill:
    modality, _, rest = word.replace("：", ":").partition(":")
    body_part, _, subspecialty = rest.partition(":")
    if not modality or not body_part:
        raise Invalid.at(
            "skills", Words(f"技能“{word}”应写作 CT:HEAD 或 MR:*。", f"Write “{word}” as CT:HEAD or MR:*.")
        )
    return Skill(modality.upper(), body_part.upper(), subspecialty or None)


def _licence(number: str, expires: str) -> Licence | None:
    if not number:
        return None
    try:
        return Licence(number, date.fromisoformat(expires.replace("/", "-")))
    except ValueError:
        raise Invalid.at("expires", BAD_DAY) from None
