"""C-FIND against real askers: what is found, in whose characters, by whom it may be seen, and how it is stopped."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_FIND
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from sqlalchemy import insert, select, update

from consult.domain.events import Fact
from consult.listeners.find import PATIENT_ROOT, STUDY_ROOT
from consult.store import cases
from consult.store.audit import walk
from consult.store.find import PAGE
from consult.store.tables_studies import instances, series, studies
from tests.makers.archive import DUSHAN_CT, a_slice
from tests.makers.cases import a_case
from tests.makers.dicom import ct_slice, item, part10
from tests.makers.door import Clinic
from tests.makers.people import NOW

FINDSCU = "/usr/bin/findscu"
needs_dcmtk = pytest.mark.skipif(shutil.which(FINDSCU) is None, reason="dcmtk is not installed")
WANG = "Wang^Xiaodong=王^小东"


@contextmanager
def asking(here: Clinic, title: str = "ANLONG", extended: dict[str, bytes] | None = None) -> Iterator[Association]:
    peer = AE(title)
    for model in (PATIENT_ROOT, STUDY_ROOT):
        peer.add_requested_context(model)
    told = []
    for uid, info in (extended or {}).items():
        one = SOPClassExtendedNegotiation()
        one.sop_class_uid, one.service_class_application_information = uid, info
        told.append(one)
    association = peer.associate("127.0.0.1", here.port, ae_title="CONSULT", ext_neg=told)
    assert association.is_established
    try:
        yield association
    finally:
        if association.is_established:
            association.release()
        association.join(20)


def query(level: str, **keys: Any) -> Dataset:
    asked = Dataset()
    asked.QueryRetrieveLevel = level
    for name, value in keys.items():
        setattr(asked, name, value)
    return asked


def found(
    here: Clinic, level: str, title: str = "ANLONG", model: str = STUDY_ROOT, status: int = 0xFF00, **keys: Any
) -> list[Dataset]:
    with asking(here, title) as association:
        told = list(association.send_c_find(query(level, **keys), model))
    assert [each.Status for each, _ in told] == [status] * (len(told) - 1) + [0x0000]
    return [row for _, row in told if row is not None]


def uids(rows: list[Dataset], keyword: str = "StudyInstanceUID") -> list[str]:
    return sorted(str(row[keyword].value) for row in rows)


@pytest.fixture
def stocked(here: Clinic) -> Clinic:
    fill(here)
    return here


def fill(here: Clinic) -> None:
    """Three studies of ANLONG (of two patients), one of DUSHAN."""
    for number in (1, 2):
        here.made.put(a_slice(number, study="2.25.1", series="2.25.11"))
    here.made.put(a_slice(1, study="2.25.1", series="2.25.12"))
    here.made.put(a_slice(1, study="2.25.2", series="2.25.21", name=WANG.encode("gb18030")))
    here.made.put(a_slice(1, study="2.25.3", series="2.25.31", name=WANG.encode("gb18030")))
    here.made.put(a_slice(1, study="2.25.4", series="2.25.41"), DUSHAN_CT)
    with here.made.store.write() as unit:
        change = unit.connection.execute
        for uid, date, time in (("1", "20240102", "093000"), ("2", "20240103", "101500.5"), ("3", "20240104", "0800")):
            there = studies.c.study_uid == f"2.25.{uid}"
            change(update(studies).where(there).values(study_date=date, study_time=time, accession_number=f"A_{uid}"))
        change(update(studies).where(studies.c.study_uid == "2.25.3").values(patient_id="P3"))
        change(update(series).where(series.c.series_uid == "2.25.12").values(modality="SR"))


# what is found


def test_every_level_is_answered_on_either_engine(anywhere: Clinic) -> None:
    fill(anywhere)
    patients = found(
        anywhere, "PATIENT", model=PATIENT_ROOT, PatientID="", PatientName="", NumberOfPatientRelatedStudies="",
        NumberOfPatientRelatedInstances="",
    )  # fmt: skip
    told = sorted((row.PatientID, str(row.PatientName), row.NumberOfPatientRelatedInstances) for row in patients)
    assert told == [("P1", WANG, 1), ("P1", "Yang^Ban", 3), ("P3", WANG, 1)]
    assert {row.NumberOfPatientRelatedStudies for row in patients} == {1}
    (study,) = found(
        anywhere, "STUDY", StudyInstanceUID="2.25.1", ModalitiesInStudy="", NumberOfStudyRelatedSeries="",
        NumberOfStudyRelatedInstances="", SOPClassesInStudy="",
    )  # fmt: skip
    assert (study.NumberOfStudyRelatedSeries, study.NumberOfStudyRelatedInstances) == (2, 3)
    assert list(study.ModalitiesInStudy) == ["CT", "SR"]
    assert study.RetrieveAETitle == "CONSULT"
    assert study.InstanceAvailability == "ONLINE"
    rows = found(anywhere, "SERIES", StudyInstanceUID="2.25.1", SeriesInstanceUID="", NumberOfSeriesRelatedInstances="")
    assert sorted((row.SeriesInstanceUID, row.NumberOfSeriesRelatedInstances) for row in rows) == [
        ("2.25.11", 2),
        ("2.25.12", 1),
    ]
    images = found(
        anywhere, "IMAGE", StudyInstanceUID="2.25.1", SeriesInstanceUID="2.25.11", SOPInstanceUID="", InstanceNumber="",
        ImagePositionPatient="", Rows=None,
    )  # fmt: skip
    assert sorted(
        (row.SOPInstanceUID, row.InstanceNumber, list(row.ImagePositionPatient), row.Rows) for row in images
    ) == [
        ("2.25.11.1", 1, [-10, -20, 1], 4),
        ("2.25.11.2", 2, [-10, -20, 2], 4),
    ]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, "123"),
        ({"PatientName": "*"}, "123"),
        ({"PatientName": "wang*"}, "23"),
        ({"PatientName": "YANG^BAN"}, "1"),
        ({"PatientName": "Y?ng*"}, "1"),
        ({"PatientID": "P3"}, "3"),
        ({"PatientID": "p3"}, ""),
        ({"PatientID": "P?"}, "123"),
        ({"AccessionNumber": "A_2"}, "2"),
        ({"AccessionNumber": "A?2"}, "2"),
        ({"AccessionNumber": "_*"}, ""),
        ({"StudyInstanceUID": ["2.25.1", "2.25.3", "2.25.99"]}, "13"),
        ({"StudyDate": "20240103"}, "2"),
        ({"StudyDate": "20240102-20240103"}, "12"),
        ({"StudyDate": "-20240102"}, "1"),
        ({"StudyDate": "20240104-"}, "3"),
        ({"StudyTime": "0900-1015"}, "12"),
        ({"StudyDate": "20240102-20240103", "StudyTime": "0900-1000"}, "1"),
        ({"ModalitiesInStudy": "SR"}, "1"),
        ({"ModalitiesInStudy": ["MR", "CT"]}, "123"),
        ({"ModalitiesInStudy": "MR"}, ""),
        ({"PatientSex": "M"}, ""),
    ],
)
def test_keys_match_as_the_standard_says(stocked: Clinic, keys: dict[str, Any], expected: str) -> None:
    rows = found(stocked, "STUDY", **{"StudyInstanceUID": "", **keys})
    assert uids(rows) == [f"2.25.{each}" for each in expected]


def test_date_and_time_are_one_moment_where_that_was_agreed(stocked: Clinic) -> None:
    keys = {"StudyDate": "20240102-20240103", "StudyTime": "093000-1000", "StudyInstanceUID": ""}
    assert uids(found(stocked, "STUDY", **keys)) == ["2.25.1"]
    with asking(stocked, extended={STUDY_ROOT: b"\1\1\1"}) as association:
        agreed = association.acceptor.sop_class_extended
        assert agreed[STUDY_ROOT] == b"\1\1"
        told = [row for _, row in association.send_c_find(query("STUDY", **keys), STUDY_ROOT) if row is not None]
    assert uids(told) == ["2.25.1"]
    keys["StudyTime"] = "0931-1100"
    assert uids(found(stocked, "STUDY", **keys)) == ["2.25.2"]
    with asking(stocked, extended={STUDY_ROOT: b"\1\1"}) as association:
        told = [row for _, row in association.send_c_find(query("STUDY", **keys), STUDY_ROOT) if row is not None]
    assert uids(told) == ["2.25.2"]


def test_what_no_column_holds_is_read_from_an_instance(here: Clinic) -> None:
    code = item(*(b"\x08\0\0\1SH\4\0T-D1", b"\x08\0\2\1SH\4\0SNM "))
    said = {0x00081090: ("LO", b"Scanner 7"), 0x00101010: ("AS", b"054Y"), 0x00082218: ("SQ", code)}
    here.made.put(part10(ct_slice(said)))
    assert uids(found(here, "STUDY", StudyInstanceUID="", PatientAge="054Y")) == ["2.25.1"]
    assert found(here, "STUDY", StudyInstanceUID="", PatientAge="055Y") == []
    (row,) = found(here, "SERIES", SeriesInstanceUID="", ManufacturerModelName="scan*")
    assert row.ManufacturerModelName == "Scanner 7"

    def of_region(value: str) -> list[Dataset]:
        inner = Dataset()
        inner.CodeValue, inner.CodingSchemeDesignator = value, ""
        return found(here, "SERIES", SeriesInstanceUID="", AnatomicRegionSequence=Sequence([inner]))

    (row,) = of_region("T-D*")
    assert [(each.CodeValue, each.CodingSchemeDesignator) for each in row.AnatomicRegionSequence] == [("T-D1", "SNM")]
    assert of_region("T-A*") == []


def test_keys_that_are_not_held_come_back_empty(stocked: Clinic) -> None:
    rows = found(stocked, "STUDY", StudyInstanceUID="2.25.1", EthnicGroup="", SeriesDescription="")
    assert [(row.EthnicGroup, row.SeriesDescription) for row in rows] == [("", "")]


def test_a_key_that_was_not_matched_is_told(stocked: Clinic) -> None:
    assert len(found(stocked, "STUDY", status=0xFF01, StudyInstanceUID="", EthnicGroup="HAN")) == 3


# in whose characters


@pytest.mark.parametrize("charset", ["GB18030", "GBK", "ISO_IR 192", "\\ISO 2022 IR 58"])
def test_a_chinese_name_is_asked_for_and_answered_in_the_askers_characters(here: Clinic, charset: str) -> None:
    here.made.put(a_slice(name=WANG.encode("gb18030")))
    keys = {"PatientName": "*=王^小*", "StudyInstanceUID": ""}
    if "IR 58" in charset:
        keys["PatientName"] = "*=王*"
    terms = charset.split("\\") if "\\" in charset else charset
    (row,) = found(here, "STUDY", SpecificCharacterSet=terms, **keys)
    assert row.SpecificCharacterSet == terms
    name = row.PatientName
    assert re.sub(r"\x1b\$\)A", "", name.ideographic) == "王^小东"
    assert found(here, "STUDY", SpecificCharacterSet=terms, StudyInstanceUID="", PatientName="*李*") == []


@pytest.mark.parametrize("charset", ["ISO_IR 100", None])
def test_an_asker_whose_characters_cannot_hold_the_name_gets_utf_8_and_is_told(
    here: Clinic, charset: str | None
) -> None:
    here.made.put(a_slice(name=WANG.encode("gb18030")))
    keys = {"SpecificCharacterSet": charset} if charset else {}
    (row,) = found(here, "STUDY", PatientName="Wang*", StudyInstanceUID="", **keys)
    assert row.SpecificCharacterSet == "ISO_IR 192"
    assert str(row.PatientName) == WANG


def test_a_rare_character_beyond_gbk_is_answered_in_utf_8(here: Clinic) -> None:
    here.made.put(a_slice(name="Yang=杨^\U00020c42".encode("gb18030")))
    (row,) = found(here, "STUDY", SpecificCharacterSet="GBK", PatientName="", StudyInstanceUID="")
    assert row.SpecificCharacterSet == "ISO_IR 192"
    assert "\U00020c42" in str(row.PatientName)


@needs_dcmtk
def test_findscu_finds_a_chinese_name(stocked: Clinic) -> None:
    told = subprocess.run(
        [FINDSCU, "-S", "-aet", "ANLONG", "-aec", "CONSULT", "127.0.0.1", str(stocked.port), "-X", "-od", ".",
         "-k", "0008,0005=GB18030", "-k", "0008,0052=STUDY", "-k", b"0010,0010=*\xcd\xf5*", "-k", "0020,000d"],
        check=False, capture_output=True, timeout=60, cwd=stocked.made.blobs.root,
    )  # fmt: skip
    assert (told.returncode, told.stderr) == (0, b"")
    answers = sorted(stocked.made.blobs.root.glob("rsp*.dcm"))
    assert len(answers) == 2
    assert all("王^小东".encode("gb18030") in answer.read_bytes() for answer in answers)


# by whom


def test_a_machine_finds_nothing_of_another_county(stocked: Clinic) -> None:
    assert uids(found(stocked, "STUDY", "DUSHAN", StudyInstanceUID="")) == ["2.25.4"]
    assert found(stocked, "IMAGE", "DUSHAN", StudyInstanceUID="2.25.1", SOPInstanceUID="") == []
    assert len(found(stocked, "PATIENT", "DUSHAN", PATIENT_ROOT, PatientID="*")) == 1
    assert found(stocked, "STUDY", "XINGYI", StudyInstanceUID="") == []


def test_a_case_lets_the_machines_of_those_it_concerns_find_its_study_and_no_other(stocked: Clinic) -> None:
    case = a_case(study_uids=("2.25.1",))  # of ANLONG, for GUIYANG, by their centre XINGYI
    told = Fact("case", case.id, "case_opened", NOW, None, "", case.version, {})
    with stocked.made.store.write() as unit:
        cases.add(unit, case, told, None)
    for title in ("XINGYI", "GUIYANG"):
        assert uids(found(stocked, "STUDY", title, StudyInstanceUID="")) == ["2.25.1"]
    assert uids(found(stocked, "STUDY", "DUSHAN", StudyInstanceUID="")) == ["2.25.4"]


def test_a_machine_that_may_only_send_may_not_query(stocked: Clinic) -> None:
    stocked.knows("ANLONG_CT2", "ANLONG", may_query=False)
    with asking(stocked, "ANLONG_CT2") as association:
        ((status, row),) = association.send_c_find(query("STUDY", StudyInstanceUID=""), STUDY_ROOT)
    assert (status.Status, row) == (0x0124, None)


# what is wrong with a question, and how it is stopped


@pytest.mark.parametrize(("level", "status"), [("PATIENT", 0xA900), ("FRAME", 0xA900), ("", 0xC000)])
def test_a_level_that_the_model_has_not_is_refused(stocked: Clinic, level: str, status: int) -> None:
    with asking(stocked) as association:
        ((told, _),) = association.send_c_find(query(level, StudyInstanceUID=""), STUDY_ROOT)
        assert told.Status == status
        assert association.send_c_find(query("STUDY", StudyInstanceUID=""), STUDY_ROOT)


def many(here: Clinic, count: int) -> None:
    """So many more studies of ANLONG, each a copy of the rows of the first."""
    with here.made.store.write() as unit:
        change = unit.connection.execute
        one = dict(change(select(studies).where(studies.c.study_uid == "2.25.1")).mappings().one())
        image = dict(change(select(instances).where(instances.c.sop_uid == "2.25.11.1")).mappings().one())
        image.pop("id")
        added = range(count)
        change(insert(studies), [{**one, "id": f"{n:032x}", "study_uid": f"2.25.9{n}"} for n in added])
        change(insert(instances), [{**image, "sop_uid": f"2.25.11.9{n}"} for n in added])


def test_more_than_a_page_is_answered_whole_and_each_once(stocked: Clinic) -> None:
    many(stocked, 2 * PAGE)
    told = uids(found(stocked, "STUDY", StudyInstanceUID=""))
    assert len(told) == len(set(told)) == 2 * PAGE + 3
    told = uids(
        found(stocked, "IMAGE", SeriesInstanceUID="2.25.11", SOPInstanceUID="", PatientAge=""), "SOPInstanceUID"
    )
    assert len(told) == len(set(told)) == 2 * PAGE + 2


def test_an_asker_who_has_enough_is_not_sent_the_rest(stocked: Clinic) -> None:
    many(stocked, 4 * PAGE)
    with asking(stocked) as association:
        rows, last = 0, None
        for status, row in association.send_c_find(query("STUDY", StudyInstanceUID=""), STUDY_ROOT, msg_id=7):
            rows, last = rows + (row is not None), status.Status
            if rows == 1:
                association.send_c_cancel(7, query_model=STUDY_ROOT)
    assert last == 0xFE00
    assert rows < 4 * PAGE


def test_an_asker_who_hangs_up_in_the_middle_harms_nobody(stocked: Clinic) -> None:
    with asking(stocked) as association:
        next(association.send_c_find(query("IMAGE", SOPInstanceUID=""), STUDY_ROOT))
        association.abort()
    assert len(found(stocked, "STUDY", StudyInstanceUID="")) == 3


def test_a_damaged_identifier_is_refused(stocked: Clinic) -> None:
    from io import BytesIO

    with asking(stocked) as association:
        request = C_FIND()
        request.MessageID, request.AffectedSOPClassUID, request.Priority = 1, STUDY_ROOT, 2
        request.Identifier = BytesIO(b"\x08\0\x52\0\xff\0\0\0STUDY ")
        (context,) = [each for each in association.accepted_contexts if each.abstract_syntax == STUDY_ROOT]
        association._reactor_checkpoint.clear()
        association.dimse.send_msg(request, context.context_id)
        _, answer = association.dimse.get_msg(block=True)
        association._reactor_checkpoint.set()
        assert answer.Status == 0xC000


def test_that_a_machine_searches_is_in_the_log_once_an_association_without_what_for(stocked: Clinic) -> None:
    for _ in range(2):
        with asking(stocked) as association:
            for _ in range(2):
                list(association.send_c_find(query("STUDY", PatientName="Wang*"), STUDY_ROOT))
    with stocked.made.store.read() as connection:
        told = [row.entry for row in walk(connection) if row.entry.deed == "search"]
    assert [(each.person_name, each.address, dict(each.detail)) for each in told] == [
        ("ANLONG", "127.0.0.1", {"institution": "ANLONG"})
    ] * 2
