"""Encapsulated documents as pictures: what may carry scripts, links and files is looked at, never opened."""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from consult.domain.errors import Broken, NotFound, Unavailable, Words
from consult.formats.dicom import Opened, open_dicom
from consult.formats.elements import Element
from consult.formats.instances import Values
from consult.formats.names import charset_of
from consult.formats.sources import broken

MOST_PAGES = 500
LARGEST = 64 << 20  # bytes of a document
LONGEST = 2400  # pixels of a page's longer side
_TIMEOUT_S = 15.0
_DOCUMENT = 0x00420011
_PAGES = re.compile(r"^Pages:\s+(\d+)", re.MULTILINE)

UNREADABLE = Words("文档打不开，请下载后查看。", "The document cannot be opened; download it.")
NO_POPPLER = Words(
    "服务器缺少文档显示组件（poppler-utils），请下载后查看。", "poppler-utils is missing on the server; download it."
)


def document(path: Path) -> dict[str, Any]:
    """What an encapsulated PDF is (PS3.3 §C.24.2): ``title``, and how many ``pages``.

    Raises NotFound where the object holds no PDF, Broken where it cannot be read, Unavailable without poppler.
    """
    with open_dicom(path) as opened:
        top = Values(opened.data, charset_of(opened.data, None), opened.encoding.big)
        title = top.text(0x00420010) or top.item(0x0040A043).text(0x00080104)
        told = _poppler("pdfinfo", "-", fed=_pdf(opened)).decode("utf-8", "replace")
    found = _PAGES.search(told)
    if found is None:
        raise Broken(UNREADABLE)
    return {"title": title, "pages": int(found[1])}


def page(path: Path, number: int, longest: int = LONGEST) -> bytes:
    """Page ``number`` (from 1) as PNG, its longer side ``longest`` pixels. Raises as ``document``."""
    if not 1 <= number <= MOST_PAGES:
        raise NotFound
    with open_dicom(path) as opened:
        fed = _pdf(opened)
    told = ("-f", str(number), "-l", str(number), "-singlefile", "-png", "-scale-to", str(min(longest, LONGEST)))
    with tempfile.TemporaryDirectory() as folder:
        _poppler("pdftoppm", *told, "-", f"{folder}/page", fed=fed)
        picture = Path(folder) / "page.png"
        if not picture.exists():
            raise NotFound
        return picture.read_bytes()


def _pdf(opened: Opened) -> bytes:
    """The bytes of the document, without the padding that makes them even (PS3.3 §C.24.2)."""
    top = Values(opened.data, charset_of(opened.data, None), opened.encoding.big)
    element: Element | None = opened.data.get(_DOCUMENT)
    if element is None or top.text(0x00420012) not in ("application/pdf", ""):
        raise NotFound
    if element.length > LARGEST:
        raise broken("文档超过 64 MB，请下载后查看。", "The document is larger than 64 MB; download it.")
    length = top.whole(0x00420015)
    size = length if length and 0 < length <= element.length else element.length
    return opened.source.peek(element.at, size)


def _poppler(tool: str, *told: str, fed: bytes) -> bytes:
    """What a program of poppler makes of a PDF; it inherits the memory bound of this process."""
    try:
        done = subprocess.run([tool, *told], input=fed, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except FileNotFoundError:
        raise Unavailable(NO_POPPLER) from None
    except subprocess.TimeoutExpired:
        raise Broken(UNREADABLE) from None
    if done.returncode:
        raise Broken(UNREADABLE)
    return done.stdout
