"""The printed report's promises: Chinese, complete, escaped, the same every time, PDF/A with its data inside."""

import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pikepdf
import pytest

from consult.domain.errors import Broken
from consult.domain.report_templates import TEMPLATES, template_for
from consult.domain.reports import ReportState, ReportText
from consult.formats import pdf
from consult.formats.document import Predecessor, PrintedImage, PrintedPatient, Rendered, Stamp, age_on
from tests.makers.documents import NOW, TEXT, document, png

pytestmark = [
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed"),
    # WeasyPrint 70 leaves its own colour profile open.
    pytest.mark.filterwarnings("ignore:.*sRGB2014.icc:pytest.PytestUnraisableExceptionWarning"),
]


def words(file: bytes) -> str:
    """All text of a PDF without white space: how far apart glyphs stand is not what is promised."""
    as_written = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=file, capture_output=True, check=True
    ).stdout.decode()
    return re.sub(r"\s", "", as_written)


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return pdf.render(document())


def test_the_page_says_who_what_and_by_whom(rendered: Rendered) -> None:
    text = words(rendered.pdf)
    for told in (
        "贵阳专家中心", "CT诊断报告书", "BG20261124-0017", "陈建国", "男", "56岁" if NOW.year == 2026 else "岁",
        "AL00238841", "安龙县人民医院", "李晓梅", "高血压十年，头痛三天。", "排除出血。", "急诊", "CT0017", "检查方法",
        "头颅CT平扫，横断面扫描，层厚1mm。", "影像所见", "14mm×9mm", "诊断意见", "左侧基底节区脑出血。",
        "急诊神经外科会诊。", "图1左侧基底节区", "报告医师", "审核医师", "演示文书", "内容SHA-256",
    ):  # fmt: skip
        assert told in text, told


def test_every_page_is_numbered_and_names_the_patient() -> None:
    long = replace(TEXT, findings="\n".join([TEXT.findings] * 60))
    file = pdf.render(document(text=long)).pdf
    with pikepdf.open(io.BytesIO(file)) as opened:
        pages = len(opened.pages)
    assert pages >= 2
    text = words(file)
    for number in range(1, pages + 1):
        assert f"第{number}页/共{pages}页" in text
    assert text.count("陈建国") == pages
    assert text.count("编号BG20261124-0017-1") == pages
    assert "第1页/共1页" in words(pdf.render(document()).pdf)


def test_the_fields_lie_on_the_page_beside_each_other_and_inside_it(rendered: Rendered) -> None:
    reporter, reviewer = rendered.reporter, rendered.reviewer
    assert reviewer is not None
    with pikepdf.open(io.BytesIO(rendered.pdf)) as opened:
        width, height = (float(edge) for edge in opened.pages[reporter.page].MediaBox[2:])
    for box in (reporter, reviewer):
        assert 0 <= box.x1 < box.x2 <= width
        assert 0 <= box.y1 < box.y2 <= height
        assert (box.x2 - box.x1, box.y2 - box.y1) == pytest.approx((58 / 25.4 * 72, 15 / 25.4 * 72), abs=1)
    assert reviewer.page == reporter.page
    assert reporter.x2 < reviewer.x1
    assert reporter.y1 == reviewer.y1


def test_one_person_signs_where_two_are_not_asked() -> None:
    alone = pdf.render(document(two_person=False))
    assert alone.reviewer is None
    assert "审核医师" not in words(alone.pdf)


def test_a_preliminary_report_is_marked_and_has_no_reviewer() -> None:
    preliminary = pdf.render(document(kind=ReportState.PRELIMINARY))
    text = words(preliminary.pdf)
    assert preliminary.reviewer is None
    assert "审核医师" not in text
    assert "未审核" in text
    assert "以正式报告为准" in text
    assert text.count("步") == 3  # in the head, the notice and, letter by letter, the watermark
    assert "初步报告" not in words(pdf.render(document()).pdf)


