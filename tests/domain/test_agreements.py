"""An agreement is one-way, for named services, for a time."""

from datetime import date

import pytest

from consult.domain.agreements import Agreement, agreed, partners

YEAR = Agreement("anlong", "guiyang", frozenset({"telediagnosis"}), date(2026, 1, 1), date(2026, 12, 31))
OPEN = Agreement("dushan", "guiyang", frozenset({"telediagnosis", "mdt"}), date(2026, 6, 1))


@pytest.mark.parametrize(
    ("asking", "asked", "service", "day", "answer"),
    [
        ("anlong", "guiyang", "telediagnosis", date(2026, 11, 24), True),
        ("anlong", "guiyang", "telediagnosis", date(2026, 12, 31), True),
        ("anlong", "guiyang", "telediagnosis", date(2027, 1, 1), False),
        ("anlong", "guiyang", "telediagnosis", date(2025, 12, 31), False),
        ("anlong", "guiyang", "mdt", date(2026, 11, 24), False),
        ("guiyang", "anlong", "telediagnosis", date(2026, 11, 24), False),
        ("anlong", "dushan", "telediagnosis", date(2026, 11, 24), False),
        ("dushan", "guiyang", "mdt", date(2036, 1, 1), True),
        ("dushan", "guiyang", "mdt", date(2026, 5, 31), False),
    ],
)
def test_one_may_ask_within_the_agreement_only(asking: str, asked: str, service: str, day: date, answer: bool) -> None:
    assert agreed([YEAR, OPEN], asking, asked, service, day) is answer


def test_partners_are_those_that_may_be_asked_today() -> None:
    assert partners([YEAR, OPEN], "dushan", "mdt", date(2026, 7, 1)) == {"guiyang"}
    assert partners([YEAR, OPEN], "anlong", "telediagnosis", date(2027, 7, 1)) == frozenset()


def test_an_agreement_has_two_sides_and_an_order_of_days() -> None:
    with pytest.raises(ValueError, match="two institutions"):
        Agreement("anlong", "anlong", frozenset({"mdt"}), date(2026, 1, 1))
    with pytest.raises(ValueError, match="begins"):
        Agreement("anlong", "guiyang", frozenset({"mdt"}), date(2026, 2, 1), date(2026, 1, 1))
