"""The monthly report of turnaround as PDF: A4, Chinese, its charts drawn as SVG, nothing fetched from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from consult.domain.errors import Unavailable, Words

_CSS: Final = """
@page { size: A4; margin: 16mm 14mm 18mm; @bottom-center { content: "第 " counter(page) " / " counter(pages) " 页";
  font: 9pt "Noto Sans CJK SC"; color: #5d6e74 } }
body { font: 10pt/1.5 "Noto Sans CJK SC"; color: #14232a }
h1 { margin: 0; font-size: 18pt } h2 { margin: 6mm 0 2mm; font-size: 12pt } p { margin: 1mm 0; color: #46585f }
table { width: 100%; border-collapse: collapse } tr { break-inside: avoid }
th, td { padding: 1.2mm 1.5mm; border-bottom: .2mm solid #dbe2e1; text-align: right; font-weight: normal }
th { color: #46585f } th:first-child, td:first-child { text-align: left }
.big td { border: .2mm solid #dbe2e1; padding: 3mm; text-align: left; vertical-align: top; width: 33% }
.big strong { display: block; font-size: 16pt } .small { font-size: 8.5pt; color: #5d6e74 }
svg { display: block; width: 182mm; height: 46mm } section { break-inside: avoid }
"""
_PAGE: Final = """<html lang="zh-CN"><head><title>{{ page.title }}</title></head><body>
<h1>{{ page.title }}</h1><p>{{ page.lead }}</p>
<table class="big"><tr>{% for each in page.headlines %}<td>{{ each.label }}<strong>{{ each.value }}</strong>
<span class="small">{{ each.note }}</span></td>{% endfor %}</tr></table>
{% for part in page.parts %}<section><h2>{{ part.title }}</h2><p>{{ part.lead }}</p>
<table><thead><tr>{% for cell in part.head %}<th>{{ cell }}</th>{% endfor %}</tr></thead><tbody>
{% for row in part.rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}
</tbody></table></section>{% endfor %}
<section><h2>{{ page.chart_title }}</h2><p>{{ page.chart_lead }}</p>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 182 46">
{% for bar in bars %}<rect x="{{ bar.x }}" y="{{ bar.y }}" width="{{ bar.w }}" height="{{ bar.h }}" fill="#8cc3c6"/>
{% if bar.name %}<text x="{{ bar.x }}" y="45" font-size="3" fill="#46585f">{{ bar.name }}</text>{% endif %}
<text x="{{ bar.x }}" y="{{ bar.y - 0.8 }}" font-size="2.6" fill="#46585f">{{ bar.told }}</text>{% endfor %}
<polyline points="{{ line }}" fill="none" stroke="#084b55" stroke-width="0.6"/>
</svg></section></body></html>"""


@dataclass(frozen=True, slots=True)
class Headline:
    """A number that is read from afar."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Part:
    """A table with its title."""

    title: str
    lead: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """Everything on the page; ``days`` are (name, how many, median minutes or None) in order."""

    title: str
    lead: str
    headlines: tuple[Headline, ...]
    parts: tuple[Part, ...]
    chart_title: str
    chart_lead: str
    days: tuple[tuple[str, int, float | None], ...]


def render(page: FiguresPage) -> bytes:
    """The page as PDF. Raises Unavailable where there is no Chinese font."""
    from jinja2 import Environment, StrictUndefined
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(_PAGE)
    fonts = FontConfiguration()
    html = template.render(page=page, bars=_bars(page.days), line=_line(page.days))
    document = HTML(string=html, base_url="consult:").render(
        stylesheets=[CSS(string=_CSS, font_config=fonts)], font_config=fonts
    )
    if any(ord("时") in font.missing for font in document.fonts.values()):
        raise Unavailable(
            Words(
                "服务器缺少中文字体，无法生成月报；请管理员安装 fonts-noto-cjk。",
                "The server has no Chinese font, so no report can be made; install fonts-noto-cjk.",
            )
        )
    return bytes(document.write_pdf() or b"")


def _bars(days: Sequence[tuple[str, int, float | None]]) -> list[Mapping[str, Any]]:
    most = max([1, *(n for _, n, _ in days)])
    step = 182 / max(1, len(days))
    return [
        {
            "x": round(place * step, 2), "w": round(step * 0.7, 2), "h": round(34 * n / most, 2),
            "y": round(40 - 34 * n / most, 2), "name": name if place % 2 == 0 else "", "told": n or "",
        }
        for place, (name, n, _) in enumerate(days)
    ]  # fmt: skip


def _line(days: Sequence[tuple[str, int, float | None]]) -> str:
    most = max([1.0, *(median for _, _, median in days if median is not None)])
    step = 182 / max(1, len(days))
    return " ".join(
        f"{place * step + step * 0.35:.2f},{40 - 34 * median / most:.2f}"
        for place, (_, _, median) in enumerate(days)
        if median is not None
    )
