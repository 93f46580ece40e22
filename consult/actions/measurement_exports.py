"""Gives out what was measured and chosen on a case's images as DICOM objects, made in a process apart."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from consult.actions.parts import Parts
from consult.domain.access import What, may_see_draft
from consult.domain.cases import Case
from consult.domain.errors import NotFound, Words
from consult.domain.measurements import Kept
from consult.domain.members import sits_in
from consult.domain.people import Actor
from consult.domain.reports import KeyImage, ReportText
from consult.domain.studies import Instance
from consult.formats.measured import KeyImages, MeasuredStudy
from consult.formats.pdf_pool import ObjectKind
from consult.store import cases, measurements, reports, summaries
from consult.store.unit import Reader

NOT_MEASURED = Words("该检查上还没有测量。", "Nothing was measured on that study yet.")
NOT_DRAWN = Words("该检查的图像上还没有标注。", "Nothing was drawn on images of that study yet.")
NOT_CHOSEN = Words("还没有选择关键图像。", "No key images were chosen yet.")


def measured(parts: Parts, case_id: str, study_uid: str | None, kind: ObjectKind, actor: Actor) -> bytes:
    """The measurements on one study, the first measured one where none is named, as a Part 10 file.

    A presentation state leaves out what was measured on reformatted planes: it can only point at images.
    Raises NotFound, Unavailable.
    """
    with parts.store.read() as connection:
        case = cases.find(connection, case_id, actor, What.IMAGES)
        items = measurements.of_case(connection, case_id)
        if kind == "measured_pr":
            items = [each for each in items if each.measurement.sop_uid]
        chosen = study_uid or next((each.measurement.study_uid for each in items), "")
        items = [each for each in items if each.measurement.study_uid == chosen]
        if not items:
            raise NotFound(NOT_DRAWN if kind == "measured_pr" else NOT_MEASURED)
        images = [image for image in (_image(connection, case, each) for each in items) if image is not None]
        files = _files(parts, connection, case, chosen, (image.sop_uid for image in images))
    name = next((image.patient_name.groups for image in images), "")
    told = MeasuredStudy(tuple(items), files, max(each.at for each in items), name)
    return parts.sealer.workshop.dicom(kind, told)


def key_images(parts: Parts, case_id: str, actor: Actor) -> bytes:
    """The key images of the report as last saved, of the signed one for who may not see drafts, as a Part 10 file.

    The images of the study of the first one; raises NotFound, Unavailable.
    """
    with parts.store.read() as connection:
        case = cases.find(connection, case_id, actor, What.IMAGES)
        cases.find(connection, case_id, actor, What.REPORT)
        told = _chosen(connection, case, actor)
        study_uid, images = _of_first_study(connection, case, told.images)
        if not images:
            raise NotFound(NOT_CHOSEN)
        sops = [image.sop_uid for image in images]
        files = _files(parts, connection, case, study_uid, sops)
        first = summaries.image_of(connection, case.requesting_site, [study_uid], None, sops[0])
    name = first.patient_name.groups if first else ""
    return parts.sealer.workshop.dicom("key_objects", replace(told, images=images, files=files, patient_name=name))


def _image(connection: Reader, case: Case, kept: Kept) -> Instance | None:
    told = kept.measurement
    site = case.requesting_site
    return summaries.image_of(connection, site, [told.study_uid], told.series_uid, told.sop_uid)


def _files(parts: Parts, connection: Reader, case: Case, study_uid: str, sops: Iterable[str]) -> dict[str, Path]:
    found = {sop: summaries.object_of(connection, case.requesting_site, [study_uid], sop) for sop in sops}
    return {sop: parts.blobs.path(sha256) for sop, sha256 in found.items() if sha256 is not None}


def _chosen(connection: Reader, case: Case, actor: Actor) -> KeyImages:
    """The list that the actor may see, whose it is, and of when."""
    if may_see_draft(actor, case.performing_site, sits_in(case, actor)):
        last = reports.latest(connection, case.id)
        if last is not None:
            return KeyImages(last.text.key_images, {}, last.saved_by_name, last.saved_at)
    signed = reports.documents(connection, case.id)
    if not signed:
        raise NotFound(NOT_CHOSEN)
    text: ReportText = signed[-1].text
    return KeyImages(text.key_images, {}, signed[-1].signatures[0]["signer"], signed[-1].signed_at)


def _of_first_study(connection: Reader, case: Case, images: tuple[KeyImage, ...]) -> tuple[str, tuple[KeyImage, ...]]:
    """A key object document belongs to one study: that of the first image, with all chosen images of it."""
    site = case.requesting_site
    uids = [*case.study_uids, *(prior.study_uid for prior in summaries.priors(connection, site, case.study_uids))]
    homes = [next((uid for uid in uids if summaries.object_of(connection, site, [uid], each.sop_uid)), "")
             for each in images]  # fmt: skip
    first = next((home for home in homes if home), "")
    return first, tuple(each for each, home in zip(images, homes, strict=True) if home == first and first)
