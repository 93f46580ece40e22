"""Reports: saved word by word, checked, laid out, signed with the person's own key, and only then issued."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from consult.actions.once import do_once, known_answer
from consult.actions.parts import Parts
from consult.actions.people import check_pin
from consult.actions.report_page import Draft, draft_page, with_images
from consult.actions.workflow import Order, check_seen, keep, overridden, spoken
from consult.domain.access import What, may_see_draft
from consult.domain.cases import Case, State, plain
from consult.domain.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    Refusal,
    Stale,
    Unavailable,
    Unmet,
    Words,
    WrongState,
)
from consult.domain.events import Fact
from consult.domain.members import Opinion, sits_in
from consult.domain.people import Actor, Person
from consult.domain.reports import REPORTER_INTENT, REVIEWER_INTENT, ReportState, ReportText, Signature
from consult.domain.workflow import STATES, Verb, decide
from consult.formats.document import ReportDocument, Stamp
from consult.formats.signing_keys import Signer
from consult.store import cases, members, people, races, reports
from consult.store.reports import ISSUED, PENDING, Revision, SignedDocument
from consult.store.unit import Reader, Store, Unit
from consult.store.world import world_of

EMPTY = Words("报告还没有内容。", "The report is still empty.")
NOT_ISSUED = Words("报告还没有签发。", "The report has not been issued yet.")
WRITABLE = frozenset({State.IN_PROGRESS, State.PRELIMINARY})
MAY_BE_NONE = frozenset({"section-empty", "critical-untold"})
"""Writing rules that no reason overrides: what is empty must be written, what is critical must be told."""


class Conflict(Stale):
    """The report was saved by someone else, or in another window, since it was read; ``current`` is what is there."""

    code = "report-conflict"

    def __init__(self, current: Revision) -> None:
        super().__init__(
            Words(
                "报告已在别处被修改，请对照后选择保留的内容。",
                "The report was changed elsewhere; compare, and choose what stays.",
            )
        )
        self.current = current


def save(store: Store, case_id: str, text: ReportText, base: int | None, actor: Actor, now: datetime) -> Revision:
    """Keep a revision of the report. Raises NotFound, NotAllowed, WrongState, Conflict (then nothing is lost)."""
    with store.write() as unit:
        case = cases.find(unit.connection, case_id, actor)
        if case.assignee is None or case.assignee.id != actor.person_id:
            raise NotAllowed(Words("只有接诊专家可以书写报告。", "Only the specialist who took the case may write."))
        if case.state not in WRITABLE:
            label = STATES[case.state].label
            raise WrongState(
                Words(f"病例处于「{label.zh}」，报告不能修改。", f"The case is “{label.en}”; the report is not open.")
            )
        last = reports.latest(unit.connection, case_id)
        if last is not None and last.text == text:
            return last
        if base is not None and last is not None and base != last.number:
            raise Conflict(last)
        return reports.keep(unit.connection, case_id, text, (actor.person_id or "", actor.name), now)


@dataclass(frozen=True, slots=True)
class _Act:
    """One signing under way: everything that was looked at before the key was opened."""

    order: Order
    actor: Actor
    person: Person
    address: str
    now: datetime
    case: Case
    after: Case
    revision: Revision
    page: Draft | None
    pending: SignedDocument | None
    previous: str | None
    site: str
    opinions: Mapping[str, Opinion]


def seal(parts: Parts, case_id: str, order: Order, actor: Actor, address: str, now: datetime) -> dict[str, Any]:
    """Sign and move: the document is made and safe on disk before the case says that it is signed.

    Raises what a move raises, and WrongPin, TooMany, CertificateRefused. Nothing happened then.
    """
    known = known_answer(parts.store, actor, order.once)
    if known is not None:
        return known
    try:
        act = _look(parts, case_id, order, actor, address, now)
        signer = _open_key(parts, act)
        pdf = _countersigned(parts, act, signer) if act.pending else _signed(parts, act, signer)
        digest = parts.blobs.put(pdf)
        return do_once(parts.store, actor, order.once, now, lambda unit: _issue(unit, act, signer, digest))
    except Refusal:
        # the same click may have signed meanwhile; then the refusal is only an echo of it
        known = known_answer(parts.store, actor, order.once)
        if known is None:
            raise
        return known


def _look(parts: Parts, case_id: str, order: Order, actor: Actor, address: str, now: datetime) -> _Act:
    """Decide once on what is there now, so that a refusal comes before the PIN is asked."""
    with parts.store.read() as connection:
        case = cases.find(connection, case_id, actor)
        check_seen(connection, case, order.verb, order.version)
        world = world_of(connection, case, now, _overridable(order.say))
        after, _ = decide(case, order.verb, actor, order.say, world, now)
        revision = reports.latest(connection, case_id)
        if revision is None or actor.person_id is None:
            raise Unmet(EMPTY)
        person = people.person(connection, actor.person_id)
        pending = _pending(connection, case, order.verb)
        if pending is not None and pending.text != revision.text:
            raise Stale
        why = str(order.say.get("variation") or "").strip()
        page = None if pending else _page(connection, parts, case, order.verb, revision, person, why, now)
        issued = reports.documents(connection, case_id)
        site = people.institution(connection, str(actor.institution_code)).name.zh
        said = members.opinions(connection, case.id)
    previous = issued[-1].sha256 if issued else None
    return _Act(order, actor, person, address, now, case, after, revision, page, pending, previous, site, said)


def _overridable(say: Mapping[str, Any]) -> frozenset[str]:
    codes = overridden(say)
    if codes & MAY_BE_NONE:
        raise Invalid.at("overrides", Words("此项不能强制通过。", "This one cannot be overridden."))
    return codes


def _pending(connection: Reader, case: Case, verb: Verb) -> SignedDocument | None:
    if verb is not Verb.CO_SIGN:
        return None
    waiting = reports.documents(connection, case.id, (PENDING,))
    if not waiting:
        raise Unavailable(Words("待审核的文件不在库中。", "The document to be reviewed is not in the archive."))
    return waiting[-1]


def _page(
    connection: Reader,
    parts: Parts,
    case: Case,
    verb: Verb,
    revision: Revision,
    person: Person,
    why: str,
    now: datetime,
) -> Draft:
    kind = ReportState.PRELIMINARY if verb is Verb.ISSUE_PRELIMINARY else case.report_kind
    return draft_page(
        connection,
        case,
        revision.text,
        kind,
        person,
        parts.settings.web.public_url,
        two_person=verb is Verb.SUBMIT_FOR_REVIEW,
        demo=parts.sealer.demo,
        why=why,
        now=now,
    )


def _open_key(parts: Parts, act: _Act) -> Signer:
    pin = act.order.say.get("pin")
    if not pin:
        raise Invalid.at("pin", Words("请输入签名密码。", "Enter your signing PIN."))
    check_pin(parts.store, parts.passwords, act.person.id, str(pin), act.now)
    return parts.sealer.signer(parts.store, act.person.id, str(pin))


def _stamp(act: _Act) -> Stamp:
    licence = act.person.licence
    return Stamp(act.person.name, act.now, licence.number if licence else "")


def _signed(parts: Parts, act: _Act, signer: Signer) -> bytes:
    return parts.sealer.certify(parts.sealer.layout(laid_out(parts, act.page)), signer, _stamp(act))


def _countersigned(parts: Parts, act: _Act, signer: Signer) -> bytes:
    if act.pending is None:
        raise Stale
    pdf = parts.blobs.path(act.pending.sha256).read_bytes()
    if sha256(pdf).hexdigest() != act.pending.sha256:
        raise Unavailable(Words("待审核的文件已损坏，请联系运维。", "The document to be reviewed is damaged."))
    return parts.sealer.approve(pdf, signer, _stamp(act))


def laid_out(parts: Parts, page: Draft | None) -> ReportDocument:
    """A page with its key images drawn in the workshop."""
    if page is None:
        raise Stale
    pngs = [parts.sealer.key_image(parts.blobs.path(digest), frame) for digest, frame, _ in page.frames]
    return with_images(page, pngs)


def _issue(unit: Unit, act: _Act, signer: Signer, digest: str) -> dict[str, Any]:
    """In one transaction: the case as it was looked at, the move, the document with its signature."""
    case = races.hold(unit, act.case.id, act.actor)
    check_seen(unit.connection, case, act.order.verb, act.case.version)
    last = reports.latest(unit.connection, case.id)
    if last is None or last.number != act.revision.number:
        raise Stale
    if members.opinions(unit.connection, case.id) != act.opinions:  # a dissent must not miss the page by a moment
        raise Stale
    say = spoken(unit, case, act.order.say, act.now)
    world = world_of(unit.connection, case, act.now, _overridable(act.order.say))
    after, told = decide(case, act.order.verb, act.actor, say, world, act.now)
    told = _with_overrides(told, act.order.say)
    answer = keep(unit, case, after, told, act.actor, say, act.now)
    signature = _record(act, signer, digest)
    if act.pending is not None:
        reports.countersign(unit.connection, act.pending, digest, signature, act.now)
    else:
        reports.add_document(unit.connection, _document(act, after, digest, signature))
    return answer | {"sha256": digest}


def _with_overrides(told: Fact, say: Mapping[str, Any]) -> Fact:
    if not say.get("overrides"):
        return told
    return replace(told, data={**told.data, "overrides": list(say["overrides"])})


def _document(act: _Act, after: Case, digest: str, signature: dict[str, Any]) -> SignedDocument:
    if act.page is None:
        raise Stale
    page = act.page.document
    return SignedDocument(
        case_id=after.id,
        number=page.number,
        version=page.version,
        state=PENDING if act.order.verb is Verb.SUBMIT_FOR_REVIEW else ISSUED,
        kind=page.kind,
        sha256=digest,
        content_sha256=page.content_sha256,
        previous_sha256=act.previous,
        text=act.revision.text,
        signatures=(signature,),
        overrides=tuple(act.order.say.get("overrides") or ()),
        signed_at=act.now,
    )


def _record(act: _Act, signer: Signer, digest: str) -> dict[str, Any]:
    """What is kept of a signature: who signed what, as what, how known, and why."""
    reviewing = act.order.verb is Verb.CO_SIGN
    content = act.pending.content_sha256 if act.pending else act.page.document.content_sha256 if act.page else ""
    record = Signature(
        signer=act.person.name,
        person_id=act.person.id,
        licence_number=act.person.licence.number if act.person.licence else "",
        institution=act.site,
        role="reviewer" if reviewing else "reporter",
        intent=REVIEWER_INTENT if reviewing else REPORTER_INTENT,
        certificate_serial=signer.facts.serial,
        certificate_issuer=signer.facts.issuer,
        authenticated_by="pin",
        authenticated_at=act.now,
        address=act.address,
        content_sha256=content,
        document_sha256=digest,
        report_version=act.case.report_version + 1,
        signed_at=act.now,
        previous_sha256=act.previous,
        reason=act.page.document.reason if act.page else "",
    )
    return plain(asdict(record))


def preview(parts: Parts, case_id: str, actor: Actor, now: datetime) -> bytes:
    """The page as it would be signed now, marked as unsigned; what waits for a reviewer, or was issued, as it is.

    Raises NotFound, also for those who see a report only when it is issued; Unmet before the first word.
    """
    with parts.store.read() as connection:
        case = cases.find(connection, case_id, actor, What.REPORT)
        kept = reports.documents(connection, case_id, (PENDING,) if case.state is State.IN_REVIEW else (ISSUED,))
        written = case.state in WRITABLE
        if not may_see_draft(actor, case.performing_site, sits_in(case, actor)) and (
            written or case.state is State.IN_REVIEW
        ):
            raise NotFound(NOT_ISSUED)
        page = _unsigned(connection, parts, case, now) if written else None
    if page is not None:
        return parts.sealer.layout(laid_out(parts, page)).pdf
    if not kept:
        raise Unmet(NOT_ISSUED)
    return parts.blobs.path(kept[-1].sha256).read_bytes()


def _unsigned(connection: Reader, parts: Parts, case: Case, now: datetime) -> Draft:
    revision = reports.latest(connection, case.id)
    if revision is None or case.assignee is None:
        raise Unmet(EMPTY)
    author = people.person(connection, case.assignee.id)
    two_person = world_of(connection, case, now).two_person or not author.sign_right
    verb = Verb.SUBMIT_FOR_REVIEW if two_person else Verb.SIGN
    page = _page(connection, parts, case, verb, revision, author, "", now)
    return replace(page, document=replace(page.document, unsigned=True))
