"""What stands on a report's page, gathered from the case, its studies and its people."""

from dataclasses import dataclass, replace
from datetime import datetime

from consult.domain.cases import PRIORITY_NAMES, Case, Priority, State
from consult.domain.errors import Invalid, Words
from consult.domain.members import SEATS, SPECIALTIES, Answer, Seat
from consult.domain.modalities import BODY_PARTS, BodyPart
from consult.domain.people import Person
from consult.domain.reports import KeyImage, ReportState, ReportText, content_hash
from consult.domain.studies import StudySummary
from consult.domain.workflow import Verb
from consult.formats.document import (
    Predecessor,
    PrintedExam,
    PrintedImage,
    PrintedMember,
    PrintedPatient,
    PrintedPerson,
    PrintedRequest,
    ReportDocument,
)
from consult.store import cases, members, people, reports, summaries
from consult.store.reports import SignedDocument
from consult.store.unit import Reader
from consult.store.world import template_of

NOT_OF_THE_PATIENT = Words(
    "有关键图像不属于该患者的检查，请移除后再签名。",
    "A key image is not of this patient's studies; remove it and sign again.",
)
REOPENING = frozenset({Verb.ADDEND, Verb.CORRECT, Verb.RECALL})


@dataclass(frozen=True, slots=True)
class Draft:
    """A page before its images are drawn: the document without them, and which frames belong on it.

    ``frames`` are (SHA-256 of the object, frame from 1, caption).
    """

    document: ReportDocument
    frames: tuple[tuple[str, int, str], ...]


def number_of(case: Case) -> str:
    """The report's number through all its versions."""
    return "BG" + case.number.removeprefix("HZ")


def draft_page(
    connection: Reader,
    case: Case,
    text: ReportText,
    kind: ReportState,
    author: Person,
    verify_url: str,
    *,
    two_person: bool,
    demo: bool,
    why: str,
    now: datetime,
) -> Draft:
    """The page of the next version of a report; ``why`` it differs from the one before, else what the case says.

    Raises Invalid where a key image is not of the patient's studies.
    """
    before, number, version = _last(connection, case), number_of(case), case.report_version + 1
    study = next(iter(summaries.summaries(connection, case.requesting_site, case.study_uids)), None)
    document = ReportDocument(
        number=number,
        version=version,
        kind=kind,
        institution=people.institution(connection, case.performing_site).name.zh,
        template=template_of(case),
        patient=_patient(case, study),
        request=_request(connection, case),
        exam=_exam(case, study),
        text=text,
        reporter=printed(author),
        written_at=now,
        content_sha256=content_hash(text, number=number, version=version, kind=kind, previous_sha256=_hash_of(before)),
        verify_url=f"{verify_url}/verify/{number}",
        two_person=two_person,
        members=_members(connection, case),
        demo=demo,
        predecessor=_predecessor(before),
        reason=(why or _why(connection, case)) if before else "",
    )
    return Draft(document, _frames(connection, case, text))


def _patient(case: Case, study: StudySummary | None) -> PrintedPatient:
    told = case.patient
    return PrintedPatient(told.name, told.sex, told.birth_date, study.patient_id if study else "")


def _exam(case: Case, study: StudySummary | None) -> PrintedExam:
    name = exam_name(case, study.description if study else "")
    accession_number = study.accession_number if study else ""
    return PrintedExam(name, case.modality, case.body_part, accession_number, case.exam_started, case.study_uids)


def _last(connection: Reader, case: Case) -> SignedDocument | None:
    return next(reversed(reports.documents(connection, case.id)), None)


def _hash_of(before: SignedDocument | None) -> str | None:
    return before.sha256 if before else None


def _predecessor(before: SignedDocument | None) -> Predecessor | None:
    return Predecessor(before.number, before.version, before.sha256, before.signed_at) if before else None


def exam_name(case: Case, described: str) -> str:
    """What was done, in words: the study's own where they are Chinese, else part and modality with them behind."""
    if any("\u4e00" <= char <= "\u9fff" for char in described):
        return described
    part = BODY_PARTS[BodyPart(case.body_part)].zh if case.body_part in BODY_PARTS else ""
    named = f"{part}{case.modality}" or "影像检查"
    return f"{named}（{described}）" if described else named


def _why(connection: Reader, case: Case) -> str:
    """Why the report was opened again."""
    reopened = [fact for fact in cases.facts_of(connection, case.id) if fact.kind in REOPENING]
    return str(reopened[-1].data["reason"]) if reopened else ""


def printed(person: Person) -> PrintedPerson:
    """A person as the page names them."""
    return PrintedPerson(person.id, person.name, person.licence.number if person.licence else "")


def with_images(draft: Draft, pngs: list[bytes]) -> ReportDocument:
    """The page with its images drawn, in the order of ``draft.frames``."""
    images = tuple(PrintedImage(png, caption) for png, (_, _, caption) in zip(pngs, draft.frames, strict=True))
    return replace(draft.document, images=images)


def _members(connection: Reader, case: Case) -> tuple[PrintedMember, ...]:
    """Who took part, the chair first, each with where they differ."""
    given = members.opinions(connection, case.id)
    took_part = [member for member in case.members if member.answer == Answer.ACCEPTED]
    return tuple(
        PrintedMember(
            name=member.name,
            specialty=SPECIALTIES[member.specialty].zh,
            role=SEATS[Seat(member.role)].zh,
            institution=_house(connection, member.id),
            dissent=given[member.id].dissent if member.id in given else "",
        )
        for member in sorted(took_part, key=lambda member: list(Seat).index(Seat(member.role)))
    )


def _house(connection: Reader, person_id: str) -> str:
    return people.institution(connection, people.person(connection, person_id).institution_code).name.zh


def _request(connection: Reader, case: Case) -> PrintedRequest:
    submitted = next((stay.since for stay in case.stays if stay.state is not State.DRAFT), None)
    return PrintedRequest(
        case_number=case.number,
        institution=people.institution(connection, case.requesting_site).name.zh,
        doctor=case.requester.name,
        clinical_history=case.clinical_history,
        question=case.question,
        submitted_at=submitted,
        urgent="" if case.priority is Priority.ROUTINE else PRIORITY_NAMES[case.priority].zh,
    )


def _frames(connection: Reader, case: Case, text: ReportText) -> tuple[tuple[str, int, str], ...]:
    """Which objects to draw; an image of another patient never gets onto the page."""
    if not text.key_images:
        return ()
    before: list[StudySummary] = summaries.priors(connection, case.requesting_site, case.study_uids)
    uids = [*case.study_uids, *(study.study_uid for study in before)]
    return tuple(_frame(connection, case.requesting_site, uids, image) for image in text.key_images)


def _frame(connection: Reader, site: str, study_uids: list[str], image: KeyImage) -> tuple[str, int, str]:
    sha256 = summaries.object_of(connection, site, study_uids, image.sop_uid)
    if sha256 is None:
        raise Invalid.at("key_images", NOT_OF_THE_PATIENT)
    return sha256, image.frame, image.caption
