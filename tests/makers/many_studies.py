"""A region's archive of many studies, as rows alone: names, dates and modalities as they come, cases on those sent."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy import Connection, insert

from consult.domain.words import searchable
from consult.store.arrivals import series_key, study_key
from consult.store.study_words import words_of
from consult.store.tables import case_studies, cases
from consult.store.tables_studies import series, studies, study_words
from consult.store.unit import Store

NEWEST = date(2026, 11, 24)
DAYS = 3 * 365
SENT = ("ANLONG", "DUSHAN")  # each of their studies has a case of the region; XINGYI's own have none
FAMILY = (("WANG", "王"), ("LI", "李"), ("ZHANG", "张"), ("LIU", "刘"), ("CHEN", "陈"), ("YANG", "杨"), ("HUANG", "黄"),
          ("ZHAO", "赵"), ("WEI", "韦"), ("CEN", "岑"), ("OUYANG", "欧阳"), ("LUO", "罗"), ("PAN", "潘"))  # fmt: skip
GIVEN = (
         ("DE", "德"), ("MING", "明"), ("XIU", "秀"), ("LAN", "兰"), ("KAI", "开"), ("FU", "福"), ("XIAO", "小"),
         ("MEI", "梅"), ("ZHENG", "正"), ("PING", "平"), ("AN", "安"), ("SHUN", "顺"), ("YU", "玉"), ("HUA", "华"),
)  # fmt: skip
MODALITIES = ("CT", "CT", "CT", "CR", "DX", "DX", "MR", "US", "XA")
_AT_ONCE = 2000
SEED = 3
Word = tuple[str, str, str]  # kind, word, study


def fill(store: Store, count: int, *, seed: int = SEED) -> None:
    """Keep ``count`` studies of three years, with a series or two each, in one transaction."""
    chance = Random(seed)
    every, words = _studies(count, chance, seed), list[Word]()
    with store.write() as unit:
        connection = unit.connection
        while some := list(islice(every, _AT_ONCE)):
            connection.execute(insert(studies), some)
            words += [word for row in some for word in _words(row)]
            connection.execute(insert(series), [each for row in some for each in _series(row, chance)])
            sent = [row for row in some if row["institution"] in SENT]
            connection.execute(insert(cases), [_case(row) for row in sent])
            connection.execute(
                insert(case_studies), [{"case_id": row["id"], "study_uid": row["study_uid"]} for row in sent]
            )
        _keep_words(connection, words)
        if connection.dialect.name == "postgresql":  # as its autovacuum would a minute later
            connection.exec_driver_sql("ANALYZE")


def nth_uid(number: int, seed: int = SEED) -> str:
    """The UID of the study of that number, 0 being the first."""
    return f"2.25.{Random(seed << 32 | number).getrandbits(120)}"


def _words(row: dict[str, Any]) -> Iterator[Word]:
    """A study's words; those of a name are worked out once."""
    for kind, word in _of_name(row["patient_name"]):
        yield kind, word, row["id"]
    for each in words_of({**row, "patient_name": ""}):
        yield each["kind"], each["word"], row["id"]


@cache
def _of_name(name: str) -> tuple[tuple[str, str], ...]:
    alone = {"patient_name": name, "patient_id": "", "accession_number": "", "id": ""}
    return tuple((each["kind"], each["word"]) for each in words_of(alone))


def _keep_words(connection: Connection, words: list[Word]) -> None:
    """A dozen rows a study, in the order of their index, by the driver's quickest way."""
    words.sort()
    columns = "(kind, word, study_id)"
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql(f"INSERT INTO {study_words.name} {columns} VALUES (?, ?, ?)", words)
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {study_words.name} {columns} FROM STDIN") as copy:
        for word in words:
            copy.write_row(word)


def _studies(count: int, chance: Random, seed: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        institution = ("XINGYI", *SENT)[number % 3]
        uid = nth_uid(number, seed)
        (family, chinese), given = chance.choice(FAMILY), chance.sample(GIVEN, 2)
        name = f"{family}^{''.join(each for each, _ in given)}={chinese}^{''.join(each for _, each in given)}"
        day = NEWEST - timedelta(days=int(DAYS * chance.random()))
        at = datetime(day.year, day.month, day.day, chance.randrange(24), tzinfo=UTC)
        texts = dict.fromkeys(("patient_sex", "study_label", "referring_physician"), "")
        moments = dict.fromkeys(("first_at", "last_at", "told_at"), at)
        yield {
            "id": study_key(institution, uid), "institution": institution, "study_uid": uid, "version": 1,
            "status": "quiet", "patient_name": name, "patient_display": name, "search": searchable(name),
            "charset_guessed": False, "patient_id": f"P{number // 2:07d}", "patient_birth_date": "19600101",
            "accession_number": f"A{number:08d}", "study_date": f"{day:%Y%m%d}", "study_time": f"{at:%H}0000",
            "description": "头颅平扫", "series_count": 1, "instance_count": 200, "completeness": {}, **texts, **moments,
        }  # fmt: skip


def _series(row: dict[str, Any], chance: Random) -> Iterator[dict[str, Any]]:
    modality = chance.choice(MODALITIES)
    texts = ("description", "body_part", "laterality", "protocol", "procedure_start_date", "procedure_start_time",
             "scheduled_step_id", "requested_procedure_id", "manufacturer", "station")  # fmt: skip
    for number in range(1, chance.choice((2, 2, 3))):
        uid = f"{row['study_uid']}.{number}"
        yield {
            "id": series_key(row["id"], uid), "study_id": row["id"], "series_uid": uid, "version": 1,
            "modality": modality, "number": number, "series_date": row["study_date"], "series_time": "",
            "instance_count": 200, "lossy": False, "gantry_tilt": None, "first_at": row["first_at"],
            **dict.fromkeys(texts, ""),
        }  # fmt: skip


def _case(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"], "number": row["id"][:12] + row["accession_number"], "state": "closed", "version": 1,
        "priority": "routine", "service_type": "telediagnosis", "requesting_site": row["institution"],
        "performing_site": "GUIYANG", "centre": "XINGYI", "requester_id": "x", "assignee_id": None, "author_id": None,
        "reviewer_id": None, "patient_name": row["patient_display"], "modality": "CT", "body_part": "HEAD",
        "created_at": row["first_at"], "updated_at": row["first_at"], "due_at": None, "live": False,
        "sampled": False, "rank": "1", "document": {},
    }  # fmt: skip
