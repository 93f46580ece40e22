"""A report and its signed versions as the API tells them."""

from consult.actions.verification import Verification
from consult.domain.report_sections import Section, Template
from consult.domain.reports import REPORT_STATES, KeyImage, ReportText
from consult.domain.writing_rule import Finding
from consult.domain.writing_rules import rule_label
from consult.queries.cases import CaseView, Revision
from consult.web import case_shapes, report_shapes, schemas
from consult.web.language import spoken


def report_out(view: CaseView) -> case_shapes.ReportOut | None:
    """The text as last saved and what was signed; None before the first word."""
    case, revision = view.case, view.revision
    if revision is None and not view.documents:
        return None
    issued = [document for document in view.documents if document.state != "retracted"]
    text = revision.text if revision else issued[-1].text if issued else ReportText()
    row = REPORT_STATES[case.report] if case.report else None
    newest = max((document.version for document in view.documents), default=0)
    return case_shapes.ReportOut(
        id=case.id,
        state=str(case.report) if case.report else None,
        status=row.fhir_status if row else None,
        label=spoken(row.label) if row else "",
        revision=revision.number if revision else 0,
        version=case.report_version,
        saved_at=revision.saved_at if revision else None,
        saved_by=revision.saved_by_name if revision else None,
        technique=text.technique,
        comparison=text.comparison,
        findings=text.findings,
        impression=text.impression,
        recommendation=text.recommendation,
        key_images=[_key_image(image) for image in text.key_images],
        versions=[
            case_shapes.VersionOut(
                version=document.version,
                kind=str(document.kind),
                label=spoken(REPORT_STATES[document.kind].label),
                state=document.state,
                number=document.number,
                sha256=document.sha256,
                signed_at=document.signed_at,
                signers=[signature["signer"] for signature in document.signatures],
                newest=document.version == newest,
            )
            for document in view.documents
        ],
        two_person=view.two_person,
    )


def _key_image(image: KeyImage) -> case_shapes.KeyImageOut:
    return case_shapes.KeyImageOut(sop_uid=image.sop_uid, frame=image.frame, caption=image.caption)


def text_of(body: schemas.ReportIn) -> ReportText:
    """The text that was sent."""
    return ReportText(
        technique=body.technique,
        comparison=body.comparison,
        findings=body.findings,
        impression=body.impression,
        recommendation=body.recommendation,
        key_images=tuple(KeyImage(image.sop_uid, image.frame, image.caption) for image in body.key_images),
    )


def template_out(template: Template) -> report_shapes.TemplateOut:
    """A template with its starting text."""
    return report_shapes.TemplateOut(
        id=template.id,
        name=spoken(template.name),
        title=spoken(template.title),
        modality=template.modality,
        body_part=template.body_part,
        service_type=template.service_type,
        required=[section.value for section in template.required],
        text={section.value: template.starting.get(section, "") for section in Section},
        names={section.value: spoken(template.names[section]) for section in Section},
        sex=template.sex,
        calculator=template.calculator,
    )


def finding_out(finding: Finding) -> report_shapes.FindingOut:
    """What a writing rule found."""
    return report_shapes.FindingOut(
        code=finding.code,
        severity="block" if finding.severity.value == "block" else "warn",
        sentence=spoken(finding.sentence),
        where=finding.where,
        label=spoken(rule_label(finding.code)),
    )


def current_out(revision: Revision | None) -> report_shapes.CurrentOut:
    """The text as last saved."""
    text = revision.text if revision else ReportText()
    return report_shapes.CurrentOut(
        revision=revision.number if revision else 0,
        technique=text.technique,
        comparison=text.comparison,
        findings=text.findings,
        impression=text.impression,
        recommendation=text.recommendation,
        key_images=[_key_image(image) for image in text.key_images],
        saved_at=revision.saved_at if revision else None,
        saved_by=revision.saved_by_name if revision else None,
    )


def verdict_out(found: Verification) -> report_shapes.VerdictOut:
    """Whether a document is valid; reasons against it, and notices beside it."""
    document = found.document
    told = [*((reason.code, reason.sentence) for reason in found.verdict.reasons), *found.notices]
    return report_shapes.VerdictOut(
        valid=found.verdict.valid,
        sha256=found.verdict.sha256,
        reasons=[case_shapes.ReasonOut(code=code, sentence=spoken(sentence)) for code, sentence in told],
        signers=[
            report_shapes.SignerOut(name=signer.name, at=signer.at, intent=spoken(signer.intent))
            for signer in found.verdict.signers
        ],
        document=report_shapes.DocumentOut(
            number=document.number, version=document.version, sha256=document.sha256, kind=str(document.kind)
        )
        if document
        else None,
        newest=found.newest,
    )
