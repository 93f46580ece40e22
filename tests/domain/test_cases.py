"""A case as JSON and back is the same case, whatever it holds."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from consult.domain.cases import (
    Alert,
    Asked,
    Case,
    Consent,
    Party,
    Patient,
    Priority,
    ServiceType,
    State,
    Stay,
    Why,
    case_of,
    document_of,
)
from consult.domain.reports import ReportState
from tests.makers.cases import NOW, a_case

TEXT = some.text(max_size=12)
WHEN = some.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1), timezones=some.just(UTC))
PARTY = some.builds(Party, TEXT, TEXT)
ALERT = some.builds(Alert, TEXT, TEXT, WHEN, PARTY, some.none() | WHEN, some.none() | PARTY, TEXT)
REASON = some.tuples(TEXT, TEXT, TEXT, some.floats(-50, 50))
WHY = some.builds(
    Why, TEXT, TEXT, some.booleans(), some.floats(-50, 50), some.lists(REASON, max_size=2).map(tuple),
    some.lists(some.tuples(TEXT, TEXT, TEXT), max_size=2).map(tuple),
)  # fmt: skip
CASES = some.builds(
    Case,
    state=some.sampled_from(State), priority=some.sampled_from(Priority),
    service_type=some.sampled_from(ServiceType), version=some.integers(1, 99), id=TEXT, number=TEXT,
    requesting_site=TEXT, performing_site=TEXT, centre=some.none() | TEXT, requester=PARTY,
    patient=some.builds(Patient, TEXT, TEXT, some.none() | some.dates(), TEXT, TEXT), question=TEXT,
    clinical_history=TEXT, modality=TEXT, body_part=TEXT, created_at=WHEN, updated_at=WHEN,
    stays=some.lists(some.builds(Stay, some.sampled_from(State), WHEN), min_size=1, max_size=4).map(tuple),
    study_uids=some.lists(TEXT, max_size=2).map(tuple), consent=some.none() | some.builds(Consent, TEXT, WHEN),
    exam_started=some.none() | WHEN, assignee=some.none() | PARTY, offer_until=some.none() | WHEN,
    passed_over=some.lists(TEXT, max_size=2).map(tuple), why=some.lists(WHY, max_size=2).map(tuple),
    asked=some.lists(some.builds(Asked, TEXT, TEXT, some.booleans()), max_size=2).map(tuple),
    alerts=some.lists(ALERT, max_size=2).map(tuple), report=some.none() | some.sampled_from(ReportState),
    report_kind=some.sampled_from(ReportState), author=some.none() | PARTY, reviewer=some.none() | PARTY,
    reported_at=some.none() | WHEN, signed_at=some.none() | WHEN, appointment_at=some.none() | WHEN,
)  # fmt: skip


@given(CASES)
def test_a_case_survives_its_document(case: Case) -> None:
    assert case_of(document_of(case)) == case


def test_a_document_holds_json_values_only() -> None:
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(type(key) is str and plain(inner) for key, inner in value.items())
        if isinstance(value, list):
            return all(plain(inner) for inner in value)
        return value is None or type(value) in (str, int, float, bool)

    assert plain(
        document_of(a_case(State.SIGNED, exam_started=NOW, alerts=(Alert("脑疝", "detected", NOW, Party("a", "b")),)))
    )


def test_an_unknown_field_is_an_error_and_an_absent_one_takes_its_default() -> None:
    document = document_of(a_case())
    with pytest.raises(TypeError):
        case_of(document | {"colour": "red"})
    del document["escalation_level"]
    assert case_of(document).escalation_level == 0


def test_stays_end_where_the_next_one_begins_and_the_last_one_now() -> None:
    stays = (Stay(State.DRAFT, NOW), Stay(State.SUBMITTED, NOW + timedelta(minutes=1)))
    case = a_case(State.SUBMITTED, stays=stays)
    later = NOW + timedelta(minutes=5)
    assert list(case.stay_ends(later)) == [
        (State.DRAFT, NOW, NOW + timedelta(minutes=1)),
        (State.SUBMITTED, NOW + timedelta(minutes=1), later),
    ]


def test_a_birth_date_stays_a_date() -> None:
    case = a_case(patient=Patient("患者一", "F", date(1950, 2, 28)))
    assert case_of(document_of(case)).patient.birth_date == date(1950, 2, 28)
