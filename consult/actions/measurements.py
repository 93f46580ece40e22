"""Readers measure on a case's images: each change is a version by its author, checked against the image it is on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from consult.domain.access import What
from consult.domain.cases import Case
from consult.domain.errors import Invalid, KeyReused, NotAllowed, Stale, Words
from consult.domain.events import TALK, Fact
from consult.domain.measurements import MOST, Deed, Kept, Measurement, checked, may_measure
from consult.domain.people import Actor
from consult.store import cases, measurements, summaries
from consult.store.unit import Reader, Store, Unit

ONLY_LOOKS = Words("您只能查看影像，不能测量。", "You may only look at these images, not measure on them.")
OTHERS = Words("这是他人的测量，不能修改；请另作一条。", "Somebody else measured this; make a measurement of your own.")
NOT_OF_THE_PATIENT = Words("该图像不属于本病例患者的检查。", "That image is not of the studies of this case's patient.")
NOT_ITS_FRAME = Words("该图像没有这一帧。", "That image has no such frame.")
NOT_ITS_SPACE = Words("坐标系与该图像的不一致。", "That is not the image's frame of reference.")
ANOTHER = Words("该编号已用于另一条测量。", "That id is another measurement's.")
TOO_MANY = Words(f"一个病例最多 {MOST} 条测量。", f"A case holds at most {MOST} measurements.")


def add(store: Store, case_id: str, measurement_id: str, told: Measurement, actor: Actor, now: datetime) -> Kept:
    """Keep a measurement under the id that its drawer gave it; the same once more is the one that is there.

    Raises NotFound, NotAllowed, Invalid, KeyReused (another one has that id).
    """
    with store.write() as unit:
        case = _measured_on(unit.connection, case_id, actor)
        known = _placed(unit.connection, case, checked(told))
        before = measurements.versions(unit.connection, case_id, measurement_id)
        if before and before[0].author_id == actor.person_id and before[0].measurement == known:
            return before[-1]
        if before:
            raise KeyReused(ANOTHER)
        if measurements.count(unit.connection, case_id) >= MOST:
            raise Invalid.at("id", TOO_MANY)
        kept = Kept(
            measurement_id, case_id, 1, Deed.ADDED,
            actor.person_id or "", actor.name, actor.institution_code or "", now, known,
        )  # fmt: skip
        measurements.add(unit, kept)
        _tell(unit, case, kept, actor)
    return kept


def change(
    store: Store, case_id: str, measurement_id: str, told: Measurement, version: int, actor: Actor, now: datetime
) -> Kept:
    """The next version of one's own measurement; a deleted one is there again. Raises NotFound, NotAllowed, Invalid,
    Stale."""
    with store.write() as unit:
        case, before = _own(unit.connection, case_id, measurement_id, version, actor)
        known = _placed(unit.connection, case, checked(told))
        deed = Deed.RESTORED if before.deleted else Deed.CHANGED
        kept = replace(before, version=version + 1, deed=deed, at=now, measurement=known)
        measurements.change(unit, kept)
        _tell(unit, case, kept, actor)
    return kept


def delete(store: Store, case_id: str, measurement_id: str, version: int, actor: Actor, now: datetime) -> Kept:
    """One's own measurement is shown no more; its history stays. Raises NotFound, NotAllowed, Stale."""
    with store.write() as unit:
        case, before = _own(unit.connection, case_id, measurement_id, version, actor)
        if before.deleted:
            return before
        kept = replace(before, version=version + 1, deed=Deed.DELETED, at=now)
        measurements.change(unit, kept)
        _tell(unit, case, kept, actor)
    return kept


def _measured_on(connection: Reader, case_id: str, actor: Actor) -> Case:
    case = cases.find(connection, case_id, actor, What.IMAGES)
    if not may_measure(actor, case):
        raise NotAllowed(ONLY_LOOKS)
    return case


def _own(connection: Reader, case_id: str, measurement_id: str, version: int, actor: Actor) -> tuple[Case, Kept]:
    case = _measured_on(connection, case_id, actor)
    before = measurements.find(connection, case_id, measurement_id)
    if before.author_id != actor.person_id:
        raise NotAllowed(OTHERS)
    if before.version != version:
        raise Stale
    return case, before


def _placed(connection: Reader, case: Case, told: Measurement) -> Measurement:
    """The measurement, where it lies on an image of this patient. Raises Invalid."""
    site = case.requesting_site
    uids: Sequence[str] = case.study_uids
    if told.study_uid not in uids:
        uids = [prior.study_uid for prior in summaries.priors(connection, site, uids)]
    if told.study_uid not in uids:
        raise Invalid.at("study_uid", NOT_OF_THE_PATIENT)
    image = summaries.image_of(connection, site, [told.study_uid], told.series_uid, told.sop_uid)
    if image is None:
        raise Invalid.at("sop_uid", NOT_OF_THE_PATIENT)
    if told.sop_uid and told.frame > (image.frames or 1):
        raise Invalid.at("frame", NOT_ITS_FRAME)
    if told.frame_of_reference_uid and told.frame_of_reference_uid != image.frame_of_reference:
        raise Invalid.at("frame_of_reference_uid", NOT_ITS_SPACE)
    return told


def _tell(unit: Unit, case: Case, kept: Kept, actor: Actor) -> None:
    told = {"id": kept.id, "deed": str(kept.deed), "measurement_version": kept.version}
    unit.tell(Fact(TALK, case.id, "measurement", kept.at, actor.person_id, actor.name, case.version, told))
