"""What images say themselves of how many there are is a source like others, unless it counts something else."""

from typing import Any

import pytest

from consult.domain.completeness import Status, StudyCompleteness
from consult.domain.losses import Claim, Source
from tests.domain.test_completeness import axial, study
from tests.makers.dicom import instance

ACQUIRED, IN_SERIES, IN_STUDY = "images_in_acquisition", "related_in_series", "related_in_study"


def claims(found: StudyCompleteness) -> list[tuple[Source, int, int]]:
    return [(claim.source, claim.expected, claim.short) for claim in found.claims]


@pytest.mark.parametrize("by", [ACQUIRED, IN_SERIES])
def test_a_series_that_ends_too_early_is_short_by_its_own_count(by: str) -> None:
    found = study(axial(28, **{by: 30}))
    assert (found.status, found.received, found.expected) == (Status.SHORT, 28, 30)
    assert claims(found) == [(Source.DATA, 30, 2)]


def test_a_series_that_is_all_there_by_its_own_count_says_so() -> None:
    found = study(axial(30, images_in_acquisition=30))
    assert (found.series[0].status, claims(found)) == (Status.COMPLETE, [(Source.DATA, 30, 0)])


def test_the_count_of_a_study_is_asked_of_all_its_series() -> None:
    both = [*axial(10, related_in_study=25), *axial(10, series_uid="2.25.7", related_in_study=25)]
    found = study(both)
    assert (found.status, claims(found)) == (Status.SHORT, [(Source.TOTAL, 25, 5)])
    whole = study(axial(25, related_in_study=25))
    assert (whole.status, claims(whole)) == (Status.COMPLETE, [(Source.TOTAL, 25, 0)])


def test_the_claim_of_the_images_does_not_hide_that_of_others() -> None:
    found = study(axial(30, images_in_acquisition=30, related_in_study=40))
    assert claims(found) == [(Source.TOTAL, 40, 10), (Source.DATA, 30, 0)]
    assert all(isinstance(claim, Claim) for claim in found.claims)
    assert found.status is Status.SHORT


@pytest.mark.parametrize(
    "said",
    [
        {ACQUIRED: 15},  # a dynamic series: the count of each pass
        {ACQUIRED: 60, "image_type": ("DERIVED", "SECONDARY", "REFORMATTED")},  # the count of its source
        {IN_SERIES: 12},  # written while it still grew
        {IN_STUDY: 12},
    ],
)
def test_a_count_of_something_else_is_left_aside(said: dict[str, Any]) -> None:
    found = study(axial(30, **said))
    assert (found.status, found.missing, found.claims) == (Status.QUIET, (), ())


def test_an_acquisition_that_became_two_series_has_more_images_than_either() -> None:
    thick = axial(12, 5.0, series_uid="2.25.7", images_in_acquisition=72)
    found = study([*axial(60, 1.0, images_in_acquisition=72), *thick])
    assert (found.missing, found.claims) == ((), ())


def test_images_that_contradict_each_other_say_nothing() -> None:
    found = study([*axial(5, related_in_study=30), *axial(5, first=6, start=-75.0, related_in_study=31)])
    assert (found.missing, found.claims) == ((), ())


def test_a_frame_stack_in_one_object_is_not_counted_as_images() -> None:
    assert study([instance(sop_uid="2.25.5", frames=40, images_in_acquisition=40)]).claims == ()
