"""Studies over HTTP: what arrived lately, and how complete each is, series by series."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from consult.actions.parts import Parts
from consult.domain.errors import Words
from consult.domain.losses import SOURCES, Claim, Kind, Missing, SeriesCompleteness, StudyCompleteness
from consult.domain.studies import SeriesSummary, StudySummary
from consult.domain.telling import advice, line, unit_of
from consult.queries import studies
from consult.web import case_shapes, schemas
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.session import current_actor


class StudyPath(BaseModel):
    """A study by its StudyInstanceUID."""

    study_uid: str = Field(pattern=r"^[0-9.]{1,64}$")


class StudiesQuery(BaseModel):
    """Words of name, number or description; a cursor; how many."""

    q: schemas.Line = ""
    after: str | None = None
    limit: int = Field(default=30, ge=1, le=studies.MOST)


class StudiesOut(BaseModel):
    """A page of studies, newest first; ``next`` is the cursor for ``after``."""

    items: list[case_shapes.StudyOut]
    next: str | None


def studies_api(parts: Parts) -> Api:
    """The routes of studies."""
    api = Api("studies", "What the archive holds, and what is missing from it")

    @api.get("/studies", responses={200: StudiesOut})
    def list_studies(query: StudiesQuery) -> Response:
        """The studies you may see, newest first."""
        page = studies.latest(parts.store, current_actor(), query.q, query.after, query.limit)
        return answered(StudiesOut(items=[study_out(each) for each in page.studies], next=page.after))

    @api.get("/studies/<study_uid>", responses={200: case_shapes.StudyOut})
    def show_study(path: StudyPath) -> Response:
        """One study, series by series."""
        return answered(study_out(studies.one(parts.store, path.study_uid, current_actor())))

    return api


def study_out(study: StudySummary, role: Literal["current", "prior"] = "current") -> case_shapes.StudyOut:
    """A study in the language of the answer."""
    return case_shapes.StudyOut(
        study_uid=study.study_uid,
        patient=case_shapes.PatientOut(
            name=study.patient_name.display,
            sex=study.patient_sex,
            birth_date=_date(study.patient_birth_date),
            id_number=study.patient_id,
        ),
        charset_guessed=study.charset_guessed,
        modalities=list(study.modalities),
        modality=study.modalities[0] if study.modalities else "",
        body_part=study.body_part,
        description=study.description,
        study_date=study.study_date,
        arrived_at=study.arrived_at,
        completeness=_completeness(study.completeness, [each.modality for each in study.series]),
        series=[_series(series) for series in study.series],
        role=role,
    )


def _series(series: SeriesSummary) -> case_shapes.SeriesOut:
    return case_shapes.SeriesOut(
        series_uid=series.series_uid,
        number=series.number,
        modality=series.modality,
        description=series.description,
        body_part=series.body_part,
        instances=series.instances,
        slice_thickness_mm=series.slice_thickness,
        spacing_mm=series.spacing,
        lossy=series.lossy,
        tilt_deg=series.tilt,
        completeness=_completeness(series.completeness, [series.modality]),
    )


def _completeness(
    found: StudyCompleteness | SeriesCompleteness, modalities: Sequence[str]
) -> case_shapes.CompletenessOut:
    kinds = [each.kind for each in found.conflicts]
    told = case_shapes.CompletenessOut(
        status=str(found.status),
        expected=found.expected,
        received=found.received,
        unit=_unit(modalities, found.received),
        missing=[_missing(each) for each in found.missing],
        conflicts=[spoken(each.sentence) for each in found.conflicts],
        copies=sum(kind in (Kind.COPY, Kind.CHOSEN) for kind in kinds),
        undecided=kinds.count(Kind.COPY),
    )
    if isinstance(found, StudyCompleteness):
        told.notices = [spoken(words) for words in found.notices]
        told.claims = [_claim(claim) for claim in found.claims]
        return told
    to_do = advice(found)
    told.notices = [spoken(words) for words in found.evidence]
    told.line, told.advice = spoken(line(found, modalities[0])), spoken(to_do) if to_do is not None else ""
    return told


def _unit(modalities: Sequence[str], count: int) -> str:
    zh, en = unit_of(modalities)
    return spoken(Words(zh, en.removesuffix("s") if count == 1 else en))


def _claim(claim: Claim) -> case_shapes.ClaimOut:
    return case_shapes.ClaimOut(
        source=str(claim.source),
        label=spoken(SOURCES[claim.source]),
        expected=claim.expected,
        short=claim.short,
        by=claim.by,
        at=claim.at,
    )


def _missing(missing: Missing) -> case_shapes.MissingOut:
    return case_shapes.MissingOut(
        sentence=spoken(missing.sentence),
        series_uid=missing.series_uid,
        instance_number=missing.instance_number,
        position_mm=missing.position_mm,
        count=missing.count,
    )


def _date(told: str) -> date | None:
    """A DICOM date (PS3.5 §6.2 DA); None where it is none."""
    try:
        return date(int(told[:4]), int(told[4:6]), int(told[6:8]))
    except ValueError:
        return None
