"""Says of any bytes whether they are our signed report, unchanged; or exactly why not. Never raises for bad input."""

import asyncio
import hashlib
import io
import json
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from consult.domain.errors import Words
from consult.formats.fhir import CONTENT_URL, VERSION_URL
from consult.formats.pdf import FHIR_NAME
from consult.formats.seal import INTENTS, quieten
from consult.formats.trust import TrustSource

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.ades import AdESWithTimeValidationResult
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
    from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec

REASONS: Final[dict[str, Words]] = {
    "not-a-pdf": Words("这不是PDF文件。", "This is not a PDF file."),
    "encrypted": Words("文件已加密，本系统签发的报告不加密。", "The file is encrypted; reports issued here are not."),
    "truncated": Words("文件不完整，结尾部分缺失。", "The file is incomplete: its end is missing."),
    "damaged": Words("文件结构损坏，无法读取。", "The file is damaged and cannot be read."),
    "no-signature": Words("文件中没有电子签名。", "There is no signature in the file."),
    "altered": Words("签名后文件内容被改动。", "The content was altered after signing."),
    "painted-over": Words("签名后页面内容被覆盖或替换。", "A page was painted over or replaced after signing."),
    "annotation-added": Words("签名后页面上被添加了批注或图层。", "An annotation was added to a page after signing."),
    "changed-later": Words("签名后文件被追加了不允许的修改。", "Changes that the signature forbids were appended."),
    "partly-signed": Words("签名没有覆盖整个文件。", "The signature does not cover the whole file."),
    "revoked": Words("签名时签名人的证书已被吊销。", "The signer's certificate was revoked when it signed."),
    "untrusted": Words("签名证书不是由受信任的机构签发。", "The certificate is not from an authority trusted here."),
    "unproven": Words("证书有效性或签名时间无法证实。", "The certificate or the time of signing cannot be proved."),
    "no-timestamp": Words("签名没有可信时间戳。", "The signature has no trusted time stamp."),
    "unfinished": Words("审核医师尚未签名，不是已签发的报告。", "The reviewer has not signed; this is not issued."),
    "not-ours": Words("存档中没有这份文书。", "The archive does not know this document."),
    "not-as-archived": Words("与存档原件不一致。", "It differs from the original in the archive."),
}
"""Everything that can be wrong, most telling first."""

_UNREADABLE: Final = "not-a-pdf", "encrypted", "truncated", "damaged"

# What pyHanko and its parsers raise on bytes that someone made up; anything else is a fault of ours and is raised.
_HOSTILE: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    zlib.error,
)


class Reason(NamedTuple):
    """One thing that is wrong: a code of REASONS and its sentence."""

    code: str
    sentence: Words


class SignerFact(NamedTuple):
    """Who signed, when (by the trusted time stamp, aware UTC), and as what; only signatures that hold."""

    name: str
    at: datetime
    intent: Words


class Identity(NamedTuple):
    """Which document the file says it is; believed only as far as its hash is the archive's."""

    number: str
    version: int
    content_sha256: str


class Verdict(NamedTuple):
    """The answer: valid means no reasons. ``sha256`` is the file's."""

    valid: bool
    reasons: tuple[Reason, ...]
    signers: tuple[SignerFact, ...]
    sha256: str


def verify(pdf: bytes, trust: TrustSource, archived_sha256: str | None, *, now: datetime) -> Verdict:
    """Judges a file. ``archived_sha256`` is what the archive has for the :func:`identify`-ed document, None if nothing.

    Valid takes all of: readable, signed by everyone who must, each signature intact, trusted, time-stamped and not
    revoked, the whole file covered, nothing changed since, and the archive's own bytes. ``now`` is the present, aware
    (pyHanko asks the machine's clock too, for since when it has known a certificate or list).
    """
    quieten()
    digest = hashlib.sha256(pdf).hexdigest()
    codes, signers = _inspect(pdf, trust, now)
    if not codes & set(_UNREADABLE):
        if archived_sha256 is None:
            codes.add("not-ours")
        elif archived_sha256 != digest:
            codes.add("not-as-archived")
    elif archived_sha256 == digest:
        raise ValueError("the archive holds a document that cannot be read")
    reasons = tuple(Reason(code, sentence) for code, sentence in REASONS.items() if code in codes)
    return Verdict(not reasons, reasons, signers, digest)


