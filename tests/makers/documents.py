"""Reports ready to be printed and people ready to sign them, for tests of what leaves the house on paper."""

import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from consult.domain.report_templates import template_for
from consult.domain.reports import ReportState, ReportText, content_hash
from consult.formats import pdf, seal
from consult.formats.document import (
    PrintedExam,
    PrintedImage,
    PrintedPatient,
    PrintedPerson,
    PrintedRequest,
    ReportDocument,
    Stamp,
)
from consult.formats.signing_keys import Signer, seal_key, unlock
from consult.formats.trust import DemoAuthority, TrustSource, open_demo_authority

# An hour ago: pyHanko holds every proof against the machine's own clock, and a test signs some minutes later.
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
PIN = "246810"
TEXT = ReportText(
    technique="头颅CT平扫，横断面扫描，层厚1 mm。",
    comparison="无。",
    findings="左侧基底节区见片状高密度影，大小约14 mm×9 mm，CT值约65 HU，周围见低密度水肿带。",
    impression="左侧基底节区脑出血。",
    recommendation="急诊神经外科会诊。",
)


def png(size: int = 256, mode: str = "L") -> bytes:
    """A small grey picture with something in it."""
    picture = Image.new("L", (size, size), 0)
    ImageDraw.Draw(picture).ellipse((size // 8, size // 8, size * 7 // 8, size * 7 // 8), fill=150)
    out = io.BytesIO()
    picture.convert(mode).save(out, "PNG")
    return out.getvalue()


def document(**changes: Any) -> ReportDocument:
    """A two-person CT report of a demo house, changed as the test wants."""
    values: dict[str, Any] = {
        "number": "BG20261124-0017",
        "version": 1,
        "kind": ReportState.FINAL,
        "institution": "贵阳专家中心",
        "template": template_for("CT", "HEAD", "telediagnosis"),
        "patient": PrintedPatient("陈建国", "M", date(1970, 3, 2), "AL00238841"),
        "request": PrintedRequest(
            "HZ20261124-0017", "安龙县人民医院", "李晓梅", "高血压十年，头痛三天。", "排除出血。", NOW, "急诊"
        ),
        "exam": PrintedExam("头颅CT平扫", "CT", "HEAD", "CT0017", NOW - timedelta(hours=1), ("1.2.840.1.2.3",)),
        "text": TEXT,
        "reporter": PrintedPerson("p1", "王志远", "110520000001234"),
        "written_at": NOW,
        "verify_url": "https://consult.example.cn/verify/BG20261124-0017",
        "two_person": True,
        "demo": True,
        "images": (PrintedImage(png(), "左侧基底节区"),),
    }
    values |= changes
    values.setdefault(
        "content_sha256",
        content_hash(values["text"], number=values["number"], version=values["version"], kind=values["kind"]),
    )
    return ReportDocument(**values)


@dataclass(frozen=True)
class House:
    """A demo authority with a reporter and a reviewer who have their keys open."""

    authority: DemoAuthority
    trust: TrustSource
    reporter: Signer
    reviewer: Signer

    def certified(self, printed: ReportDocument, at: datetime = NOW) -> bytes:
        """The report with the reporter's signature."""
        stamp = pdf.render_stamp(Stamp("王志远", at, "110520000001234"))
        return seal.certify(pdf.render(printed), self.reporter, self.trust, at=at, stamp=stamp)

    def approved(self, certified: bytes, at: datetime = NOW) -> bytes:
        """The reviewer's signature added."""
        stamp = pdf.render_stamp(Stamp("欧阳明月", at, "110520000005678"))
        return seal.approve(certified, self.reviewer, self.trust, at=at, stamp=stamp)


def house(folder: Path, at: datetime = NOW) -> House:
    """A new house in a folder."""
    authority = open_demo_authority(folder / "ca", at)
    trust = authority.trust()
    signers = (
        unlock(seal_key(authority.issue(name, person_id, "贵阳专家中心", at), PIN), PIN, trust)
        for name, person_id in (("王志远", "p1"), ("欧阳明月", "p2"))
    )
    return House(authority, trust, *signers)
