"""QIDO-RS: what is asked for comes, page after page, with what was left out always told."""

from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from consult.formats.bounded import HeaderReader
from tests.makers.archive import SERIES, STUDY, a_slice
from tests.makers.many_studies import fill
from tests.makers.web import Site, site
from tests.web.test_dicomweb import ROOT

NAMES = ("Zhang^San Feng=张^三丰", "Müller^Jörg", "Yang^Ban=杨^半")


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(2, 300, 20) as opened:
        yield opened


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, reader: HeaderReader) -> Iterator[Site]:
    """Three studies with names, of one slice each."""
    people = ("anlong.doctor", "dushan.doctor", "xingyi.coordinator")
    with site(tmp_path_factory.mktemp("qido"), reader, *people) as opened:
        for number, name in enumerate(NAMES, 1):
            charset = name.encode("gb18030") if "=" in name else name.encode("latin_1")
            opened.archive.put(a_slice(1, study=f"{STUDY}.{number}", series=f"{SERIES}.{number}", name=charset))
        yield opened


def names(door: Site, query: str, level: str = "studies") -> list[str]:
    answer = door["anlong.doctor"].get(f"{ROOT}/{level}?{query}")
    assert answer.status_code == 200, answer.text
    return sorted(each["00100010"]["Value"][0]["Alphabetic"] for each in answer.json)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("PatientName=ZHANG*", ["Zhang^San Feng"]),
        ("00100010=张^三丰", ["Zhang^San Feng"]),
        ("PatientName=张*", ["Zhang^San Feng"]),
        ("PatientName=*BAN", ["Yang^Ban"]),
        ("PatientName=Y?ng^B*", ["Yang^Ban"]),
        ("PatientName=feng zhang&fuzzymatching=true", ["Zhang^San Feng"]),
        ("PatientName=三丰&fuzzymatching=true", ["Zhang^San Feng"]),
        ("PatientName=muller&fuzzymatching=true", ["Müller^Jörg"]),
        ("PatientName=hang&fuzzymatching=true", []),
        (f"StudyInstanceUID={STUDY}.1,{STUDY}.3", ["Yang^Ban", "Zhang^San Feng"]),
        (f"StudyInstanceUID={STUDY}.1\\{STUDY}.3", ["Yang^Ban", "Zhang^San Feng"]),
        ("StudyDate=20240101-20240103&ModalitiesInStudy=CT&PatientName=Yang*", ["Yang^Ban"]),
        ("StudyDate=-20231231", []),
        ("StudyDate=20240102-&PatientName=Yang*", ["Yang^Ban"]),
        ("ModalitiesInStudy=MR", []),
        ("PatientID=p*&PatientName=Y*", ["Yang^Ban"]),
        ("PatientID=p1", []),
        ("PatientName=*&PatientID=P1&StudyDate=2024&PatientName=Yang*", ["Yang^Ban"]),
    ],
)  # fmt: skip
def test_a_study_is_found_by(door: Site, query: str, found: list[str]) -> None:
    assert names(door, query) == found


def test_an_attribute_inside_of_a_sequence_is_matched(door: Site) -> None:
    for path in ("RequestAttributesSequence.RequestedProcedureID", "00400275.00401001"):
        assert names(door, f"{path}=R77", "series") == []
        assert len(names(door, f"{path}=*", "series")) == 3


