"""Turnaround over HTTP: tiles, the cases behind them, what can be chosen, and tables to take along."""

from flask import Response

from consult.actions import audit
from consult.actions.parts import Parts
from consult.domain.audit import Deed, Entry
from consult.domain.indicators import INDICATORS, SOURCES
from consult.domain.turnaround import BY_NAME, SMALLEST
from consult.queries import turnaround, turnaround_cases, turnaround_month, turnaround_tables
from consult.queries.turnaround import Asked, Narrowed, Rate, Tile, Whole
from consult.queries.turnaround_cases import Line
from consult.web.answers import answered
from consult.web.language import language, spoken
from consult.web.openapi import Api
from consult.web.session import current_actor
from consult.web.turnaround_shapes import (
    ChoicesOut,
    CountOut,
    HandsOut,
    MonthOut,
    MonthPath,
    MonthsOut,
    NamedOut,
    RateOut,
    TileOut,
    TurnaroundCaseOut,
    TurnaroundOut,
    TurnaroundQuery,
    WholeOut,
)

SECOND = 1_000_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def turnaround_api(parts: Parts) -> Api:
    """The routes of turnaround."""
    api = Api("turnaround", "Figures of time, for administrators")

    @api.get("/turnaround", responses={200: TurnaroundOut})
    def show_turnaround(query: TurnaroundQuery) -> Response:
        """Tiles of a period, whole or divided; with ``cases=1`` the cases behind one metric."""
        return _cases(parts, query) if query.cases else _tiles(parts, query)

    @api.get("/turnaround/choices", responses={200: ChoicesOut})
    def show_choices(query: TurnaroundQuery) -> Response:
        """What the cases of the period can be narrowed by."""
        found = turnaround.choices(parts.store, current_actor(), asked_of(query), parts.clock())
        named = [
            [NamedOut(code=code, label=spoken(found.names[code]) if code in found.names else code) for code in codes]
            for codes in (found.sites, found.performing_sites)
        ]
        return answered(
            ChoicesOut(
                sites=named[0], performing_sites=named[1], modalities=list(found.modalities), by_people=found.by_people
            )
        )

    @api.get("/turnaround.csv")
    def export_csv(query: TurnaroundQuery) -> Response:
        """The tiles, or the cases, as CSV (UTF-8 with a byte order mark); that it was taken is written down."""
        sheets = _sheets(parts, query)
        return _attachment(turnaround_tables.as_csv(sheets), "text/csv; charset=utf-8", "turnaround.csv")

    @api.get("/turnaround.xlsx")
    def export_xlsx(query: TurnaroundQuery) -> Response:
        """The same as a workbook, with indicators, funnel and reasons on sheets; that it was taken is written down."""
        sheets = _sheets(parts, query)
        return _attachment(turnaround_tables.as_xlsx(sheets), XLSX, "turnaround.xlsx")

    @api.get("/turnaround/reports", responses={200: MonthsOut})
    def list_reports() -> Response:
        """The monthly reports of your institution, newest first."""
        found = turnaround_month.kept(parts.store, current_actor())
        return answered(MonthsOut(items=[MonthOut(month=each.month, made_at=each.made_at) for each in found]))

    @api.get("/turnaround/reports/<month>")
    def show_report(path: MonthPath) -> Response:
        """A monthly report as PDF; that it was taken is written down."""
        actor = current_actor()
        pdf = turnaround_month.pdf(parts.store, actor, path.month)
        entry = Entry(Deed.EXPORT, parts.clock(), actor.person_id, actor.name, "turnaround", path.month)
        audit.note(parts.store, entry)
        return _attachment(iter([pdf]), "application/pdf", f"turnaround-{path.month}.pdf")

    return api


def asked_of(query: TurnaroundQuery) -> Asked:
    """The query in the values of the questions."""
    narrowed = Narrowed(query.site, query.performing_site, query.modality, query.priority, query.service)
    metrics = tuple(part.strip() for part in query.metric.split(",") if part.strip())
    return Asked(query.since, query.until, query.by, narrowed, () if query.cases else metrics, query.group)


def _sheets(parts: Parts, query: TurnaroundQuery) -> "list[turnaround_tables.Sheet]":
    actor, now = current_actor(), parts.clock()
    asked = asked_of(query)
    if query.cases:
        late = query.only == "breaches"
        metric = query.metric or "all"
        cases = turnaround_tables.of_cases(parts.store, actor, asked, metric, now, language(), only_late=late)
        sheets = [cases]
    else:
        sheets = turnaround_tables.of_figures(parts.store, actor, asked, now, language())
    told = {name: str(value) for name, value in query.model_dump(exclude_defaults=True).items()}
    audit.note(parts.store, Entry(Deed.EXPORT, now, actor.person_id, actor.name, "turnaround", "", detail=told))
    return sheets


