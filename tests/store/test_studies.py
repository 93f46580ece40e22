"""Studies in the database: what arrives is counted once, owned by its sender, and seen by whom it concerns."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from consult.domain.cases import State
from consult.domain.completeness import assess
from consult.domain.errors import NotFound
from consult.domain.events import Fact
from consult.domain.people import Actor
from consult.domain.studies import PatientName
from consult.store import arrivals, cases, outbox, qido, studies
from consult.store.arrivals import Arrival, Kept, Unknown
from consult.store.qido import BadQuery, Level, Search
from consult.store.tables_studies import instances
from consult.store.tables_studies import series as series_rows
from consult.store.tables_studies import studies as study_rows
from consult.store.unit import Store
from tests.makers.cases import a_case
from tests.makers.dicom import instance
from tests.makers.parallel import together
from tests.makers.people import ACTORS, NOW

QUIET = timedelta(seconds=10)
STUDY, SERIES = "2.25.1", "2.25.2"
DOCTOR, OTHER, SPECIALIST = ACTORS["anlong.doctor"], ACTORS["dushan.doctor"], ACTORS["guiyang.ct"]


def arrival(n: int, content: str = "", site: str = "ANLONG", at: datetime = NOW, **said: Any) -> Arrival:
    """Slice ``n``; other ``content`` is another object with the same UIDs."""
    sha256 = hashlib.sha256(f"{n} {content} {sorted(said.items())}".encode()).hexdigest()
    known = {"sop_uid": f"2.25.3.{n}", "instance_number": n, "transfer_syntax": "1.2.840.10008.1.2.1"} | said
    return Arrival(instance(**known), sha256, 1000, site, site, at)


def keep(store: Store, *arrived: Arrival) -> list[Kept | Unknown]:
    with store.write() as unit:
        return arrivals.keep(unit, arrived, QUIET)


def rows(store: Store, table: Any) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def facts(store: Store) -> list[Fact]:
    with store.read() as connection:
        return outbox.facts_after(connection, 0, 1000)


def seen(store: Store, actor: Actor) -> list[str]:
    with store.read() as connection:
        return [row.institution for row in studies.latest(connection, actor, "", None, 100)]


def test_slices_make_a_study_with_its_series(store: Store) -> None:
    assert keep(store, *(arrival(n) for n in range(5))) == [Kept.STORED] * 5
    assert keep(store, arrival(9, series_uid="2.25.8", modality="MR")) == [Kept.STORED]
    (study,) = rows(store, study_rows)
    assert (study.study_uid, study.institution, study.status) == (STUDY, "ANLONG", "receiving")
    assert (study.series_count, study.instance_count) == (2, 6)
    assert sorted(row.instance_count for row in rows(store, series_rows)) == [1, 5]


def test_the_same_object_again_changes_nothing(store: Store) -> None:
    keep(store, arrival(1))
    before = rows(store, study_rows)
    assert keep(store, arrival(1), arrival(1)) == [Kept.DUPLICATE] * 2
    assert rows(store, study_rows) == before
    assert len(rows(store, instances)) == 1


def test_another_hash_for_the_same_uids_must_be_compared_first(store: Store) -> None:
    first = arrival(1)
    keep(store, first)
    again = arrival(1, "same data set under another head")
    assert keep(store, again) == [Unknown((first.sha256,))]
    assert len(rows(store, instances)) == 1
    assert keep(store, again.compared(first.sha256, same=True)) == [Kept.DUPLICATE]


def test_other_content_is_kept_beside_the_first_and_told(store: Store) -> None:
    first, second, third = arrival(1), arrival(1, "other pixels"), arrival(1, "a third")
    keep(store, first)
    assert keep(store, second.compared(first.sha256, same=False)) == [Kept.CONFLICT]
    assert keep(store, third.compared(first.sha256, same=False)) == [Unknown((second.sha256,))]
    known = third.compared(first.sha256, same=False).compared(second.sha256, same=False)
    assert keep(store, known) == [Kept.CONFLICT]
    assert [(row.sha256, row.rank) for row in rows(store, instances)] == [
        (first.sha256, 0),
        (second.sha256, 1),
        (third.sha256, 2),
    ]
    assert rows(store, study_rows)[0].instance_count == 1
    assert [fact.kind for fact in facts(store)] == ["study_received", "study_conflict", "study_conflict"]


def test_known_objects_are_found_by_the_index_however_many_there_are(store: Store) -> None:
    asked = arrivals._THERE.params(series=["a", "b"], sops=["1", "2"])
    query = asked.compile(store.engine, compile_kwargs={"literal_binds": True})
    with store.read() as connection:
        if connection.dialect.name == "postgresql":  # an empty table is read whole, were it not for this
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        how = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        told = " ".join(str(row) for row in connection.exec_driver_sql(f"{how} {query}"))
    assert "series_id=? AND sop_uid=?" in told or "Index Cond: ((" in told, told


def test_one_sop_uid_in_two_series_is_two_images(store: Store) -> None:
    assert keep(store, arrival(1), arrival(1, series_uid="2.25.9")) == [Kept.STORED] * 2
    assert rows(store, study_rows)[0].instance_count == 2


def test_a_fact_a_second_is_enough_however_many_slices_come(store: Store) -> None:
    for n in range(120):
        keep(store, arrival(n, at=NOW + timedelta(milliseconds=40 * n)))
    told = facts(store)
    assert [fact.kind for fact in told] == ["study_received"] * 5
    assert told[0].subject_id == STUDY
    assert told[0].data["institution"] == "ANLONG"
    assert told[-1].data["received"] == 101


def test_a_timer_waits_for_the_study_to_be_quiet(store: Store) -> None:
    keep(store, arrival(1))
    with store.read() as connection:
        (timer,) = outbox.due_timers(connection, ["study_quiet"], NOW + QUIET, 10)
    assert (timer.job, timer.subject_id) == ("study_quiet", arrivals.study_key("ANLONG", STUDY))


def test_many_senders_at_once_are_counted_right(store: Store) -> None:
    def send(n: int) -> list[Kept | Unknown]:
        return keep(store, *(arrival(20 * n + k) for k in range(20)))

    assert together(8, send) == [[Kept.STORED] * 20] * 8
    (study,) = rows(store, study_rows)
    assert (study.instance_count, study.series_count, rows(store, series_rows)[0].instance_count) == (160, 1, 160)


def test_the_same_object_from_many_senders_at_once_is_one(store: Store) -> None:
    outcomes = [outcome for kept in together(8, lambda _: keep(store, arrival(1))) for outcome in kept]
    assert sorted(map(str, outcomes)) == ["duplicate"] * 7 + ["stored"]
    assert len(rows(store, instances)) == 1


def test_what_an_instance_says_comes_back_as_it_was(store: Store) -> None:
    name = PatientName("Zhang^Wei", "张^伟", "", b"Zhang^Wei=\xd5\xc5^\xce\xb0", guessed=True)
    said = instance(
        sop_uid="2.25.3", patient_name=name, position=(1.0, 2.5, -3.0), patient_id="a\0b\ud800", b_value=0.0
    )
    keep(store, replace(arrival(1), instance=said))
    with store.read() as connection:
        ((back, _, rank),) = studies.said_by(connection, arrivals.study_key("ANLONG", STUDY))
    assert (replace(back, metadata=said.metadata), rank) == (said, 0)


def test_absurd_numbers_and_texts_do_not_stop_a_study(store: Store) -> None:
    odd = arrival(1, instance_number=10**14, series_number=-(10**14), patient_id="x" * 5000, modality="\0CT\ud834")
    assert keep(store, odd) == [Kept.STORED]
    assert rows(store, instances)[0].instance_number is None


def test_two_institutions_with_the_same_uid_have_a_study_each(store: Store) -> None:
    keep(store, arrival(1), arrival(2))
    keep(store, arrival(1, "other", site="DUSHAN"))
    assert [row.instance_count for row in rows(store, study_rows)] in ([1, 2], [2, 1])
    assert seen(store, DOCTOR) == ["ANLONG"]
    assert seen(store, OTHER) == ["DUSHAN"]
    with store.read() as connection:
        assert studies.find(connection, STUDY, DOCTOR).instance_count == 2
        assert studies.find(connection, STUDY, OTHER).instance_count == 1


@pytest.mark.parametrize("who", ["guiyang.ct", "guiyang.reviewer", "qa", "auditor", "admin", "anlong.admin"])
def test_who_has_nothing_to_do_with_a_study_does_not_find_it(store: Store, who: str) -> None:
    keep(store, arrival(1))
    assert seen(store, ACTORS[who]) == []
    with store.read() as connection, pytest.raises(NotFound):
        studies.find(connection, STUDY, ACTORS[who])


def link(store: Store, site: str, state: State = State.IN_PROGRESS) -> None:
    case = a_case(state, requesting_site=site, study_uids=(STUDY,))
    with store.write() as unit:
        cases.add(unit, case, Fact("case", case.id, "created", NOW, None, "", 1), None)


def test_a_specialist_sees_the_study_of_a_case_they_read(store: Store) -> None:
    keep(store, arrival(1))
    link(store, "ANLONG")
    assert seen(store, SPECIALIST) == ["ANLONG"]
    assert seen(store, ACTORS["guiyang.ct2"]) == []
    assert seen(store, ACTORS["xingyi.coordinator"]) == ["ANLONG"]


def test_writing_a_foreign_uid_into_a_request_opens_nothing(store: Store) -> None:
    keep(store, arrival(1))
    link(store, "DUSHAN")
    assert seen(store, OTHER) == []
    assert seen(store, SPECIALIST) == []


def test_a_case_shows_the_study_of_its_own_site(store: Store) -> None:
    keep(store, arrival(1, site="DUSHAN"))
    keep(store, arrival(1), arrival(2))
    link(store, "ANLONG")
    with store.read() as connection:
        assert studies.find(connection, STUDY, SPECIALIST).institution == "ANLONG"


def test_a_case_shows_the_earlier_studies_of_its_patient_and_nobody_elses(store: Store) -> None:
    patient: dict[str, Any] = {
        "patient_id": "P1",
        "patient_name": PatientName("Yang^Ban"),
        "patient_birth_date": "1960",
    }
    stranger = {"patient_name": PatientName("Li^Si"), "patient_birth_date": "1999"}
    keep(store, arrival(1, **patient))
    keep(store, arrival(1, study_uid="prior", series_uid="1", **patient))
    keep(store, arrival(1, study_uid="renamed", series_uid="2", **patient | {"patient_name": PatientName("Yang^B")}))
    keep(store, arrival(1, study_uid="same number, other patient", series_uid="3", **patient | stranger))
    keep(store, arrival(1, study_uid="other number", series_uid="4", **patient | {"patient_id": "P2"}))
    keep(store, arrival(1, study_uid="other site", series_uid="5", site="DUSHAN", **patient))
    link(store, "ANLONG")
    with store.read() as connection:
        found = {row.study_uid for row in studies.latest(connection, SPECIALIST, "", None, 100)}
    assert found == {STUDY, "prior", "renamed"}


def settle(store: Store, at: datetime) -> bool:
    key = arrivals.study_key("ANLONG", STUDY)
    with store.read() as connection:
        row = studies.by_id(connection, key)
        found = assess(studies.said_by(connection, key))
    with store.write() as unit:
        return studies.settle(unit, row, found, at)


def test_a_late_slice_reopens_the_study(store: Store) -> None:
    keep(store, *(arrival(n, position=(0.0, 0.0, float(n))) for n in (1, 2, 3, 5, 6, 7)))
    assert settle(store, NOW)
    with store.read() as connection:
        found = studies.completeness_of(connection, "ANLONG", [STUDY, "2.25.404"])
    assert set(found) == {STUDY}
    assert (str(found[STUDY].status), found[STUDY].received) == ("short", 6)
    keep(store, arrival(4, position=(0.0, 0.0, 4.0)))
    with store.read() as connection:
        found = studies.completeness_of(connection, "ANLONG", [STUDY])
    assert (str(found[STUDY].status), found[STUDY].received) == ("receiving", 7)


def test_an_assessment_of_what_has_grown_meanwhile_is_thrown_away(store: Store) -> None:
    keep(store, arrival(1))
    key = arrivals.study_key("ANLONG", STUDY)
    with store.read() as connection:
        stale = studies.by_id(connection, key)
        found = assess(studies.said_by(connection, key))
    keep(store, arrival(2))
    with store.write() as unit:
        assert not studies.settle(unit, stale, found, NOW)
    assert rows(store, study_rows)[0].status == "receiving"


# searches


def search(store: Store, *matches: tuple[str, str], level: Level = Level.STUDY, **more: Any) -> list[dict[str, Any]]:
    with store.read() as connection:
        found = qido.search(connection, DOCTOR, Search(level, matches=matches, **more))
    return list(found.rows)


@pytest.fixture
def three(store: Store) -> Store:
    """Three studies: two of patients with Chinese names."""
    people = (
        ("1", PatientName("Ouyang^Yan", "欧阳^䶮", ""), "P1", "20260101", "CT", "头颅CT平扫"),
        ("2", PatientName("Zhang^Wei", "张^伟", ""), "P2", "20260215", "MR", "100% brain_mr"),
        ("3", PatientName("Smith^John", "", ""), "p10", "20260301", "CT", "CHEST"),
    )
    for uid, name, patient_id, date, modality, description in people:
        keep(store, arrival(1, study_uid=uid, series_uid=f"{uid}.1", patient_name=name, patient_id=patient_id,
                            study_date=date, modality=modality, study_description=description))  # fmt: skip
    return store


@pytest.mark.parametrize(
    ("matches", "found"),
    [
        ((), "321"),
        ((("StudyInstanceUID", "1,3"),), "31"),
        ((("0020000D", "2"),), "2"),
        ((("PatientID", "P*"),), "321"),
        ((("PatientID", "P?"),), "21"),
        ((("PatientName", "zhang*"),), "2"),
        ((("PatientName", "张^伟"),), "2"),
        ((("PatientName", "张"),), ""),
        ((("PatientName", "欧阳*"),), "1"),
        ((("StudyDate", "20260115-20260228"),), "2"),
        ((("StudyDate", "20260201-"),), "32"),
        ((("StudyDate", "-20260101"),), "1"),
        ((("StudyDate", "20260301"),), "3"),
        ((("ModalitiesInStudy", "CT"),), "31"),
        ((("ModalitiesInStudy", "MR"), ("StudyDate", "2026-")), "2"),
        ((("StudyDescription", "100% *_mr"),), "2"),
        ((("StudyDescription", "100%"),), ""),
        ((("PatientID", ""),), "321"),
    ],
)
def test_searches_match_as_the_standard_says(three: Store, matches: Any, found: str) -> None:
    assert "".join(row["0020000D"] for row in search(three, *matches)) == found


@pytest.mark.parametrize(
    ("said", "found"), [("wei zhang", "2"), ("张伟", "2"), ("阳䶮", "1"), ("SMITH", "3"), ("x", "")]
)
def test_fuzzy_names_are_found_by_any_part(three: Store, said: str, found: str) -> None:
    assert "".join(row["0020000D"] for row in search(three, ("PatientName", said), fuzzy=True)) == found


@pytest.mark.parametrize("matches", [("Nonsense", "1"), ("StudyDate", "yesterday"), ("SOPInstanceUID", "1")])
def test_a_search_that_makes_no_sense_is_refused_rather_than_widened(three: Store, matches: tuple[str, str]) -> None:
    with pytest.raises(BadQuery):
        search(three, matches)


def test_a_page_says_how_many_there_are_in_all(three: Store) -> None:
    with three.read() as connection:
        found = qido.search(connection, DOCTOR, Search(Level.STUDY, offset=1, limit=1))
    assert (found.total, [row["0020000D"] for row in found.rows]) == (3, ["2"])


def test_no_instance_of_a_study_is_held_back(store: Store) -> None:
    keep(store, *(arrival(n) for n in range(1200)))
    found = search(store, level=Level.INSTANCE, study_uid=STUDY)
    assert [row["00200013"] for row in found] == list(range(1200))


def test_another_institution_searches_in_vain(three: Store) -> None:
    with three.read() as connection:
        assert qido.search(connection, OTHER, Search(Level.STUDY)).total == 0
        assert qido.search(connection, OTHER, Search(Level.INSTANCE)).total == 0
        with pytest.raises(NotFound):
            qido.search(connection, OTHER, Search(Level.SERIES, study_uid="1"))


def test_people_look_for_studies_by_name_number_or_words(three: Store) -> None:
    def found(text: str) -> str:
        with three.read() as connection:
            return "".join(row.study_uid for row in studies.latest(connection, DOCTOR, text, None, 10))

    assert found("张伟") == "2"
    assert found("头颅") == "1"
    assert found("p10") == "3"
    assert found("john chest") == "3"
    assert found("%") == "2"
