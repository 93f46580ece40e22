"""What the chair signs: the members and every dissent by name stand in the document, and none is lost by a moment."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from consult.actions.members import save_opinion
from consult.actions.reports import preview
from consult.domain.cases import ServiceType, State
from consult.domain.errors import NotFound, Unmet
from consult.domain.workflow import Verb
from tests.makers.cases import by
from tests.makers.people import ACTORS
from tests.makers.signing import AUTHOR, Desk, lone_desk

pytestmark = [
    pytest.mark.slow,  # real signatures and processes: seconds each
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed"),
]
NAMED = [
    {"person": AUTHOR, "specialty": "radiology", "role": "chair"},
    {"person": "guiyang.mr", "specialty": "neurosurgery", "role": "member"},
    {"person": "guiyang.ct2", "specialty": "neurology", "role": "member"},
    {"person": "guiyang.reviewer2", "specialty": "oncology", "role": "observer"},
]
DISSENT = "血肿量小于 30 ml，建议先保守治疗。"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with lone_desk(tmp_path_factory.mktemp("mdt")) as opened:
        yield opened


def words(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def under_way(desk: Desk) -> str:
    """A consultation in which the chair has written the conclusion and two members have spoken."""
    store, now = desk.parts.store, desk.clock()
    case_id = desk.case(State.DRAFT, service_type=ServiceType.MDT)
    by(store, case_id, "anlong.doctor", Verb.INVITE, now, members=NAMED)
    for who, verb in (
        ("anlong.doctor", Verb.SUBMIT), ("xingyi.coordinator", Verb.TRIAGE), (AUTHOR, Verb.CLAIM),
        (AUTHOR, Verb.ACCEPT), ("guiyang.mr", Verb.ACCEPT_INVITATION), ("guiyang.ct2", Verb.ACCEPT_INVITATION),
        (AUTHOR, Verb.OPEN),
    ):  # fmt: skip
        by(store, case_id, who, verb, now)
    save_opinion(store, case_id, "建议开颅。", "", None, ACTORS["guiyang.mr"], now)
    save_opinion(store, case_id, "先观察。", DISSENT, None, ACTORS["guiyang.ct2"], now)
    return case_id


def test_the_signed_document_names_the_members_and_who_differs(desk: Desk) -> None:
    case_id = under_way(desk)
    shown = words(preview(desk.parts, case_id, ACTORS["guiyang.mr"], desk.clock()))
    assert DISSENT in shown
    desk.sign(case_id)
    (document,) = desk.documents(case_id)
    told = words(desk.pdf(document))
    assert "多学科会诊意见书" in told
    assert "会诊主席" in told
    for specialty, name, seat in (
        ("影像科", "陈医师", "主席"),
        ("神经外科", "杨医师", "成员"),
        ("神经内科", "赵医师", "成员"),
    ):
        (line,) = [line for line in told.splitlines() if line.split()[:2] == [specialty, name] and seat in line]
        assert "贵阳专家中心" in line
    assert "李主任" not in told  # was asked to look on and never answered
    assert f"神经内科 赵医师：{DISSENT}" in told
    assert desk.verify(desk.pdf(document)).verdict.valid


def test_whoever_sits_elsewhere_does_not_see_the_page_before_it_is_signed(desk: Desk) -> None:
    case_id = under_way(desk)
    with pytest.raises(NotFound):
        preview(desk.parts, case_id, ACTORS["anlong.doctor"], desk.clock())


def test_a_member_who_joins_late_must_speak_before_the_chair_signs(desk: Desk) -> None:
    case_id = under_way(desk)
    store, now = desk.parts.store, desk.clock()
    late = {"person": "guiyang.resident", "specialty": "emergency", "role": "member"}
    by(store, case_id, AUTHOR, Verb.INVITE, now, members=[*NAMED, late])
    by(store, case_id, "guiyang.resident", Verb.ACCEPT_INVITATION, now)
    with pytest.raises(Unmet) as refused:
        desk.sign(case_id)
    assert "吴医师" in refused.value.sentence.zh
    save_opinion(store, case_id, "同意。", "", None, ACTORS["guiyang.resident"], now)
    assert desk.sign(case_id)["state"] == "signed"
