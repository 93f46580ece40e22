"""What signing promises: nothing half-done, nothing twice, every version kept, and nobody in another's name."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from consult.actions import reports
from consult.actions.once import Once
from consult.actions.reports import Conflict
from consult.actions.workflow import NO_KEY, Order, move
from consult.domain.cases import State
from consult.domain.errors import Invalid, NotAllowed, NotFound, Refusal, Stale, TooMany, Unmet, WrongState
from consult.domain.reports import KeyImage, ReportState, ReportText
from consult.domain.sessions import WrongPin
from consult.domain.workflow import Verb
from consult.formats.bounded import HeaderReader
from consult.formats.pdf_pool import Workshop
from consult.store import cases
from consult.store.reports import ISSUED, PENDING, RETRACTED, RETURNED
from consult.store.schema import metadata
from consult.store.unit import Store
from tests.makers.archive import SERIES, STUDY, a_slice, archive
from tests.makers.cases import WRITTEN, write_report
from tests.makers.people import ACTORS, PEOPLE
from tests.makers.signing import ADDRESS, AUTHOR, PIN, REQUESTER, REVIEWER, Desk, desk, workshops

pytestmark = [
    pytest.mark.slow,  # real signatures and processes: seconds each
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed"),
]

BLEEDING = replace(WRITTEN, impression="右侧基底节区脑出血。")


@pytest.fixture(scope="module")
def shops() -> Iterator[tuple[Workshop, Workshop]]:
    with workshops() as made:
        yield made


@pytest.fixture
def everywhere(store: Store, tmp_path: Path, shops: tuple[Workshop, Workshop]) -> Iterator[Desk]:
    """A house where one signature is enough, on either engine: for what the database has to hold together."""
    with desk(store, tmp_path, shops) as opened:
        yield opened


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Store]:
    """A database on SQLite."""
    store = Store(f"sqlite:///{tmp_path}/consult.db")
    metadata.create_all(store.engine)
    yield store
    store.close()


@pytest.fixture
def alone(lite: Store, tmp_path: Path, shops: tuple[Workshop, Workshop]) -> Iterator[Desk]:
    """A house where one signature is enough."""
    with desk(lite, tmp_path, shops) as opened:
        yield opened


@pytest.fixture
def paired(lite: Store, tmp_path: Path, shops: tuple[Workshop, Workshop]) -> Iterator[Desk]:
    """A house where two people sign."""
    with desk(lite, tmp_path, shops, two_person=True) as opened:
        yield opened


def words(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    return re.sub(r"\s", "", done.stdout.decode())


def untouched(there: Desk, case_id: str, refused: type[Refusal], verb: Verb = Verb.SIGN, **said: object) -> Refusal:
    """The order is refused, and afterwards nothing is different from before."""
    who = str(said.pop("who", AUTHOR))
    before, issued = there.stored(case_id), there.documents(case_id, ISSUED, PENDING)
    with pytest.raises(refused) as caught:
        there.sign(case_id, verb, who, **said)
    assert there.stored(case_id) == before
    assert there.documents(case_id, ISSUED, PENDING) == issued
    return caught.value


# one signature


def test_a_signed_report_is_in_the_archive_whole_with_all_that_is_known_of_the_signature(everywhere: Desk) -> None:
    case_id = everywhere.case()
    answer = everywhere.sign(case_id)
    case = everywhere.stored(case_id)
    (document,) = everywhere.documents(case_id)
    assert (answer["state"], case.state, case.report) == ("signed", State.SIGNED, ReportState.FINAL)
    assert answer["sha256"] == document.sha256 == hashlib.sha256(everywhere.pdf(document)).hexdigest()
    assert (document.version, document.state, document.kind) == (1, ISSUED, ReportState.FINAL)
    assert (document.text, document.previous_sha256) == (WRITTEN, None)
    (signature,) = document.signatures
    assert signature["signer"] == PEOPLE[AUTHOR].name
    assert signature["licence_number"] == PEOPLE[AUTHOR].licence.number  # type: ignore[union-attr]
    assert signature["institution"] == "贵阳专家中心"
    assert (signature["role"], signature["authenticated_by"]) == ("reporter", "pin")
    assert signature["address"] == ADDRESS
    assert signature["signed_at"] == everywhere.clock().isoformat()
    assert signature["content_sha256"] == document.content_sha256
    assert signature["certificate_serial"].isdigit()
    assert "演示" in signature["certificate_issuer"]
    page = words(everywhere.pdf(document))
    for told in (PEOPLE[AUTHOR].name, "已电子签名", "患者一", "右侧基底节区高密度影", "演示文书", "王建国", "头颅CT"):
        assert told in page, told
    found = everywhere.verify(everywhere.pdf(document))
    assert found.verdict.valid
    assert found.newest


def test_the_fact_of_signing_rebuilds_the_case(everywhere: Desk) -> None:
    from consult.domain.cases import rebuild

    case_id = everywhere.case()
    everywhere.sign(case_id)
    with everywhere.parts.store.read() as connection:
        facts = cases.facts_of(connection, case_id)
    assert facts[-1].kind == "sign"
    assert rebuild(facts) == everywhere.stored(case_id)


@pytest.mark.parametrize("pin", ["", None, "246811-pin"])
def test_without_the_right_pin_nothing_is_signed(alone: Desk, pin: str | None) -> None:
    refused = untouched(alone, alone.case(), WrongPin if pin else Invalid, pin=pin)
    assert isinstance(refused, Invalid)
    assert [error.field for error in refused.fields] == ["pin"]


def test_guessing_the_pin_comes_to_an_end(alone: Desk) -> None:
    case_id = alone.case()
    refusals = [untouched(alone, case_id, Refusal, pin=f"00000{guess}-pin") for guess in range(12)]
    assert isinstance(refusals[0], WrongPin)
    assert isinstance(refusals[-1], TooMany)
    untouched(alone, case_id, TooMany)  # not even the right one, for a while


def test_nobody_signs_without_a_certificate_of_their_own(alone: Desk) -> None:
    case_id = alone.case()
    with alone.parts.store.write() as unit:
        from consult.store.tables_reports import signing_keys

        unit.connection.execute(signing_keys.delete())
    assert "证书" in untouched(alone, case_id, NotAllowed).sentence.zh


def test_another_than_the_specialist_who_has_the_case_cannot_sign_it(alone: Desk) -> None:
    case_id = alone.case()
    untouched(alone, case_id, NotFound, who=REVIEWER)
    untouched(alone, case_id, NotAllowed, who=REQUESTER)


def test_what_is_empty_or_critical_and_untold_is_not_signed_and_a_reason_does_not_help(alone: Desk) -> None:
    empty = alone.case(text=replace(WRITTEN, impression=" "))
    untouched(alone, empty, Unmet)
    untouched(alone, empty, Invalid, overrides=[{"code": "section-empty", "reason": "以后补"}])


def test_a_critical_finding_is_signed_once_it_is_told(alone: Desk) -> None:
    case_id = alone.case(text=BLEEDING)
    assert "急性脑出血" in untouched(alone, case_id, Unmet).sentence.zh
    alone.sign(case_id, critical={"finding": "急性脑出血"})
    assert [alert.finding for alert in alone.stored(case_id).alerts] == ["急性脑出血"]


def test_a_finding_of_the_rules_is_overridden_with_a_reason_that_stays_on_record(alone: Desk) -> None:
    case_id = alone.case(text=replace(WRITTEN, impression="左侧基底节区高密度影。"))
    untouched(alone, case_id, Unmet)
    untouched(alone, case_id, Invalid, overrides=[{"code": "side-contradiction", "reason": " "}])
    alone.sign(case_id, overrides=[{"code": "side-contradiction", "reason": "图像左右已核对"}])
    (document,) = alone.documents(case_id)
    assert document.overrides == ({"code": "side-contradiction", "reason": "图像左右已核对"},)


# once, and as it was seen


def test_the_same_click_signs_once_and_gets_the_same_answer(alone: Desk) -> None:
    case_id = alone.case()
    key = Once("click-1", "a" * 64)
    first = alone.sign(case_id, once=key)
    assert alone.sign(case_id, once=key) == first
    assert len(alone.documents(case_id)) == 1


def test_clicks_at_the_same_time_sign_once_and_all_get_the_same_answer(everywhere: Desk) -> None:
    case_id = everywhere.case()
    now = everywhere.clock.advance(minutes=1)
    order = Order(Verb.SIGN, {"pin": PIN}, None, Once("click-2", "a" * 64))
    with ThreadPoolExecutor(4) as threads:
        answers = list(
            threads.map(
                lambda _: reports.seal(everywhere.parts, case_id, order, ACTORS[AUTHOR], ADDRESS, now), range(4)
            )
        )
    assert len({answer["sha256"] for answer in answers}) == 1
    assert len(everywhere.documents(case_id)) == 1


def test_two_people_who_sign_at_the_same_time_get_one_document(everywhere: Desk) -> None:
    case_id = everywhere.case()
    now = everywhere.clock.advance(minutes=1)

    def sign(_: int) -> bool:
        try:
            reports.seal(everywhere.parts, case_id, Order(Verb.SIGN, {"pin": PIN}), ACTORS[AUTHOR], ADDRESS, now)
        except (Stale, WrongState):
            return False
        return True

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(sign, range(3))) == [False, False, True]
    assert len(everywhere.documents(case_id)) == 1


def test_a_report_that_was_seen_in_another_version_is_not_signed(alone: Desk) -> None:
    case_id = alone.case()
    order = Order(Verb.SIGN, {"pin": PIN}, alone.stored(case_id).version - 1, NO_KEY)
    with pytest.raises(Stale):
        reports.seal(alone.parts, case_id, order, ACTORS[AUTHOR], ADDRESS, alone.clock())
    assert alone.documents(case_id) == []


# two signatures


def test_two_people_sign_one_document_and_only_then_it_is_issued(paired: Desk) -> None:
    case_id = paired.case()
    untouched(paired, case_id, Unmet)  # one signature is not enough here
    paired.sign(case_id, Verb.SUBMIT_FOR_REVIEW)
    (waiting,) = paired.documents(case_id, PENDING)
    assert paired.documents(case_id) == []
    assert not paired.verify(paired.pdf(waiting)).verdict.valid
    untouched(paired, case_id, NotAllowed, Verb.CO_SIGN, who=AUTHOR)  # nobody reviews their own report
    paired.sign(case_id, Verb.CO_SIGN, REVIEWER)
    (issued,) = paired.documents(case_id)
    assert paired.documents(case_id, PENDING) == []
    assert paired.pdf(issued).startswith(paired.pdf(waiting))
    assert [(each["signer"], each["role"]) for each in issued.signatures] == [
        (PEOPLE[AUTHOR].name, "reporter"),
        (PEOPLE[REVIEWER].name, "reviewer"),
    ]
    found = paired.verify(paired.pdf(issued))
    assert found.verdict.valid
    assert [(signer.name, signer.at) for signer in found.verdict.signers] == [
        (PEOPLE[AUTHOR].name, paired.clock() - timedelta(minutes=2)),
        (PEOPLE[REVIEWER].name, paired.clock()),
    ]


def test_what_the_reviewer_returned_never_becomes_valid_and_the_next_one_does(paired: Desk) -> None:
    case_id = paired.case()
    paired.sign(case_id, Verb.SUBMIT_FOR_REVIEW)
    (returned,) = paired.documents(case_id, PENDING)
    back = Order(Verb.RETURN_REVIEW, {"reason": "请补充中线"})
    move(paired.parts.store, case_id, back, ACTORS[REVIEWER], paired.clock())
    write_report(paired.parts.store, case_id, replace(WRITTEN, recommendation="建议复查。"))
    paired.sign(case_id, Verb.SUBMIT_FOR_REVIEW)
    paired.sign(case_id, Verb.CO_SIGN, REVIEWER)
    (issued,) = paired.documents(case_id)
    assert [each.sha256 for each in paired.documents(case_id, RETURNED)] == [returned.sha256]
    assert (issued.version, issued.text.recommendation) == (1, "建议复查。")
    assert paired.verify(paired.pdf(issued)).verdict.valid
    assert not paired.verify(paired.pdf(returned)).verdict.valid


def test_a_waiting_document_that_was_damaged_on_disk_is_not_countersigned(paired: Desk) -> None:
    case_id = paired.case()
    paired.sign(case_id, Verb.SUBMIT_FOR_REVIEW)
    (waiting,) = paired.documents(case_id, PENDING)
    path = paired.parts.blobs.path(waiting.sha256)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    untouched(paired, case_id, Refusal, Verb.CO_SIGN, who=REVIEWER)


# versions


def test_a_preliminary_report_stays_readable_and_the_final_one_names_it_and_says_what_differs(alone: Desk) -> None:
    case_id = alone.case()
    alone.sign(case_id, Verb.ISSUE_PRELIMINARY)
    (preliminary,) = alone.documents(case_id)
    assert (preliminary.version, preliminary.kind) == (1, ReportState.PRELIMINARY)
    page = words(alone.pdf(preliminary))
    assert "未经审核签发" in page
    assert "审核医师" not in page
    assert alone.verify(alone.pdf(preliminary)).verdict.valid
    untouched(alone, case_id, Unmet)  # the difference must be said
    alone.sign(case_id, variation="与初步报告一致")
    first, final = alone.documents(case_id)
    assert first == preliminary
    assert (final.version, final.kind, final.previous_sha256) == (2, ReportState.FINAL, preliminary.sha256)
    assert final.signatures[0]["reason"] == "与初步报告一致"
    text = words(alone.pdf(final))
    assert preliminary.sha256 in text
    assert "与初步报告一致" in text
    old, new = alone.verify(alone.pdf(preliminary)), alone.verify(alone.pdf(final))
    assert (old.verdict.valid, old.newest, [code for code, _ in old.notices]) == (True, False, ["superseded"])
    assert (new.verdict.valid, new.newest, new.notices) == (True, True, ())


def test_a_correction_is_a_new_signed_document_and_the_old_one_is_not_touched(alone: Desk) -> None:
    case_id = alone.case()
    alone.sign(case_id)
    (first,) = alone.documents(case_id)
    before = alone.pdf(first)
    wrong = Order(Verb.CORRECT, {"reason": "建议有误", "kind": "amended"})
    move(alone.parts.store, case_id, wrong, ACTORS[AUTHOR], alone.clock())
    write_report(alone.parts.store, case_id, replace(WRITTEN, recommendation="建议增强扫描。"))
    alone.sign(case_id)
    old, new = alone.documents(case_id)
    assert old == first
    assert alone.pdf(old) == before
    assert (new.version, new.kind, new.previous_sha256) == (2, ReportState.AMENDED, first.sha256)
    assert new.signatures[0]["reason"] == "建议有误"
    assert "原因：建议有误" in words(alone.pdf(new))
    assert alone.stored(case_id).report is ReportState.AMENDED


def test_a_recalled_report_is_valid_no_more(paired: Desk) -> None:
    case_id = paired.case()
    paired.sign(case_id, Verb.SUBMIT_FOR_REVIEW)
    paired.sign(case_id, Verb.CO_SIGN, REVIEWER)
    (issued,) = paired.documents(case_id)
    recall = Order(Verb.RECALL, {"reason": "患者张冠李戴"})
    move(paired.parts.store, case_id, recall, ACTORS[REVIEWER], paired.clock())
    found = paired.verify(paired.pdf(issued))
    assert not found.verdict.valid
    assert [reason.code for reason in found.verdict.reasons] == ["recalled"]
    assert [each.state for each in paired.documents(case_id)] == [RETRACTED]


# before signing


def test_a_preview_is_marked_and_shows_nobodys_signature(alone: Desk) -> None:
    case_id = alone.case()
    page = words(reports.preview(alone.parts, case_id, ACTORS[AUTHOR], alone.clock()))
    assert "右侧基底节区高密度影" in page
    assert "已电子签名" not in page
    assert PEOPLE[AUTHOR].name not in page
    for letter in "预览未签名":
        assert letter in page
    assert alone.documents(case_id, ISSUED, PENDING) == []


def test_the_requesting_side_sees_a_report_when_it_is_issued_and_not_before(paired: Desk) -> None:
    case_id = paired.case()

    def shown(who: str) -> bytes:
        return reports.preview(paired.parts, case_id, ACTORS[who], paired.clock())

    for verb, who in ((None, ""), (Verb.SUBMIT_FOR_REVIEW, AUTHOR), (Verb.CO_SIGN, REVIEWER)):
        if verb is not None:
            paired.sign(case_id, verb, who)
        if verb is Verb.CO_SIGN:
            assert words(shown(REQUESTER)).count("已电子签名") == 2
        else:
            with pytest.raises(NotFound):
                shown(REQUESTER)
    with pytest.raises(NotFound):
        shown("dushan.doctor")


def test_the_reviewer_sees_what_the_author_signed(paired: Desk) -> None:
    case_id = paired.case()
    paired.sign(case_id, Verb.SUBMIT_FOR_REVIEW)
    (waiting,) = paired.documents(case_id, PENDING)
    assert reports.preview(paired.parts, case_id, ACTORS[REVIEWER], paired.clock()) == paired.pdf(waiting)


def test_there_is_nothing_to_preview_before_the_first_word(alone: Desk) -> None:
    from tests.makers.cases import brought_to

    case_id = brought_to(alone.parts.store, State.IN_PROGRESS)
    with pytest.raises(Unmet):
        reports.preview(alone.parts, case_id, ACTORS[AUTHOR], alone.clock())


def test_key_images_are_drawn_and_those_of_another_patient_are_refused(
    alone: Desk, lite: Store, tmp_path: Path
) -> None:
    with HeaderReader(1, 300, 30.0) as reader, archive(lite, tmp_path / "images", reader) as there:
        there.put(a_slice(1, name="患者一".encode()))  # UTF-8, undeclared: guessed
        (kept,) = there.objects()
        alone.parts.blobs.put(kept.read_bytes())
    drawn = KeyImage(f"{SERIES}.1", 1, "右侧基底节区")
    case_id = alone.case(text=replace(WRITTEN, key_images=(drawn,)), study_uids=(STUDY,))
    page = reports.preview(alone.parts, case_id, ACTORS[AUTHOR], alone.clock())
    assert "图1右侧基底节区" in words(page)
    foreign = replace(WRITTEN, key_images=(drawn, KeyImage("1.2.3.4", 1, "别人")))
    write_report(alone.parts.store, case_id, foreign)
    refused = untouched(alone, case_id, Invalid, Verb.ISSUE_PRELIMINARY)
    assert [error.field for error in refused.fields] == ["key_images"]  # type: ignore[attr-defined]


# writing


def test_only_who_has_the_case_writes_and_what_is_saved_is_kept(alone: Desk) -> None:
    case_id = alone.case()
    store, now = alone.parts.store, alone.clock()
    kept = reports.save(store, case_id, replace(WRITTEN, comparison="无"), 1, ACTORS[AUTHOR], now)
    assert kept.number == 2
    assert reports.save(store, case_id, replace(WRITTEN, comparison="无"), 2, ACTORS[AUTHOR], now).number == 2
    with pytest.raises(NotAllowed):
        reports.save(store, case_id, WRITTEN, None, ACTORS[REQUESTER], now)
    with pytest.raises(NotFound):
        reports.save(store, case_id, WRITTEN, None, ACTORS["dushan.doctor"], now)


def test_a_save_over_a_newer_text_is_refused_with_that_text(alone: Desk) -> None:
    case_id = alone.case()
    store, now = alone.parts.store, alone.clock()
    reports.save(store, case_id, replace(WRITTEN, comparison="无"), 1, ACTORS[AUTHOR], now)
    with pytest.raises(Conflict) as conflict:
        reports.save(store, case_id, ReportText(findings="旧窗口"), 1, ACTORS[AUTHOR], now)
    assert conflict.value.current.text.comparison == "无"


def test_a_signed_text_is_not_written_any_more(alone: Desk) -> None:
    case_id = alone.case()
    alone.sign(case_id)
    with pytest.raises(WrongState):
        reports.save(alone.parts.store, case_id, ReportText(findings="改"), None, ACTORS[AUTHOR], alone.clock())
