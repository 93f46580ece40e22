"""Every route with a foreign id: whoever has no business with it cannot even tell that it exists."""

import pytest

from tests.web.conftest import CANARY, SERIES, SOP, STUDY, House, path_of

PUBLIC = {
    "/livez", "/readyz", "/metrics", "/", "/<path:path>",
    "/api/v1/session", "/api/v1/reports/verify", "/api/v1/reports/<number>", "/api/v1/openapi.json",
}  # fmt: skip
"""What anyone may call; signing in is among it. Everything else wants to know who is there."""

OWN = {
    "/api/v1/tokens/<token_id>",
    "/api/v1/templates/<template_id>",
    "/api/v1/rads/<rads_id>",
    "/api/v1/turnaround/reports/<month>",
}
"""Ids that are nobody's secret, or the person's own by construction."""

ADMINISTRATORS = (
    "/api/v1/desk/",
    "/api/v1/quarantine/",
    "/api/v1/admin/",
    "/api/v1/sendings/",
    "/api/v1/rota/",
    "/api/v1/routing/",
)
"""Where a person without the role is turned away before anything is looked up."""

ACCOUNT = {"name": "x", "institution": "DUSHAN", "roles": ["requester"]}
POLICY = {"rules": [], "units": [], "accept_s": {}, "broadcast_after": 2, "unopened": 2, "seconds_per_unit": 600}
SHIFT = {
    "person_id": "0" * 32,
    "first": "2026-11-24",
    "last": "2026-11-24",
    "days": "all",
    "since": "08:00",
    "until": "17:00",
}
DRAWN = {
    "kind": "probe",
    "study_uid": STUDY,
    "series_uid": SERIES,
    "sop_uid": SOP,
    "points": [[1.0, 1.0]],
}
BODIES = {
    "/api/v1/cases/<case_id>/measurements": DRAWN | {"id": "0" * 32},
    "/api/v1/cases/<case_id>/measurements/<measurement_id>": DRAWN,
    "/api/v1/rota/<site>/shifts": SHIFT,
    "/api/v1/rota/<site>/absences": {
        "person_id": "0" * 32,
        "start": "2026-11-24T00:00:00Z",
        "end": "2026-11-25T00:00:00Z",
    },
    "/api/v1/rota/<site>/days/<year>": {"text": ""},
    "/api/v1/routing/<site>": {"policy": POLICY, "version": 0, "note": "x"},
    "/api/v1/routing/<site>/trial": {"policy": POLICY},
    "/api/v1/admin/institutions/<code>/limits": {"rules": []},
    "/api/v1/admin/institutions/<code>/contacts": {"contacts": []},
    "/api/v1/admin/accounts/<person_id>": ACCOUNT,
    "/api/v1/admin/institutions/<code>": {
        "name": {"zh": "x", "en": "x"},
        "kind": "hospital",
        "policy": dict.fromkeys(("two_person", "auto_triage", "thin_required"), False) | {"approval": "none"},
    },
    "/api/v1/admin/agreements/<number>": {
        "requesting_site": "DUSHAN",
        "performing_site": "GUIYANG",
        "service_types": ["mdt"],
        "valid_from": "2026-01-01",
    },
    "/api/v1/studies/<study_uid>/conflicts": {"sop_uid": SOP, "sha256": "0" * 64, "reason": "x"},
    "/api/v1/studies/<study_uid>/manifest": {"study_uid": STUDY, "series": []},
    "/api/v1/quarantine/<number>/dismiss": {"reason": "x"},
    "/api/v1/quarantine/<number>/retry": {"charset": None},
    "/api/v1/cases/<case_id>/moves": {"verb": "withdraw", "reason": "x"},
    "/api/v1/cases/<case_id>/report": {"impression": "x"},
    "/api/v1/cases/<case_id>/opinion": {"text": "x"},
    "/api/v1/cases/<case_id>/messages": {"text": "x"},
    "/api/v1/cases/<case_id>/room/close": {"ending": "ended"},
    "/api/v1/cases/<case_id>/room/guests": {"name": "x"},
    "/api/v1/cases/<case_id>/messages/read": {"message_id": 1},
    "/api/v1/cases/<case_id>/report/checks": {"impression": "x"},
}
ASKED = {"/api/v1/rota/<site>/week": "?day=2026-11-24"} | {
    f"/api/v1/admin/accounts/<person_id>{verb}": "?version=1" for verb in ("", "/close", "/reopen", "/password")
}
"""What a route wants to be asked with."""
STRANGERS = ("dushan.doctor", "guiyang.mr", "guiyang.resident", "guiyang.reviewer", "auditor", "anlong.admin")


