"""The data sets of a modality performed procedure step (PS3.4 tables F.7.2-1 and F.7.2-2)."""

from typing import NamedTuple

from consult.domain.studies import is_uid
from consult.formats.dicom import EXPLICIT, text_of
from consult.formats.elements import DataSet, Encoding, Walk
from consult.formats.names import charset_of
from consult.formats.sources import Source, broken

_STATUS, _SCHEDULED, _STUDY = 0x00400252, 0x00400270, 0x0020000D
_PERFORMED, _SERIES = 0x00400340, 0x0020000E
_IMAGES, _OTHERS, _SOP_UID = 0x00081140, 0x00400220, 0x00081155
_REASON, _MEANING = 0x00400281, 0x00080104


class Said(NamedTuple):
    """What a request says of a step; what it does not say is empty."""

    status: str
    study_uids: tuple[str, ...]
    series: dict[str, tuple[str, ...]]
    reason: str


def read_step(data: bytes, syntax: str) -> Said:
    """What an N-CREATE or N-SET says. Raises Broken."""
    held = Walk(Source.of(data), Encoding(syntax == EXPLICIT, big=False)).run()
    studies = [text_of(each.get(_STUDY)) for each in _items(held, _SCHEDULED)]
    series = {text_of(each.get(_SERIES)): tuple(_made(each)) for each in _items(held, _PERFORMED)}
    if not all(map(is_uid, (*studies, *series, *(uid for uids in series.values() for uid in uids)))):
        raise broken("检查步骤中有无效的编号。", "The step names something that is no UID.")
    return Said(text_of(held.get(_STATUS)), tuple(dict.fromkeys(studies)), series, _reason(held))


def _items(data: DataSet, tag: int) -> list[DataSet]:
    found = data.get(tag)
    return (found.items or []) if found is not None else []


def _made(series: DataSet) -> list[str]:
    """The SOP instances that a series says it has, images or not, each once."""
    every = [*_items(series, _IMAGES), *_items(series, _OTHERS)]
    return list(dict.fromkeys(text_of(each.get(_SOP_UID)) for each in every))


def _reason(data: DataSet) -> str:
    """Why a step was broken off, by the meaning of its code (PS3.16 CID 9300)."""
    charset = charset_of(data, None)
    meanings = [each[_MEANING].value or b"" for each in _items(data, _REASON) if _MEANING in each]
    return charset.text(meanings[0]).strip(" \0")[:64] if meanings else ""
