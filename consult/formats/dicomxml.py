"""Writes DICOM JSON as the Native DICOM Model, the XML of PS3.19 §A.1, for clients that take nothing newer."""

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from consult.formats.dictionary import keyword_of

_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")

JsonObject = Mapping[str, Any]


def write(data: JsonObject) -> bytes:
    """One object of DICOM JSON as an XML document in UTF-8; what XML cannot hold, control characters, is left out."""
    out = [_HEAD, f'<NativeDicomModel xmlns="{_NAMESPACE}" xml:space="preserve">']
    _data_set(out, data)
    out.append("</NativeDicomModel>")
    return "".join(out).encode("utf-8", "replace")


def _data_set(out: list[str], data: JsonObject) -> None:
    for tag, element in data.items():
        keyword = keyword_of(tag)
        named = f" keyword={quoteattr(keyword)}" if keyword else ""
        out.append(f'<DicomAttribute tag="{tag}" vr="{element["vr"]}"{named}>')
        _content(out, element)
        out.append("</DicomAttribute>")


def _content(out: list[str], element: JsonObject) -> None:
    if "BulkDataURI" in element:
        out.append(f"<BulkData uri={quoteattr(element['BulkDataURI'])}/>")
    elif "InlineBinary" in element:
        out.append(f"<InlineBinary>{element['InlineBinary']}</InlineBinary>")
    for number, value in enumerate(element.get("Value", ()), 1):
        if element["vr"] == "SQ":
            out.append(f'<Item number="{number}">')
            _data_set(out, value or {})
            out.append("</Item>")
        elif value is None:
            continue
        elif element["vr"] == "PN":
            _person(out, number, value)
        else:
            out.append(f'<Value number="{number}">{_text(value)}</Value>')


def _person(out: list[str], number: int, groups: Mapping[str, str]) -> None:
    out.append(f'<PersonName number="{number}">')
    for group, name in groups.items():
        out.append(f"<{group}>")
        for element, part in zip(_PARTS, name.split("^"), strict=False):
            if part:
                out.append(f"<{element}>{_text(part)}</{element}>")
        out.append(f"</{group}>")
    out.append("</PersonName>")


def _text(value: object) -> str:
    plain = "".join(char for char in str(value) if char in "\t\n\r" or (char >= " " and char not in "\ufffe\uffff"))
    return escape(plain)
