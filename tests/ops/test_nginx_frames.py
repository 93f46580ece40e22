"""Frames that nginx finds and sends by itself: only to whom Consult let into the study, and for some seconds only."""

import grp
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consult.formats.bounded import HeaderReader
from consult.formats.prepared import CONTENT_TYPE
from consult.queries import audit
from consult.settings import Settings, Web
from consult.store import conflicts, sessions, studies
from consult.store.arrivals import study_key
from consult.web.passes import IN_FRONT_S
from tests.makers.archive import SERIES, STUDY, a_slice
from tests.makers.people import ACTORS, NOW
from tests.makers.pictures import make_ready
from tests.makers.web import signed_in, site
from tests.ops.conftest import ACCEL, Front, front_of
from tests.peers.nginx import SITE

OF_STUDY = f"/dicom-web/studies/{STUDY}"
FRAME = f"{OF_STUDY}/series/{SERIES}/instances/{SERIES}.1/frames/1"
PASS = f"{OF_STUDY}/pass"
JPHC = 'multipart/related; type="image/jphc"'
HTJ2K = f"{JPHC}; transfer-syntax=1.2.840.10008.1.2.4.202"
STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
OUT_S = 10  # within which whoever may no longer see a study is out
SERVER, GROUP = "nobody", "nogroup"  # stand for www-data and consult-prepared


def test_consult_is_asked_once_about_a_session_and_a_study_and_never_for_a_frame(front: Front) -> None:
    anlong = front.site["anlong.doctor"]
    front.asked.clear()
    answers = [front.get(FRAME, anlong, Accept=f"{HTJ2K}, {STORED}; q=0.5") for _ in range(20)]
    assert {(status, body) for status, body, _ in answers} == {(200, front.kept()[0].read_bytes())}
    assert {headers["Content-Type"] for _, _, headers in answers} == {CONTENT_TYPE}
    assert set(front.asked) == {PASS}
    assert len(front.asked) < 20
    status, body, headers = front.get(FRAME, anlong, "HEAD", Accept=JPHC)
    assert (status, body, int(headers["Content-Length"])) == (200, b"", front.kept()[0].stat().st_size)


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        (FRAME, STORED),
        (FRAME, f"{JPHC}; q=0.1, {STORED}"),
        (FRAME, f"{JPHC}; transfer-syntax=1.2.840.10008.1.2.4.201"),
        (FRAME, "*/*"),
        (f"{FRAME}?accept=application/octet-stream", HTJ2K),
        (f"{FRAME},1", HTJ2K),
        (f"{OF_STUDY}/series/{SERIES}/instances/{SERIES}.9/frames/1", HTJ2K),
    ],
)
def test_whoever_asks_for_something_else_is_answered_by_consult(front: Front, path: str, accept: str) -> None:
    front.asked.clear()
    front.get(path, front.site["anlong.doctor"], Accept=accept)
    assert path.partition("?")[0] in front.asked


def test_what_is_not_ready_is_given_as_it_is_stored(front: Front) -> None:
    front.site.archive.put(a_slice(1, study="2.25.7", series="2.25.8"))
    path = "/dicom-web/studies/2.25.7/series/2.25.8/instances/2.25.8.1/frames/1"
    status, _, headers = front.get(path, front.site["anlong.doctor"], Accept=f"{HTJ2K}, {STORED}; q=0.5")
    assert (status, "octet-stream" in headers["Content-Type"]) == (200, True)


def test_refusals_are_consults_own_while_another_may_see_it(front: Front) -> None:
    assert front.get(FRAME, front.site["anlong.doctor"], Accept=HTJ2K)[0] == 200
    for who, expected in ((front.site["dushan.doctor"], 404), (front.site["anlong.admin"], 404), (None, 401)):
        status, body, headers = front.get(FRAME, who, Accept=HTJ2K)
        assert (status, headers["Content-Type"]) == (expected, "application/problem+json"), body
    front.http.request("GET", FRAME, headers={"Host": "x", "Accept": HTJ2K, "Cookie": "consult=made-up"})
    answer = front.http.getresponse()
    assert (answer.status, bool(answer.read())) == (401, True)


