"""Lays a report out as PDF/A-3a in Chinese: from values to bytes, with the places where signatures go.

The fonts are the machine's own: Debian's ``fonts-noto-cjk`` (found through fontconfig by the names in the style
sheets). Nothing is shipped, nothing is fetched; without a Chinese font there is no document.
"""

import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from consult.domain.errors import Broken, Unavailable, Words
from consult.domain.report_sections import Section
from consult.domain.reports import REPORT_STATES
from consult.formats.document import SHOWN_ZONE, Box, Rendered, ReportDocument, Stamp, age_on
from consult.formats.fhir import diagnostic_report

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup
    from weasyprint import Attachment, Document
    from weasyprint.urls import URLFetcher

FHIR_NAME: Final = "report.fhir.json"
"""The name of the FHIR JSON inside the PDF."""

_QR: Final = "consult:qr"
_TEMPLATES = Path(__file__).parent / "templates"
_SEXES = {"M": "男", "F": "女"}
_REMARK = "本报告经电子签名签发，电子原件与签名具有同等效力，打印件仅供参阅；请扫码核验真伪及是否为最新版本。"
_OPINION_REMARK = "会诊意见供申请医院参考，诊疗由申请医院决定。"

# Spaces and hyphens that Noto Sans lacks, and what could turn or hide text (bidirectional and zero-width controls).
_REPLACED: dict[int, str] = (
    dict.fromkeys(range(0x2000, 0x200B), " ")
    | dict.fromkeys((0x00A0, 0x202F, 0x205F), " ")
    | {0x2010: "-", 0x2011: "-", 0x2028: "\n", 0x2029: "\n", 0x09: " ", 0x0B: "\n", 0x0C: "\n"}
    | dict.fromkeys(
        (0x00AD, 0x061C, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)), ""
    )
    | dict.fromkeys((*range(0x00, 0x09), *range(0x0E, 0x20), *range(0x7F, 0xA0)), "")
    | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
)
_UNIT = r"\s?(?:mm|cm|ml|HU|%|s/mm²)(?![A-Za-z])"
_NUMBER = r"\d{1,6}(?:\.\d{1,4})?"
_MEASURE = re.compile(rf"(?<![\d.]){_NUMBER}(?:{_UNIT}|(?=\s?×))(?:\s?×\s?{_NUMBER}(?:{_UNIT})?){{0,3}}")


def render(document: ReportDocument) -> Rendered:
    """The report as PDF/A-3a with its FHIR JSON attached; the same document gives the same bytes.

    Characters that no font has are printed as their code point (〔U+2CC56〕) rather than as a hole. Raises
    :class:`Unavailable` where there is no Chinese font at all, :class:`Broken` where a key image is not an 8-bit PNG.
    """
    images = {f"consult:image/{index}": _flat(image.png) for index, image in enumerate(document.images)}
    sources = images | {_QR: _qr(document.verify_url)}
    values = _report_values(document, tuple(images))
    laid_out, pdf = _lay_out("report", values, sources, document)
    reporter = _box(laid_out, "sign-reporter")
    if reporter is None:
        raise RuntimeError("the template has no place for the reporter's signature")
    return Rendered(pdf, reporter, _box(laid_out, "sign-reviewer"))


def render_stamp(stamp: Stamp) -> bytes:
    """A signature's appearance as a one-page PDF of 58 mm × 15 mm, the size of the fields of :func:`render`."""
    sources = {"consult:image/0": _flat(stamp.handwriting)} if stamp.handwriting else {}
    return _lay_out("stamp", {"stamp": stamp}, sources)[1]


def warm_up() -> None:
    """Does once, ahead of time, what is slow the first time: imports, fonts, templates. Raises as :func:`render`."""
    render_stamp(Stamp("报告医师", datetime(2026, 1, 1, tzinfo=UTC), "1234567890"))


def _lay_out(
    name: str, values: Mapping[str, Any], sources: Mapping[str, bytes], told: ReportDocument | None = None
) -> tuple["Document", bytes]:
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    html = _environment().get_template(f"{name}.html").render(values).translate(_REPLACED)
    unprintable: dict[int, str] = {}
    for _ in range(2):
        fonts = FontConfiguration()
        # The style sheet stays apart from the page: autoescape inside <style> would silently break it.
        style = CSS(string=(_TEMPLATES / f"{name}.css").read_text("utf-8"), font_config=fonts)
        page = HTML(string=html.translate(unprintable), base_url="consult:", url_fetcher=_only(sources))
        document = page.render(stylesheets=[style], font_config=fonts, pdf_variant="pdf/a-3a")
        attachments = [] if told is None else [_fhir(told)]
        pdf = bytes(document.write_pdf(pdf_variant="pdf/a-3a", attachments=attachments) or b"")
        missing = {point for font in document.fonts.values() for point in font.missing}
        if not missing:
            return document, pdf
        unprintable = {point: f"〔U+{point:04X}〕" for point in missing if not _is_common(point)}
    raise Unavailable(
        Words(
            "服务器缺少中文字体，无法生成报告；请管理员安装 fonts-noto-cjk。",
            "The server has no Chinese font, so no report can be made; install fonts-noto-cjk.",
        )
    )


