"""Cases brought to random ends by random people, through the moves that the product offers them, with their images."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import strategies as some

from consult.actions.workflow import Order, apply, move_by_system
from consult.domain.cases import Priority, State
from consult.domain.errors import Refusal
from consult.domain.events import Fact
from consult.domain.people import SYSTEM
from consult.domain.workflow import Verb, open_to
from consult.store import cases, reports
from consult.store.unit import Store
from consult.store.world import world_of
from tests.makers.cases import a_study, begun, say, stored, write_report
from tests.makers.people import ACTORS

SIDE = ("anlong.doctor", "anlong.head", "xingyi.coordinator", "guiyang.ct", "guiyang.reviewer2", "system")
SELDOM = {Verb.REJECT, Verb.WITHDRAW, Verb.CANCEL, Verb.EXPIRE, Verb.MARK_ENTERED_IN_ERROR, Verb.ESCALATE,
          Verb.CONFIRM_ENTERED_IN_ERROR, Verb.RELEASE, Verb.DECLINE, Verb.REVISE, Verb.RESCHEDULE}  # fmt: skip
STEP = some.tuples(some.integers(0, 60), some.sampled_from([1, 60, 61, 600, 1799, 3600, 14400, 90_000]))
HISTORY = some.tuples(
    some.sampled_from(sorted(Priority)), some.sampled_from([None, 0, 1800, 7000]),
    some.sampled_from(["CT", "DX", "MR"]), some.lists(STEP, min_size=12, max_size=22),
)  # fmt: skip
History = tuple[Priority, int | None, str, list[tuple[int, int]]]
ITEMS = (["薄层原始序列"], ["检验结果", "患者原话：想再看一次"], ["完整的全部序列"])


def live_through(store: Store, history: History, begin: datetime, number: int) -> str:
    """One case and its study from ``begin`` on; its id."""
    priority, exam, modality, steps = history
    uid = f"1.2.826.0.1.3680043.8.498.{number}"
    started = None if exam is None else begin - timedelta(seconds=exam)
    a_study(store, uid=uid, status="receiving", received=1)
    case_id = begun(store, begin, priority=priority, exam_started=started, modality=modality, study_uids=(uid,),
                    images_follow=True, question=f"第{number}问")  # fmt: skip
    now = begin
    for pick, seconds in steps:
        now += timedelta(seconds=seconds, microseconds=pick)
        _images(store, uid, pick, now)
        _move(store, case_id, pick, now)
    return case_id


def _images(store: Store, uid: str, pick: int, now: datetime) -> None:
    """Sometimes images arrive, or a study is found whole or short; told as the archive tells it."""
    kind, status = {1: ("study_received", "receiving"), 2: ("study_settled", "short")}.get(
        pick % 7, ("study_settled", "complete")
    )
    if pick % 3 == 0:
        return
    a_study(store, uid=uid, status=status)
    with store.write() as unit:
        unit.tell(Fact("study", uid, kind, now, None, "系统", 1, {"institution": "ANLONG", "status": status}))
        # another hospital's study of the same UID says nothing about this case
        unit.tell(Fact("study", uid, "study_settled", now, None, "系统", 1,
                       {"institution": "DUSHAN", "status": "complete"}))  # fmt: skip


def _move(store: Store, case_id: str, pick: int, now: datetime) -> None:
    case = stored(store, case_id)
    if case.state is State.IN_PROGRESS:
        write_report(store, case_id)
    if case.state is State.SIGNED:
        with store.write() as unit:
            reports.confirm_delivery(unit.connection, case_id, case.report_version, "portal", "ANLONG", now)
    with store.read() as connection:
        world = world_of(connection, case, now)
    moves = [
        (who, move.row.verb)
        for who in SIDE
        for move in open_to(case, ACTORS[who], world, now)
        if move.row.target is not None or move.row.verb in (Verb.RAISE_ALERT, Verb.CONFIRM_ALERT, Verb.CHANGE_PRIORITY)
        if pick % 11 == 0 or move.row.verb not in SELDOM
    ]
    if moves:
        _try(store, case_id, *moves[pick % len(moves)], pick, now)


def _try(store: Store, case_id: str, who: str, verb: Verb, pick: int, now: datetime) -> None:
    said = {**say(verb), "items": ITEMS[pick % 3], "answers": [{"answer": "已补"}] * 2, "pin": "",
            "concordance": ("concordant", "discordant", "")[pick % 3], "outcome": "好转"}  # fmt: skip
    try:
        with store.write() as unit:
            if who == "system":
                move_by_system(unit, cases.find(unit.connection, case_id, SYSTEM), verb,
                               {**said, "offer_until": now + timedelta(hours=1)}, now)  # fmt: skip
                return
            if isinstance(said.get("assignee"), dict):
                said = {**said, "assignee": said["assignee"]["id"]}
            apply(unit, case_id, Order(verb, said), ACTORS[who], now)
    except Refusal:
        return  # what is offered can still lack something that must be said


def states(store: Store, ids: Sequence[str]) -> set[State]:
    """How far these cases came."""
    return {stored(store, each).state for each in ids}
