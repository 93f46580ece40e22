"""Administration over HTTP: a one-time password opens nothing but its replacement, and every change stays on record."""

from typing import Any
from uuid import uuid4

from consult.store import sessions
from tests.web.conftest import House, Person

OWN, PIN = "自己的一句密码 7", "135790"
SKILL = {"modality": "ct", "body_part": "HEAD"}
LICENCE = {"number": "110520100009999", "expires": "2031-01-31"}


def told(**changes: Any) -> dict[str, Any]:
    return {"name": "新医师", "institution": "ANLONG", "roles": ["requester"]} | changes


def new(house: House, by: str, **changes: Any) -> dict[str, Any]:
    body = {"username": f"u{uuid4().hex[:12]}"} | told(**changes)
    answer = house.person(by).call("POST", "/api/v1/admin/accounts", json=body)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return dict(answer.get_json())


def signed_in(house: House, username: str, password: str) -> Person:
    client = house.app.test_client()
    answer = client.post("/api/v1/session", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return Person(client, answer.get_json()["csrf"])


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json().get("code", "")


def test_a_new_account_opens_nothing_until_its_person_chose_password_and_pin(house: House) -> None:
    made = new(house, "admin", institution="GUIYANG", roles=["specialist"], skills=[SKILL], licence=LICENCE,
               sign_right=True)  # fmt: skip
    person = signed_in(house, made["account"]["username"], made["password"])
    assert person.get("/api/v1/session").get_json()["temporary"] is True
    assert code_of(person.get("/api/v1/cases")) == (403, "password-first")
    assert code_of(person.get("/dicom-web/studies"))[0] == 403
    first = {"old_password": made["password"], "password": OWN, "pin": PIN}
    assert person.call("PUT", "/api/v1/account/first", json=first | {"pin": OWN}).status_code == 422
    assert person.call("PUT", "/api/v1/account/first", json=first).status_code == 204
    assert person.get("/api/v1/cases").status_code == 200
    signed_in(house, made["account"]["username"], OWN)
    house.parts.sealer.signer(house.parts.store, made["account"]["id"], PIN)  # the key opens with the PIN of its person
    assert person.call("PUT", "/api/v1/account/first", json=first | {"old_password": OWN}).status_code == 403


def test_no_pin_agrees_before_its_person_chose_one(house: House) -> None:
    made = new(house, "admin", institution="GUIYANG", roles=["specialist"], licence=LICENCE, sign_right=True)
    with house.parts.store.read() as connection:
        kept = sessions.secrets_of(connection, made["account"]["id"])
    assert kept is not None
    for pin in (made["password"], kept.pin_hash, "nobody", ""):
        assert not house.parts.passwords.agree(kept.pin_hash, pin)


def test_a_renewed_password_ends_the_old_certificate_and_the_log_names_the_person(house: House) -> None:
    admin = house.person("admin")
    made = new(house, "admin", institution="GUIYANG", roles=["specialist"], licence=LICENCE, sign_right=True)
    first = {"password": OWN, "pin": PIN}
    name, password, account = made["account"]["username"], made["password"], made["account"]
    for _ in range(2):
        person = signed_in(house, name, password)
        done = person.call("PUT", "/api/v1/account/first", json=first | {"old_password": password})
        assert done.status_code == 204, done.get_data(as_text=True)
        again = admin.call("POST", f"/api/v1/admin/accounts/{account['id']}/password?version={account['version']}")
        account, password = again.get_json()["account"], again.get_json()["password"]
    changes = admin.get(f"/api/v1/admin/changes/person/{account['id']}").get_json()["items"]
    assert [(each["by"], each["what"]) for each in changes if each["what"] == "revoke"] == [("新医师", "revoke")]


def test_a_house_looks_after_its_own_people_only(house: House) -> None:
    mine = house.person("anlong.admin")
    listed = mine.get("/api/v1/admin/accounts?institution=GUIYANG").get_json()["items"]
    assert {each["institution"] for each in listed} == {"ANLONG"}
    assert house.person("anlong.doctor").get("/api/v1/admin/accounts").status_code == 403
    theirs = {"username": "intruder"} | told(institution="DUSHAN")
    assert mine.call("POST", "/api/v1/admin/accounts", json=theirs).status_code == 404
    higher = {"username": "climber"} | told(roles=["platform_admin"])
    assert mine.call("POST", "/api/v1/admin/accounts", json=higher).status_code == 403
    both = {"username": "both"} | told(roles=["platform_admin", "auditor"])
    assert house.person("admin").call("POST", "/api/v1/admin/accounts", json=both).status_code == 422
    foreign = next(
        each
        for each in house.person("admin").get("/api/v1/admin/accounts?institution=GUIYANG").get_json()["items"]
        if each["username"] == "guiyang.ct"
    )
    path = f"/api/v1/admin/accounts/{foreign['id']}"
    assert mine.call("POST", f"{path}/close?version={foreign['version']}").status_code == 404
    assert mine.get(f"/api/v1/admin/changes/person/{foreign['id']}").status_code == 404


def test_a_change_is_made_on_a_version_and_told_field_by_field(house: House) -> None:
    mine, made = house.person("anlong.admin"), new(house, "anlong.admin")["account"]
    path = f"/api/v1/admin/accounts/{made['id']}"
    body = told(name="王新名", roles=["requester", "approver"], load_limit_units=12)
    changed = mine.call("PUT", f"{path}?version={made['version']}", json=body)
    assert (changed.status_code, changed.get_json()["name"]) == (200, "王新名")
    assert mine.call("PUT", f"{path}?version={made['version']}", json=body).status_code == 412
    unlicensed = mine.call("PUT", f"{path}?version={made['version'] + 1}", json=body | {"sign_right": True})
    assert unlicensed.get_json()["errors"][0]["field"] == "licence"
    newest, first = mine.get(f"/api/v1/admin/changes/person/{made['id']}").get_json()["items"]
    assert (newest["by"], newest["what"], newest["fields"]["name"]) == ("岑国栋", "change", "新医师 → 王新名")
    assert newest["fields"]["roles"] == "requester → approver requester"
    assert first["what"] == "open"


def test_who_is_closed_is_out_at_once_and_comes_back_by_a_new_password_alone(house: House) -> None:
    mine, made = house.person("anlong.admin"), new(house, "anlong.admin")
    person = signed_in(house, made["account"]["username"], made["password"])
    path = f"/api/v1/admin/accounts/{made['account']['id']}"
    closed = mine.call("POST", f"{path}/close?version={made['account']['version']}").get_json()
    assert (closed["active"], person.get("/api/v1/session").status_code) == (False, 401)
    listed = mine.get(f"/api/v1/admin/accounts?q={made['account']['username']}").get_json()
    assert (listed["items"], listed["total"]) == ([], 0)
    again = mine.call("POST", f"{path}/reopen?version={closed['version']}").get_json()
    assert again["password"] != made["password"]
    signed_in(house, made["account"]["username"], again["password"])
    me = next(each for each in mine.get("/api/v1/admin/accounts?q=anlong.admin").get_json()["items"])
    assert mine.call("POST", f"/api/v1/admin/accounts/{me['id']}/close?version={me['version']}").status_code == 403


def test_accounts_come_by_pages_without_a_hole_and_licences_that_run_out_are_found(house: House) -> None:
    admin = house.person("admin")
    soon = {"number": "9", "expires": "2026-12-01"}
    made = new(house, "admin", institution="GUIYANG", roles=["specialist"], licence=soon)["account"]
    found = admin.get("/api/v1/admin/accounts?expiring=true").get_json()
    assert made["id"] in {each["id"] for each in found["items"]}
    assert all(each["licence"]["expiring"] for each in found["items"])
    everyone, after = [], ""
    while True:
        page = admin.get(f"/api/v1/admin/accounts?limit=3&closed=true{after}").get_json()
        everyone += [each["username"] for each in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(everyone) == page["total"] == len(set(everyone))
    assert everyone == sorted(everyone)


def test_an_institution_is_the_platforms_and_its_policy_its_own(house: House) -> None:
    admin, mine = house.person("admin"), house.person("anlong.admin")
    anlong = next(each for each in mine.get("/api/v1/admin/institutions").get_json()["items"])
    body = {name: anlong[name] for name in ("name", "kind", "centre", "policy")}
    policy = body | {"policy": body["policy"] | {"thin_required": True, "approval": "all"}}
    path = "/api/v1/admin/institutions/ANLONG"
    assert mine.call("PUT", f"{path}?version={anlong['version']}", json=policy).status_code == 204
    assert mine.call("PUT", f"{path}?version={anlong['version']}", json=policy).status_code == 412
    renamed = policy | {"name": {"zh": "别的医院", "en": "Another"}}
    assert mine.call("PUT", f"{path}?version={anlong['version'] + 1}", json=renamed).status_code == 403
    assert admin.call("PUT", f"{path}?version={anlong['version'] + 1}", json=body).status_code == 204
    (newest, *_) = mine.get("/api/v1/admin/changes/institution/ANLONG").get_json()["items"]
    assert (newest["by"], newest["fields"]) == ("平台管理员", {"policy": "approval:all thin_required → "})
    kept = next(each for each in mine.get("/api/v1/admin/institutions").get_json()["items"])
    assert kept["ae_titles"] == anlong["ae_titles"] != []
    assert admin.call("PUT", path, json=body).status_code == 422  # there is one of that code


def test_an_agreement_ends_on_its_day_and_both_sides_see_it(house: House) -> None:
    admin, mine = house.person("admin"), house.person("anlong.admin")
    told = {"requesting_site": "ANLONG", "performing_site": "DUSHAN", "service_types": ["mdt"],
            "valid_from": "2026-01-01"}  # fmt: skip
    assert mine.call("POST", "/api/v1/admin/agreements", json=told).status_code == 403
    assert admin.call("POST", "/api/v1/admin/agreements", json=told).status_code == 204
    kept = [
        each for each in mine.get("/api/v1/admin/agreements").get_json()["items"] if each["performing_site"] == "DUSHAN"
    ]
    assert [each["holds"] for each in kept] == [True]
    path = f"/api/v1/admin/agreements/{kept[0]['number']}"
    before = admin.call("PUT", path, json=told | {"valid_to": "2025-12-31"})
    assert before.get_json()["errors"][0]["field"] == "valid_to"
    assert admin.call("PUT", path, json=told | {"valid_to": "2026-02-01"}).status_code == 204
    ended = [
        each for each in mine.get("/api/v1/admin/agreements").get_json()["items"] if each["number"] == kept[0]["number"]
    ]
    assert [each["holds"] for each in ended] == [False]
