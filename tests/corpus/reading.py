"""Reads the labelled texts and counts how often a rule was right."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Sentence(NamedTuple):
    """One labelled pair of findings and impression for one rule; ``patient`` is "M,40", a body part, or "-"."""

    rule: str
    strikes: bool
    patient: str
    findings: str
    impression: str


@dataclass(slots=True)
class Score:
    """How often something was rightly said, wrongly said and wrongly not said."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def count(self, *, said: bool, true: bool) -> None:
        self.right += said and true
        self.wrong += said and not true
        self.missed += true and not said

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.right + self.missed, 1)


def rows(name: str) -> Iterator[list[str]]:
    for line in (FOLDER / name).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def sentences() -> list[Sentence]:
    return [Sentence(rule, strikes == "1", *rest) for rule, strikes, *rest in rows("sentences.tsv")]


def critical() -> list[tuple[str, frozenset[str]]]:
    return [(text, frozenset(filter(None, names.split("、")))) for text, names in rows("critical.tsv")]
