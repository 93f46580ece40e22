"""The data set of a request for storage commitment (PS3.4 table J.3-1)."""

from consult.domain.studies import is_uid
from consult.formats.dicom import EXPLICIT, text_of
from consult.formats.elements import Encoding, Walk
from consult.formats.sources import Source, broken

_TRANSACTION, _REFERENCES = 0x00081195, 0x00081199
_SOP_CLASS, _SOP_UID = 0x00081150, 0x00081155


def read_request(data: bytes, syntax: str) -> tuple[str, list[tuple[str, str]]]:
    """Transaction UID, and (SOP class, SOP instance) of each object. Raises Broken."""
    held = Walk(Source.of(data), Encoding(syntax == EXPLICIT, big=False)).run()
    transaction_uid = text_of(held.get(_TRANSACTION))
    sequence = held.get(_REFERENCES)
    items = sequence.items if sequence is not None and sequence.items else []
    pairs = [(text_of(item.get(_SOP_CLASS)), text_of(item.get(_SOP_UID))) for item in items]
    if not pairs or not all(map(is_uid, (transaction_uid, *(uid for pair in pairs for uid in pair)))):
        raise broken("存储承诺请求不完整。", "The request for storage commitment is not whole.")
    return transaction_uid, pairs
