"""Turnaround at the door: who sees which figures, what stands behind them, and tables that are safe to open."""

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from openpyxl import load_workbook

from consult.actions import turnaround as keeping
from consult.cli.demo import prepare, settings_for
from consult.domain.cases import Party, Priority, State, Stay
from consult.domain.turnaround import METRICS
from consult.domain.workflow import begin
from consult.store import cases, people
from consult.wiring import build_web, open_parts
from tests.makers.cases import a_case
from tests.makers.people import ACTORS, NOW
from tests.web.conftest import PASSWORD, House, Person

PERIOD = {"from": "2026-11-20", "to": "2026-11-24"}
EVIL = "=HYPERLINK(1)"


def stays(minutes: int) -> tuple[Stay, ...]:
    """A straight life: signed ``minutes`` after the submission."""
    way = "draft submitted queued assigned accepted in_progress in_review signed"
    states = [State(name) for name in way.split()]
    begun = NOW - timedelta(days=1)
    return tuple(Stay(state, begun + timedelta(minutes=minutes * place / 7)) for place, state in enumerate(states))


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Twelve cases of ANLONG, signed after 10, 20 … minutes, one of DUSHAN, and one that is open and late."""
    settings = settings_for(tmp_path_factory.mktemp("turnaround"), 8080, 11112)
    prepare(settings, PASSWORD)
    with ExitStack() as closing:
        parts = closing.enter_context(open_parts(settings))
        with parts.store.read() as connection:
            reader = people.person_named(connection, "guiyang.ct")
            other = people.person_named(connection, "guiyang.mr")
        assert reader is not None
        assert other is not None
        with parts.store.write() as unit:
            for n in range(1, 15):
                who = Party(reader.id, reader.name) if n <= 8 else Party(other.id, other.name)
                lived = stays(10 * n) if n < 14 else stays(30)[:3]
                case = a_case(
                    lived[-1].state, id=f"{n:032x}", number=EVIL if n == 1 else f"HZ20261123-{n:04d}", stays=lived,
                    priority=Priority.URGENT, requesting_site="DUSHAN" if n == 13 else "ANLONG", author=who,
                    assignee=who, study_uids=(), updated_at=lived[-1].since,
                )  # fmt: skip
                cases.add(unit, case, begin(case, ACTORS["anlong.doctor"])[1], None)
        assert keeping.rebuild(parts.store) == (14, 0)
        yield House(build_web(parts), parts)


def told(person: Person, path: str = "", **query: Any) -> Any:
    answer = person.get(f"/api/v1/turnaround{path}?{urlencode({**PERIOD, **query})}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def tile(answer: Any, metric: str, group: str = "") -> Any:
    return next(each for each in answer["tiles"] if (each["metric"], each["group"]) == (metric, group))


def test_an_administrator_sees_the_tiles_of_their_house_under_stable_names(door: House) -> None:
    answer = told(door.person("anlong.admin"))
    assert [each["metric"] for each in answer["tiles"]] == [metric.name for metric in METRICS]
    consult = tile(answer, "consult_tat")
    # twelve signed: 10 … 120 minutes from the draft, six sevenths of that from the submission
    assert (consult["n"], consult["suppressed"]) == (12, False)
    assert [round(consult[name]) for name in ("p50_s", "p90_s", "p95_s")] == [3086, 5657, 6171]
    assert (consult["breaches"], consult["overdue"]) == (1, 1)  # the open one: four hours have passed
    assert answer["whole"]["cases"] == 13
    assert answer["whole"]["discrepancy"]["met"] is None


def test_a_region_and_the_platform_see_more_and_a_stranger_nothing(door: House) -> None:
    assert told(door.person("xingyi.coordinator"))["whole"]["cases"] == 14
    assert told(door.person("admin"))["whole"]["cases"] == 14
    assert told(door.person("dushan.doctor"))["whole"]["cases"] == 1
    for path in ("", "/reports", "/reports/2026-10"):
        assert door.app.test_client().get(f"/api/v1/turnaround{path}").status_code == 401
        assert door.person("auditor").get(f"/api/v1/turnaround{path}").status_code == 403


def test_divided_by_site_the_small_group_has_no_percentile(door: House) -> None:
    answer = told(door.person("xingyi.coordinator"), by="site")
    small = tile(answer, "consult_tat", "DUSHAN")
    assert (small["n"], small["p50_s"], small["suppressed"], small["group_label"]) == (1, None, True, "独山县人民医院")
    assert tile(answer, "consult_tat", "ANLONG")["p50_s"] is not None
    assert answer["whole"] is None


def test_people_are_told_only_to_themselves_and_to_their_house_in_the_order_of_names(door: House) -> None:
    for stranger in ("xingyi.coordinator", "admin", "anlong.doctor"):
        assert door.person(stranger).get("/api/v1/turnaround?by=specialist").status_code == 403
    own = told(door.person("guiyang.ct"), by="specialist", metric="consult_tat")
    assert [each["n"] for each in own["tiles"]] == [8]
    lone = told(door.person("guiyang.mr"), by="specialist", metric="consult_tat")
    assert [each["n"] for each in lone["tiles"]] == [5]
    assert (
        door.person("anlong.admin").get(f"/api/v1/turnaround?by=specialist&{urlencode(PERIOD)}").get_json()["tiles"]
        == []
    )  # nobody reads in that house


def test_a_person_with_few_cases_is_told_no_count_of_breaches_either(door: House) -> None:
    few = told(door.person("guiyang.mr"), by="specialist", metric="consult_tat", site="DUSHAN")
    assert [(each["n"], each["breaches"], each["p50_s"]) for each in few["tiles"]] == [(1, None, None)]


def test_every_number_opens_its_cases_overdue_first_then_the_longest_a_page_at_a_time(door: House) -> None:
    admin = door.person("anlong.admin")
    seen: list[Any] = []
    after = ""
    while True:
        page = told(admin, cases=1, metric="consult_tat", limit=5, after=after)
        seen += page["items"]
        after = page["next"]
        if not after:
            break
    assert len(seen) == len({each["id"] for each in seen}) == 13
    assert (seen[0]["overdue"], seen[0]["value_s"]) == (True, None)
    values = [each["value_s"] for each in seen[1:]]
    assert values == sorted(values, reverse=True)
    assert [each["overdue"] for each in told(admin, cases=1, metric="consult_tat", only="breaches")["items"]] == [True]
    assert "患者" not in str(seen)
    assert not any(each["opens"] for each in seen)  # an administrator reads no case
    assert all(each["opens"] for each in told(door.person("anlong.doctor"), cases=1, metric="all")["items"])


@pytest.mark.parametrize("metric", ["all", "returned", "reached.signed", "first_time_right", "emergency_report_2h",
                                    "critical_notice_10min", "returned.thin"])  # fmt: skip
def test_what_is_no_metric_opens_its_cases_too(door: House, metric: str) -> None:
    many = {"all": 13, "reached.signed": 12, "first_time_right": 13}.get(metric, 0)
    assert len(told(door.person("anlong.admin"), cases=1, metric=metric)["items"]) == many


def test_a_division_and_a_group_of_it_open_the_cases_of_that_group(door: House) -> None:
    coordinator = door.person("xingyi.coordinator")
    found = told(coordinator, cases=1, metric="consult_tat", by="site", group="DUSHAN")["items"]
    assert [each["number"] for each in found] == ["HZ20261123-0013"]
    hours = told(coordinator, by="weekday_hour", metric="consult_tat")["tiles"]
    assert {each["group"] for each in hours} == {"1-10"}
    assert len(told(coordinator, cases=1, metric="all", by="weekday_hour", group="1-10")["items"]) == 14


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "yesterday"},
        {"from": "2026-11-25"},
        {"from": "1999-01-01"},
        {"to": "9999-12-31"},
        {"by": "patient"},
        {"metric": "speed"},
        {"cases": 1, "metric": "discrepancy"},
        {"cases": 1, "after": "x"},
    ],
)
def test_a_wrong_question_is_answered_as_such(door: House, wrong: dict[str, Any]) -> None:
    answer = door.person("admin").get(f"/api/v1/turnaround?{urlencode({**PERIOD, **wrong})}")
    assert answer.status_code in (400, 422), answer.get_data(as_text=True)


def test_csv_and_workbook_hold_the_same_tiles_and_open_again(door: House) -> None:
    admin = door.person("anlong.admin")
    head, *lines = read_csv(admin, by="modality")
    assert head[:4] == ["指标代码", "指标", "分组", "分组名称"]
    assert [line[0] for line in lines] == [metric.name for metric in METRICS]
    sheet = load_workbook(io.BytesIO(taken(admin, "xlsx", by="modality"))).active
    assert sheet is not None
    rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert rows[0] == head
    assert [row[:5] for row in rows[1:]] == [line[:5] for line in lines]


def test_undivided_the_workbook_holds_indicators_funnel_and_reasons_too(door: House) -> None:
    admin = door.person("anlong.admin")
    whole = told(admin)["whole"]
    book = load_workbook(io.BytesIO(taken(admin, "xlsx")))
    assert book.sheetnames == ["时效", "质控指标", "进度漏斗", "退回原因"]
    rates, funnel, reasons = (list(book[name].iter_rows(min_row=2, values_only=True)) for name in book.sheetnames[1:])
    assert [row[0] for row in rates] == [
        *(each["code"] for each in whole["indicators"]), "first_time_right", "discrepancy",
    ]  # fmt: skip
    assert (rates[2][2], rates[2][3], rates[2][4]) == (13, 13, 1)
    assert rates[3][3:5] == (None, None)  # a rate only, and of too few
    assert [(row[0], row[2]) for row in funnel] == [(each["code"], each["n"]) for each in whole["funnel"]]
    assert [(row[0], row[2]) for row in reasons] == [(each["code"], each["n"]) for each in whole["reasons"]]
    assert load_workbook(io.BytesIO(taken(admin, "xlsx", cases=1, metric="all"))).sheetnames == ["病例"]


def test_no_cell_of_an_export_is_a_formula_and_taking_it_is_written_down(door: House) -> None:
    admin = door.person("anlong.admin")
    _, *lines = read_csv(admin, cases=1, metric="all")
    assert len(lines) == 13
    assert f"'{EVIL}" in [line[0] for line in lines]
    sheet = load_workbook(io.BytesIO(taken(admin, "xlsx", cases=1, metric="all"))).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value == EVIL]
    assert [cell.data_type for cell in cells] == ["s"]
    log = door.person("auditor").get("/api/v1/audit?deed=export").get_json()["items"]
    assert [(each["subject"], each["detail"]["metric"]) for each in log[:2]] == [("turnaround", "all")] * 2


def taken(person: Person, kind: str, **query: Any) -> bytes:
    answer = person.get(f"/api/v1/turnaround.{kind}?{urlencode({**PERIOD, **query})}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return answer.get_data()


def read_csv(person: Person, **query: Any) -> list[list[str]]:
    raw = taken(person, "csv", **query)
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
