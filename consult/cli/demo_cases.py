"""The six cases of the demonstration, each left in another state, told as what the people did."""

from collections.abc import Callable
from dataclasses import dataclass

from consult.cli.demo_people import Desk, Made

Step = Callable[[Desk, Made], Made]
COORDINATOR, REVIEWER = "xingyi.coordinator", "guiyang.reviewer"


@dataclass(frozen=True, slots=True)
class DemoCase:
    """A request (about the first of ``studies``; the others are sent as well) and what happened to it."""

    studies: tuple[str, ...]
    priority: str
    question: str
    history: str
    consent_by: str
    steps: tuple[Step, ...]


def by(username: str, verb: str, **say: object) -> Step:
    """Someone makes a move."""
    return lambda desk, made: desk.move(username, made, verb, **say)


def signs(username: str, verb: str, **say: object) -> Step:
    """Someone signs with their PIN."""
    return lambda desk, made: desk.move(username, made, verb, pin=desk.password, **say)


def until(username: str, *states: str) -> Step:
    """The system does its part."""
    return lambda desk, made: desk.wait(username, made, states)


def writes(username: str, **text: str) -> Step:
    """Someone writes the report."""
    return lambda desk, made: desk.write(username, made, text)


def routed(doctor: str, reader: str) -> tuple[Step, ...]:
    """Submitted, taken in by the coordinator, offered to the right reader, accepted."""
    return (
        by(doctor, "submit"),
        by(COORDINATOR, "triage"),
        until(COORDINATOR, "assigned"),
        by(reader, "accept"),
    )


SUBDURAL = {
    "technique": "头颅CT平扫，层厚5 mm，脑窗及骨窗观察。",
    "comparison": "无既往检查可对比。",
    "findings": "右侧额颞顶部颅骨内板下见新月形高密度影，最厚处约11 mm，邻近脑沟变浅，"
    "右侧脑室受压变窄，中线结构向左侧移位约6 mm。余脑实质密度未见明显异常。颅骨骨质连续，未见骨折线。",
    "impression": "右侧额颞顶部急性硬膜下血肿，中线结构左移。",
    "recommendation": "请立即请神经外科会诊，密切观察意识及瞳孔变化，必要时复查CT。",
}
WHITE_MATTER = {
    "technique": "颅脑MR平扫，T2WI横断面，层厚6 mm。",
    "comparison": "无既往检查可对比。",
    "findings": "双侧额、顶叶脑白质内见数个点状T2WI高信号影，直径约2～4 mm，边界清楚，无占位效应。"
    "脑室、脑池系统形态、大小正常，中线结构居中。小脑、脑干未见异常信号。",
    "impression": "双侧脑白质内少许点状T2高信号，考虑缺血性改变。",
    "recommendation": "请结合临床，控制血压、血脂，必要时随访复查。",
}
NODULE = {
    "technique": "胸部正位片（后前位）。",
    "comparison": "无既往检查可对比。",
    "findings": "右上肺野见一结节状致密影，直径约17 mm，边缘尚清。余肺野清晰，双侧肺门不大。"
    "心影大小、形态正常，双侧膈面光整，肋膈角锐利。",
}

CASES = (
    DemoCase(
        ("head-bleed", "head-before"),
        "emergency",
        "突发右侧肢体无力伴言语不清2小时，排除脑出血",
        "高血压病史10年，未规律服药，入院血压186/104 mmHg",
        "患者之子",
        (*routed("anlong.doctor", "guiyang.ct"),),
    ),
    DemoCase(
        ("head-subdural",),
        "urgent",
        "车祸头部外伤后头痛、呕吐1小时，排除颅内出血",
        "伤后有短暂意识不清，现GCS 14分",
        "患者之女",
        (
            *routed("anlong.doctor", "guiyang.ct"),
            by("guiyang.ct", "open"),
            writes("guiyang.ct", **SUBDURAL),
            signs("guiyang.ct", "submit_for_review", critical={"finding": "急性硬膜外/硬膜下出血"}),
            signs(REVIEWER, "co_sign"),
            until("anlong.doctor", "delivered"),
        ),
    ),
    DemoCase(
        ("brain-mr",),
        "routine",
        "反复头晕半年，了解颅内情况",
        "无高血压、糖尿病史",
        "患者本人",
        (
            *routed("anlong.doctor", "guiyang.mr"),
            by("guiyang.mr", "open"),
            writes("guiyang.mr", **WHITE_MATTER),
            signs("guiyang.mr", "submit_for_review"),
        ),
    ),
    DemoCase(
        ("chest-nodule",),
        "routine",
        "咳嗽、咳痰两周，了解肺部情况",
        "吸烟史20年",
        "患者本人",
        (
            *routed("anlong.doctor", "guiyang.resident"),
            by("guiyang.resident", "open"),
            writes("guiyang.resident", **NODULE),
        ),
    ),
    DemoCase(
        ("head-plain",),
        "urgent",
        "头部外伤后头痛3小时，排除颅内出血",
        "无意识障碍，无呕吐",
        "患者本人",
        (by("dushan.doctor", "submit"),),
    ),
    DemoCase(
        ("chest-plain",),
        "routine",
        "体检发现血沉增快，了解胸部情况",
        "",
        "患者本人",
        (
            by("dushan.doctor", "submit"),
            by(
                COORDINATOR,
                "return_for_supplement",
                reason="病史资料不足",
                items=["请补充血常规、血沉结果", "请补充有无发热、盗汗"],
            ),
        ),
    ),
)
