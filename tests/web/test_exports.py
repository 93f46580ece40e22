"""A case's images taken away: bytes as they are kept, a directory that others read, by who may, and written down."""

import hashlib
import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from pydicom import dcmread

from consult.domain.audit import Deed
from tests.web.conftest import STUDY, House


def test_the_requesting_hospital_takes_every_file_unchanged_with_its_directory(
    house: House, case_id: str, tmp_path: Path
) -> None:
    doctor = house.person("anlong.doctor")
    told = doctor.get(f"/api/v1/cases/{case_id}/exports").get_json()
    assert (told["allowed"], told["objects"]) == (True, 1)
    answer = doctor.get(f"/api/v1/cases/{case_id}/exports/dicom.zip")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.content_length == len(answer.data)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as zipped:
        assert zipped.testzip() is None
        zipped.extractall(tmp_path)
    directory = dcmread(tmp_path / "DICOMDIR")
    (record,) = [each for each in directory.DirectoryRecordSequence if each.DirectoryRecordType == "IMAGE"]
    taken = (tmp_path.joinpath(*record.ReferencedFileID)).read_bytes()
    assert record.ReferencedSOPInstanceUIDInFile == dcmread(io.BytesIO(taken)).SOPInstanceUID
    assert house.parts.blobs.path(hashlib.sha256(taken).hexdigest()).exists()  # objects are named by their hash


@pytest.mark.skipif(shutil.which("dcmdump") is None, reason="dcmtk is not installed")
def test_dcmtk_reads_the_directory(house: House, case_id: str, tmp_path: Path) -> None:
    answer = house.person("anlong.doctor").get(f"/api/v1/cases/{case_id}/exports/dicom.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as zipped:
        zipped.extractall(tmp_path)
    told = subprocess.run(["dcmdump", tmp_path / "DICOMDIR"], capture_output=True, text=True, check=True).stdout
    assert STUDY in told
    assert "Media Storage Directory Storage" in told or "MediaStorageDirectoryStorage" in told


def test_who_took_it_is_written_down(house: House, case_id: str) -> None:
    house.person("anlong.doctor").get(f"/api/v1/cases/{case_id}/exports/dicom.zip")
    log = house.person("auditor").get(f"/api/v1/audit?deed={Deed.EXPORT}").get_json()["items"]
    assert case_id in {row["subject_id"] for row in log}


def test_others_cannot_tell_that_it_exists(house: House, case_id: str) -> None:
    for username in ("dushan.doctor", "auditor", "admin", "anlong.admin"):
        for rest in ("", "/dicom.zip"):
            assert house.person(username).get(f"/api/v1/cases/{case_id}/exports{rest}").status_code == 404, username