def _is_common(point: int) -> bool:
    try:
        return bool(chr(point).encode("gb2312"))
    except UnicodeEncodeError:
        return False


def _fhir(document: ReportDocument) -> "Attachment":
    from weasyprint import Attachment

    told = json.dumps(diagnostic_report(document), ensure_ascii=False, indent=1).translate(_REPLACED | {0x0A: "\n"})
    return Attachment(
        file_obj=io.BytesIO(told.encode()),
        name=FHIR_NAME,
        description="FHIR R4 DiagnosticReport",
        created=document.written_at.astimezone(UTC),
        modified=document.written_at.astimezone(UTC),
        relationship="Data",
    )


def _only(sources: Mapping[str, bytes]) -> "URLFetcher":
    """Gives the page what it was given and refuses the rest of the world, files included."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OnlyOurs(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            if url not in sources:
                raise ValueError("a report takes nothing from outside")
            kind = "image/svg+xml" if url == _QR else "image/png"
            return URLFetcherResponse(url, sources[url], {"Content-Type": kind})

    ours: Any = OnlyOurs
    fetcher: URLFetcher = ours(fail_on_errors=True)
    return fetcher


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"moment": _moment, "prose": _prose}
    return environment


def _report_values(document: ReportDocument, images: tuple[str, ...]) -> dict[str, Any]:
    names = document.template.names
    born, day = document.patient.birth_date, document.exam.started_at or document.written_at
    return {
        "document": document,
        "title": document.template.title.zh,
        "kind": REPORT_STATES[document.kind].label.zh,
        "patient": document.patient,
        "sex": _SEXES.get(document.patient.sex, "未说明"),
        "age": age_on(born, day.astimezone(SHOWN_ZONE).date()),
        "request": document.request,
        "exam": document.exam,
        "dissents": [member for member in document.members if member.dissent.strip()],
        "predecessor": document.predecessor,
        "sections": [
            {"code": section.value, "name": names[section].zh, "text": document.text.section(section).strip()}
            for section in Section
            if document.text.section(section).strip()
        ],
        "images": [{"url": url, "caption": image.caption} for url, image in zip(images, document.images, strict=True)],
        "written": document.written_at.astimezone(SHOWN_ZONE).isoformat(timespec="seconds"),
        "remark": _REMARK + (_OPINION_REMARK if document.template.service_type in ("teleconsultation", "mdt") else ""),
    }


def _moment(moment: datetime | None) -> str:
    return "—" if moment is None else moment.astimezone(SHOWN_ZONE).strftime("%Y-%m-%d %H:%M")


def _prose(text: str) -> "Markup":
    """The text escaped, with each measure kept on one line: a number never parts from its unit."""
    from markupsafe import Markup, escape

    pieces, at = Markup(), 0
    for match in _MEASURE.finditer(text):
        pieces += escape(text[at : match.start()])
        pieces += Markup('<span class="measure">{}</span>').format(match.group())
        at = match.end()
    return pieces + escape(text[at:])


def _flat(png: bytes) -> bytes:
    """The image as a PNG without transparency (PDF/A wants none), grey where it is grey."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as whole_file:
            whole_file.verify()  # checks every chunk to the end; loading alone would fill a cut image with black
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
                raise Broken(Words("关键图像须为8位PNG。", "A key image must be an 8-bit PNG."))
            whole = image.convert("RGBA")
            grey = image.mode in ("1", "L", "LA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Broken(Words("关键图像无法读取，请重新选取。", "A key image cannot be read; choose it again.")) from error
    paper = Image.new("RGB", whole.size, "white")
    paper.paste(whole, mask=whole.getchannel("A"))
    out = io.BytesIO()
    (paper.convert("L") if grey else paper).save(out, "PNG")
    return out.getvalue()


def _qr(url: str) -> bytes:
    import segno

    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="svg", border=2, scale=4)
    return out.getvalue()


def _box(document: "Document", anchor: str) -> Box | None:
    """Where an element of that id lies; CSS pixels from the top become PDF points from the bottom."""
    for number, page in enumerate(document.pages):
        if anchor in page.anchors:
            x1, y1, x2, y2 = (round(edge * 0.75, 2) for edge in page.anchors[anchor])
            height = page.height * 0.75
            return Box(number, x1, round(height - y2, 2), x2, round(height - y1, 2))
    return None
