"""What an instance says of itself, as bytes in a row and back."""

import json
import zlib
from dataclasses import fields
from typing import Any, get_type_hints

from consult.domain.studies import Instance, PatientName

_HINTS = get_type_hints(Instance)
_NAMES = tuple(field.name for field in fields(Instance) if field.name != "metadata")
_PERSONS = frozenset(name for name in _NAMES if _HINTS[name] is PatientName)
_LEVEL = 1  # of deflation: the headers of a slice in a tenth of a millisecond


def deflated(data: bytes) -> bytes:
    """The bytes, small."""
    return zlib.compress(data, _LEVEL)


def inflated(data: bytes) -> bytes:
    """The bytes as they were."""
    return zlib.decompress(data)


def facts_of(instance: Instance) -> bytes:
    """All that the instance says but its metadata, as deflated JSON."""
    said = {name: getattr(instance, name) for name in _NAMES}
    for name in _PERSONS:
        said[name] = _person(said[name])
    return deflated(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def instance_of(facts: bytes) -> Instance:
    """The instance again, with empty metadata."""
    said: dict[str, Any] = json.loads(inflated(facts).decode("utf-8", "surrogatepass"))
    for name, value in said.items():
        if name in _PERSONS:
            alphabetic, ideographic, phonetic, raw, guessed = value
            said[name] = PatientName(alphabetic, ideographic, phonetic, bytes.fromhex(raw), guessed)
        elif isinstance(value, list):
            said[name] = tuple(value)
    return Instance(metadata=b"", **said)


def _person(name: PatientName) -> list[str | bool]:
    return [name.alphabetic, name.ideographic, name.phonetic, name.raw.hex(), name.guessed]