@pytest.mark.parametrize(
    "query",
    ["Nonsense=1", "limit=-1", "offset=x", "StudyDate=soon", "fuzzymatching=maybe", "includefield=Nonsense",
     "Modality=CT", "PatientWeight=70"],
)  # fmt: skip
def test_nonsense_is_refused_with_a_sentence(door: Site, query: str) -> None:
    answer = door["anlong.doctor"].get(f"{ROOT}/studies?{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "bad-query")
    assert query.partition("=")[0] in answer.json["detail"]


def test_a_fuzzy_search_for_another_name_says_that_it_was_literal(door: Site) -> None:
    answer = door["anlong.doctor"].get(f"{ROOT}/studies?ReferringPhysicianName=X&fuzzymatching=true")
    assert "Only literal matching has been performed." in answer.headers["Warning"]
    assert "Warning" not in door["anlong.doctor"].get(f"{ROOT}/studies?PatientName=X&fuzzymatching=true").headers


@pytest.mark.parametrize("level", ["studies", "series", "instances"])
def test_what_we_keep_no_column_of_is_included_when_asked_for(door: Site, level: str) -> None:
    for name in ("ImageType", "00080008"):
        (found, *_) = door["anlong.doctor"].get(f"{ROOT}/{level}?includefield={name}&limit=1").json
        assert found["00080008"]["Value"] == ["ORIGINAL", "PRIMARY", "AXIAL"]
    assert "00080008" not in door["anlong.doctor"].get(f"{ROOT}/{level}?limit=1").json[0]


def test_xml_comes_in_parts_to_whom_asks_for_it(door: Site) -> None:
    answer = door["anlong.doctor"].get(
        f"{ROOT}/studies?PatientName=Zhang*", Accept='multipart/related; type="application/dicom+xml"'
    )
    assert answer.headers["Content-Type"].startswith('multipart/related; type="application/dicom+xml"')
    _, _, rest = answer.data.partition(b"\r\n\r\n")
    model = ElementTree.fromstring(rest.rpartition(b"\r\n--")[0])
    person = model.find(".//{*}DicomAttribute[@keyword='PatientName']/{*}PersonName/{*}Ideographic")
    assert person is not None
    assert [each.text for each in person] == ["张", "三丰"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/dicom+json"),
        ("application/*;q=0.1", "application/dicom+json"),
        ("application/json;q=0.5, application/dicom+json", "application/dicom+json"),
        ("application/dicom+json;q=0, */*", "application/json"),
        ("application/dicom+json; charset=utf-8", "application/dicom+json"),
        ("image/png", None),
        ("application/dicom+json; charset=gb18030", None),
        ("application/dicom+json;q=0", None),
    ],
)
def test_the_answer_is_what_the_client_takes(door: Site, accept: str, kind: str | None) -> None:
    answer = door["anlong.doctor"].get(f"{ROOT}/studies", Accept=accept)
    if kind is None:
        assert answer.status_code == 406
    else:
        assert answer.headers["Content-Type"].startswith(kind)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, reader: HeaderReader) -> Iterator[Site]:
    """Nine hundred studies of three institutions."""
    with site(tmp_path_factory.mktemp("many"), reader, "anlong.doctor", "xingyi.coordinator") as opened:
        fill(opened.archive.store, 900)
        yield opened


@pytest.mark.parametrize(("who", "count"), [("anlong.doctor", 300), ("xingyi.coordinator", 900)])
def test_pages_hold_every_study_once_newest_first(many: Site, who: str, count: int) -> None:
    seen: list[tuple[str, str]] = []
    for offset in range(0, count, 70):
        answer = many[who].get(f"{ROOT}/studies?limit=70&offset={offset}")
        seen += [(each["00080020"]["Value"][0], each["0020000D"]["Value"][0]) for each in answer.json]
        left = count - len(seen)
        if left > 50:
            assert "X-Total-Count" not in answer.headers
            assert "There are more than 50 additional results" in answer.headers["Warning"]
        else:
            assert answer.headers["X-Total-Count"] == str(count)
            assert (f"There are {left} additional results" in answer.headers.get("Warning", "")) == (left > 0)
    assert len({uid for _, uid in seen}) == count
    assert [day for day, _ in seen] == sorted((day for day, _ in seen), reverse=True)


def test_a_page_is_the_same_by_a_jump_as_by_paging(many: Site) -> None:
    paged = [many["anlong.doctor"].get(f"{ROOT}/studies?limit=50&offset={at}").json for at in (0, 50, 100)]
    jumped = many["anlong.doctor"].get(f"{ROOT}/studies?limit=50&offset=100&StudyDate=").json
    assert paged[2] == jumped


def test_beyond_the_end_is_nothing_with_the_right_total(many: Site) -> None:
    answer = many["anlong.doctor"].get(f"{ROOT}/studies?limit=50&offset=5000&StudyDate=*")
    assert (answer.json, answer.headers["X-Total-Count"]) == ([], "300")


def test_a_study_that_comes_while_one_pages_shifts_nothing(tmp_path_factory: pytest.TempPathFactory,
                                                           reader: HeaderReader) -> None:  # fmt: skip
    with site(tmp_path_factory.mktemp("shift"), reader, "anlong.doctor") as opened:
        fill(opened.archive.store, 60)
        first = opened["anlong.doctor"].get(f"{ROOT}/studies?limit=10").json
        opened.archive.put(a_slice(1, study="2.25.77", series="2.25.78"))
        fill(opened.archive.store, 30, seed=4)
        second = opened["anlong.doctor"].get(f"{ROOT}/studies?limit=10&offset=10").json
        days = [each["00080020"]["Value"][0] for each in (*first, *second)]
        assert not {each["0020000D"]["Value"][0] for each in first} & {each["0020000D"]["Value"][0] for each in second}
        assert days == sorted(days, reverse=True)
