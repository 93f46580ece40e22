"""Says of a PDF whether it is ours, unchanged, and the newest version; or exactly why not."""

from dataclasses import dataclass
from datetime import datetime

from consult.actions.parts import Parts
from consult.domain.errors import Words
from consult.domain.reports import REPORT_STATES
from consult.formats.verdict import Reason, Verdict
from consult.store import reports
from consult.store.reports import RETRACTED, SignedDocument
from consult.store.unit import Store

SUPERSEDED = Words("已有更新的版本，请以最新版本为准。", "There is a newer version; that one counts.")
RECALLED = Words("该版本已被召回，不再有效。", "This version was recalled and counts no more.")


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on the bytes, the archive's record of the document they say they are, and what to know besides.

    ``newest`` is None where the archive has no such document. A recalled document is not valid, however sound its
    signatures are.
    """

    verdict: Verdict
    document: SignedDocument | None
    newest: bool | None
    notices: tuple[tuple[str, Words], ...]


def verify(parts: Parts, pdf: bytes, now: datetime) -> Verification:
    """Judge a file of any content, and never raise for it; Unavailable while no process is free to look at it."""
    said = parts.sealer.identify(pdf)
    versions = _versions(parts.store, said.number) if said else []
    document = next((each for each in versions if said and each.version == said.version), None)
    judged = parts.sealer.verify(pdf, document.sha256 if document else None, now)
    if document is None:
        return Verification(judged, None, None, ())
    if document.state == RETRACTED:
        judged = judged._replace(valid=False, reasons=(*judged.reasons, Reason("recalled", RECALLED)))
    newest = document.version == versions[-1].version
    return Verification(judged, document, newest, () if newest else (_superseded(versions[-1]),))


def _superseded(by: SignedDocument) -> tuple[str, Words]:
    label = REPORT_STATES[by.kind].label
    return "superseded", Words(
        f"{SUPERSEDED.zh}（第 {by.version} 版，{label.zh}）", f"{SUPERSEDED.en} (version {by.version}, {label.en})"
    )


def _versions(store: Store, number: str) -> list[SignedDocument]:
    with store.read() as connection:
        return reports.documents_by_number(connection, number)
