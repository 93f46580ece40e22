"""The main job as people do it: only clicks and keys on what they see, from the scanner to a verified report."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from subprocess import run

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pydicom import Dataset, dcmread

from tests.browser.office import Desk, Office
from tests.journeys.people import PIN, send
from tests.peers.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HISTORY = "车祸后头痛三小时，无呕吐，既往高血压十年。"
QUESTION = "左侧基底节区高密度影是否为出血？是否需要转院？"
WRITTEN = {
    "检查方法": "头颅CT平扫，层厚1 mm与5 mm重建。",
    "影像所见": "左侧基底节区见片状高密度影，周围见低密度水肿带。",
    "诊断意见": "左侧基底节区脑出血。",
    "建议": "急诊神经外科会诊。",
}
LOADED_MS = 90_000
"""Decoding every slice takes the longest of all on a busy machine; signing waits for it."""
SAME_PIXEL_MM = 1.0
"""Two pixels of this series: what a hand is off by when it draws to a place."""


@dataclass(frozen=True)
class Images:
    """What the scanner holds, and what of it is read here."""

    files: list[Path]
    thin: dict[str, Path]

    @classmethod
    def under(cls, folder: Path) -> "Images":
        """Every file of the study; the thin series by SOPInstanceUID."""
        thin = {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID): path for path in folder.glob("thin_1mm/*")}
        return cls([path for path in folder.rglob("*") if path.is_file()], thin)

    def slice(self, sop_uid: str) -> Dataset:
        """That image."""
        return dcmread(self.thin[sop_uid])


def choose(page: Page, field: str, wanted: str) -> None:
    """From a drop-down list, by keyboard and click."""
    page.get_by_role("combobox", name=field).press("Enter")
    page.get_by_role("option", name=wanted).click()


def ask(doctor: Desk, site: Site, images: Images) -> None:
    """The county doctor opens the form while the scanner still sends, fills it in and submits."""
    page = doctor.page
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="发起会诊").click()
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_text("请选择检查，或勾选“影像随后到”。")).to_be_visible()
    doctor.shoot("02-request-lacking")
    send(site, images.files)
    arrived, mine = page.get_by_text("份新到的检查"), page.get_by_role("checkbox", name=re.compile("^HEAD"))
    expect(arrived.or_(mine).first).to_be_visible(timeout=30_000)
    if arrived.is_visible():  # others' studies are in the list already
        arrived.click()
    mine.check()
    page.get_by_role("radio", name=re.compile("^加急")).check()
    choose(page, "受邀机构", "贵阳专家中心")
    choose(page, "服务类型", "远程诊断")
    page.get_by_role("combobox", name="出生日期").fill("1960-05-01")
    page.get_by_role("combobox", name="出生日期").press("Enter")
    page.get_by_label("请专家回答的问题").fill(QUESTION)
    page.get_by_label("病史与检查目的").fill(HISTORY)
    page.get_by_role("checkbox", name=re.compile("已向患者或家属说明")).check()
    doctor.shoot("03-request-filled", phone=True)
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_role("heading", name="HEAD 男")).to_be_visible()


def line_of(desk: Desk) -> Locator:
    """The case in the worklist."""
    return desk.page.get_by_role("listitem").filter(has=desk.page.get_by_role("link", name=re.compile("HEAD")))


def triage(coordinator: Desk) -> None:
    """The centre takes the case from its list; whom it goes to is the rules' work."""
    page = coordinator.page
    expect(line_of(coordinator)).to_be_visible()
    coordinator.shoot("05-coordinator-worklist")
    line_of(coordinator).get_by_role("link").click()
    page.get_by_role("button", name="受理").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    coordinator.shoot("06-triage")
    dialog.get_by_role("button", name="受理").click()
    expect(page.get_by_text("为什么派给这位专家")).to_be_visible()
    coordinator.shoot("07-routed", phone=True)


def test_from_the_scanner_to_a_verified_report(browser: Browser, site: Site, head_ct: Path, tmp_path: Path) -> None:
    images = Images.under(head_ct)
    with Office(browser, site) as office:
        coordinator = office.person("xingyi.coordinator")
        reader = office.person("guiyang.ct")
        reader.shoot("01-reader-idle")
        doctor = office.person("anlong.doctor")
        doctor.shoot("01-worklist-empty", phone=True)
        ask(doctor, site, images)
        expect(doctor.page.get_by_text(f"{len(images.files)} 幅 影像已停止到达")).to_be_visible()
        doctor.shoot("04-case-submitted", phone=True)
        doctor.page.get_by_role("link", name="工作列表").first.click()
        triage(coordinator)
        read(reader, images)
        write(reader)
        sign(reader)
        reviewer = office.person("guiyang.reviewer")
        review(reviewer)
        pdf = receive(doctor, tmp_path)
        assert_signed_by_people_we_trust(pdf, site.settings.trust.folder / "public" / "root.cer")
        verify(office.visitor("nobody"), pdf)
        assert office.troubles == []