def test_nobody_is_shown_as_signer_before_signing(rendered: Rendered) -> None:
    text = words(rendered.pdf)
    assert "王志远" not in text
    assert "已电子签名" not in text


def test_a_correction_names_the_document_it_replaces() -> None:
    before = Predecessor("BG20261124-0017", 1, "ab" * 32, NOW)
    text = words(
        pdf.render(document(kind=ReportState.CORRECTED, version=2, predecessor=before, reason="左右侧笔误")).pdf
    )
    assert "更正报告" in text
    assert "替代BG20261124-0017第1版" in text
    assert "ab" * 32 in text
    assert "左右侧笔误" in text


def test_outside_a_demo_the_page_does_not_speak_of_one() -> None:
    assert "演示" not in words(pdf.render(document(demo=False)).pdf)


def test_what_people_write_is_text_and_nothing_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("绝密内容", "utf-8")
    hostile = (
        f'</p><img src="file://{secret}"><link rel=attachment href="file://{secret}">'
        '<style>*{display:none}</style>{{ document }}<script>1</script>&lt;b&gt; & "quoted"'
    )
    file = pdf.render(
        document(
            text=replace(TEXT, findings=hostile, impression=hostile),
            patient=PrintedPatient(f'"><b>{hostile}', "F"),
            institution=hostile,
        )
    ).pdf
    text = words(file)
    assert re.sub(r"\s", "", hostile) in text
    assert "绝密内容" not in text
    with pikepdf.open(io.BytesIO(file)) as opened:
        assert list(opened.attachments) == [pdf.FHIR_NAME]
        assert "/JavaScript" not in opened.Root.get("/Names", {})


def test_hidden_and_turning_characters_do_not_reach_the_page() -> None:
    tricky = "左侧\u202e右侧\u200b出\x00血\x07。\r\n第二行\ud800"
    text = words(pdf.render(document(text=replace(TEXT, impression=tricky))).pdf)
    assert "左侧右侧出血。第二行" in text
    assert not {"\u202e", "\u200b", "\x00"} & set(text)


def test_a_character_that_no_font_has_is_printed_as_its_code_point() -> None:
    rare = "\U000323af"  # the last of CJK Extension H: younger than the fonts
    text = words(pdf.render(document(patient=PrintedPatient(f"陈{rare}", "M"))).pdf)
    assert "陈〔U+323AF〕" in text


def test_the_same_report_gives_the_same_bytes() -> None:
    assert pdf.render(document()).pdf == pdf.render(document()).pdf


def test_every_template_can_be_printed() -> None:
    for template in TEMPLATES:
        sections = {section.value: text for section, text in template.starting.items()}
        file = pdf.render(
            document(template=template, text=replace(ReportText(**sections), impression="未见异常。"))
        ).pdf
        text = words(file)
        assert re.sub(r"\s", "", template.title.zh) in text
        for started in template.starting.values():
            assert re.sub(r"\s", "", started) in text


def test_an_opinion_leaves_the_decision_to_the_requesting_hospital() -> None:
    text = words(pdf.render(document(template=template_for("CT", "HEAD", "teleconsultation"))).pdf)
    assert "会诊意见供申请医院参考" in text
    assert "诊疗建议" in text


def test_the_file_declares_pdf_a_and_carries_its_data_for_machines(rendered: Rendered) -> None:
    with pikepdf.open(io.BytesIO(rendered.pdf)) as opened:
        declared = opened.Root.Metadata.read_bytes().decode()
        assert 'pdfaid:part="3"' in declared or "<pdfaid:part>3<" in declared
        assert 'pdfaid:conformance="A"' in declared or "<pdfaid:conformance>A<" in declared
        assert opened.Root.MarkInfo.Marked
        assert opened.Root.Lang == "zh-CN"
        (name,) = opened.attachments
        spec = opened.attachments[name]
        assert name == pdf.FHIR_NAME
        assert spec.relationship == pikepdf.Name.Data
        told = json.loads(spec.get_file().read_bytes())
    assert told["resourceType"] == "DiagnosticReport"
    assert told["conclusion"] == TEXT.impression


