"""Multipart bodies: `form-data` (RFC 7578), `related` (RFC 2387), `mixed` and others.

The syntax is in RFC 2046, section 5.1. httpx is not used: it writes only `form-data`, and only
parts with a name.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote

from httptask._http.media_types import FORM_DATA, RELATED, essence
from httptask.building._escaping import UnwritableError
from httptask.building._fields import Field
from httptask.building._text import codec_of, uncovered
from httptask.model.exchange import FilePiece, StreamedBody

_BOUNDARY = re.compile(r'(?i);\s*boundary=(?:"([^"]*)"|([^\s;"]*))')
# RFC 2046, section 5.1.1
_BOUNDARY_TEXT = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_TYPE = re.compile(r"(?i);\s*type=")
_CONTROLS = {chr(code): f"%{code:02X}" for code in (*range(0x20), 0x7F) if code != 0x09}
_IN_FORM = {'"': "%22"} | _CONTROLS
"""Escapes for names in a form's part, as browsers and curl write them (HTML, "Multipart form
data"): a backslash is not escaped. Control characters are escaped, which browsers do not do: a
header must not contain them.
"""
_IN_MESSAGE = {'"': '\\"', "\\": "\\\\"} | _CONTROLS
"""Escapes for names in other multipart bodies: a quoted string (RFC 2183, section 2)."""


def boundary_of(content_type: str) -> str | None:
    """Return the boundary that *content_type* names, or None."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        return None
    return match[1] or match[2] or ""


def multipart(
    parts: Sequence[Field],
    content_type: str,
    charset: str = "",
) -> tuple[str, bytes | StreamedBody]:
    """Return *content_type* with its parameters, and the multipart body of *parts*.

    Names and text are encoded in *charset*, which must encode ASCII text as ASCII; "" means UTF-8.
    Raises `UnwritableError`.
    """
    codec = codec_of(charset)
    try:
        if essence(content_type) == RELATED and parts and not _TYPE.search(content_type):
            root = essence(parts[0].content_type) or "text/plain"
            content_type += f'; type="{root}"'  # RFC 2387, section 3.1: required
        heads = [_head(part, essence(content_type)).encode(codec) for part in parts]
        contents = [_content(part, codec) for part in parts]
    except UnicodeEncodeError as error:
        raise uncovered(error, charset) from error
    content_type, boundary = _with_boundary(content_type, parts, contents)
    return content_type, _joined(_pieces(contents, heads, boundary))


def _head(part: Field, subtype: str) -> str:
    """Return the headers of *part*, and the empty line after them."""
    headers = []
    escapes = _IN_FORM if subtype == FORM_DATA else _IN_MESSAGE
    filename = "" if part.filename is None else f"; filename={_quoted(part.filename, escapes)}"
    if part.name is not None:
        name = f"form-data; name={_quoted(part.name, escapes)}"
        headers.append(("Content-Disposition", name + filename))
    elif filename:
        headers.append(("Content-Disposition", "attachment" + filename))
    own_names = {name.lower() for name in part.headers}
    if subtype == RELATED and part.name and "content-id" not in own_names:
        headers.append(("Content-ID", f"<{quote(part.name, safe='@')}>"))  # RFC 2392, section 2
    headers += part.headers.items()
    # RFC 7578, section 4.4: a form's field without a media type is text. In other multipart bodies
    # the default would be US-ASCII (RFC 2046, section 5.2).
    content_type = part.content_type or (
        "" if subtype == FORM_DATA else "text/plain; charset=utf-8"
    )
    if content_type:
        headers.append(("Content-Type", content_type))
    return "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"


def _quoted(text: str, escapes: Mapping[str, str]) -> str:
    return '"' + "".join(escapes.get(character, character) for character in text) + '"'


def _pieces(
    contents: Iterable[bytes | FilePiece],
    heads: Iterable[bytes],
    boundary: str,
) -> Iterator[bytes | FilePiece]:
    mark = f"--{boundary}".encode("ascii")
    for content, head in zip(contents, heads, strict=True):
        yield mark + b"\r\n" + head
        yield content
        yield b"\r\n"
    yield mark + b"--\r\n"


def _content(part: Field, codec: str) -> bytes | FilePiece:
    if isinstance(part.content, str):
        return part.content.encode(codec)
    return part.content


def _joined(pieces: Iterable[bytes | FilePiece]) -> bytes | StreamedBody:
    """Join *pieces* to one body; the bytes between two files become one piece."""
    joined: list[bytes | FilePiece] = [b""]
    for piece in pieces:
        if isinstance(piece, FilePiece):
            joined += [piece, b""]
        else:
            joined[-1] += piece  # type: ignore[operator]  # never a file: b"" follows each file
    whole = joined[0]
    if len(joined) == 1 and isinstance(whole, bytes):
        return whole
    return StreamedBody(tuple(joined))


def _with_boundary(
    content_type: str,
    parts: Sequence[Field],
    contents: Sequence[bytes | FilePiece],
) -> tuple[str, str]:
    """Return *content_type* with a boundary that no part contains, and the boundary.

    Raises `UnwritableError` for a boundary in *content_type* that cannot be used.
    """
    has_files = any(isinstance(content, FilePiece) for content in contents)
    boundary = boundary_of(content_type)
    if boundary is None:
        # Without files the boundary depends on the content only, so that equal requests have equal
        # bytes. Files are not read for it: random digits are never in them.
        boundary = f"httptask-{secrets.token_hex(16) if has_files else _digest(parts)}"
        return f"{content_type}; boundary={boundary}", boundary
    if has_files:
        raise UnwritableError("unwritable-boundary-of-files", found=boundary)
    mark = f"--{boundary}".encode()
    is_contained = any(mark in content for content in contents if isinstance(content, bytes))
    if not _BOUNDARY_TEXT.fullmatch(boundary) or is_contained:
        raise UnwritableError("unwritable-boundary", found=boundary)
    return content_type, boundary


def _digest(parts: Iterable[Field]) -> str:
    """Return a digest of *parts* for the boundary: equal requests then have equal bodies.

    No part can contain its own digest. The boundary of a body with files is random instead: the
    digest could only cover the reference, so the file's author could foresee it.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:32]
