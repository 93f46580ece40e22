"""Rota, calendar and routing rules over HTTP: the week, the changes, the trial run, and the coming hours."""

from collections.abc import Callable, Sequence
from math import ceil

from flask import Response

from consult.actions import rota as actions
from consult.actions.parts import Parts
from consult.domain.people import Person
from consult.domain.replay import Given
from consult.domain.rota import Absence, Pattern
from consult.domain.routing_policy import WEIGHABLE, Policy
from consult.domain.work_units import SOURCE, units_of
from consult.queries import rota as queries
from consult.queries.rota import DryRun, Replayed, Week
from consult.web import rota_shapes as shapes
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.session import current_actor

MOST_CHANGED = 200


def rota_api(parts: Parts) -> Api:
    """The routes of rota and routing."""
    api = Api("rota", "Who is on duty, and by which rules cases are given")
    _week(api, parts)
    _changes(api, parts)
    _calendar(api, parts)
    _rules(api, parts)
    return api


def _week(api: Api, parts: Parts) -> None:
    @api.get("/rota", responses={200: shapes.RotaHousesOut})
    def list_houses() -> Response:
        """The institutions whose rota one sees."""
        found = queries.houses(parts.store, current_actor())
        return answered(
            shapes.RotaHousesOut(items=[shapes.RotaHouseOut(code=each.code, name=spoken(each.name)) for each in found])
        )

    @api.get("/rota/<site>/week", responses={200: shapes.RotaWeekOut})
    def show_week(path: shapes.SitePath, query: shapes.WeekQuery) -> Response:
        """A week: people, shifts, absences, holidays."""
        return answered(_week_out(queries.week(parts.store, current_actor(), path.site, query.day)))

    @api.get("/rota/<site>/hours", responses={200: shapes.ComingHoursOut})
    def show_hours(path: shapes.SitePath) -> Response:
        """Work expected in the coming hours against who is on duty."""
        hours = queries.coming_hours(parts.store, current_actor(), path.site, parts.clock())
        return answered(
            shapes.ComingHoursOut(
                items=[shapes.ComingHourOut.model_validate(each, from_attributes=True) for each in hours]
            )
        )


def _changes(api: Api, parts: Parts) -> None:
    @api.post("/rota/<site>/shifts", responses={200: shapes.RotaAddedOut})
    def plan_shifts(path: shapes.SitePath, body: shapes.ShiftPatternIn) -> Response:
        """Plan the same shift for the days of a span, by the house's calendar."""
        added = actions.plan_pattern(parts, current_actor(), path.site, Pattern(**body.model_dump()))
        return answered(shapes.RotaAddedOut(added=added))

    @api.delete("/rota/<site>/shifts/<number>", responses={204: None})
    def drop_shift(path: shapes.RotaNumberPath) -> Response:
        """Take a shift off the rota."""
        actions.drop_shift(parts, current_actor(), path.site, path.number)
        return Response(status=204)

    @api.post("/rota/<site>/absences", responses={200: shapes.RotaAddedOut})
    def keep_absence(path: shapes.SitePath, body: shapes.AbsenceIn) -> Response:
        """Somebody will be away; the answer is the absence's number."""
        number = actions.keep_absence(parts, current_actor(), path.site, Absence(**body.model_dump()))
        return answered(shapes.RotaAddedOut(added=number))

    @api.delete("/rota/<site>/absences/<number>", responses={204: None})
    def drop_absence(path: shapes.RotaNumberPath) -> Response:
        """Take an absence back."""
        actions.drop_absence(parts, current_actor(), path.site, path.number)
        return Response(status=204)


def _calendar(api: Api, parts: Parts) -> None:
    @api.get("/rota/<site>/days/<year>", responses={200: shapes.HouseDaysOut})
    def list_days(path: shapes.YearPath) -> Response:
        """The holidays and makeup days of a year as they hold here."""
        found = queries.year_days(parts.store, current_actor(), path.site, path.year)
        return answered(
            shapes.HouseDaysOut(items=[shapes.HouseDayOut.model_validate(each, from_attributes=True) for each in found])
        )

    @api.put("/rota/<site>/days/<year>", responses={200: shapes.RotaAddedOut})
    def import_days(path: shapes.YearPath, body: shapes.HouseDaysIn) -> Response:
        """Import a year; what was kept of it before is replaced."""
        added = actions.import_days(parts, current_actor(), path.site, path.year, body.text, body.source)
        return answered(shapes.RotaAddedOut(added=added))