def routes(house: House) -> list[tuple[str, str]]:
    """(method, rule) of every route that takes an id and is not for everyone."""
    rules = house.app.url_map.iter_rules()
    return sorted(
        (method, rule.rule)
        for rule in rules
        if rule.arguments and rule.rule not in PUBLIC | OWN and not rule.rule.startswith("/api/v1/<")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(("/api/", "/dicom-web/"))
    )


def values(case_id: str) -> dict[str, str]:
    return {
        "case_id": case_id, "file_id": "0" * 32, "room_id": "0" * 32, "guest_id": "0" * 32, "measurement_id": "0" * 32,
        "pile": "queue",
        "site": "DUSHAN", "year": "2026",
        "study_uid": STUDY, "study": STUDY, "series": SERIES, "sop": SOP, "numbers": "1",
        "tags": "7FE00010", "page": "1", "number": "999999",
        "sop_uid": SOP, "sha256": "0" * 64,
        "person_id": "0" * 32, "code": "DUSHAN", "subject": "institution", "subject_id": "DUSHAN",
    }  # fmt: skip


def test_there_are_routes_to_try(house: House) -> None:
    assert len(routes(house)) > 15


def test_nobody_gets_anything_without_signing_in(house: House, case_id: str) -> None:
    stranger = house.app.test_client()
    for method, rule in routes(house):
        path = path_of(rule, values(case_id)) + ASKED.get(rule, "")
        answer = stranger.open(path, method=method, json=BODIES.get(rule))
        assert answer.status_code == 401, (method, rule, answer.status_code)


@pytest.mark.parametrize("username", STRANGERS)
def test_a_stranger_cannot_tell_that_it_exists(house: House, case_id: str, username: str) -> None:
    person = house.person(username)
    for method, rule in routes(house):
        if rule == "/dicom-web/studies/<study>" and method == "POST":
            continue  # anyone who may send images may send into a study of their own with any UID
        if rule.endswith("/manifest") and method == "PUT":
            continue  # as above: a list is of one's own study, whoever else has that UID
        headers = {"If-Match": '"1"'} if rule.endswith(("/moves", "<measurement_id>")) else {}
        more = {"json": BODIES[rule]} if rule in BODIES else {}
        answer = person.call(method, path_of(rule, values(case_id)) + ASKED.get(rule, ""), headers=headers, **more)
        seen = answer.get_data(as_text=True)
        never = rule.startswith(ADMINISTRATORS) and answer.status_code == 403  # whatever the id is
        assert answer.status_code == 404 or never, (method, rule, answer.status_code, seen[:200])
        assert CANARY not in seen
        assert "CANARY" not in seen


def test_the_same_routes_answer_whoever_they_belong_to(house: House, case_id: str) -> None:
    doctor = house.person("anlong.doctor")
    for rule in ("/api/v1/cases/<case_id>", "/api/v1/studies/<study_uid>", "/dicom-web/studies/<study>/metadata"):
        assert doctor.get(path_of(rule, values(case_id))).status_code == 200, rule


def test_lists_hold_nothing_foreign(house: House, case_id: str) -> None:
    other = house.person("dushan.doctor")
    assert other.get("/api/v1/cases").get_json() == {"items": [], "next": None, "total": 0}
    assert other.get("/api/v1/studies").get_json()["items"] == []
    assert other.get("/dicom-web/studies").get_json(silent=True) in ([], None)
    assert other.get("/api/v1/feed?after=0").get_json()["items"] == []


def test_the_site_administrator_has_the_list_and_no_images(house: House, case_id: str) -> None:
    admin = house.person("anlong.admin")
    assert [item["id"] for item in admin.get("/api/v1/cases").get_json()["items"]] == [case_id]
    assert admin.get(f"/dicom-web/studies/{STUDY}/metadata").status_code == 404


def test_the_platform_administrator_has_the_case_and_no_images(house: House, case_id: str) -> None:
    admin = house.person("admin")
    assert admin.case(case_id)["studies"] == []
    assert admin.get(f"/dicom-web/studies/{STUDY}/metadata").status_code == 404
    assert admin.get(f"/api/v1/studies/{STUDY}").status_code == 404
