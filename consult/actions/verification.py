"""Says of a PDF whether it is ours, unchanged, and the newest version; or exactly why not."""

from dataclasses import dataclass
from datetime import datetime

from consult.actions.parts import Parts
from consult.domain.errors import Words
from consult.domain.reports import REPORT_STATES
from consult.formats import verdict
from consult.formats.verdict import Verdict
from consult.store import reports
from consult.store.reports import RETRACTED, SignedDocument
from consult.store.unit import Store

SUPERSEDED = Words("已有更新的版本，请以最新版本为准。", "There is a newer version; that one counts.")
RECALLED = Words("该版本已被召回。", "This version was recalled.")


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on the bytes, the archive's record of the document they say they are, and what to know besides.

    ``newest`` is None where the archive has no such document.
    """

    verdict: Verdict
    document: SignedDocument | None
    newest: bool | None
    notices: tuple[tuple[str, Words], ...]


def verify(parts: Parts, pdf: bytes, now: datetime) -> Verification:
    """Judge a file of any content; never raises for what it holds."""
    said = verdict.identify(pdf)
    versions = _versions(parts.store, said.number) if said else []
    document = next((each for each in versions if said and each.version == said.version), None)
    judged = verdict.verify(pdf, parts.sealer.trust(), document.sha256 if document else None, now=now)
    if document is None:
        return Verification(judged, None, None, ())
    newest = document.version == versions[-1].version
    notices: list[tuple[str, Words]] = []
    if not newest:
        label = REPORT_STATES[versions[-1].kind].label
        notices.append(("superseded", Words(f"{SUPERSEDED.zh}（{label.zh}）", f"{SUPERSEDED.en} ({label.en})")))
    if document.state == RETRACTED:
        notices.append(("recalled", RECALLED))
    return Verification(judged, document, newest, tuple(notices))


def _versions(store: Store, number: str) -> list[SignedDocument]:
    with store.read() as connection:
        return reports.documents_by_number(connection, number)
