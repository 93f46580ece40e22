"""Performed procedure steps with pynetdicom as the modality: what it says it made is what must come."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.association import Association

from consult.actions.assessment import settle
from consult.domain.losses import Claim, Source, Status, StudyCompleteness
from consult.listeners.performed import PERFORMED_STEP
from consult.queries.studies import one
from consult.store.arrivals import study_key
from tests.makers.archive import a_slice
from tests.makers.dicom import CT
from tests.makers.door import Clinic
from tests.makers.people import ACTORS

STUDY, SERIES, DOSE, STEP = "2.25.1", "2.25.11", "2.25.12", "2.25.700"
COUNT = 4
IMAGES = tuple(f"{SERIES}.{number}" for number in range(1, COUNT + 1))
QUIET = timedelta(seconds=10)


@contextmanager
def modality(here: Clinic, title: str = "ANLONG") -> Iterator[Association]:
    """A CT that reports on its work."""
    peer = AE(title)
    peer.add_requested_context(PERFORMED_STEP)
    association = peer.associate("127.0.0.1", here.port, ae_title="CONSULT")
    assert association.is_established
    try:
        yield association
    finally:
        association.release()
        association.join(20)


def sequence(*items: Mapping[str, object]) -> list[Dataset]:
    made = []
    for each in items:
        item = Dataset()
        for name, value in each.items():
            setattr(item, name, value)
        made.append(item)
    return made


def begin(association: Association, *studies: str, step: str | None = STEP, status: str = "IN PROGRESS") -> int:
    said = Dataset()
    said.PerformedProcedureStepStatus = status
    said.ScheduledStepAttributesSequence = sequence(*({"StudyInstanceUID": uid} for uid in studies))
    said.PerformedSeriesSequence = []
    answer, _ = association.send_n_create(said, PERFORMED_STEP, step)
    return int(answer.Status)


def end(
    association: Association, series: Mapping[str, Sequence[str]], status: str = "COMPLETED", step: str = STEP
) -> int:
    said = Dataset()
    said.PerformedProcedureStepStatus = status
    said.PerformedSeriesSequence = sequence(
        *(
            {"SeriesInstanceUID": uid, "ReferencedImageSequence": sequence(
                *({"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": each} for each in images))}
            for uid, images in series.items()
        )
    )  # fmt: skip
    if status == "DISCONTINUED":
        said.SpecificCharacterSet = "ISO_IR 192"
        said.PerformedProcedureStepDiscontinuationReasonCodeSequence = sequence({"CodeMeaning": "患者不配合"})
    answer, _ = association.send_n_set(said, PERFORMED_STEP, step)
    return int(answer.Status)


def sent(here: Clinic, numbers: Sequence[int]) -> None:
    for number in numbers:
        here.made.put(a_slice(number, study=STUDY, series=SERIES))


def found(here: Clinic) -> StudyCompleteness:
    """What is known of the study once it is quiet."""
    settle(here.made.store, study_key("ANLONG", STUDY), QUIET, False, here.made.clock() + QUIET)
    return one(here.made.store, STUDY, ACTORS["anlong.doctor"]).completeness


def test_a_study_of_which_all_came_is_proven_by_the_machine_that_made_it(anywhere: Clinic) -> None:
    with modality(anywhere) as association:
        assert begin(association, STUDY) == 0
        sent(anywhere, range(1, COUNT + 1))
        assert found(anywhere).status is Status.QUIET
        assert end(association, {SERIES: IMAGES}) == 0
    known = found(anywhere)
    assert known.status is Status.COMPLETE
    (claim,) = known.claims
    assert (claim.source, claim.expected, claim.short, claim.by) == (Source.PERFORMED, COUNT, 0, "ANLONG")


def test_what_did_not_come_is_counted_and_a_whole_series_is_named(here: Clinic) -> None:
    with modality(here) as association:
        begin(association, STUDY)
        end(association, {SERIES: IMAGES, DOSE: (f"{DOSE}.1",)})
    sent(here, (1, 2))
    known = found(here)
    assert (known.status, known.received, known.expected) == (Status.SHORT, 2, COUNT + 1)
    assert {each.series_uid: each.count for each in known.missing if each.series_uid == DOSE} == {DOSE: 1}
    sent(here, (3, 4))
    here.made.put(a_slice(1, study=STUDY, series=DOSE))
    assert found(here).status is Status.COMPLETE


def test_a_step_that_was_broken_off_is_told_and_nothing_is_missed_for_it(here: Clinic) -> None:
    with modality(here) as association:
        begin(association, STUDY)
        end(association, {SERIES: IMAGES}, "DISCONTINUED")
    sent(here, (1, 2))
    known = found(here)
    assert (known.status, known.missing) == (Status.QUIET, ())
    assert any("检查中止（患者不配合）" in words.zh for words in known.notices)


def test_a_step_that_goes_on_is_told(here: Clinic) -> None:
    with modality(here) as association:
        begin(association, STUDY)
    sent(here, (1,))
    assert any("尚未报告完成" in words.zh for words in found(here).notices)


def test_several_steps_of_a_study_add_up(here: Clinic) -> None:
    sent(here, range(1, COUNT + 1))
    with modality(here) as association:
        for step, images in (("2.25.701", IMAGES[:2]), ("2.25.702", IMAGES[2:])):
            begin(association, STUDY, step=step)
            end(association, {SERIES: images}, step=step)
    assert found(here).claims == (
        Claim(Source.PERFORMED, COUNT, 0, "ANLONG", here.made.clock().isoformat(), partial=True),
    )


def test_a_step_for_two_studies_expects_of_each_only_what_began_to_come(here: Clinic) -> None:
    sent(here, (1, 2, 3))
    with modality(here) as association:
        begin(association, STUDY, "2.25.2")
        end(association, {SERIES: IMAGES, "2.25.22": ("2.25.22.1",)})
    known = found(here)
    assert (known.status, known.expected) == (Status.SHORT, COUNT)


def test_what_cannot_be_is_refused_by_the_standards_number(here: Clinic) -> None:
    with modality(here) as association, modality(here, "DUSHAN") as another:
        assert begin(association, STUDY, status="COMPLETED") == 0x0106
        assert begin(association, STUDY, status="WHATEVER") == 0x0106
        assert begin(association) == 0x0120
        assert end(association, {}) == 0x0112
        assert begin(association, STUDY) == 0
        assert begin(association, STUDY) == 0x0111
        assert end(another, {SERIES: IMAGES}) == 0x0112
        assert end(association, {SERIES: IMAGES}, "IN PROGRESS") == 0
        assert end(association, {SERIES: IMAGES}) == 0
        assert end(association, {SERIES: IMAGES}, "DISCONTINUED") == 0x0110
        assert begin(another, STUDY) == 0


def test_a_machine_that_may_not_send_may_not_report_either(here: Clinic) -> None:
    here.knows("VIEWER", "ANLONG", may_send=False)
    with modality(here, "VIEWER") as association:
        assert begin(association, STUDY) == 0x0124


def test_a_step_without_a_name_is_named_here(here: Clinic) -> None:
    with modality(here) as association:
        assert begin(association, STUDY, step=None) == 0


@pytest.mark.parametrize("uid", ["1.2.3'--", "../etc"])
def test_what_is_no_uid_is_refused(here: Clinic, uid: str) -> None:
    with modality(here) as association:
        assert begin(association, STUDY) == 0
        with pytest.warns(UserWarning, match="Invalid value for VR UI"):  # the modality's own library knows better
            assert end(association, {SERIES: (uid,)}) == 0x0106
