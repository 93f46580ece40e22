"""The metadata of a large study goes out while it is read: the server never holds it."""

import gzip
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select

from consult.formats.bounded import HeaderReader
from consult.store.arrivals import study_key
from consult.store.tables_studies import instances
from tests.makers.archive import SERIES, STUDY, Archive
from tests.makers.dicom import ct_slice, part10
from tests.makers.pictures import make_ready
from tests.makers.web import Site, site
from tests.web.test_dicomweb import OF_SERIES, OF_STUDY

COUNT = 2000  # slices in one series
MOST = 3 << 20  # bytes, where the JSON of the study is seven times as long
HEAD = b"".join(f"{number:06d}".encode() for number in range(2500))
XML = 'multipart/related; type="application/dicom+xml"'


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A series of so many slices with long headers: one that came, the others as rows like its own."""
    folder = tmp_path_factory.mktemp("large")
    with HeaderReader(1, 300, 20) as reader, site(folder, reader, "anlong.doctor") as opened:
        uids = {0x0020000D: STUDY, 0x0020000E: SERIES, 0x00080018: f"{SERIES}.1"}
        changes = {tag: ("UI", uid.encode()) for tag, uid in uids.items()}
        opened.archive.put(part10(ct_slice({**changes, 0x00104000: ("LT", HEAD[:10240])})))
        _multiply(opened.archive)
        yield opened


def _multiply(made: Archive) -> None:
    with made.store.write() as unit:
        row = dict(unit.connection.execute(select(instances)).mappings().one())
        del row["id"]
        rows = [row | {"sop_uid": f"{SERIES}.{number}"} for number in range(2, COUNT + 1)]
        unit.connection.execute(insert(instances), rows)


@pytest.mark.parametrize(
    ("path", "headers"), [(OF_STUDY, {}), (OF_SERIES, {"Accept-Encoding": "gzip"}), (OF_STUDY, {"Accept": XML})]
)
def test_all_of_it_is_told_within_few_megabytes(large: Site, path: str, headers: dict[str, str]) -> None:
    client = large["anlong.doctor"].client
    with client.get(f"{path}/metadata", headers=headers, buffered=False) as answer:
        tracemalloc.start()
        length = sum(map(len, answer.iter_encoded()))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MOST
    assert "gzip" in str(headers) or length > 6 * MOST


def test_what_was_made_ready_goes_out_within_few_megabytes_too(large: Site) -> None:
    make_ready(large.archive, study_key("ANLONG", STUDY))
    assert list((large.archive.blobs.cache / "metadata").rglob("*.gz"))
    test_all_of_it_is_told_within_few_megabytes(large, OF_STUDY, {"Accept-Encoding": "gzip"})
    zipped = large["anlong.doctor"].get(f"{OF_STUDY}/metadata", Accept_Encoding="gzip").data
    assert len(json.loads(gzip.decompress(zipped))) == COUNT
