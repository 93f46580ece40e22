"""How found things are sent: JSON or XML, an object by itself in ranges, several as parts, none built in memory."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response, request
from werkzeug.wsgi import wrap_file

from consult.formats import dicomxml
from consult.queries.dicomweb import Bytes, Piece
from consult.queries.metadata import FAST
from consult.web.negotiation import RELATED, XML, takes_gzip
from consult.web.stitched import Stitched

FOREVER = "private, max-age=31536000, immutable"  # an instance is named by its UID and never replaced
ASK_AGAIN = "private, no-cache"  # may be kept, is checked by its ETag
WORTH_ZIPPING = 2048  # bytes of JSON
CHUNK = 64 << 10  # bytes


def as_json(objects: Sequence[Any], media_type: str) -> Response:
    """Objects of DICOM JSON in an array, gzipped for whom takes it."""
    body = json.dumps(objects, ensure_ascii=False, separators=(",", ":")).encode()
    zipped = takes_gzip() and len(body) > WORTH_ZIPPING
    answer = Response(gzip.compress(body, FAST) if zipped else body, mimetype=media_type)
    if zipped:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept, Accept-Encoding"
    return answer


def as_xml(objects: Iterable[Any]) -> Response:
    """Each object as a part of its own (PS3.18 §8.7.3.2), written when its turn comes."""
    boundary = f"consult-{hashlib.sha256(request.url.encode()).hexdigest()[:32]}"

    def parts() -> Iterator[bytes]:
        for each in objects:
            yield f"--{boundary}\r\nContent-Type: {XML}; charset=utf-8\r\n\r\n".encode()
            yield dicomxml.write(each)
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    answer = Response(parts(), content_type=f'{RELATED}; type="{XML}"; boundary={boundary}')
    answer.headers["Vary"] = "Accept"
    return answer


def alone(found: Bytes, media_type: str) -> Response:
    """One object by itself; any range of it can be asked for (RFC 9110 §14)."""
    answer = _sent(found.pieces, media_type, found.etag)
    answer.headers["Content-Disposition"] = "attachment"
    answer.headers["Vary"] = "Accept"
    answer.headers["Cache-Control"] = FOREVER
    return answer


def in_parts(every: Sequence[Bytes], media_type: str) -> Response:
    """Objects as the parts of one answer (PS3.18 §8.6.1.2.1)."""
    etag = hashlib.sha256("".join(each.etag for each in every).encode()).hexdigest()
    boundary = f"consult-{etag[:32]}"
    pieces: list[Piece] = []
    for each in every:
        pieces += [_part_head(boundary, media_type, each), *each.pieces, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    answer = _sent(pieces, f'{RELATED}; type="{media_type}"; boundary={boundary}', etag)
    answer.headers["Vary"] = "Accept"
    answer.headers["Cache-Control"] = ASK_AGAIN
    return answer


def as_made(found: Iterable[Bytes], media_type: str, name: str) -> Response:
    """Objects as parts that are made one after the other while they are sent, so that nobody knows their length yet."""
    boundary = f"consult-{hashlib.sha256(name.encode()).hexdigest()[:32]}"

    def parts() -> Iterator[bytes]:
        for each in found:
            yield _part_head(boundary, media_type, each)
            with Stitched(each.pieces) as body:
                yield from iter(lambda body=body: body.read(CHUNK), b"")  # type: ignore[misc]  # no type for a default
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    answer = Response(parts(), content_type=f'{RELATED}; type="{media_type}"; boundary={boundary}')
    answer.headers["Vary"] = "Accept"
    answer.headers["Cache-Control"] = ASK_AGAIN
    return answer


def _part_head(boundary: str, media_type: str, each: Bytes) -> bytes:
    return f"--{boundary}\r\nContent-Type: {media_type}; transfer-syntax={each.transfer_syntax}\r\n\r\n".encode()


def _sent(pieces: Sequence[Piece], content_type: str, etag: str) -> Response:
    """Pieces as a body that can be asked for in ranges; the bytes go from the file to the socket as they are."""
    body = Stitched(pieces)
    wrapped: Any = wrap_file(request.environ, body, CHUNK)  # type: ignore[arg-type]  # it asks for a TextIO's members, and uses read
    answer = Response(wrapped, content_type=content_type, direct_passthrough=True)
    answer.content_length = len(body)
    answer.set_etag(etag)
    answer.make_conditional(request, accept_ranges=True, complete_length=len(body))
    return answer
