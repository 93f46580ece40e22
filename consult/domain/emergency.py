"""The short emergency form, and the rest of the request that follows within half an hour while the case goes on."""

from datetime import timedelta

from consult.domain.cases import Case
from consult.domain.errors import Words
from consult.domain.workflow_needs import Need, World, fixed

REST_FOLLOWS_WITHIN = timedelta(minutes=30)


def request_lacks(case: Case) -> tuple[Words, ...]:
    """What an emergency request still owes; empty for every other one, which is whole before it is submitted."""
    if case.completes_by is None:
        return ()
    found = (
        (case.patient.name, Words("患者姓名", "the patient's name")),
        (case.patient.birth_date, Words("出生日期", "date of birth")),
        (case.clinical_history.strip(), Words("病史", "clinical history")),
        (case.consent, Words("知情同意", "consent")),
        (case.study_uids, Words("检查影像", "the study")),
    )
    return tuple(words for there, words in found if not there)


def _owed(case: Case, _world: World) -> Words:
    lacks = request_lacks(case)
    zh, en = "、".join(words.zh for words in lacks), ", ".join(words.en for words in lacks)
    return Words(f"急诊申请还缺：{zh}。", f"The emergency request still lacks: {en}.")


REQUEST_WHOLE = Need("request-whole", lambda case, *_: not request_lacks(case), _owed)
REST_IS_OWED = Need(
    "rest-is-owed",
    lambda case, *_: bool(request_lacks(case)),
    fixed("申请已经完整。", "The request is complete."),
)
PATIENT_NAMED = Need(
    "patient-named",
    lambda case, *_: bool(case.patient.name),
    fixed(
        "患者姓名尚未补齐，正式报告需要姓名；可先发初步报告。",
        "The patient's name is still missing, and a final report needs it; a preliminary one can go out.",
    ),
)
