"""What a house decides for itself: limits show on its cases at once, telephone lists beside what is critical."""

from typing import Any

from tests.web.conftest import House

LIMITS, CONTACTS = "/api/v1/admin/institutions/{}/limits", "/api/v1/admin/institutions/{}/contacts"
RULE = {"clock": "sign", "priority": "urgent", "seconds": 7200, "pace": "always", "service_type": ""}
NIGHT = {"name": "急诊值班", "duty": "夜间", "phone": "0859-5210120"}


def put(house: House, who: str, path: str, body: dict[str, Any]) -> int:
    return house.person(who).call("PUT", path, json=body).status_code


def test_a_houses_limit_holds_for_its_cases_at_once(house: House, case_id: str) -> None:
    def signed_within() -> float:
        clocks = house.person("anlong.doctor").case(case_id)["clocks"]
        return float(next(clock["limit_s"] for clock in clocks if clock["name"] == "consult"))

    usual = signed_within()
    assert put(house, "admin", LIMITS.format("GUIYANG"), {"rules": [RULE | {"clock": "consult"}]}) == 204
    assert (usual, signed_within()) == (14400.0, 7200.0)
    listed = house.person("anlong.doctor").get("/api/v1/cases").get_json()["items"]
    assert next(c["limit_s"] for c in listed[0]["clocks"] if c["name"] == "consult") == 7200.0
    assert put(house, "admin", LIMITS.format("GUIYANG"), {"rules": []}) == 204
    assert signed_within() == usual
    (newest, *_) = house.person("admin").get("/api/v1/admin/changes/institution/GUIYANG").get_json()["items"]
    assert newest["fields"] == {"limits": "consult.urgent=7200s/always → "}


def test_limits_are_kept_whole_and_wrong_ones_change_nothing(house: House) -> None:
    path = LIMITS.format("ANLONG")
    assert put(house, "anlong.admin", path, {"rules": [RULE]}) == 204
    assert put(house, "anlong.admin", path, {"rules": [RULE, RULE]}) == 422
    assert put(house, "anlong.admin", path, {"rules": [RULE | {"seconds": "soon"}]}) == 422
    kept = house.person("anlong.admin").get(path).get_json()
    assert [(r["clock"], r["seconds"]) for r in kept["rules"]] == [("sign", 7200.0)]
    assert {(r["clock"], r["priority"]) for r in kept["usual"] if r["fixed"]} == {("patient", "emergency")}
    assert put(house, "anlong.admin", LIMITS.format("GUIYANG"), {"rules": []}) == 404
    assert put(house, "anlong.doctor", path, {"rules": []}) == 404
    assert put(house, "admin", LIMITS.format("NOWHERE"), {"rules": []}) == 404


def test_a_telephone_list_is_kept_in_order_and_a_number_can_be_dialled(house: House) -> None:
    path = CONTACTS.format("ANLONG")
    day = {"name": "医务科", "duty": "白天", "phone": "+86 859 5210119"}
    assert put(house, "anlong.admin", path, {"contacts": [NIGHT, day]}) == 204
    bad = house.person("anlong.admin").call("PUT", path, json={"contacts": [NIGHT, day | {"phone": "问总机"}]})
    assert bad.get_json()["errors"][0]["field"] == "contacts.1.phone"
    kept = house.person("anlong.admin").get(path).get_json()["contacts"]
    assert [each["name"] for each in kept] == ["急诊值班", "医务科"]
    assert put(house, "anlong.admin", CONTACTS.format("DUSHAN"), {"contacts": []}) == 404
    assert put(house, "anlong.admin", path, {"contacts": [NIGHT] * 21}) == 422
