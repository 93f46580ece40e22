"""What is relied on inside aiortc is there, in the version that is installed: an upgrade shows here first."""

import ast
import importlib
import inspect
from importlib.metadata import version
from pathlib import Path

import pytest

import consult.media
from consult.media.passthrough import PRIVATE, begins_keyframe

OURS = Path(consult.media.__file__).parent


def test_aiortc_is_the_version_whose_inside_is_known() -> None:
    assert version("aiortc").startswith("1.16.")


@pytest.mark.parametrize("owner", PRIVATE)
def test_every_private_name_that_is_used_is_still_spelt_so(owner: str) -> None:
    module, _, _ = owner.rpartition(".")
    source = inspect.getsource(importlib.import_module(module))
    for name in PRIVATE[owner]:
        assert f".{name}" in source or f"def {name}(" in source, f"{owner} no longer has {name}"


def test_the_receiver_still_asks_its_jitter_buffer_as_ours_answers() -> None:
    from aiortc.rtcrtpreceiver import RTCRtpReceiver

    source = inspect.getsource(RTCRtpReceiver._handle_rtp_packet)
    assert "pli_flag, encoded_frame = self.__jitter_buffer.add(packet)" in source
    assert list(inspect.signature(RTCRtpReceiver._handle_rtp_packet).parameters) == [
        "self",
        "packet",
        "arrival_time_ms",
    ]


def test_private_names_of_aiortc_are_touched_in_one_file_only_and_are_all_listed() -> None:
    listed = {name for names in PRIVATE.values() for name in names}
    for path in OURS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_RTC"):
                assert path.name == "passthrough.py", path
                assert "__" + node.attr.split("__", 1)[1] in listed, node.attr


def test_a_whole_vp8_picture_is_known_by_its_first_packet() -> None:
    assert begins_keyframe(bytes([0x10, 0x00]))  # S=1, PID=0; P bit clear: RFC 7741 §4.2, §4.3
    assert not begins_keyframe(bytes([0x10, 0x01]))
    assert not begins_keyframe(bytes([0x00, 0x00]))
    assert not begins_keyframe(bytes([0x11, 0x00]))
    assert not begins_keyframe(b"")
