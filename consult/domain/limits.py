"""How long is too long, as each performing house decides it: limits in place of the usual ones, clock by clock."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from consult.domain.clocks import CLOCKS, DAY, MINUTE, Clock, Limit, Pace
from consult.domain.errors import Invalid, Words

EVERY = ""
"""In a rule: every type of service."""

LEAST_S, MOST_S = MINUTE, 90 * DAY
RULE_OF_THE_FIELD = frozenset({("patient", "emergency")})
"""National rule: two hours. A house may promise less, never more."""


@dataclass(frozen=True, slots=True)
class LimitRule:
    """A house's own limit of one clock for one priority; ``service_type`` EVERY stands for all that have no own."""

    clock: str
    priority: str
    limit: Limit
    service_type: str = EVERY


@dataclass(frozen=True, slots=True)
class LimitBook:
    """Every house's own rules, by the code of the performing institution."""

    rules: Mapping[str, Sequence[LimitRule]]

    def clocks(self, site: str, service_type: str) -> tuple[Clock, ...]:
        """The clocks of a case at this house."""
        told = self.rules.get(site, ())
        if not told:
            return CLOCKS
        return tuple(_with(clock, [r for r in told if r.clock == clock.name], service_type) for clock in CLOCKS)


USUAL = LimitBook({})
"""What holds where no house decided anything."""


def _with(clock: Clock, rules: Collection[LimitRule], service_type: str) -> Clock:
    own = {rule.priority: rule.limit for rule in rules if rule.service_type == EVERY}
    own |= {rule.priority: rule.limit for rule in rules if rule.service_type == service_type}
    return replace(clock, limits={**clock.limits, **own}) if own else clock


def check(rules: Sequence[LimitRule]) -> None:
    """Raises Invalid for a rule of no clock, twice the same, out of bounds, or softer than the rule of the field."""
    usual = {clock.name: clock.limits for clock in CLOCKS}
    seen: set[tuple[str, str, str]] = set()
    for rule in rules:
        key = (rule.service_type, rule.clock, rule.priority)
        if rule.priority not in usual.get(rule.clock, {}):
            raise Invalid.at("rules", Words("没有这项时限。", "There is no such limit."))
        if key in seen:
            raise Invalid.at("rules", Words("同一项时限写了两次。", "One limit stands there twice."))
        if not LEAST_S <= rule.limit.seconds <= MOST_S:
            raise Invalid.at("rules", Words("时限应在 1 分钟到 90 天之间。", "A limit is 1 minute to 90 days."))
        fixed = usual[rule.clock][rule.priority]
        softer = rule.limit.seconds > fixed.seconds or rule.limit.pace is not Pace.ALWAYS
        if (rule.clock, rule.priority) in RULE_OF_THE_FIELD and softer:
            raise Invalid.at(
                "rules",
                Words("急诊 2 小时是国家要求，只能缩短。", "Two hours in an emergency are the national rule."),
            )
        seen.add(key)