def read(reader: Desk, images: Images) -> None:
    """The specialist takes the case that appeared by itself, and looks at the thin series."""
    page = reader.page
    page.get_by_role("button", name=re.compile("接诊并阅片")).wait_for()
    reader.shoot("08-reader-next", phone=True)
    page.get_by_role("button", name=re.compile("接诊并阅片")).click()
    thin = page.get_by_role("navigation", name="序列").get_by_role("button", name=re.compile("1 mm"))
    thin.click()
    expect(thin).to_contain_text(f"1 mm × {len(images.thin)}")
    picture = page.get_by_test_id("viewport")
    expect(picture).to_contain_text(f" / {len(images.thin)}")
    expect(picture).to_have_attribute("data-loaded", str(len(images.thin)), timeout=LOADED_MS)
    reader.shoot("09-workplace")
    page.keyboard.press("Home")
    expect(picture).to_contain_text(f"1 / {len(images.thin)}")
    for _ in range(7):
        page.keyboard.press("PageDown")
    expect(picture).to_contain_text(f"71 / {len(images.thin)}")
    expect(picture).to_have_attribute("data-state", "shown")
    assert_values_are_the_files(page, picture, images)
    page.keyboard.press("2")
    expect(picture).to_contain_text("窗宽 200 窗位 75")
    page.keyboard.press("1")
    expect(picture).to_contain_text("窗宽 80 窗位 40")
    measure(page, picture, images)
    page.keyboard.press("k")
    expect(picture).to_contain_text("★ 关键图像")
    reader.shoot("10-workplace-measured")


def under_pointer(page: Page, picture: Locator, across: float, down: float) -> tuple[int, int, float]:
    """Point at a place, given as shares of the picture; (column, row, value) as the screen tells them."""
    box = picture.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
    told = picture.get_by_text(re.compile(r"^-?\d+ HU \(\d+, \d+\)$"))
    value, column, row = re.findall(r"-?\d+", told.inner_text())
    return int(column), int(row), float(value)


def assert_values_are_the_files(page: Page, picture: Locator, images: Images) -> None:
    """HU under the pointer are what pydicom decodes from the very file that was sent."""
    image = images.slice(str(picture.get_attribute("data-sop")))
    places = [(0.5, 0.5), (0.42, 0.4), (0.6, 0.62), (0.5, 0.3), (0.55, 0.5)]
    told = [under_pointer(page, picture, *place) for place in places]
    for column, row, value in told:
        assert value == image.pixel_array[row, column] * image.RescaleSlope + image.RescaleIntercept
    assert len({value for _, _, value in told}) > 1


def measure(page: Page, picture: Locator, images: Images) -> None:
    """A length drawn by hand is as long as the pixels between its ends."""
    spacing = [float(one) for one in images.slice(str(picture.get_attribute("data-sop"))).PixelSpacing]
    start = under_pointer(page, picture, 0.4, 0.45)
    page.keyboard.press("l")
    page.mouse.down()
    under_pointer(page, picture, 0.5, 0.5)
    end = under_pointer(page, picture, 0.6, 0.52)
    page.mouse.up()
    row = page.get_by_test_id("measurements").get_by_role("listitem")
    expect(row).to_contain_text("第 71 层")
    drawn = float(str(row.get_attribute("data-value")))
    assert row.get_attribute("data-unit") == "mm"
    assert drawn == pytest.approx(
        hypot((end[0] - start[0]) * spacing[1], (end[1] - start[1]) * spacing[0]), abs=SAME_PIXEL_MM
    )


def write(reader: Desk) -> None:
    """The report beside the images, with the measurement in it; it saves itself."""
    page = reader.page
    for section, words in WRITTEN.items():
        page.get_by_label(section, exact=True).fill(words)
    page.get_by_label("影像所见", exact=True).press("End")
    page.get_by_label("影像所见", exact=True).press("F2")
    expect(page.get_by_label("影像所见", exact=True)).to_have_value(re.compile(r"约 [\d.]+ mm（第 71 层）"))
    page.get_by_label("图注").first.fill("左侧基底节区高密度影")
    expect(page.get_by_text(re.compile(r"^已保存 \d\d:\d\d:\d\d$"))).to_be_visible()
    expect(page.get_by_text(re.compile("文中有危急值"))).to_be_visible()
    reader.shoot("11-report-written")


