"""Showing a multipart form as curl's `-F` options, if these can express it.

The parts are parsed from the serialised body.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser

from httptask._core.redaction import MASK
from httptask._http.header_fields import value_of
from httptask._http.media_types import FORM_DATA, essence
from httptask.building._multipart import boundary_of
from httptask.model.exchange import FilePiece, SentRequest, StreamedBody

_DISPOSITION = re.compile(r'form-data; name="([^"\\=]*)"(?:; filename="([^"\\]*)")?')
"""Only names without `=`, at which curl splits, and without quotes and backslashes, which curl
escapes differently.
"""
_ESCAPED = re.compile(r"%(?:22|0[0-9A-F]|1[0-9A-F]|7F)")
_TO_ESCAPE = re.compile(r'["\\]')

Option = tuple[str, str]
"""`-F` or `--form-string`, and its value."""


class _UnsayableError(ValueError):
    """A part that curl's options cannot express."""


def form_options(request: SentRequest) -> list[Option]:
    """Return curl's options for the parts of the form in *request*.

    Returns an empty list when *request* has no form, or the options cannot express it; the command
    then sends the bytes of the body.
    """
    content_type = value_of(request.headers, "Content-Type") or ""
    boundary = boundary_of(content_type)
    if essence(content_type) != FORM_DATA or not boundary or not request.body:
        return []
    try:
        return [_option(head, content) for head, content in _parts(request.body, boundary)]
    except (_UnsayableError, UnicodeDecodeError):
        return []


def _parts(body: bytes | StreamedBody, boundary: str) -> Iterator[tuple[Message, str | FilePiece]]:
    """Yield the headers and the content of each part of *body*."""
    pieces = body.pieces if isinstance(body, StreamedBody) else (body,)
    files: dict[bytes, FilePiece] = {}
    data = b""
    for piece in pieces:
        if isinstance(piece, FilePiece):
            # A file is not read for this: random bytes stand for it, which no other part contains.
            marker = secrets.token_hex(16).encode()
            files[marker] = piece
            data += marker
        else:
            data += piece
    for part in data.split(f"--{boundary}".encode())[1:-1]:
        head, empty_line, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not empty_line:
            raise _UnsayableError
        content = content.removesuffix(b"\r\n")
        headers = HeaderParser().parsestr(head.decode("utf-8"))
        yield headers, files[content] if content in files else content.decode("utf-8")


def _option(head: Message, content: str | FilePiece) -> Option:
    disposition = _DISPOSITION.fullmatch(str(head["Content-Disposition"]))
    if disposition is None or _ESCAPED.search(disposition[0]):
        raise _UnsayableError
    name, filename = disposition.groups()
    settings = [f";type={value}" for value in head.get_all("Content-Type", [])]
    if filename is not None:
        settings.append(f';filename="{filename}"')
    other_headers = (
        (key, value)
        for key, value in head.items()
        if key.lower() not in ("content-type", "content-disposition")
    )
    settings += [f";headers={_quoted(f'{key}: {value}')}" for key, value in other_headers]
    if isinstance(content, FilePiece):
        return "-F", f"{name}=@{_quoted(content.name)}{''.join(settings)}"
    if "\0" in content:
        raise _UnsayableError
    if not settings:
        return "--form-string", f"{name}={content}"
    if MASK in content:  # the secret is not known, so neither is what must be escaped in it
        raise _UnsayableError
    return "-F", f"{name}={_quoted(content)}{''.join(settings)}"


def _quoted(text: str) -> str:
    return '"' + _TO_ESCAPE.sub(r"\\\g<0>", text) + '"'
