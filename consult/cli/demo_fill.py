"""Fills a running demonstration from outside: images by C-STORE as the counties, six cases by the API as the people."""

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from consult.cli.demo_cases import CASES, DemoCase
from consult.cli.demo_people import Desk, FillError

if TYPE_CHECKING:
    from consult.formats.phantom import DemoStudy

SEED = 20261124
READY_S = 120
MARK = "demo.json"


def main() -> int:
    """`python -m consult.cli.demo_fill PORT DICOM_PORT DATA [DICOM_FOLDER]`, the password on standard input."""
    port, dicom_port, data, *more = sys.argv[1:]
    password = sys.stdin.read().strip()
    base = f"http://127.0.0.1:{port}"
    if not _answers(base):
        print("The demonstration did not answer in time.", file=sys.stderr)
        return 1
    print(f"Consult 演示已就绪  {base}", flush=True)
    try:
        if more:
            _send_folder(Path(more[0]), int(dicom_port))
        if not (Path(data) / MARK).exists():
            _fill(Path(data), base, int(dicom_port), password)
    except (FillError, httpx.HTTPError) as failure:
        print(f"演示数据未能全部写入：{failure}", file=sys.stderr, flush=True)
        return 1
    return 0


def _answers(base: str) -> bool:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        try:
            if httpx.get(f"{base}/readyz", timeout=5).status_code == 200:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.2)  # a server that is not up cannot tell that it is
    return False


def _fill(data: Path, base: str, dicom_port: int, password: str) -> None:
    from consult.formats.phantom import make_demo_study
    from consult.wiring import clock

    begun = clock()
    studies: dict[str, DemoStudy] = {}
    desk = Desk(base, password)
    for position, case in enumerate(CASES, 1):
        for key in case.studies:
            if key not in studies:
                studies[key] = make_demo_study(data / "phantom", key, SEED, begun)
                send(studies[key].files, studies[key].sender, dicom_port)
        _tell(f"演示病例 {position}/{len(CASES)}：{studies[case.studies[0]].description}")
        _make(desk, case, studies)
    (data / MARK).write_text(json.dumps({"filled_at": begun.isoformat()}))
    _tell("演示数据已全部就绪")


def _make(desk: Desk, case: DemoCase, studies: "dict[str, DemoStudy]") -> None:
    study = studies[case.studies[0]]
    made = desk.request(case, study)
    for step in case.steps:
        made = step(desk, made)


def _tell(line: str) -> None:
    print(line, flush=True)


def _send_folder(folder: Path, dicom_port: int) -> None:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    refused = send(files, "ANLONG", dicom_port)
    _tell(f"已发送 {len(files) - len(refused)} 个 DICOM 文件" + (f"，{len(refused)} 个未被接收" if refused else ""))


def send(files: Iterable[Path], caller: str, dicom_port: int) -> list[Path]:
    """Send files by C-STORE as a county's machine; answers those that are no DICOM or were refused.

    Raises FillError when there is no association.
    """
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError
    from pynetdicom import AE

    readable: list[tuple[Path, str, str]] = []
    refused: list[Path] = []
    for path in files:
        try:
            head = dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID"])
            readable.append((path, str(head.SOPClassUID), str(head.file_meta.TransferSyntaxUID)))
        except (InvalidDicomError, AttributeError, EOFError, ValueError):
            refused.append(path)
    pairs = sorted({(sop_class, syntax) for _, sop_class, syntax in readable})
    for begin in range(0, len(pairs), 128):
        chunk = set(pairs[begin : begin + 128])
        entity = AE(ae_title=caller)
        for sop_class, syntax in sorted(chunk):
            entity.add_requested_context(sop_class, syntax)
        association = entity.associate("127.0.0.1", dicom_port, ae_title="CONSULT")
        if not association.is_established:
            raise FillError(f"no association as {caller}")
        for path, sop_class, syntax in readable:
            if (sop_class, syntax) in chunk:
                status = association.send_c_store(path)
                if getattr(status, "Status", None) != 0:
                    refused.append(path)
        association.release()
    return refused


if __name__ == "__main__":
    sys.exit(main())