def test_pdf_a_forbids_interpolation_transparency_of_images_and_fonts_outside(rendered: Rendered) -> None:
    see_through = pdf.render(document(images=(PrintedImage(png(mode="RGBA")), PrintedImage(png(mode="P")))))
    for file in (rendered.pdf, see_through.pdf):
        with pikepdf.open(io.BytesIO(file)) as opened:
            streams = [each for each in opened.objects if isinstance(each, pikepdf.Stream)]
            images = [each for each in streams if each.get("/Subtype") == "/Image"]
            assert images
            for image in images:
                assert not image.get("/Interpolate", False)
                assert "/SMask" not in image
            fonts = [each for each in opened.objects if isinstance(each, pikepdf.Dictionary)]
            described = [each for each in fonts if each.get("/Type") == "/FontDescriptor"]
            assert described
            assert all("/FontFile3" in each or "/FontFile2" in each for each in described)
        listed = subprocess.run(["pdffonts", "-"], input=file, capture_output=True, check=True).stdout.decode()
        assert "Noto" in listed


@pytest.mark.parametrize("broken", [b"", b"GIF89a", png()[:60], b"\x89PNG\r\n\x1a\n" + b"0" * 50])
def test_a_key_image_that_is_no_png_is_refused(broken: bytes) -> None:
    with pytest.raises(Broken):
        pdf.render(document(images=(PrintedImage(broken),)))


def test_very_long_words_stay_on_the_paper() -> None:
    file = pdf.render(document(text=replace(TEXT, findings="A" * 4000 + "1" * 4000))).pdf
    boxes = subprocess.run(
        ["pdftotext", "-bbox", "-", "-"], input=file, capture_output=True, check=True
    ).stdout.decode()
    right_edges = [float(edge) for edge in re.findall(r'<word xMin="[^"]*" yMin="[^"]*" xMax="([^"]*)"', boxes)]
    assert right_edges
    assert max(right_edges) < 595


def test_a_stamp_carries_name_time_and_licence_and_the_hand_where_there_is_one() -> None:
    typed = words(pdf.render_stamp(Stamp("阿卜杜热合曼·买买提艾力江", NOW, "110520000001234")))
    assert "阿卜杜热合曼·买买提艾力江" in typed
    assert "已电子签名" in typed
    assert "执业证号110520000001234" in typed
    by_hand = pdf.render_stamp(Stamp("王志远", NOW, handwriting=png(mode="RGBA")))
    assert "王志远" in words(by_hand)
    with pikepdf.open(io.BytesIO(by_hand)) as opened:
        assert len(opened.pages) == 1
        assert any(each.get("/Subtype") == "/Image" for each in opened.objects if isinstance(each, pikepdf.Stream))


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1970, 3, 2), date(2026, 3, 1), "55岁"),
        (date(1970, 3, 2), date(2026, 3, 2), "56岁"),
        (date(2024, 1, 15), date(2026, 3, 20), "2岁2月"),
        (date(2025, 1, 20), date(2026, 1, 20), "1岁"),
        (date(2026, 1, 20), date(2026, 4, 19), "2月"),
        (date(2026, 4, 1), date(2026, 4, 19), "18天"),
        (date(2026, 4, 20), date(2026, 4, 19), ""),
        (None, date(2026, 4, 19), ""),
    ],
)
def test_ages_are_told_as_hospitals_do(born: date | None, day: date, age: str) -> None:
    assert age_on(born, day) == age


def test_times_on_paper_are_those_of_shanghai() -> None:
    late = NOW.replace(hour=20, minute=30)
    shown = (late + timedelta(hours=8)).strftime("%Y-%m-%d%H:%M")
    assert shown in words(pdf.render_stamp(Stamp("王志远", late)))
