"""What a house decides for itself over HTTP: limits of time, and whom to call for critical findings."""

from typing import Annotated, Literal

from flask import Response
from pydantic import BaseModel, Field

from consult.actions import house_settings as actions
from consult.actions.parts import Parts
from consult.domain.cases import Priority, ServiceType
from consult.domain.clocks import CLOCKS, Limit, Pace
from consult.domain.contacts import MOST, PhoneContact
from consult.domain.limits import RULE_OF_THE_FIELD, LimitRule
from consult.queries import house_settings as queries
from consult.web.administration import InstitutionPath
from consult.web.answers import answered
from consult.web.case_records import contact_out
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.record_shapes import PhoneContactOut
from consult.web.schemas import In, Line
from consult.web.session import current_actor

RULES_MOST = 200


class LimitRuleIn(In):
    """A limit of its own; an empty ``service_type`` is every service."""

    clock: Line
    priority: Priority
    seconds: float = Field(gt=0)
    pace: Pace = Pace.ALWAYS
    service_type: ServiceType | Literal[""] = ""


class LimitRulesIn(In):
    """All limits of a house that are not the usual ones."""

    rules: list[LimitRuleIn] = Field(max_length=RULES_MOST)


class LimitRuleOut(BaseModel):
    """A limit; ``fixed`` says that it may only be made shorter: a national rule."""

    clock: str
    priority: str
    seconds: float
    pace: str
    service_type: str
    fixed: bool


class LimitedClockOut(BaseModel):
    """A clock by its name."""

    name: str
    label: str


class LimitRulesOut(BaseModel):
    """The clocks in order, the usual limits, and those of the house in their place."""

    clocks: list[LimitedClockOut]
    usual: list[LimitRuleOut]
    rules: list[LimitRuleOut]


class PhoneContactIn(In):
    """Someone to call."""

    name: Annotated[str, Field(max_length=64)]
    duty: Annotated[str, Field(max_length=64)] = ""
    phone: Annotated[str, Field(max_length=32)]


class PhoneListIn(In):
    """Whom to call, in order."""

    contacts: list[PhoneContactIn] = Field(max_length=MOST * 2)


class PhoneListOut(BaseModel):
    """Whom to call, in order."""

    contacts: list[PhoneContactOut]


def house_settings_api(parts: Parts) -> Api:
    """The routes of what a house decides for itself."""
    api = Api("house settings", "Limits of time and telephone lists of a house")

    @api.get("/admin/institutions/<code>/limits", responses={200: LimitRulesOut})
    def show_limits(path: InstitutionPath) -> Response:
        """The usual limits, and those of the house in their place."""
        own = queries.limits(parts.store, current_actor(), path.code)
        usual = [LimitRule(clock.name, priority, limit) for clock in CLOCKS for priority, limit in clock.limits.items()]
        clocks = [LimitedClockOut(name=clock.name, label=spoken(clock.label)) for clock in CLOCKS]
        return answered(LimitRulesOut(clocks=clocks, usual=[_rule(r) for r in usual], rules=[_rule(r) for r in own]))

    @api.put("/admin/institutions/<code>/limits", responses={204: None})
    def keep_limits(path: InstitutionPath, body: LimitRulesIn) -> Response:
        """Keep the limits of a house, all of them anew; what is left out is as usual."""
        rules = [
            LimitRule(each.clock, str(each.priority), Limit(each.seconds, each.pace), str(each.service_type))
            for each in body.rules
        ]
        actions.keep_limits(parts, current_actor(), path.code, rules)
        return Response(status=204)

    @api.get("/admin/institutions/<code>/contacts", responses={200: PhoneListOut})
    def show_contacts(path: InstitutionPath) -> Response:
        """Whom to call at a house, in order."""
        listed = queries.phone_list(parts.store, current_actor(), path.code)
        return answered(PhoneListOut(contacts=[contact_out(each) for each in listed]))

    @api.put("/admin/institutions/<code>/contacts", responses={204: None})
    def keep_contacts(path: InstitutionPath, body: PhoneListIn) -> Response:
        """Keep whom to call, in order, all of it anew."""
        listed = [PhoneContact(each.name.strip(), each.duty.strip(), each.phone.strip()) for each in body.contacts]
        actions.keep_contacts(parts, current_actor(), path.code, listed)
        return Response(status=204)

    return api


def _rule(rule: LimitRule) -> LimitRuleOut:
    return LimitRuleOut(
        clock=rule.clock,
        priority=rule.priority,
        seconds=rule.limit.seconds,
        pace=str(rule.limit.pace),
        service_type=rule.service_type,
        fixed=(rule.clock, rule.priority) in RULE_OF_THE_FIELD,
    )