def warm_up() -> None:
    """Loads, ahead of time, what the first verdict would wait for."""
    from importlib import import_module

    for name in ("pdf_utils.reader", "sign.fields", "sign.validation.ades", "keys"):
        import_module(f"pyhanko.{name}")


def identify(pdf: bytes) -> Identity | None:
    """Which report a file says it is, from the FHIR JSON inside it; None where it says nothing readable."""
    told = attached_fhir(pdf)
    try:
        extensions = {entry["url"]: entry for entry in (told or {})["extension"]}
        return Identity(
            str((told or {})["identifier"][0]["value"]),
            int(extensions[VERSION_URL]["valuePositiveInt"]),
            str(extensions[CONTENT_URL]["valueString"]),
        )
    except _HOSTILE:
        return None


def attached_fhir(pdf: bytes) -> dict[str, Any] | None:
    """The DiagnosticReport inside a file, None where there is none that can be read."""
    from pyhanko.pdf_utils.misc import PdfError

    try:
        names: Any = _reader(pdf).root["/Names"]["/EmbeddedFiles"]["/Names"]
        for index in range(0, len(names), 2):
            if str(names[index]) == FHIR_NAME:
                told = json.loads(names[index + 1]["/EF"]["/F"].data)
                return told if isinstance(told, dict) else None
    except (PdfError, *_HOSTILE):
        return None
    return None


def _inspect(pdf: bytes, trust: TrustSource, now: datetime) -> tuple[set[str], tuple[SignerFact, ...]]:
    from pyhanko.pdf_utils.misc import PdfError

    if b"%PDF-" not in pdf[:1024]:
        return {"not-a-pdf"}, ()
    whole = b"%%EOF" in pdf[-1024:]
    try:
        reader = _reader(pdf)
        if reader.encrypted:
            return {"encrypted"}, ()
        return _judge(reader, trust, now)
    except (PdfError, *_HOSTILE):
        return {"damaged" if whole else "truncated"}, ()


def _reader(pdf: bytes) -> "PdfFileReader":
    from pyhanko.pdf_utils.reader import PdfFileReader

    return PdfFileReader(io.BytesIO(pdf))


def _judge(reader: "PdfFileReader", trust: TrustSource, now: datetime) -> tuple[set[str], tuple[SignerFact, ...]]:
    from pyhanko.sign.fields import enumerate_sig_fields
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    signatures = list(reader.embedded_regular_signatures)
    if not signatures:
        return {"no-signature"}, ()
    codes: set[str] = set()
    signers: list[SignerFact] = []
    spec = _spec(trust)
    for signature in signatures:
        found, signer = _judge_one(signature, spec, now)
        codes |= found
        signers += [signer] if signer is not None else []
    if any(value is None for _, value, _ in enumerate_sig_fields(reader)):
        codes.add("unfinished")
    last = max(reader.embedded_signatures, key=lambda signature: signature.signed_revision)
    if last.evaluate_signature_coverage() is not SignatureCoverageLevel.ENTIRE_FILE and not codes:
        return set(_differences(reader, last.signed_revision)) or {"changed-later"}, ()
    return codes, tuple(signers)


def _judge_one(
    signature: "EmbeddedPdfSignature", spec: "PdfSignatureValidationSpec", now: datetime
) -> tuple[set[str], SignerFact | None]:
    from pyhanko.sign.ades.report import AdESPassed
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    result = asyncio.run(_validate(signature, spec, now))
    status = result.api_status
    if status is None or not (status.intact and status.valid):
        return {"altered"}, None
    codes: set[str] = set()
    if status.coverage is None or status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        codes.add("partly-signed")
    if not status.docmdp_ok:
        codes |= set(_differences(signature.reader, signature.signed_revision)) or {"changed-later"}
    stamp = status.timestamp_validity
    if result.ades_subindic is not AdESPassed.OK:
        known = _TRUST_CODES.get(
            getattr(result.ades_subindic, "name", ""), "no-timestamp" if stamp is None else "unproven"
        )
        codes.add("revoked" if status.revocation_details is not None else known)
    elif stamp is None or not (stamp.valid and stamp.intact):
        codes.add("no-timestamp")
    if codes or stamp is None:
        return codes, None
    name = str(signature.signer_cert.subject.native.get("common_name", ""))
    intent = INTENTS.get(signature.field_name) or Words(*[str(signature.sig_object.get("/Reason", ""))] * 2)
    return set(), SignerFact(name, stamp.timestamp, intent)