@pytest.mark.parametrize("inside", ["consult-pass", "dicom-web/../consult-pass", "%63onsult-pass"])
def test_nobody_asks_in_nginx_place(front: Front, inside: str) -> None:
    front.asked.clear()
    assert front.get(f"/{inside}", front.site["anlong.doctor"])[0] in (403, 404)
    assert front.asked == []


@pytest.mark.parametrize("part", ["..", "%2e%2e", ".", "...", "..%2f..", "1%2f.."])
def test_no_part_of_the_url_leads_out_of_the_study(front: Front, part: str) -> None:
    for path in (
        f"{OF_STUDY}/series/{part}/instances/{SERIES}.1/frames/1",
        f"/dicom-web/studies/{part}/series/{SERIES}/instances/1/frames/1",
        f"{OF_STUDY}/series/{SERIES}/instances/{part}/frames/1",
    ):
        assert front.get(path, front.site["anlong.doctor"], Accept=HTJ2K)[0] in (400, 404), path


def test_looking_stands_in_the_log_once_though_consult_sends_nothing(front: Front) -> None:
    front.site.archive.clock.advance(minutes=30)
    for _ in range(2):
        anew = signed_in(front.site.app, "anlong.doctor")
        for _ in range(5):
            assert front.get(FRAME, anew, Accept=HTJ2K)[0] == 200
        assert _looked(front) == 1


def _looked(front: Front) -> int:
    asked = audit.Asked(study=STUDY, deed="view_images", since=front.site.archive.clock.now)
    return len(audit.latest(front.site.archive.store, asked, 50))


def test_a_session_that_ended_and_one_taken_back_are_out_in_seconds(front: Front) -> None:
    """Ended elsewhere: nothing tells nginx, and nothing tells this process."""
    anlong = front.site["anlong.doctor"]
    assert front.get(FRAME, anlong, Accept=HTJ2K)[0] == 200
    with front.site.archive.store.write() as unit:
        row = unit.connection.exec_driver_sql("SELECT id FROM people WHERE username = 'anlong.doctor'").one()
        sessions.drop_sessions_of(unit, row.id)
    began = time.monotonic()
    _until(lambda: front.get(FRAME, anlong, Accept=HTJ2K)[0] == 401)
    assert time.monotonic() - began <= OUT_S
    assert IN_FRONT_S < OUT_S


def _until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + OUT_S
    while not holds() and time.monotonic() < until:
        time.sleep(0.1)
    assert holds()


def test_of_two_versions_only_the_chosen_one_is_sent(tmp_path: Path) -> None:
    with _door(tmp_path) as front:
        archive, coordinator = front.site.archive, ACTORS["xingyi.coordinator"]
        key, first = study_key("ANLONG", STUDY), front.get(FRAME, front.site["anlong.doctor"], Accept=HTJ2K)[1]
        archive.put(a_slice(1, pixel=999))
        with archive.store.write() as unit:
            study = studies.by_id(unit.connection, key)
            _, other = conflicts.versions(unit.connection, key)
            conflicts.decide(unit, study, other, "像素完整", coordinator, NOW)
        anlong = signed_in(front.site.app, "anlong.doctor")  # of whom nginx remembers nothing
        assert front.get(FRAME, anlong, Accept=f"{HTJ2K}, {STORED}; q=0.5")[2]["Content-Type"] != CONTENT_TYPE
        make_ready(archive, key)
        front.asked.clear()
        status, chosen, headers = front.get(FRAME, anlong, Accept=HTJ2K)
        assert (status, headers["Content-Type"], chosen != first) == (200, CONTENT_TYPE, True)
        assert [path.read_bytes() for path in front.kept()] == [chosen]


@contextmanager
def _door(folder: Path, prepared: Path | None = None, **more: str) -> Iterator[Front]:
    settings = Settings(web=Web(accel=ACCEL))
    (folder / "front").mkdir()
    (folder / "front").chmod(0o711)
    with (
        HeaderReader(1, 300, 20) as reader,
        site(folder, reader, "anlong.doctor", settings=settings, prepared=prepared) as door,
    ):
        door.archive.put(a_slice(1))
        make_ready(door.archive, study_key("ANLONG", STUDY))
        with front_of(folder / "front", door, **more) as opened:
            yield opened


