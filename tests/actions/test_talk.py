"""What is said about a case stays, is found, and is marked unread for the others, on either engine."""

from datetime import timedelta

import pytest

from consult.actions.talk import mark_read, say
from consult.domain.cases import State
from consult.domain.errors import Invalid, NotAllowed, NotFound
from consult.domain.workflow import Verb
from consult.queries import worklist
from consult.queries.feed import after
from consult.queries.talk import messages, search
from consult.queries.worklist import Filters
from consult.store.unit import Store
from tests.makers.cases import NOW, a_study, begun, brought_to, by
from tests.makers.people import ACTORS, settle

DOCTOR, READER, DUTY = ACTORS["anlong.doctor"], ACTORS["guiyang.ct"], ACTORS["xingyi.coordinator"]


@pytest.fixture
def house(store: Store) -> Store:
    settle(store)
    a_study(store)
    return store


def unread(store: Store, who: str, case_id: str) -> int:
    page = worklist.page(store, ACTORS[who], Filters(), None, 40, NOW)
    return next(line.unread for line in page.lines if line.case.id == case_id)


def test_messages_stand_in_order_with_author_and_time(house: Store) -> None:
    case_id = brought_to(house, State.IN_PROGRESS)
    say(house, case_id, " 患者意识加深，请尽快。 ", DOCTOR, NOW)
    say(house, case_id, "收到，正在看。", READER, NOW + timedelta(seconds=20))
    said = messages(house, case_id, DUTY, 0).messages
    assert [(each.author_name, each.text, each.at) for each in said] == [
        ("王建国", "患者意识加深，请尽快。", NOW), ("陈医师", "收到，正在看。", NOW + timedelta(seconds=20)),
    ]  # fmt: skip
    assert [each.text for each in messages(house, case_id, DUTY, said[0].id).messages] == ["收到，正在看。"]


def test_what_others_said_is_unread_until_it_was_read_and_a_mark_never_goes_back(house: Store) -> None:
    case_id = brought_to(house, State.IN_PROGRESS)
    first = say(house, case_id, "一", DOCTOR, NOW)
    last = say(house, case_id, "二", DOCTOR, NOW)
    assert unread(house, "guiyang.ct", case_id) == 2
    assert unread(house, "anlong.doctor", case_id) == 0  # one's own
    assert unread(house, "anlong.other", case_id) == 2
    mark_read(house, case_id, last.id, READER)
    mark_read(house, case_id, first.id, READER)
    assert unread(house, "guiyang.ct", case_id) == 0
    assert messages(house, case_id, READER, 0).read_to == last.id
    say(house, case_id, "三", DOCTOR, NOW)
    assert unread(house, "guiyang.ct", case_id) == 1


def test_the_feed_tells_that_something_was_said_and_not_what(house: Store) -> None:
    case_id = brought_to(house, State.IN_PROGRESS)
    say(house, case_id, "金丝雀", DOCTOR, NOW)
    (told,) = [fact for fact in after(house, READER, 0)[0] if fact.subject == "talk"]
    assert (told.kind, told.subject_id, told.by_id) == ("message", case_id, DOCTOR.person_id)
    assert "金丝雀" not in str(told)
    assert not [fact for fact in after(house, ACTORS["dushan.doctor"], 0)[0] if fact.subject == "talk"]


def test_messages_are_found_by_patient_number_and_words_by_those_who_may_open_the_case(house: Store) -> None:
    case_id = brought_to(house, State.IN_PROGRESS)
    for n in range(45):
        say(house, case_id, f"第{n}条，复查", DOCTOR, NOW)
    number = worklist.page(house, DOCTOR, Filters(), None, 1, NOW).lines[0].case.number
    for text in ("患者一", number, "复查"):
        found = search(house, READER, text, None)
        assert len(found.items) == 40
        assert found.more
        rest = search(house, READER, text, found.items[-1][0].id)
        assert (len(rest.items), rest.more) == (5, False)
    assert [each.text for each, _ in search(house, READER, "第7条", None).items] == ["第7条，复查"]
    assert search(house, READER, "%", None).items == ()
    for stranger in ("dushan.doctor", "guiyang.mr", "anlong.admin", "auditor"):
        assert search(house, ACTORS[stranger], "复查", None).items == ()


def test_who_has_no_part_in_the_case_neither_reads_nor_speaks(house: Store) -> None:
    case_id = brought_to(house, State.IN_PROGRESS)
    for stranger in ("dushan.doctor", "guiyang.mr", "anlong.admin", "auditor"):
        with pytest.raises(NotFound):
            messages(house, case_id, ACTORS[stranger], 0)
        with pytest.raises(NotFound):
            say(house, case_id, "x", ACTORS[stranger], NOW)
        with pytest.raises(NotFound):
            mark_read(house, case_id, 1, ACTORS[stranger])
    with pytest.raises(NotAllowed):
        say(house, case_id, "x", ACTORS["admin"], NOW)
    assert not messages(house, case_id, ACTORS["admin"], 0).talks


@pytest.mark.parametrize("text", ["", "  \n", "长" * 4001])
def test_nothing_and_too_much_are_not_messages(house: Store, text: str) -> None:
    with pytest.raises(Invalid):
        say(house, begun(house), text, DOCTOR, NOW)


def test_a_case_entered_in_error_is_spoken_about_no_more(house: Store) -> None:
    case_id = brought_to(house, State.SUBMITTED)
    by(house, case_id, "xingyi.coordinator", Verb.MARK_ENTERED_IN_ERROR)
    by(house, case_id, "xingyi.second", Verb.CONFIRM_ENTERED_IN_ERROR)
    with pytest.raises(NotAllowed):
        say(house, case_id, "x", DOCTOR, NOW)
