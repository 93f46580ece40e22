"""Whether a request and its images, or two studies, are about one person: told with the reason, never merged."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import permutations

from consult.domain.errors import Words

NAME, SEX, BIRTH, NUMBER = (
    Words("姓名", "name"),
    Words("性别", "sex"),
    Words("出生日期", "date of birth"),
    Words("证件号", "identity number"),
)
TWO_PATIENTS = Words("同一检查中有两名患者的影像", "one study holds images of two patients")

_IDENTITY = re.compile(r"\d{17}[\dX]")  # GB 11643
_NOBODY = re.compile(r"(anon|unknown|noname|匿名|无名|test$)")
_WHITE = re.compile(r"[\s^=,.·•'’_-]+")
# GB 2312 level 1 runs in the order of pinyin: where each initial begins
_BEGINS = (
    0xB0A1, 0xB0C5, 0xB2C1, 0xB4EE, 0xB6EA, 0xB7A2, 0xB8C1, 0xB9FE, 0xBBF7, 0xBFA6, 0xC0AC, 0xC2E8, 0xC4C3, 0xC5B6,
    0xC5BE, 0xC6DA, 0xC8BB, 0xC8F6, 0xCBFA, 0xCDDA, 0xCEF4, 0xD1B9, 0xD4D1,
)  # fmt: skip
_INITIALS = "abcdefghjklmnopqrstwxyz"
_LEVEL_ENDS = 0xD7FA
# characters of names that are read in more than one way
_ALSO = {
    "曾": "c", "单": "s", "解": "x", "仇": "q", "查": "z", "翟": "z", "区": "o", "盖": "g", "尉": "y",
    "覃": "q", "长": "zc", "乐": "y", "重": "zc", "行": "xh", "召": "s", "沈": "s", "石": "d", "强": "j",
    "藏": "zc", "贾": "g", "万": "m", "谷": "y", "车": "j", "朝": "zc", "传": "zc", "晟": "cs", "盛": "cs",
    "柏": "b", "员": "y", "隗": "kw", "种": "c", "冼": "x", "繁": "p",
}  # fmt: skip
LONGEST_SYLLABLE = 5  # letters after the initial: zhuang
MOST_TOKENS = 4


@dataclass(frozen=True, slots=True)
class Person:
    """A patient as one source tells them; ``names`` are the ways it writes the name, ``numbers`` its numbers.

    ``sex`` is M, F, O or empty; ``born`` is ``YYYYMMDD`` or empty.
    """

    names: tuple[str, ...]
    sex: str = ""
    born: str = ""
    numbers: tuple[str, ...] = ()


def differences(asked: Person, imaged: Person) -> tuple[Words, ...]:
    """In what two sources contradict each other; what either does not say contradicts nothing."""
    found: list[Words] = []
    if same_name(asked.names, imaged.names) is False:
        found.append(NAME)
    if {asked.sex, imaged.sex} == {"M", "F"}:
        found.append(SEX)
    if _contradict(_born(asked), _born(imaged)):
        found.append(BIRTH)
    mine, theirs = _identities(asked), _identities(imaged)
    if mine and theirs and mine.isdisjoint(theirs):
        found.append(NUMBER)
    return tuple(found)


def likeness(one: Person, other: Person) -> tuple[Words, ...]:
    """Why two sources may be about one person: the same identity number, or name, birth date and sex; else nothing."""
    if differences(one, other):
        return ()
    if not _identities(one).isdisjoint(_identities(other)):
        return (NUMBER,)
    whole = one.sex and one.sex == other.sex and _born(one) and _born(one) == _born(other)
    return (NAME, BIRTH, SEX) if whole and same_name(one.names, other.names) else ()


def same_name(mine: Sequence[str], theirs: Sequence[str]) -> bool | None:
    """Whether any way of writing a name fits any other; None where either side does not tell."""
    ones = [each for name in mine if (each := _plain(name))]
    others = [each for name in theirs if (each := _plain(name))]
    if not ones or not others:
        return None
    return any(_fits(one, other) for one in ones for other in others)


def _plain(name: str) -> str:
    """A name in narrow, small letters with single spaces; empty where it names nobody."""
    spaced = _WHITE.sub(" ", unicodedata.normalize("NFKC", name).casefold()).strip()
    bare = "".join(char for char in unicodedata.normalize("NFD", spaced) if not unicodedata.combining(char))
    return "" if _NOBODY.match(bare) else bare


def _is_chinese(text: str) -> bool:
    return any("㐀" <= char <= "鿿" or char >= "\U00020000" for char in text)


def _fits(one: str, other: str) -> bool:
    if _is_chinese(one) != _is_chinese(other):
        chinese, latin = (one, other) if _is_chinese(one) else (other, one)
        return _reads_as(chinese.replace(" ", ""), latin.replace(" ", ""))
    if one.replace(" ", "") == other.replace(" ", ""):
        return True
    tokens = one.split()
    return len(tokens) <= MOST_TOKENS and any(
        "".join(order) == other.replace(" ", "") for order in permutations(tokens)
    )


def _reads_as(chinese: str, latin: str) -> bool:
    """Whether letters can be the pinyin of characters, initials by initials, the surname first or last."""
    syllables = [f"[{_initials(char)}][a-z]{{0,{LONGEST_SYLLABLE}}}" for char in chinese]
    turns = (syllables[at:] + syllables[:at] for at in range(min(3, len(syllables))))
    return any(re.fullmatch("".join(turn), latin) for turn in turns)


def _initials(char: str) -> str:
    """The letters that the pinyin of a character may begin with; all of them where that is not known."""
    try:
        high, low = char.encode("gb2312")
    except (UnicodeEncodeError, ValueError):
        return "a-z"
    code = high << 8 | low
    if not _BEGINS[0] <= code < _LEVEL_ENDS:
        return "a-z"
    return _INITIALS[bisect_right(_BEGINS, code) - 1] + _ALSO.get(char, "")


def _identities(person: Person) -> frozenset[str]:
    tidy = (number.strip().upper() for number in person.numbers)
    return frozenset(number for number in tidy if _IDENTITY.fullmatch(number))


def _born(person: Person) -> str:
    if person.born:
        return person.born
    return next((number[6:14] for number in sorted(_identities(person))), "")


def _contradict(one: str, other: str) -> bool:
    """Whether two dates of birth differ; the first of January stands for a year of which no day is known."""
    if not one or not other or one == other:
        return False
    return not (one[:4] == other[:4] and "0101" in (one[4:], other[4:]))


def dicom_date(born: date | None) -> str:
    """A date as DICOM writes it; empty for None."""
    return born.strftime("%Y%m%d") if born else ""