_TRUST_CODES: Final = {
    "REVOKED": "revoked",
    "REVOKED_NO_POE": "revoked",
    "REVOKED_CA_NO_POE": "revoked",
    "NO_CERTIFICATE_CHAIN_FOUND": "untrusted",
    "NO_SIGNING_CERTIFICATE_FOUND": "untrusted",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": "untrusted",
    "CHAIN_CONSTRAINTS_FAILURE": "untrusted",
}


async def _validate(
    signature: "EmbeddedPdfSignature", spec: "PdfSignatureValidationSpec", now: datetime
) -> "AdESWithTimeValidationResult":
    """ETSI EN 319 102-1: with archive time stamps §5.6 (the past), without them §5.5 (the signature's own stamp)."""
    from pyhanko.sign.validation import ades
    from pyhanko.sign.validation.status import PdfSignatureStatus
    from pyhanko_certvalidator.ltv.types import ValidationTimingInfo

    timing = ValidationTimingInfo(validation_time=now, best_signature_time=now, point_in_time_validation=False)
    if signature.reader.embedded_timestamp_signatures:
        return await ades.ades_lta_validation(signature, spec, timing_info=timing)
    signature.compute_integrity_info(diff_policy=spec.diff_policy)
    return await ades.ades_with_time_validation(
        signature.signed_data,
        spec.signature_validation_spec,
        timing_info=timing,
        raw_digest=signature.compute_digest(),
        extra_status_kwargs=signature.summarise_integrity_info(),
        status_cls=PdfSignatureStatus,
    )


def _spec(trust: TrustSource) -> "PdfSignatureValidationSpec":
    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko.sign.validation.policy_decl import (
        LocalKnowledge,
        PdfSignatureValidationSpec,
        RevinfoOnlineFetchingRule,
        RevocationInfoGatheringSpec,
        SignatureValidationSpec,
    )
    from pyhanko_certvalidator.context import CertValidationPolicySpec
    from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
    from pyhanko_certvalidator.registry import SimpleTrustManager
    from pyhanko_certvalidator.revinfo.archival import process_legacy_crl_input

    def certificates(ders: tuple[bytes, ...]) -> list[Any]:
        return [loaded for der in ders for loaded in load_certs_from_pemder_data(der)]

    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=certificates(trust.roots)),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
    )
    return PdfSignatureValidationSpec(
        SignatureValidationSpec(
            policy,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
            local_knowledge=LocalKnowledge(
                known_crls=process_legacy_crl_input(trust.crls), known_certs=certificates(trust.intermediates)
            ),
        )
    )


def _differences(reader: "PdfFileReader", revision: int) -> Iterator[str]:
    """What someone did to the pages after the revision that was signed, as codes."""
    before = list(_pages(reader.get_historical_root(revision)["/Pages"]))
    after = list(_pages(reader.root["/Pages"]))
    if len(before) != len(after):
        yield "painted-over"
    for old, new in zip(before, after, strict=False):
        if _painting(old) != _painting(new):
            yield "painted-over"
        if _notes(new) - _notes(old):
            yield "annotation-added"


def _pages(node: Any, depth: int = 0) -> Iterator[Any]:
    if depth > 32:
        raise ValueError("a page tree is not that deep")
    if "/Kids" not in node:
        yield node
        return
    for kid in node["/Kids"]:
        yield from _pages(kid.get_object(), depth + 1)


def _painting(page: Any) -> bytes:
    contents = page.get("/Contents")
    if contents is None:
        return b""
    streams = contents if isinstance(contents, list) else [contents]
    return b"\n".join(stream.get_object().data for stream in streams)


def _notes(page: Any) -> set[tuple[Any, ...]]:
    """The annotations of a page that are no form fields, by what they show."""
    annotations = [note.get_object() for note in page.get("/Annots", ())]
    return {
        (str(note.get("/Subtype")), str(note.get("/Rect")), str(note.get("/Contents")))
        for note in annotations
        if note.get("/Subtype") != "/Widget"
    }
