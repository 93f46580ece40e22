"""A house's own limits stand in place of the usual ones, the narrower before the wider, and never beyond the rule."""

import pytest

from consult.domain.clocks import CLOCKS, HOUR, MINUTE, Limit, Pace
from consult.domain.errors import Invalid
from consult.domain.limits import EVERY, USUAL, LimitBook, LimitRule, check


def limit_of(book: LimitBook, site: str, service: str, clock: str, priority: str) -> Limit:
    return {each.name: each for each in book.clocks(site, service)}[clock].limits[priority]


def test_what_a_house_did_not_decide_is_as_usual() -> None:
    book = LimitBook({"GUIYANG": [LimitRule("sign", "urgent", Limit(2 * HOUR))]})
    assert book.clocks("XINGYI", "mdt") == USUAL.clocks("GUIYANG", "mdt") == CLOCKS
    assert limit_of(book, "GUIYANG", "mdt", "sign", "urgent") == Limit(2 * HOUR)
    assert limit_of(book, "GUIYANG", "mdt", "sign", "routine") == Limit(24 * HOUR)


def test_a_services_own_limit_goes_before_that_of_every_service() -> None:
    rules = [
        LimitRule("accept", "routine", Limit(90 * MINUTE, Pace.BUSINESS), "mdt"),
        LimitRule("accept", "routine", Limit(30 * MINUTE), EVERY),
    ]
    book = LimitBook({"GUIYANG": rules})
    assert limit_of(book, "GUIYANG", "mdt", "accept", "routine") == Limit(90 * MINUTE, Pace.BUSINESS)
    assert limit_of(book, "GUIYANG", "telediagnosis", "accept", "routine") == Limit(30 * MINUTE)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([LimitRule("coffee", "urgent", Limit(HOUR))], "没有这项"),
        ([LimitRule("patient", "routine", Limit(HOUR))], "没有这项"),
        ([LimitRule("sign", "urgent", Limit(1))], "1 分钟"),
        ([LimitRule("sign", "urgent", Limit(HOUR))] * 2, "两次"),
        ([LimitRule("patient", "emergency", Limit(3 * HOUR))], "国家要求"),
        ([LimitRule("patient", "emergency", Limit(HOUR, Pace.BUSINESS))], "国家要求"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(rules: list[LimitRule], words: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(rules)
    assert words in refused.value.sentence.zh


def test_less_than_the_rule_of_the_field_may_be_promised() -> None:
    check([LimitRule("patient", "emergency", Limit(HOUR))])
