"""Many accounts from a list: what is wrong is told row by row, in the charset spreadsheets use; all open or none."""

import io
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import House

HEAD = "用户名,姓名,机构代码,角色,技能,执业证号,有效期,签发权"


def send(house: House, what: str, text: str, charset: str = "utf-8", who: str = "admin") -> TestResponse:
    file = (io.BytesIO(text.encode(charset)), "people.csv")
    return house.person(who).call("POST", f"/api/v1/admin/accounts/list{what}", data={"file": file})


def row(**cells: str) -> str:
    told = {"username": f"u{uuid4().hex[:10]}", "name": "某人", "institution": "ANLONG", "roles": "申请医师",
            "skills": "", "licence": "", "expires": "", "sign_right": ""} | cells  # fmt: skip
    return ",".join(told.values())


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_is_read_as_spreadsheets_save_it(house: House, charset: str) -> None:
    reader = row(name="龚䶮", institution="guiyang", roles="会诊专家、审核医师", skills="ct:head MR：*", licence="9",
                 expires="2030/06/30", sign_right="是")  # fmt: skip
    answer = send(house, "", "\r\n".join((HEAD, row(), reader)), charset)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    first, second = answer.get_json()["items"]
    assert first["password"] != second["password"]
    kept = second["account"]
    assert (kept["name"], kept["institution"], kept["roles"]) == ("龚䶮", "GUIYANG", ["reviewer", "specialist"])
    assert [(s["modality"], s["body_part"]) for s in kept["skills"]] == [("CT", "HEAD"), ("MR", "*")]
    assert (kept["licence"]["expires"], kept["sign_right"], kept["temporary"]) == ("2030-06-30", True, True)


WRONG = (
    ({"username": "bad name"}, "用户名用字母"),
    ({"username": "anlong.doctor"}, "已有人使用"),
    ({"institution": "NOWHERE"}, "没有这个机构"),
    ({"roles": "院长"}, "没有角色“院长”"),
    ({"roles": ""}, "至少一个岗位"),
    ({"skills": "CT"}, "应写作 CT:HEAD"),
    ({"licence": "9", "expires": "明年"}, "有效期写作"),
    ({"sign_right": "是"}, "须登记执业证"),
    ({"sign_right": "也许"}, "写“是”或“否”"),
    ({"name": ""}, "请填写姓名"),
)


def test_each_wrong_row_is_named_and_nobody_is_opened(house: House) -> None:
    good = row(username="would.be.good")
    text = "\r\n".join((HEAD, good, *(row(**cells) for cells, _ in WRONG), good))
    looked = send(house, "/preview", text).get_json()
    assert looked["wrong"] == len(WRONG) + 1
    assert [each["line"] for each in looked["items"]] == list(range(2, len(WRONG) + 4))
    first, *told = [each["wrong"] for each in looked["items"]]
    assert first == ""
    for said, (_, words) in zip(told, (*WRONG, ({}, "出现了两次")), strict=True):
        assert words in said
    assert send(house, "", text).status_code == 422
    found = house.person("admin").get("/api/v1/admin/accounts?q=would.be.good").get_json()
    assert found["items"] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "缺少列"), (HEAD, "没有人员"), ("用户名,姓名\r\na,b", "缺少列：机构代码、角色"), ("a\0b", "不是文本")],
)
def test_a_file_that_is_no_list_is_refused_with_the_reason(house: House, text: str, words: str) -> None:
    answer = send(house, "/preview", text)
    assert answer.status_code == 422
    assert words in answer.get_json()["errors"][0]["sentence"]


def test_a_house_opens_its_own_people_only_and_others_none(house: House) -> None:
    theirs = send(house, "/preview", "\r\n".join((HEAD, row(institution="DUSHAN"), row())), who="anlong.admin")
    assert [bool(each["wrong"]) for each in theirs.get_json()["items"]] == [True, False]
    assert send(house, "/preview", "\r\n".join((HEAD, row())), who="anlong.doctor").status_code == 403


def test_the_empty_list_says_how_it_is_filled_in(house: House) -> None:
    text = house.person("anlong.admin").get("/api/v1/admin/accounts/list.csv").get_data(as_text=True)
    looked = send(house, "/preview", text).get_json()
    assert [each["wrong"] for each in looked["items"]] == ["", ""]
