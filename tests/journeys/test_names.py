"""Chinese names arrive as bytes in many spellings and are read right over DICOMweb, whatever the header declares."""

import json
from pathlib import Path

import pytest
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from tests.journeys.people import send
from tests.peers.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.slow]

HANZI = "欧阳^䶮"
IR58 = b"\x1b$)A"
SPELLINGS = [
    ("GB18030", ("OuYang^Yan=" + HANZI).encode("gb18030"), HANZI, False),
    ("ISO_IR 192", ("OuYang^Yan=" + HANZI).encode(), HANZI, False),
    ("GBK", "OuYang^X=欧阳^小明".encode("gbk"), "欧阳^小明", False),
    (
        "\\ISO 2022 IR 58",
        b"Zhang^XiaoDong=" + IR58 + "张".encode("gb2312") + b"^" + IR58 + "小东".encode("gb2312"),
        "张^小东",
        False,
    ),
    ("", "张^伟".encode("gbk"), "张^伟", True),
    ("ISO_IR 100", "张^伟".encode("gbk"), "张^伟", True),
]


def written(folder: Path, declared: str, name: bytes) -> tuple[Path, str]:
    """A small CT image whose name element holds exactly these bytes; (file, StudyInstanceUID)."""
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, generate_uid()
    image.StudyInstanceUID, image.SeriesInstanceUID = generate_uid(), generate_uid()
    image.Modality, image.PatientID, image.PatientName = "CT", "N-1", "PLACEHOLDER"
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path = folder / f"{image.SOPInstanceUID}.dcm"
    image.SpecificCharacterSet = "ISO_IR 100"
    dcmwrite(path, image, enforce_file_format=True)
    data = path.read_bytes()
    data = swapped(data, b"\x08\x00\x05\x00CS", declared.encode())
    path.write_bytes(swapped(data, b"\x10\x00\x10\x00PN", name))
    return path, str(image.StudyInstanceUID)


def swapped(data: bytes, element: bytes, value: bytes) -> bytes:
    """The file with another value in one short element of explicit VR little endian (PS3.5 §7.1.2)."""
    at = data.index(element) + len(element)
    length = int.from_bytes(data[at : at + 2], "little")
    padded = value + b" " * (len(value) % 2)
    return data[:at] + len(padded).to_bytes(2, "little") + padded + data[at + 2 + length :]


@pytest.mark.parametrize(("declared", "name", "read", "guessed"), SPELLINGS, ids=[each[0] for each in SPELLINGS])
def test_a_chinese_name_is_read_right_and_a_guess_is_said_to_be_one(
    site: Site, tmp_path: Path, declared: str, name: bytes, read: str, guessed: bool
) -> None:
    path, study_uid = written(tmp_path, declared, name)
    send(site, [path])
    doctor = site.signed_in("anlong.doctor")
    query = {"StudyInstanceUID": study_uid, "includefield": "PatientName"}
    found = doctor.get("/dicom-web/studies", params=query)
    assert read in json.dumps(found.json(), ensure_ascii=False)
    assert doctor.get(f"/api/v1/studies/{study_uid}").json()["charset_guessed"] is guessed
