"""Puts signatures on a report: the reporter certifies (PAdES B-T, DocMDP 2), a reviewer approves; the last is B-LTA."""

import io
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from consult.domain.errors import NotAllowed, Words
from consult.domain.reports import REPORTER_INTENT, REVIEWER_INTENT
from consult.formats.document import Box, Rendered
from consult.formats.signing_keys import Signer
from consult.formats.trust import TrustSource

if TYPE_CHECKING:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import PdfSignatureMetadata
    from pyhanko.stamp import BaseStampStyle
    from pyhanko_certvalidator import ValidationContext

REPORTER_FIELD: Final = "Reporter"
REVIEWER_FIELD: Final = "Reviewer"
INTENTS: Final = {REPORTER_FIELD: REPORTER_INTENT, REVIEWER_FIELD: REVIEWER_INTENT}
_ARCHIVE_FIELD: Final = "ArchiveTimeStamp"


class CertificateRefused(NotAllowed):
    """The signer's certificate is revoked, expired, or of another authority: nothing was signed."""

    code = "certificate-refused"

    def __init__(self) -> None:
        super().__init__(
            Words(
                "您的签名证书已吊销、过期或不受信任，不能签名；请联系管理员。",
                "Your signing certificate is revoked, expired or not trusted; ask the administrator.",
            )
        )


@dataclass(frozen=True, slots=True)
class _Act:
    field: str
    certify: bool
    last: bool
    signer: Signer
    trust: TrustSource
    at: datetime
    stamp: bytes


def certify(rendered: Rendered, signer: Signer, trust: TrustSource, *, at: datetime, stamp: bytes) -> bytes:
    """The reporter's signature, the first on the document: allows nothing after it but signatures.

    Places the reviewer's empty field where the page has one; without one this is the last signature, and is made to
    last (B-LTA). ``stamp`` is the appearance (``pdf.render_stamp``). ``at`` is the trusted time, aware.
    Raises :class:`CertificateRefused`.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(rendered.pdf))
    _place(writer, REPORTER_FIELD, rendered.reporter)
    if rendered.reviewer is not None:
        _place(writer, REVIEWER_FIELD, rendered.reviewer)
    last = rendered.reviewer is None
    return _sign(writer, _Act(REPORTER_FIELD, True, last, signer, trust, at, stamp))


def approve(pdf: bytes, signer: Signer, trust: TrustSource, *, at: datetime, stamp: bytes) -> bytes:
    """The reviewer's signature over the certified document: the last, made to last (B-LTA).

    Raises :class:`CertificateRefused`; ValueError where the document has no empty place for a reviewer.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import enumerate_sig_fields

    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    empty = {name for name, value, _ in enumerate_sig_fields(writer.prev) if value is None}
    if empty != {REVIEWER_FIELD}:
        raise ValueError("the document does not wait for a reviewer")
    return _sign(writer, _Act(REVIEWER_FIELD, False, True, signer, trust, at, stamp))


def quieten() -> None:
    """What pyHanko would log, with the signer's name, is in what it raises and in the verdict."""
    for name in ("pyhanko", "pyhanko_certvalidator"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def validation_context(trust: TrustSource, at: datetime) -> "ValidationContext":
    """What pyHanko needs to check a certificate at a time: our trust alone, revocation required, nothing fetched."""
    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko_certvalidator import ValidationContext

    return ValidationContext(
        trust_roots=[loaded for der in trust.roots for loaded in load_certs_from_pemder_data(der)],
        other_certs=[loaded for der in trust.intermediates for loaded in load_certs_from_pemder_data(der)],
        crls=list(trust.crls),
        allow_fetching=False,
        revocation_mode="require",
        moment=at,
    )


def _place(writer: "IncrementalPdfFileWriter", name: str, box: Box) -> None:
    from pyhanko.sign.fields import SigFieldSpec, append_signature_field

    corners = (round(box.x1), round(box.y1), round(box.x2), round(box.y2))
    append_signature_field(writer, SigFieldSpec(name, on_page=box.page, box=corners))


def _metadata(act: _Act) -> "PdfSignatureMetadata":
    """How this signature is made: PAdES, with all evidence for later years when it is the last one."""
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata
    from pyhanko.sign.signers.pdf_signer import DSSContentSettings, TimestampDSSContentSettings

    return PdfSignatureMetadata(
        field_name=act.field,
        md_algorithm="sha256",
        name=act.signer.facts.name,
        location=act.signer.facts.institution,
        reason=INTENTS[act.field].zh,
        certify=act.certify,
        docmdp_permissions=MDPPerm.FILL_FORMS,
        subfilter=SigSeedSubFilter.PADES,
        validation_context=validation_context(act.trust, act.at),
        embed_validation_info=act.last,
        use_pades_lta=act.last,
        timestamp_field_name=_ARCHIVE_FIELD,
        # All evidence goes in before the last time stamp, so that nothing in the file stands unsigned after it.
        dss_settings=DSSContentSettings(
            include_vri=False,
            next_ts_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True),
        ),
    )


def _sign(writer: "IncrementalPdfFileWriter", act: _Act) -> bytes:
    from pyhanko.sign.general import SigningError
    from pyhanko.sign.signers import PdfSigner, constants

    class AtThatTime(PdfSigner):
        """Writes the trusted time into the signature dictionary (/M), not the machine's."""

        def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
            session = super().init_signing_session(pdf_out, existing_fields_only)
            session.system_time = act.at
            return session

        def register_extensions(self, pdf_out: Any, *, md_algorithm: str) -> None:
            """PAdES's own only: pyHanko would call an ECDSA document PDF 2.0, and PDF/A-3 is 1.7."""
            pdf_out.register_extension(constants.ESIC_EXTENSION_1)

    signing = AtThatTime(
        _metadata(act), act.signer.cms, timestamper=act.trust.timestamper(act.at), stamp_style=_appearance(act.stamp)
    )
    quieten()
    out = io.BytesIO()
    try:
        signing.sign_pdf(writer, existing_fields_only=True, output=out)
    except SigningError as error:
        if "could not be validated" in str(error):
            raise CertificateRefused from error
        raise
    return out.getvalue()


def _appearance(stamp: bytes) -> "BaseStampStyle":
    """A signature's look taken from a one-page PDF: its fonts come with it, and pyHanko sets no type itself."""
    from pyhanko.pdf_utils.content import PdfContent, ResourceType
    from pyhanko.pdf_utils.generic import pdf_name
    from pyhanko.pdf_utils.layout import AxisAlignment as Axis
    from pyhanko.pdf_utils.layout import BoxConstraints, Margins, SimpleBoxLayoutRule
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.stamp import StaticStampStyle

    class StampPage(PdfContent):
        def render(self) -> bytes:
            page = self._ensure_writer.import_page_as_xobject(PdfFileReader(io.BytesIO(stamp)))
            self.set_resource(ResourceType.XOBJECT, pdf_name("/Stamp"), page)
            form: Any = page.get_object()
            x1, y1, x2, y2 = form["/BBox"]
            self.box = BoxConstraints(width=abs(x2 - x1), height=abs(y2 - y1))
            return b"/Stamp Do"

    fill = SimpleBoxLayoutRule(x_align=Axis.ALIGN_MIN, y_align=Axis.ALIGN_MIN, margins=Margins.uniform(0))
    return StaticStampStyle(border_width=0, background=StampPage(), background_layout=fill, background_opacity=1)
