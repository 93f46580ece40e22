"""Reads curves (ECG, pressure, EEG) out of an object: a stretch of time at a time, in the numbers that were stored."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from consult.domain.errors import NotFound
from consult.formats.dicom import Opened, open_dicom
from consult.formats.elements import DataSet
from consult.formats.instances import Values
from consult.formats.names import charset_of
from consult.formats.sources import broken

MOST_S = 60.0  # s of curves in one answer
MOST_CHANNELS = 512
_MOST_NOTES = 1000

_SAMPLES = {"SB": "i1", "UB": "u1", "SS": "i2", "US": "u2", "SL": "i4", "UL": "u4"}
"""Waveform Sample Interpretation (PS3.3 §C.10.9.1.5) that are linear; µ-law and A-law are of sound."""

_LEADS = {1: "I", 2: "II", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF"} | {2 + n: f"V{n}" for n in range(1, 7)}
"""The lead numbers that MDC ("2:1") and SCP-ECG ("5.6.3-9-1") share (PS3.16 CID 3001)."""


class Group(NamedTuple):
    """One multiplex group: channels that were sampled together (PS3.3 §C.10.9.1)."""

    values: Values
    frequency: float
    samples: int
    channels: int
    kind: str


def read_waveforms(path: Path, group: int = 0, at_s: float = 0.0, seconds: float = MOST_S) -> dict[str, Any]:
    """The groups of an object, and the curves of one of them for ``seconds`` (at most 60) from ``at_s``, as JSON.

    A channel's ``values`` are the stored numbers, None where nothing was recorded (Waveform Padding Value); what was
    measured is value × ``factor`` + ``baseline`` in ``unit`` (UCUM), as PS3.3 §C.10.9.1.4 defines sensitivity ×
    correction factor and baseline; ``unit`` is empty where the device was not calibrated. Filters are told in Hz as
    the device applied them; nothing is filtered here. Raises Broken and NotFound.
    """
    with open_dicom(path) as opened:
        top = Values(opened.data, charset_of(opened.data, None), opened.encoding.big)
        groups = [_group(Values(item, top.charset, top.big)) for item in _items(top, 0x54000100)]
        if not 0 <= group < len(groups):
            raise NotFound
        chosen = groups[group]
        first = min(chosen.samples, max(0, round(at_s * chosen.frequency)))
        count = min(chosen.samples - first, math.ceil(min(seconds, MOST_S) * chosen.frequency))
        curves = _curves(opened, chosen, first, count)
        return {
            "groups": [_told(each) for each in groups],
            "group": group,
            "at_s": first / chosen.frequency,
            "samples": count,
            "channels": [
                _channel(values, curve) for values, curve in zip(_definitions(chosen.values), curves, strict=False)
            ],
            "notes": list(_notes(top)),
        }


def _items(values: Values, tag: int) -> list[DataSet]:
    element = values.data.get(tag)
    return element.items or [] if element is not None else []


def _definitions(values: Values) -> list[Values]:
    return [Values(item, values.charset, values.big) for item in _items(values, 0x003A0200)]


def _group(values: Values) -> Group:
    frequency, samples = values.number(0x003A001A), values.whole(0x003A0010)
    channels = values.whole(0x003A0005)
    if not frequency or frequency <= 0 or not samples or not channels or not 0 < channels <= MOST_CHANNELS:
        raise broken("波形缺少采样率、样本数或通道数。", "The waveform lacks its rate, samples or channels.")
    kind = _SAMPLES.get(values.text(0x54001006))
    if kind is None:
        raise broken("波形的编码方式不能显示，请下载。", "The waveform's coding is not shown; download it.")
    if len(_definitions(values)) != channels:
        raise broken("波形的通道说明与通道数不符。", "The waveform describes another number of channels than it has.")
    return Group(values, frequency, samples, channels, kind)


def _told(group: Group) -> dict[str, Any]:
    return {
        "label": group.values.text(0x003A0020),
        "frequency_hz": group.frequency,
        "samples": group.samples,
        "duration_s": group.samples / group.frequency,
        "channels": group.channels,
    }


def _curves(opened: Opened, group: Group, first: int, count: int) -> list[list[int | None]]:
    """The stored numbers by channel; they lie interleaved, sample by sample (PS3.3 §C.10.9.1)."""
    data = group.values.data.get(0x54001010)
    kind = np.dtype(f"{'>' if opened.encoding.big else '<'}{group.kind}")
    width = kind.itemsize * group.channels
    if data is None or data.length < group.samples * width:
        raise broken("波形数据不完整，请重新发送。", "The waveform is incomplete; send it again.")
    raw = opened.source.peek(data.at + first * width, count * width)
    table = np.frombuffer(raw, kind).reshape(-1, group.channels).T
    curves: list[list[int | None]] = [list(map(int, channel)) for channel in table]
    padding = _padding(group, kind)
    if padding is None or not (table == padding).any():
        return curves
    return [[None if value == padding else value for value in curve] for curve in curves]


def _padding(group: Group, kind: "np.dtype[Any]") -> int | None:
    element = group.values.data.get(0x5400100A)
    if element is None or element.value is None or len(element.value) < kind.itemsize:
        return None
    return int(np.frombuffer(element.value[: kind.itemsize], kind)[0])


def _channel(values: Values, curve: list[int | None]) -> dict[str, Any]:
    sensitivity = values.number(0x003A0210)
    correction = values.number(0x003A0212)
    source, unit = values.item(0x003A0208), values.item(0x003A0211)
    calibrated = sensitivity is not None and bool(unit.data)
    return {
        "lead": _lead(source) or values.text(0x003A0203) or source.text(0x00080104),
        "meaning": source.text(0x00080104),
        "unit": unit.text(0x00080100) if calibrated else "",
        "factor": (sensitivity or 1.0) * (1.0 if correction is None else correction) if calibrated else 1.0,
        "baseline": (values.number(0x003A0213) or 0.0) if calibrated else 0.0,
        "skew_s": values.number(0x003A0214) or 0.0,
        "low_cut_hz": values.number(0x003A0220),
        "high_cut_hz": values.number(0x003A0221),
        "notch_hz": values.number(0x003A0222),
        "values": curve,
    }


def _lead(source: Values) -> str:
    """The lead's everyday name by its code; empty for anything else."""
    scheme, code = source.text(0x00080102), source.text(0x00080100)
    number = code.replace(":", "-").rsplit("-", 1)[-1]
    known = (scheme == "MDC" and code.startswith("2:")) or (scheme == "SCPECG" and code.startswith("5.6.3-9-"))
    return _LEADS.get(int(number), "") if known and number.isdecimal() else ""


def _notes(top: Values) -> Iterator[dict[str, Any]]:
    """What the device said of the curves: words, and numbers with their units; not where each wave begins."""
    for item in _items(top, 0x0040B020)[:_MOST_NOTES]:
        note = Values(item, top.charset, top.big)
        name, value = note.item(0x0040A043), note.number(0x0040A30A)
        words = note.text(0x00700006) or note.item(0x0040A168).text(0x00080104)
        if value is None and not words:
            continue
        unit = note.item(0x004008EA)
        yield {
            "name": name.text(0x00080104),
            "code": name.text(0x00080100),
            "value": value,
            "unit": unit.text(0x00080100),
            "text": words,
        }