def test_nginx_reads_what_was_made_ready_and_nothing_else_of_ours() -> None:
    """As ops/tmpfiles.d lays it out, and under the umask of ops/systemd; a member of our group sees no more."""
    if os.geteuid() != 0:
        pytest.skip("only root can let nginx be somebody else")
    folder = Path(tempfile.mkdtemp(prefix="consult-modes-"))
    before = os.umask(0o027)
    try:
        folder.chmod(0o711)
        prepared = folder / "prepared"
        prepared.mkdir()
        shutil.chown(prepared, group=GROUP)
        prepared.chmod(0o2750)
        with _door(folder, prepared, user=f"{SERVER} {GROUP}") as front:
            front.asked.clear()
            anlong = front.site["anlong.doctor"]
            assert front.get(FRAME, anlong, Accept=HTJ2K)[:2] == (200, front.kept()[0].read_bytes())
            assert front.get(f"{OF_STUDY}/thumbnail", anlong)[1][:3] == b"\xff\xd8\xff"
            assert FRAME not in front.asked
            _check_modes(prepared)
            (original,) = front.site.archive.objects()
            assert _read_by_server(front.kept()[0])
            assert not _read_by_server(original)
            assert not _read_by_server(folder / "consult.db")
            for private in ("objects", "cache", "quarantine", "incoming"):
                assert stat.S_IMODE((front.site.archive.blobs.root / private).stat().st_mode) == 0o700, private
    finally:
        os.umask(before)
        shutil.rmtree(folder)


def _check_modes(prepared: Path) -> None:
    for path in (prepared, *prepared.rglob("*")):
        known = path.stat()
        assert grp.getgrgid(known.st_gid).gr_name == GROUP, path
        assert stat.S_IMODE(known.st_mode) == (0o2750 if path.is_dir() else 0o640), path


def _read_by_server(path: Path) -> bool:
    cat = subprocess.run(["cat", path], user=SERVER, group=GROUP, extra_groups=[], capture_output=True, check=False)
    return cat.returncode == 0


def test_the_folders_are_laid_out_as_nginx_and_the_units_expect(tmp_path: Path) -> None:
    """Users and folders made as on a fresh machine, by systemd's own tools."""
    if os.geteuid() != 0 or shutil.which("systemd-sysusers") is None or shutil.which("systemd-tmpfiles") is None:
        pytest.skip("needs root and systemd's tools (apt-get install systemd)")
    ops = SITE.parents[1]
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("www-data:x:33:33::/var/www:/usr/sbin/nologin\n")
    (tmp_path / "etc/group").write_text("www-data:x:33:\n")
    for tool, how in (("systemd-sysusers", ops / "sysusers.d"), ("systemd-tmpfiles", ops / "tmpfiles.d")):
        options = ["--create"] if tool == "systemd-tmpfiles" else []
        subprocess.run([tool, f"--root={tmp_path}", *options, how / "consult.conf"], check=True, capture_output=True)
    groups = {line.split(":")[0]: line.split(":") for line in (tmp_path / "etc/group").read_text().split()}
    assert groups["consult-prepared"][3] == "www-data"
    assert groups["consult"][3] == ""
    for name, mode, group in (("consult", 0o750, "consult"), ("consult-prepared", 0o2750, "consult-prepared")):
        known = (tmp_path / "var/lib" / name).stat()
        assert (stat.S_IMODE(known.st_mode), str(known.st_gid)) == (mode, groups[group][2])
    for unit in ("consult.service", "consult@.service"):
        told = (ops / "systemd" / unit).read_text()
        assert "CONSULT_BLOBS__PREPARED=/var/lib/consult-prepared\nReadWritePaths=/var/lib/consult-prepared" in told
    assert "root /var/lib/consult-prepared/studies;" in SITE.read_text()