def _attachment(body: "turnaround_tables.Pieces", mimetype: str, name: str) -> Response:
    answer = Response(body, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _tiles(parts: Parts, query: TurnaroundQuery) -> Response:
    found = turnaround.figures(parts.store, current_actor(), asked_of(query), parts.clock())
    return _told(
        TurnaroundOut(
            since=found.period.since,
            until=found.period.until,
            by=str(found.by),
            now=found.now,
            tiles=[tile_out(tile) for tile in found.tiles],
            whole=None if found.whole is None else whole_out(found.whole),
        )
    )


def _cases(parts: Parts, query: TurnaroundQuery) -> Response:
    actor, now, asked = current_actor(), parts.clock(), asked_of(query)
    page = turnaround_cases.page(
        parts.store, actor, asked, query.metric or "all", now,
        only_late=query.only == "breaches", after=query.after, limit=query.limit,
    )  # fmt: skip
    spoken_period = turnaround.checked(actor, asked, now)
    return _told(
        TurnaroundOut(
            since=spoken_period.since,
            until=spoken_period.until,
            by=str(query.by),
            now=now,
            items=[case_out(line) for line in page.lines],
            next=page.next,
        )
    )


def _told(told: TurnaroundOut) -> Response:
    answer = answered(told)
    answer.set_data(told.model_dump_json(by_alias=True))
    return answer


def tile_out(tile: Tile) -> TileOut:
    """A tile in seconds."""
    ranked = turnaround.percentiles_of(tile)
    return TileOut(
        metric=tile.metric,
        label=spoken(BY_NAME[tile.metric].label),
        group=tile.group,
        group_label=spoken(tile.label),
        n=tile.n,
        p50_s=_seconds(ranked["p50"]),
        p90_s=_seconds(ranked["p90"]),
        p95_s=_seconds(ranked["p95"]),
        judged=tile.judged,
        breaches=tile.breaches,
        overdue=tile.overdue,
        suppressed=tile.percentiles is None,
    )


def _seconds(us: int | None) -> float | None:
    return None if us is None else us / SECOND


def whole_out(whole: Whole) -> WholeOut:
    """What is told of all cases together."""
    all_time = sum(each.us for each in whole.hands)
    few = whole.discrepancy.n < SMALLEST
    return WholeOut(
        cases=whole.cases,
        indicators=[_rate(each) for each in whole.indicators],
        first_time_right=_rate(whole.first_time_right),
        reasons=[CountOut(code=each.code, label=spoken(each.label), n=each.n) for each in whole.reasons],
        funnel=[CountOut(code=each.code, label=spoken(each.label), n=each.n) for each in whole.funnel],
        hands=[
            HandsOut(
                owner=each.owner,
                label=spoken(each.label),
                paused=each.paused,
                seconds=each.us / SECOND,
                share=each.us / all_time if all_time else 0.0,
            )
            for each in whole.hands
        ],
        paused_share=sum(each.us for each in whole.hands if each.paused) / all_time if all_time else 0.0,
        discrepancy=RateOut(
            code=whole.discrepancy.code,
            label=spoken(whole.discrepancy.label),
            source="",
            n=whole.discrepancy.n,
            met=None,  # a rate only: the few cases behind it would name their readers
            rate=None if few else whole.discrepancy.met / whole.discrepancy.n,
        ),
    )


def _rate(rate: Rate) -> RateOut:
    return RateOut(
        code=rate.code,
        label=spoken(rate.label),
        source=spoken(SOURCES[rate.code]) if rate.code in INDICATORS else "",
        n=rate.n,
        met=rate.met,
        rate=rate.met / rate.n if rate.n else None,
    )


def case_out(line: Line) -> TurnaroundCaseOut:
    """A case behind a figure."""
    return TurnaroundCaseOut(
        id=line.case_id,
        number=line.number,
        state=line.state,
        priority=line.priority,
        service_type=line.service_type,
        requesting_site=line.requesting_site,
        performing_site=line.performing_site,
        modality=line.modality,
        body_part=line.body_part,
        submitted_at=line.submitted_at,
        value_s=_seconds(line.value_us),
        breached=line.late,
        overdue=line.overdue,
        opens=line.opens,
    )
