"""Curves are told in the numbers that were stored, and become what pydicom makes of them too."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.uid import ExplicitVRBigEndian

from consult.domain.errors import Broken, NotFound
from consult.formats.waveforms import read_waveforms
from tests.makers.dicom import SAMPLES, needs_samples

pytestmark = needs_samples
ECG = SAMPLES / "ecg" / "waveform_ecg_12lead.dcm"


def measured(told: dict[str, Any]) -> "np.ndarray[Any, Any]":
    """Samples × channels in the channels' units; not a number where nothing was recorded."""
    return np.array(
        [
            [np.nan if value is None else value * each["factor"] + each["baseline"] for value in each["values"]]
            for each in told["channels"]
        ]
    ).T


@pytest.fixture
def ecg() -> Dataset:
    return dcmread(ECG)


def kept(folder: Path, changed: Dataset) -> Path:
    path = folder / "changed.dcm"
    changed.save_as(path)
    return path


@pytest.mark.parametrize("group", [0, 1])
def test_every_sample_is_what_pydicom_computes(ecg: Dataset, group: int) -> None:
    assert np.allclose(measured(read_waveforms(ECG, group)), ecg.waveform_array(group), rtol=1e-12, atol=1e-9)


def test_correction_and_baseline_are_applied_to_their_channel_alone(ecg: Dataset, tmp_path: Path) -> None:
    first = ecg.WaveformSequence[0].ChannelDefinitionSequence[0]
    first.ChannelSensitivityCorrectionFactor, first.ChannelBaseline = "1.02", "-40"
    told = read_waveforms(kept(tmp_path, ecg))
    assert np.allclose(measured(told), ecg.waveform_array(0), rtol=1e-12, atol=1e-9)
    assert [each["baseline"] for each in told["channels"][:2]] == [-40, 0]


def test_big_endian_samples_are_the_same_curve(ecg: Dataset, tmp_path: Path) -> None:
    for each in ecg.WaveformSequence:  # pydicom turns no bytes of a value that it does not know as numbers
        each.add_new(0x54001010, "OW", np.frombuffer(each.WaveformData, "<i2").astype(">i2").tobytes())
    ecg.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    path = tmp_path / "big.dcm"
    dcmwrite(path, ecg, implicit_vr=False, little_endian=False, force_encoding=True)
    assert read_waveforms(path)["channels"][3]["values"] == read_waveforms(ECG)["channels"][3]["values"]


def test_a_stretch_of_time_is_the_same_samples(ecg: Dataset) -> None:
    told = read_waveforms(ECG, at_s=2.5, seconds=1.25)
    assert (told["at_s"], told["samples"]) == (2.5, 1250)
    assert np.allclose(measured(told), ecg.waveform_array(0)[2500:3750])


def test_beyond_the_end_there_is_nothing_and_no_such_group_is_not_found() -> None:
    assert read_waveforms(ECG, at_s=1e6)["samples"] == 0
    with pytest.raises(NotFound):
        read_waveforms(ECG, 2)


def test_where_nothing_was_recorded_there_is_no_number(ecg: Dataset, tmp_path: Path) -> None:
    group = ecg.WaveformSequence[0]
    samples = np.frombuffer(group.WaveformData, "<i2").reshape(-1, 12).copy()
    samples[100:110, 4] = -32768
    group.WaveformData = samples.tobytes()
    group.add_new(0x5400100A, "OW", b"\x00\x80")
    told = read_waveforms(kept(tmp_path, ecg))
    gaps = np.isnan(measured(told))
    assert gaps.sum() == 10
    assert gaps[100:110, 4].all()


def test_without_a_sensitivity_nothing_is_said_to_be_in_volts(ecg: Dataset, tmp_path: Path) -> None:
    for channel in ecg.WaveformSequence[0].ChannelDefinitionSequence:
        del channel.ChannelSensitivity
    told = read_waveforms(kept(tmp_path, ecg))
    assert {(each["unit"], each["factor"], each["baseline"]) for each in told["channels"]} == {("", 1.0, 0.0)}


def test_leads_filters_and_the_device_s_findings_are_told() -> None:
    told = read_waveforms(ECG)
    leads = [each["lead"] for each in told["channels"]]
    assert leads == ["I", "II", "III", "aVR", "aVL", "aVF", *(f"V{n}" for n in range(1, 7))]
    assert {(each["low_cut_hz"], each["high_cut_hz"], each["unit"]) for each in told["channels"]} == {
        (0.05, 300.0, "uV")
    }
    assert ("QT Interval", 368.0, "ms") in [(each["name"], each["value"], each["unit"]) for each in told["notes"]]
    assert "RITMO SINUSALE" in [each["text"] for each in told["notes"]]


def test_a_waveform_shorter_than_it_says_is_refused(ecg: Dataset, tmp_path: Path) -> None:
    ecg.WaveformSequence[0].NumberOfWaveformSamples = 10_001
    with pytest.raises(Broken, match="incomplete"):
        read_waveforms(kept(tmp_path, ecg))


def test_a_coding_that_is_not_linear_is_refused(ecg: Dataset, tmp_path: Path) -> None:
    ecg.WaveformSequence[0].WaveformSampleInterpretation = "MB"
    with pytest.raises(Broken, match="download"):
        read_waveforms(kept(tmp_path, ecg))
