"""The demonstration's patients: invented people with drawn images, so that it can be shown to anyone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from consult.formats.phantom_brain import Wound
from consult.formats.phantom_chest import DRAWN_MM, Chest, chest_image
from consult.formats.phantom_files import CHINA, CtSeries, DemoPatient, Exam, MrSeries, Series, dx_file
from consult.formats.phantom_head import Head
from consult.formats.phantom_scan import averaged, ct_slices, t2_slices
from consult.formats.phantom_shapes import Frame, Pose

HOSPITALS = {"ANLONG": "安龙县人民医院", "DUSHAN": "独山县人民医院"}
HEAD_CT = Frame(512, 250 / 512)
HEAD_MR = Frame(384, 230 / 384)
LOWEST_MM, COVERED_MM = -60.0, 150.0  # of a head scan: from below the ear canals to the top of the scalp
NOISE_HU = 5.5  # in the middle of a slice of 1 mm


@dataclass(frozen=True)
class DemoStudy:
    """One study of the demonstration, on disk: ``sender`` is the calling AE title, ``shows`` what was drawn into it.

    ``prior_of`` names the ``key`` of the study that this one came before.
    """

    key: str
    patient: DemoPatient
    sender: str
    modality: str
    body_part: str
    description: str
    accession: str
    study_uid: str
    exam_started: datetime
    files: tuple[Path, ...]
    shows: str
    prior_of: str | None = None


@dataclass(frozen=True)
class Plan:
    """One row of the demonstration: who, where, when, what was drawn, and how it is scanned and written."""

    key: str
    patient: DemoPatient
    sender: str
    spelling: str
    modality: str
    body_part: str
    description: str
    ago: timedelta
    shows: str
    scan: Callable[[Path, Exam, int], list[Path]]
    prior_of: str | None = None


def make_demo_studies(folder: Path, seed: int, now: datetime) -> list[DemoStudy]:
    """Draws and writes the demonstration's studies under ``folder``, one folder each; about 200 MB.

    Pixels depend on ``seed`` alone; UIDs and dates on ``seed`` and ``now`` (aware), so that two demos never collide.
    """
    return [make_demo_study(folder, plan.key, seed, now) for plan in PLANS]


def make_demo_study(folder: Path, key: str, seed: int, now: datetime) -> DemoStudy:
    """Draws and writes one study of the demonstration under ``folder``; KeyError where ``key`` names none."""
    number = {plan.key: number for number, plan in enumerate(PLANS)}[key]
    plan = PLANS[number]
    exam = _exam(number, seed, now, plan.key)
    files = plan.scan(folder / plan.key, exam, seed)
    return DemoStudy(
        key=plan.key,
        patient=plan.patient,
        sender=plan.sender,
        modality=plan.modality,
        body_part=plan.body_part,
        description=plan.description,
        accession=exam.accession,
        study_uid=exam.uid("study"),
        exam_started=exam.began,
        files=tuple(files),
        shows=plan.shows,
        prior_of=plan.prior_of,
    )


def make_head_series(folder: Path, seed: int, now: datetime, count: int) -> list[Path]:
    """One thin head CT series of ``count`` slices over 150 mm, for load tests; returns its files in order."""
    exam = _exam(0, seed, now, f"series-{count}")
    step = COVERED_MM / count
    series = Series(2, f"头颅薄层 {step:.2f}mm", step, step, kernel="H40s", table=-420)
    heights = LOWEST_MM + step * np.arange(count, dtype=np.float32)
    images = ct_slices(_elder(seed, True), HEAD_CT, heights, NOISE_HU, seed)
    stack = CtSeries(folder, exam, series, HEAD_CT)
    return [stack.write(n, float(z), image) for n, (z, image) in enumerate(zip(heights, images, strict=True), 1)]


def _exam(number: int, seed: int, now: datetime, key: str) -> Exam:
    plan = PLANS[number]
    began = (now - plan.ago).replace(microsecond=0)
    return Exam(
        patient=plan.patient,
        root=f"{seed}/{now.isoformat()}/{key}",
        spelling=plan.spelling,
        institution=HOSPITALS[plan.sender],
        modality=plan.modality,
        body_part=plan.body_part,
        description=plan.description,
        accession=f"D{began.astimezone(CHINA):%y%m%d%H%M}{plan.modality}{number + 1}",
        began=began,
    )


def _helical(folder: Path, exam: Exam, head: Head, thin: Series, group: int, seed: int) -> list[Path]:
    """One helical scan reconstructed twice: thin slices, and thick ones that are the mean of ``group`` of them."""
    count = int(COVERED_MM / thin.spacing) // group * group
    heights = LOWEST_MM + thin.spacing * np.arange(count, dtype=np.float32)
    width = thin.spacing * group
    thick = Series(thin.number + 1, f"头颅平扫 {width:g}mm", width, width, thin.signed, thin.kernel, thin.table)
    thin_stack, thick_stack = CtSeries(folder, exam, thin, HEAD_CT), CtSeries(folder, exam, thick, HEAD_CT)
    thin_files, thick_files = [], []
    total = np.zeros((HEAD_CT.pixels, HEAD_CT.pixels), dtype=np.float32)
    for k, image in enumerate(ct_slices(head, HEAD_CT, heights, NOISE_HU / float(np.sqrt(thin.thickness)), seed), 1):
        thin_files.append(thin_stack.write(k, float(heights[k - 1]), image))
        total += image
        if k % group == 0:
            middle = float(heights[k - group : k].mean())
            thick_files.append(thick_stack.write(k // group, middle, total / np.float32(group)))
            total[:] = 0
    return thin_files + thick_files


def _sequential(folder: Path, exam: Exam, head: Head, seed: int) -> list[Path]:
    """Thick slices of 5 mm only, each from two planes, with the noise that five thin ones would leave."""
    series = Series(2, "头颅平扫 5mm", 5, 5, kernel="H30s", table=-395)
    middles = LOWEST_MM + 2.5 + 5 * np.arange(int(COVERED_MM / 5), dtype=np.float32)
    planes = (middles[:, None] + np.array([-1.25, 1.25], dtype=np.float32)).ravel()
    images = averaged(ct_slices(head, HEAD_CT, planes, NOISE_HU * float(np.sqrt(2 / 5)), seed), 2)
    stack = CtSeries(folder, exam, series, HEAD_CT)
    return [stack.write(n, float(z), image) for n, (z, image) in enumerate(zip(middles, images, strict=True), 1)]


def _elder(seed: int, bleeding: bool) -> Head:
    """The same head before and after: it lies a little differently in the older scan."""
    if not bleeding:
        return Head(seed, Pose((-3, -9, 2), -3, 1.5, -1.5), 0.3)
    clot = Wound("clot", (27, 2, 6), (8.5, 15, 12), -12)
    return Head(seed, Pose((2, -12, 0), 3, -2, 1.5), 0.3, wounds=(clot,))


def _scan_bleed(folder: Path, exam: Exam, seed: int) -> list[Path]:
    thin = Series(2, "头颅薄层 1.0mm", 1.0, 1.0, kernel="H40s", table=-420)
    return _helical(folder, exam, _elder(seed, True), thin, 5, seed)


def _scan_before(folder: Path, exam: Exam, seed: int) -> list[Path]:
    thin = Series(2, "头颅薄层 1.25mm", 1.25, 1.25, signed=True, kernel="STANDARD", table=112)
    return _helical(folder, exam, _elder(seed, False), thin, 4, seed + 1)


def _scan_shell(folder: Path, exam: Exam, seed: int) -> list[Path]:
    wound = Wound("shell", (-50, 10, 30), (11, 60, 45))
    return _sequential(
        folder, exam, Head(seed + 2, Pose((-1, -14, 1), -2, -4, -2, 1.02), 0.45, wounds=(wound,)), seed + 2
    )


def _scan_plain(folder: Path, exam: Exam, seed: int) -> list[Path]:
    return _sequential(folder, exam, Head(seed + 3, Pose((0, -11, 0), 2, -1, 1, 0.98), 0.1, calcified=False), seed + 3)


def _scan_t2(folder: Path, exam: Exam, seed: int) -> list[Path]:
    spots = (((25, -18, 25), (3.5, 5, 3.5)), ((-22, 30, 27), (2.5, 3.5, 2.5)), ((29, 20, 27), (2, 2.5, 3)))
    head = Head(seed + 4, Pose((0, -13, 0), -2, 2, 1, 0.95), 0.1, wounds=tuple(Wound("scar", *spot) for spot in spots))
    series = Series(3, "T2WI 横断面", 6, 6, windows=((600, 1200),))
    heights = -38 + 6 * np.arange(20, dtype=np.float32)
    images = t2_slices(head, HEAD_MR, heights, seed + 4)
    stack = MrSeries(folder, exam, series, HEAD_MR)
    return [stack.write(n, float(z), image) for n, (z, image) in enumerate(zip(heights, images, strict=True), 1)]


def _scan_nodule(folder: Path, exam: Exam, seed: int) -> list[Path]:
    chest = Chest(seed + 5, 0.96, True, (-84, 126, 8.5))
    series = Series(1, "胸部后前位", windows=((2048, 4096),))
    return [dx_file(folder, exam, series, chest_image(chest), DRAWN_MM / 2, inverted=False)]


def _scan_chest(folder: Path, exam: Exam, seed: int) -> list[Path]:
    chest = Chest(seed + 6, 1.1, False)
    series = Series(1, "胸部后前位", windows=((2048, 4096),))
    return [dx_file(folder, exam, series, chest_image(chest), DRAWN_MM / 2, inverted=True)]


WEI = DemoPatient("DEMO-0001", ("韦", "德明"), ("WEI", "DEMING"), "M", "1963-04-12")
CEN = DemoPatient("DEMO-0002", ("岑", "秀兰"), ("CEN", "XIULAN"), "F", "1968-09-30")
LUO = DemoPatient("DEMO-0003", ("罗", "开福"), ("LUO", "KAIFU"), "M", "1952-01-25")
PAN = DemoPatient("DEMO-0004", ("潘", "小梅"), ("PAN", "XIAOMEI"), "F", "1990-06-08")
HUANG = DemoPatient("DEMO-0005", ("黄", "正平"), ("HUANG", "ZHENGPING"), "M", "1981-11-17")
OUYANG = DemoPatient("DEMO-0006", ("欧阳", "玉"), ("OUYANG", "YU"), "F", "1977-03-03")

HEAD = ("CT", "HEAD", "头颅CT平扫")
BRAIN = ("MR", "BRAIN", "颅脑MR平扫")
CHEST = ("DX", "CHEST", "胸部正位片")
BLEED = "左侧基底节区血肿，约30 mm×17 mm，周围低密度水肿带"
SHELL = "右侧额颞顶部急性硬膜下血肿，最厚约11 mm，中线左移"
NODULE = "右上肺野结节，直径约17 mm"
SPOTS = "双侧脑白质内数个点状T2高信号"

PLANS: tuple[Plan, ...] = (
    Plan("head-bleed", WEI, "ANLONG", "GB18030", *HEAD, timedelta(minutes=45), BLEED, _scan_bleed),
    Plan("head-before", WEI, "ANLONG", "GB18030", *HEAD, timedelta(days=213), "未见出血", _scan_before, "head-bleed"),
    Plan("chest-nodule", CEN, "ANLONG", "ISO_IR 192", *CHEST, timedelta(hours=3), NODULE, _scan_nodule),
    Plan("head-subdural", LUO, "ANLONG", "GB18030", *HEAD, timedelta(minutes=100), SHELL, _scan_shell),
    Plan("brain-mr", PAN, "ANLONG", "ISO_IR 192", *BRAIN, timedelta(hours=5), SPOTS, _scan_t2),
    Plan("head-plain", HUANG, "DUSHAN", "GB18030", *HEAD, timedelta(minutes=20), "未见异常", _scan_plain),
    Plan("chest-plain", OUYANG, "DUSHAN", "ISO_IR 192", *CHEST, timedelta(hours=26), "未见异常", _scan_chest),
)
