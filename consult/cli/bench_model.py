"""The modelled centre of the routing benchmark: 18 readers in three shifts, two weeks of cases, people as they are.

Every number is drawn from the seed alone, so that all policies meet the same cases, the same reading times, the same
no-shows, and the same person's answer to the same offer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

from consult.domain.agreements import Agreement
from consult.domain.dispatch import Waiting
from consult.domain.people import ANY, Licence, Person, Role, Skill
from consult.domain.rota import Shift
from consult.domain.routing import Need
from consult.domain.work_units import SEED_UNITS, units_of

START = datetime(2026, 11, 1, 16, tzinfo=UTC)  # a Monday's midnight in Shanghai
DAY_S, SHIFT_S, MINUTE_S = 86400.0, 28800.0, 60.0
STAFF = (4, 8, 6)
"""Readers of the night, the day and the evening: 18, in the proportion of the cases that come."""

HOURS = (1.1, 0.9, 0.8, 0.8, 0.9, 1.0, 1.2, 1.3, 1.1, 1.3, 1.25, 1.0, 0.7, 0.8, 0.95, 0.9, 1.1, 1.1, 1.0, 1.0,
         1.0, 1.0, 0.9, 0.9)  # fmt: skip
"""How the cases of a shift spread over its hours; each shift's eight add up to eight."""

MIX = (
    ("CT", "HEAD", 0.20), ("CT", "CHEST", 0.20), ("CT", "ABDOMEN", 0.08), ("DX", "CHEST", 0.20),
    ("DX", "EXTREMITY", 0.12), ("MR", "HEAD", 0.12), ("MR", "SPINE", 0.08),
)  # fmt: skip
PRIORITIES = (("emergency", 0.10, 60 * MINUTE_S), ("urgent", 0.20, 4 * 3600.0), ("routine", 0.70, DAY_S))
"""Priority, its share, and within how many seconds the report is due."""

SECONDS_PER_UNIT, SPREAD = 600.0, 0.35  # a lognormal around the table's time
NO_SHOW, PICKY, PICKY_DECLINES, HEAVY_UNITS = 0.04, 1 / 3, 0.25, 1.4
SKILLS = (("CT", "MR", "DX"), ("CT", "DX"), ("CT", "MR"), ("MR", "DX"), ("CT", "MR", "DX"), ("CT", "DX"))
AGREEMENT = Agreement("ANLONG", "GUIYANG", frozenset({"telediagnosis"}), date(2026, 1, 1))


@dataclass(eq=False, slots=True)
class Case:
    """A case of the model; times in seconds since the start."""

    number: int
    at: float
    priority: str
    modality: str
    body_part: str
    reading_s: float
    due: float
    passed: tuple[str, ...] = ()
    offer: int = 0  # counts offers: an answer or a timer of an earlier one is void
    done: float | None = None

    @property
    def units(self) -> float:
        """The work it is, by the table."""
        return units_of(SEED_UNITS, self.modality, self.body_part)

    def waiting(self) -> Waiting:
        """The case as the router meets it."""
        need = Need("ANLONG", "GUIYANG", "telediagnosis", self.priority, self.modality, self.body_part,
                    moment(self.due), passed_over=self.passed, agreements=(AGREEMENT,))  # fmt: skip
        return Waiting(f"{self.number:06d}", need)


@dataclass(eq=False, slots=True)
class Reader:
    """A reader of the model, with what they have before them."""

    person: Person
    shift: int
    picky: bool
    absent_on: frozenset[int]
    here: bool = False
    on_rota: bool = False
    until: float = 0.0
    reading: Case | None = None
    accepted: list[Case] = field(default_factory=list[Case])
    offered: list[Case] = field(default_factory=list[Case])
    unanswered: int = 0
    recent_units: float = 0.0

    @property
    def id(self) -> str:
        """Who."""
        return self.person.id

    @property
    def hand(self) -> list[Case]:
        """What is theirs and not begun."""
        return [*self.accepted, *self.offered]

    @property
    def open_units(self) -> float:
        """All the work before them."""
        return sum(case.units for case in self.hand) + (self.reading.units if self.reading else 0.0)

    def reads(self, case: Case) -> bool:
        """Whether they have the skill."""
        return any(skill.covers(case.modality, case.body_part) for skill in self.person.skills)


def moment(seconds: float) -> datetime:
    """A time of the model as the router takes it."""
    return START + timedelta(seconds=seconds)


def staff(seed: int, days: int) -> list[Reader]:
    """The 18 readers; each misses a few of their shifts without a word."""
    readers: list[Reader] = []
    for shift, size in enumerate(STAFF):
        for n in range(size):
            name = f"r{shift}{n}"
            draw = Random(f"{seed}:{name}")  # noqa: S311  a model, no secret
            skills = tuple(Skill(modality, ANY) for modality in SKILLS[n % len(SKILLS)])
            licence = Licence(name, date(2036, 12, 31))
            person = Person(name, name, name, "GUIYANG", frozenset({Role.SPECIALIST}), skills, licence)
            absent = frozenset(day for day in range(days) if draw.random() < NO_SHOW)
            readers.append(Reader(person, shift, draw.random() < PICKY, absent))
    return readers


def duty(reader: Reader, day: int) -> Shift:
    """The shift of a reader on a day."""
    begin = day * DAY_S + reader.shift * SHIFT_S
    return Shift(reader.id, moment(begin), moment(begin + SHIFT_S))


def arrivals(seed: int, days: int, utilisation: float) -> Iterator[Case]:
    """The cases of so many days, by their time; ``utilisation`` is of what the rota promises, no-shows included."""
    draw = Random(f"{seed}:cases")  # noqa: S311  a model, no secret
    mean_s = SECONDS_PER_UNIT * sum(share * units_of(SEED_UNITS, m, part) for m, part, share in MIX)
    number = 0
    for hour in range(days * 24):
        rate = utilisation * STAFF[hour % 24 // 8] / mean_s * HOURS[hour % 24]
        at = hour * 3600.0
        while (at := at + draw.expovariate(rate)) < (hour + 1) * 3600.0:
            modality, part, _ = draw.choices(MIX, [share for *_, share in MIX])[0]
            priority, _, limit = draw.choices(PRIORITIES, [share for _, share, _ in PRIORITIES])[0]
            stretch = draw.lognormvariate(-SPREAD * SPREAD / 2, SPREAD)
            reading = SECONDS_PER_UNIT * units_of(SEED_UNITS, modality, part) * stretch
            yield Case(number, at, priority, modality, part, reading, at + limit)
            number += 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody does with an offer: after how long they look at it, idle or reading, and whether they decline."""

    idle_s: float
    busy_s: float
    declines: bool


def answer(seed: int, case: Case, reader: Reader) -> Answer:
    """An idle reader looks within half a minute or so; one who reads looks up for an emergency, mostly."""
    draw = Random(f"{seed}:{case.number}:{reader.id}")  # noqa: S311  a model, no secret
    idle, busy = draw.expovariate(1 / 20), draw.expovariate(1 / (30 if case.priority == "emergency" else 150))
    picky = reader.picky and case.priority != "emergency" and case.units >= HEAVY_UNITS
    return Answer(idle, busy, picky and draw.random() < PICKY_DECLINES)