def _rules(api: Api, parts: Parts) -> None:
    @api.get("/routing/<site>", responses={200: shapes.RoutingRulesOut})
    def show_rules(path: shapes.SitePath, query: shapes.RulesQuery) -> Response:
        """The rules of a version, the newest where none is named; version 0 is the standard."""
        actor = current_actor()
        edition, may_change = queries.rules(parts.store, actor, path.site, query.version)
        found = shapes.RoutingRulesOut(
            edition=shapes.version_out(edition),
            policy=shapes.policy_out(edition.policy),
            people=[_person(each) for each in queries.specialists(parts.store, actor, path.site)],
            weighable=list(WEIGHABLE),
            units_source=SOURCE,
            may_change=may_change,
        )
        return answered(found)

    @api.get("/routing/<site>/versions", responses={200: shapes.EditionsOut})
    def list_versions(path: shapes.SitePath, query: shapes.VersionsQuery) -> Response:
        """Who changed the rules, newest first."""
        found = queries.versions(parts.store, current_actor(), path.site, query.before)
        return answered(shapes.EditionsOut(items=[shapes.version_out(each) for each in found]))

    @api.put("/routing/<site>", responses={200: shapes.RotaAddedOut})
    def keep_rules(path: shapes.SitePath, body: shapes.RoutingPolicyKept) -> Response:
        """Keep rules as the next version; the answer is its number."""
        kept = actions.keep_policy(parts, current_actor(), path.site, body.policy.policy(), body.version, body.note)
        return answered(shapes.RotaAddedOut(added=kept))

    @api.post("/routing/<site>/trial", responses={200: shapes.TrialOut})
    def try_rules(path: shapes.SitePath, body: shapes.TrialIn) -> Response:
        """Give the cases of the last days out again by these rules; nothing is changed."""
        policy = body.policy.policy()
        found = queries.dry_run(parts.store, current_actor(), path.site, policy, body.days, parts.clock())
        return answered(_trial_out(found, policy))


def _person(each: Person) -> shapes.RotaPersonOut:
    held = sorted({skill.subspecialty for skill in each.skills if skill.subspecialty})
    return shapes.RotaPersonOut(id=each.id, name=each.name, load_limit_units=each.load_limit_units, subspecialties=held)


def _week_out(week: Week) -> shapes.RotaWeekOut:
    days = [
        shapes.HouseDayOut.model_validate(each, from_attributes=True)
        for day, each in sorted(week.days.items())
        if week.begin.date() <= day < week.end.date()
    ]
    return shapes.RotaWeekOut(
        begin=week.begin,
        end=week.end,
        people=[_person(each) for each in week.people],
        shifts=[
            shapes.ShiftOut(number=e.id, person_id=e.value.person_id, start=e.value.start, end=e.value.end,
                            on_call=e.value.on_call)
            for e in week.shifts
        ],
        absences=[
            shapes.AbsenceOut(number=e.id, person_id=e.value.person_id, start=e.value.start, end=e.value.end,
                              reason=e.value.reason)
            for e in week.absences
        ],
        days=days,
        may_change=week.may_change,
    )  # fmt: skip


def _trial_out(found: DryRun, policy: Policy) -> shapes.TrialOut:
    changed = [each for each in found.cases if each.before.person_id != each.after.person_id]
    return shapes.TrialOut(
        since=found.since,
        cases=len(found.cases),
        before=_outcome(found.cases, lambda each: each.before, policy),
        after=_outcome(found.cases, lambda each: each.after, policy),
        moved=len(changed),
        changed=[_changed(each, found) for each in changed[-MOST_CHANGED:]],
    )


def _changed(each: Replayed, found: DryRun) -> shapes.TrialCaseOut:
    case = each.case
    had = case.author or case.assignee
    return shapes.TrialCaseOut(
        case_id=case.id,
        number=case.number,
        modality=case.modality,
        body_part=case.body_part,
        priority=str(case.priority),
        queued_at=each.queued_at,
        had=had.name if had else "",
        before=found.names.get(each.before.person_id or "", ""),
        after=found.names.get(each.after.person_id or "", ""),
    )


def _outcome(cases: Sequence[Replayed], which: Callable[[Replayed], Given], policy: Policy) -> shapes.TrialOutcomeOut:
    waits: list[float] = []
    units: dict[str, float] = {}
    for each in cases:
        given = which(each)
        if given.person_id is not None and given.begins is not None:
            waits.append((given.begins - each.queued_at).total_seconds())
            work = units_of(policy.units, each.case.modality, each.case.body_part)
            units[given.person_id] = round(units.get(given.person_id, 0.0) + work, 2)
    waits.sort()
    return shapes.TrialOutcomeOut(
        nobody=sum(which(each).person_id is None for each in cases),
        late=sum(which(each).late for each in cases),
        wait_p50_s=_rank(waits, 0.5),
        wait_p90_s=_rank(waits, 0.9),
        units=units,
    )


def _rank(ordered: Sequence[float], share: float) -> float | None:
    """The nearest rank; None of nothing."""
    return ordered[max(0, ceil(len(ordered) * share) - 1)] if ordered else None
