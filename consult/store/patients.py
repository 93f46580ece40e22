"""Patients as requests and images tell them: whether they are one, and who elsewhere may be the same."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from consult.domain.cases import Case
from consult.domain.errors import Words
from consult.domain.losses import Kind
from consult.domain.patients import TWO_PATIENTS, Person, dicom_date, differences, likeness
from consult.domain.people import Actor
from consult.store.studies import visible_to
from consult.store.tables_studies import studies

MOST_LOOKED_AT = 200
MOST_TOLD = 20


class Match(NamedTuple):
    """A study of another hospital that may be of the same patient, and why."""

    row: Any
    reasons: tuple[Words, ...]


def asked(case: Case) -> Person:
    """The patient as the request tells them."""
    patient = case.patient
    return Person((patient.name,), patient.sex, dicom_date(patient.birth_date), (patient.id_number,))


def imaged(row: Any) -> Person:
    """The patient as a study tells them."""
    names = tuple(group for group in (row.patient_display, *row.patient_name.split("=")) if group)
    return Person(names, row.patient_sex, row.patient_birth_date, (row.patient_id,))


def differences_of(connection: Connection, case: Case) -> tuple[Words, ...]:
    """In what the images of a case contradict its request about the patient, each once."""
    if not case.study_uids:
        return ()
    query = select(studies).where(
        studies.c.institution == case.requesting_site, studies.c.study_uid.in_(case.study_uids)
    )
    found: list[Words] = []
    for row in connection.execute(query):
        found += differences(asked(case), imaged(row))
        if any(each["kind"] == str(Kind.PATIENT) for each in (row.completeness or {}).get("conflicts", ())):
            found.append(TWO_PATIENTS)
    return tuple(dict.fromkeys(found))


def matches(connection: Connection, case: Case, actor: Actor) -> list[Match]:
    """Studies of other hospitals, visible to the actor, that may be of the case's patient; newest first."""
    wanted = asked(case)
    numbers = sorted({each.strip() for number in wanted.numbers for each in (number, number.upper(), number.lower())})
    alike: list[ColumnElement[bool]] = [studies.c.patient_id.in_([number for number in numbers if number])]
    if wanted.born and wanted.sex:
        alike.append(and_(studies.c.patient_birth_date == wanted.born, studies.c.patient_sex == wanted.sex))
    query = (
        select(studies)
        .where(studies.c.institution != case.requesting_site, or_(*alike), visible_to(actor))
        .order_by(studies.c.study_date.desc(), studies.c.first_at.desc())
        .limit(MOST_LOOKED_AT)
    )
    found = [Match(row, likeness(wanted, imaged(row))) for row in connection.execute(query)]
    return [each for each in found if each.reasons][:MOST_TOLD]