def sign(reader: Desk) -> None:
    """With the critical finding told, and a PIN; a wrong one is refused beside the field."""
    page = reader.page
    page.get_by_role("button", name=re.compile("提交审核")).click()
    expect(page.get_by_test_id("preview")).to_have_attribute("data-ready", "true")
    expect(page.get_by_text("报告提到危急值")).to_be_visible()
    page.get_by_role("radio", name=re.compile("登记为危急值")).first.check()
    page.get_by_label("签名口令").fill(PIN)
    reader.shoot("12-signing")
    page.get_by_role("button", name=re.compile("提交审核")).click()
    expect(page.get_by_role("heading", name="已提交审核")).to_be_visible()
    reader.shoot("13-submitted-for-review")


def review(reviewer: Desk) -> None:
    """A second person reads the report beside the images and signs too."""
    page = reviewer.page
    page.get_by_role("button", name=re.compile("开始审核")).click()
    expect(page.get_by_label("诊断意见", exact=True)).to_have_value(WRITTEN["诊断意见"])
    reviewer.shoot("14-reviewing")
    expect(page.get_by_role("button", name="通过并签名")).to_be_enabled(timeout=LOADED_MS)
    page.get_by_role("button", name="通过并签名").click()
    expect(page.get_by_test_id("preview")).to_have_attribute("data-ready", "true")
    page.get_by_label("签名口令").fill(PIN)
    reviewer.shoot("15-co-signing")
    page.get_by_role("button", name=re.compile("审核签发|通过并签名")).click()
    expect(page.get_by_role("heading", name="已签发")).to_be_visible()
    reviewer.shoot("16-signed")


def receive(doctor: Desk, folder: Path) -> Path:
    """The county doctor's list, untouched since the request, shows it; the PDF comes down by the browser's download."""
    page = doctor.page
    expect(line_of(doctor)).to_contain_text("已送达")
    doctor.shoot("17-worklist-delivered", phone=True)
    line_of(doctor).get_by_role("link").click()
    expect(page.get_by_role("heading", name=re.compile("危急值"))).to_be_visible()
    doctor.shoot("18-case-delivered", phone=True)
    with page.expect_download() as coming:
        page.get_by_role("link", name="下载 PDF").click()
    pdf = folder / coming.value.suggested_filename
    coming.value.save_as(pdf)
    assert pdf.suffix == ".pdf"
    return pdf


def assert_signed_by_people_we_trust(pdf: Path, root: Path) -> None:
    """By pyHanko against nothing but the root that the site publishes, and by pdfsig."""
    from pyhanko.keys import load_cert_from_pemder
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    trusted = ValidationContext(trust_roots=[load_cert_from_pemder(str(root))], allow_fetching=False)
    found = PdfFileReader(io.BytesIO(pdf.read_bytes())).embedded_regular_signatures
    with ThreadPoolExecutor(1) as apart:  # pyHanko runs a loop of its own, and Playwright's runs in this thread
        results = [apart.submit(validate_pdf_signature, signature, trusted, trusted).result() for signature in found]
    assert [result.signing_cert.subject.native["common_name"] for result in results] == ["杨明远", "龙志刚"]
    for result in results:
        assert result.bottom_line, result.pretty_print_details()
        assert result.timestamp_validity is not None
        assert result.timestamp_validity.trusted
    told = run(["pdfsig", "-nocert", str(pdf)], capture_output=True, text=True, check=False).stdout
    assert told.count("Signature is Valid") == len(results)


def verify(visitor: Desk, pdf: Path) -> None:
    """Anyone, without an account: valid as it came, not valid with one byte changed, and why."""
    page = visitor.page
    page.goto(f"{visitor.url}/verify")
    page.get_by_label("拖入 PDF，或点击选择文件").set_input_files(pdf)
    answer = page.get_by_role("status")
    expect(answer).to_contain_text("有效")
    expect(answer).to_contain_text("杨明远")
    expect(answer).to_contain_text("龙志刚")
    visitor.shoot("19-verify-valid", phone=True)
    changed = bytearray(pdf.read_bytes())
    changed[len(changed) // 3] ^= 1
    copy = pdf.with_name("changed.pdf")
    copy.write_bytes(changed)
    page.get_by_role("button", name="核验另一份").click()
    page.get_by_label("拖入 PDF，或点击选择文件").set_input_files(copy)
    expect(answer).to_contain_text("无效")
    expect(answer.get_by_role("listitem").first).to_be_visible()
    visitor.shoot("20-verify-tampered", phone=True)
