"""Promises about what an image says of itself."""

import pytest

from consult.domain.studies import PatientName, is_uid
from tests.makers.dicom import instance


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2", "2.25.0", "1..2", "0" * 64])
def test_digits_and_dots_are_a_uid(uid: str) -> None:
    assert is_uid(uid)


@pytest.mark.parametrize("uid", ["", "1.2/../3", "1.2.a", "1." * 33, "1.2\n", "１.２", " 1.2", "1.2\0"])
def test_nothing_else_is_a_uid(uid: str) -> None:
    assert not is_uid(uid)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (PatientName("Zhang^Wei", "张^伟"), "张伟"),
        (PatientName("张^伟"), "张伟"),
        (PatientName("Müller^Jürgen^^Dr"), "Müller Jürgen Dr"),
        (PatientName("OuYang^Yan", "欧阳^䶮"), "欧阳䶮"),
        (PatientName("", "𠮷^田"), "𠮷田"),
        (PatientName(), ""),
    ],
)
def test_a_name_is_shown_as_people_read_it(name: PatientName, shown: str) -> None:
    assert name.display == shown


def test_a_name_s_groups_are_joined_without_empty_tails() -> None:
    assert PatientName("Zhang^Wei", "张^伟").groups == "Zhang^Wei=张^伟"
    assert PatientName("", "张^伟").groups == "=张^伟"
    assert PatientName("Zhang^Wei").groups == "Zhang^Wei"


def test_only_what_has_frames_can_be_looked_at() -> None:
    assert instance().has_pixels
    assert not instance(frames=None).has_pixels
