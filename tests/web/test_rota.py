"""Rota and routing rules over HTTP: administrators change them, coordinators read, others find nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from consult.formats.bounded import HeaderReader
from tests.makers.web import Browser, Site, site


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, reader: HeaderReader) -> Iterator[Site]:
    people = (
        "guiyang.ct",
        "guiyang.resident",
        "xingyi.coordinator",
        "anlong.admin",
        "anlong.doctor",
        "admin",
        "auditor",
    )
    with site(tmp_path_factory.mktemp("rota"), reader, *people) as opened:
        yield opened


def send(browser: Browser, method: str, path: str, body: Any = None) -> Any:
    headers = {"X-CSRF-Token": browser.csrf, "Accept-Language": "zh-CN"}
    return browser.client.open(f"/api/v1/{path}", method=method, json=body, headers=headers)


def got(browser: Browser, path: str) -> Any:
    answer = browser.get(f"/api/v1/{path}", Accept_Language="zh-CN")
    assert answer.status_code == 200, answer.text
    return answer.json


def a_reader(door: Site) -> str:
    week = got(door["admin"], "rota/GUIYANG/week?day=2026-10-01")
    return str(next(each["id"] for each in week["people"]))


def test_a_pattern_is_planned_by_the_houses_calendar_and_shown_in_its_week(door: Site) -> None:
    person = a_reader(door)
    pattern = {"person_id": person, "first": "2026-09-28", "last": "2026-10-11", "days": "workdays",
               "since": "08:00", "until": "17:30"}  # fmt: skip
    planned = send(door["admin"], "POST", "rota/GUIYANG/shifts", pattern)
    assert (planned.status_code, planned.json["added"]) == (200, 6)  # 28–30 September, 8–10 October
    assert send(door["admin"], "POST", "rota/GUIYANG/shifts", pattern).json["added"] == 0, "each shift once"
    week = got(door["xingyi.coordinator"], "rota/GUIYANG/week?day=2026-10-01")
    assert not week["may_change"]
    mine = [each for each in week["shifts"] if each["person_id"] == person and each["start"] < "2026-10-01"]
    assert len([each for each in mine if each["start"] >= "2026-09-27T16"]) >= 3
    assert {each["day"] for each in week["days"]} == {f"2026-10-0{n}" for n in range(1, 5)}
    number = mine[-1]["number"]
    assert send(door["admin"], "DELETE", f"rota/GUIYANG/shifts/{number}").status_code == 204
    assert send(door["admin"], "DELETE", f"rota/GUIYANG/shifts/{number}").status_code == 404


def test_an_absence_is_kept_and_taken_back(door: Site) -> None:
    person = a_reader(door)
    away = {"person_id": person, "start": "2026-10-01T00:00:00Z", "end": "2026-10-02T00:00:00Z", "reason": "年假"}
    number = send(door["admin"], "POST", "rota/GUIYANG/absences", away).json["added"]
    week = got(door["admin"], "rota/GUIYANG/week?day=2026-10-01")
    assert [each["reason"] for each in week["absences"]] == ["年假"]
    assert send(door["admin"], "DELETE", f"rota/GUIYANG/absences/{number}").status_code == 204
    assert got(door["admin"], "rota/GUIYANG/week?day=2026-10-01")["absences"] == []
    back = {**away, "end": away["start"]}
    assert send(door["admin"], "POST", "rota/GUIYANG/absences", back).status_code in (400, 422)


def test_a_year_is_imported_with_each_wrong_line_named(door: Site) -> None:
    wrong = send(door["admin"], "PUT", "rota/GUIYANG/days/2027", {"text": "2027-01-01,休,元旦\n2027-02-30,班,x"})
    assert wrong.status_code in (400, 422)
    assert "lines.2" in wrong.text
    text = "2027-01-01,休,元旦\n2027-01-03,班,元旦"
    assert send(door["admin"], "PUT", "rota/GUIYANG/days/2027", {"text": text, "source": "通知"}).json["added"] == 2
    days = got(door["xingyi.coordinator"], "rota/GUIYANG/days/2027")["items"]
    assert [(each["day"], each["works"]) for each in days] == [("2027-01-01", False), ("2027-01-03", True)]
    assert len(got(door["admin"], "rota/GUIYANG/days/2026")["items"]) > 20, "the published ones hold elsewhere"


def test_rules_are_kept_in_versions_and_a_change_on_an_old_one_is_stale(door: Site) -> None:
    person = a_reader(door)
    standing = got(door["admin"], "routing/GUIYANG")
    version = standing["edition"]["version"]
    policy = standing["policy"]
    rule = {"note": "头颅归甲", "modality": "CT", "body_part": "HEAD", "pool": [person], "hard": True}
    changed = {**policy, "rules": [rule], "weights": {"fairness": 2.0}}
    body = {"policy": changed, "version": version, "note": "试行"}
    assert send(door["admin"], "PUT", "routing/GUIYANG", body).json["added"] == version + 1
    assert send(door["admin"], "PUT", "routing/GUIYANG", body).status_code in (409, 412)
    kept = got(door["xingyi.coordinator"], "routing/GUIYANG")
    assert kept["policy"]["rules"][0]["pool"] == [person]
    assert kept["policy"]["weights"] == {"fairness": 2.0}
    assert (kept["edition"]["note"], kept["may_change"]) == ("试行", False)
    assert got(door["admin"], f"routing/GUIYANG?version={version}")["policy"]["rules"] == policy["rules"]
    assert next(each["version"] for each in got(door["admin"], "routing/GUIYANG/versions")["items"]) == version + 1
    bad = {**body, "version": version + 1, "policy": {**policy, "rules": [{**rule, "pool": ["nobody"]}]}}
    refused = send(door["admin"], "PUT", "routing/GUIYANG", bad)
    assert refused.status_code in (400, 422)
    assert "rules.0.pool" in refused.text


def test_other_rules_can_be_tried_and_change_nothing(door: Site) -> None:
    before = got(door["admin"], "routing/GUIYANG")
    tried = send(door["xingyi.coordinator"], "POST", "routing/GUIYANG/trial", {"policy": before["policy"], "days": 7})
    assert tried.status_code == 200, tried.text
    assert (tried.json["cases"], tried.json["moved"]) == (0, 0)
    assert got(door["admin"], "routing/GUIYANG") == before


def test_the_coming_hours_are_told(door: Site) -> None:
    hours = got(door["xingyi.coordinator"], "rota/GUIYANG/hours")["items"]
    assert len(hours) == 12
    assert hours[0]["people"] >= 1
    assert not hours[0]["short"]


@pytest.mark.parametrize("who", ["anlong.admin", "anlong.doctor", "auditor", "guiyang.ct"])
def test_others_find_nothing_and_change_nothing(door: Site, who: str) -> None:
    for path in (
        "rota/GUIYANG/week?day=2026-10-01",
        "rota/GUIYANG/hours",
        "routing/GUIYANG",
        "routing/GUIYANG/versions",
    ):
        assert door[who].get(f"/api/v1/{path}").status_code == 404
    assert got(door[who], "rota")["items"] == []
    pattern = {"person_id": "x", "first": "2026-09-28", "last": "2026-09-28", "days": "all", "since": "08:00",
               "until": "17:30"}  # fmt: skip
    for name in (who, "xingyi.coordinator"):
        assert send(door[name], "POST", "rota/GUIYANG/shifts", pattern).status_code == 403
        assert send(door[name], "PUT", "rota/GUIYANG/days/2028", {"text": "2028-01-01,休,x"}).status_code == 403
