"""A county's machines at a running site: they send, ask, fetch, and are told what is safe."""

import subprocess
import sys
from os import environ
from pathlib import Path

import pytest
from pydicom import dcmread

from consult.settings import as_environment
from tests.listeners.test_commitment import Asker, action
from tests.peers.dicom import data_set_of
from tests.peers.orthanc import in_time
from tests.peers.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.slow]
FINDSCU, GETSCU, STORESCU = "/usr/bin/findscu", "/usr/bin/getscu", "/usr/bin/storescu"
COUNT = 8


def dcmtk(site: Site, program: str, title: str, *arguments: str, cwd: Path) -> None:
    done = subprocess.run(
        [program, "-aet", title, "-aec", "CONSULT", "127.0.0.1", str(site.dicom_port), *arguments],
        check=False, capture_output=True, timeout=120, cwd=cwd,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_a_county_sent_it_finds_fetches_and_has_committed(site: Site, head_ct: Path, tmp_path: Path) -> None:
    paths = sorted((head_ct / "thick_5mm").iterdir())[:COUNT]
    sent = {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID): path for path in paths}
    first = dcmread(paths[0], stop_before_pixels=True)
    dcmtk(site, STORESCU, "ANLONG", *map(str, paths), cwd=tmp_path)

    keys = ("-S", "-k", "0008,0052=IMAGE", "-k", f"0020,000d={first.StudyInstanceUID}", "-k", "0008,0018", "-X")
    for title, some in (("ANLONG", True), ("DUSHAN", False)):
        folder = tmp_path / title
        folder.mkdir()
        dcmtk(site, FINDSCU, title, *keys, cwd=folder)
        found = {str(dcmread(path).SOPInstanceUID) for path in folder.iterdir()}
        assert set(sent) <= found if some else not found

    got = tmp_path / "got"
    got.mkdir()
    wanted = ("-S", "-k", "0008,0052=IMAGE", "-k", f"0020,000d={first.StudyInstanceUID}",
              "-k", "0008,0018=" + "\\".join(sent), "+B")  # fmt: skip
    dcmtk(site, GETSCU, "ANLONG", *wanted, cwd=got)
    received = {path.name: data_set_of(path.read_bytes()) for path in got.iterdir()}
    assert len(received) == COUNT
    originals = [dcmread(path) for path in paths]
    for name, data in received.items():
        assert any(str(each.SOPInstanceUID) in name and each.PixelData in data for each in originals)

    asker = Asker()
    environment = {**environ, **as_environment(site.settings)}
    known = ("node", "add", asker.title, "--institution", "ANLONG", "--host", "127.0.0.1", "--port", str(asker.port))
    subprocess.run([sys.executable, "-m", "consult", *known], check=True, env=environment, cwd=tmp_path, timeout=120)
    with asker.listening(), asker.calling(site) as association:
        assert action(association, *((str(each.SOPClassUID), str(each.SOPInstanceUID)) for each in originals)) == 0
        assert in_time(lambda: bool(asker.told))
    assert asker.reasons == dict.fromkeys(sent, 0)
