"""The workshop's promises: the same answers from other processes, bounded in time and memory, and it heals itself."""

import contextlib
import hashlib
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from consult.domain.errors import Broken, Unavailable
from consult.formats.document import PrintedImage, Stamp
from consult.formats.pdf_pool import Workshop
from tests.makers.documents import NOW, TEXT, document, house, png

pytestmark = [
    pytest.mark.slow,  # real signatures and processes: seconds each
    # WeasyPrint 70 leaves its own colour profile open.
    pytest.mark.filterwarnings("ignore:.*sRGB2014.icc:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with Workshop(workers=2, timeout_s=60) as open_workshop:
        open_workshop.warm()
        yield open_workshop


def test_documents_are_laid_out_in_other_processes_and_are_the_same_everywhere(workshop: Workshop) -> None:
    with ThreadPoolExecutor(3) as threads:
        made = list(threads.map(lambda _: workshop.render(document()), range(3)))
    assert len({each.pdf for each in made}) == 1
    assert made[0].reviewer is not None
    assert len(workshop.process_ids()) == 2
    assert os.getpid() not in workshop.process_ids()


def test_a_file_is_signed_and_judged_by_way_of_the_workshop(workshop: Workshop, tmp_path: Path) -> None:
    here = house(tmp_path)
    file = here.certified(document(two_person=False))
    assert workshop.stamp(Stamp("王志远", NOW)).startswith(b"%PDF")
    judged = workshop.verify(file, here.trust, hashlib.sha256(file).hexdigest(), now=NOW)
    assert judged.valid
    assert [signer.name for signer in judged.signers] == ["王志远"]
    assert workshop.identify(file) == ("BG20261124-0017", 1, document(two_person=False).content_sha256)
    assert workshop.identify(b"nothing") is None


def test_a_refusal_comes_back_as_itself(workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(Broken) as refused:
        workshop.render(document(images=(PrintedImage(b"no picture"),)))
    assert "关键图像" in refused.value.sentence.zh
    (tmp_path / "no.dcm").write_bytes(b"no DICOM")
    with pytest.raises(Broken):
        workshop.png(tmp_path / "no.dcm", 1, 512)


def test_a_fault_of_ours_does_not_tell_what_it_was_about(workshop: Workshop) -> None:
    secret = replace(document().patient, name="陈建国", birth_date="not a date")
    with pytest.raises(RuntimeError) as fault:
        workshop.render(document(patient=secret))
    assert "陈建国" not in str(fault.value)
    assert "not a date" not in str(fault.value)
    assert workshop.render(document(images=(PrintedImage(png()),))).pdf


def test_a_worker_that_dies_is_replaced(workshop: Workshop) -> None:
    before = workshop.process_ids()
    for process_id in before:
        os.kill(process_id, signal.SIGKILL)
    for _ in before:  # each death is noticed once, at the latest by the job that meets it
        with contextlib.suppress(Unavailable):
            workshop.render(document())
    with ThreadPoolExecutor(2) as threads:
        assert len(list(threads.map(lambda _: workshop.render(document()), range(2)))) == 2
    assert before
    assert not set(before) & set(workshop.process_ids())


@pytest.mark.slow
def test_a_job_that_takes_too_long_is_ended_and_the_next_one_works() -> None:
    endless = document(text=replace(TEXT, findings="\n".join([TEXT.findings] * 30_000)))
    with Workshop(workers=1, timeout_s=5) as hasty:
        with pytest.raises(Unavailable) as refused:
            hasty.render(endless)
        assert "超时" in refused.value.sentence.zh
        assert hasty.stamp(Stamp("王志远", NOW))


@pytest.mark.slow
def test_a_job_that_takes_too_much_memory_harms_nobody_else() -> None:
    with Workshop(workers=1, timeout_s=60, memory_mb=700) as small:
        assert small.stamp(Stamp("王志远", NOW))
        large = b"%PDF-1.7\n" + b"<" * 400_000_000
        judged = small.verify(large, house_trust(), None, now=NOW)
        assert not judged.valid
        assert small.stamp(Stamp("王志远", NOW))


def house_trust():
    """A source of trust that trusts nobody."""
    from consult.formats.trust import TrustSource

    return TrustSource((), (), ())


def test_a_closed_workshop_leaves_no_process_behind() -> None:
    workshop = Workshop(workers=2, timeout_s=60)
    workshop.warm()
    assert workshop.stamp(Stamp("王志远", NOW))
    running = workshop.process_ids()
    assert len(running) == 2
    workshop.close()
    for process_id in running:
        with pytest.raises(ProcessLookupError):
            os.kill(process_id, 0)
