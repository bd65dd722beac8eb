"""Convert the body of a pasted request to the value of `body` in settings.

Of the values that are sent exactly as the original body, the plainest is chosen: first an object,
then pairs, then text. So the conversion never changes a request.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from typing import Any
from urllib.parse import parse_qsl

from httptask._core.strict_json import JsonError, deeper_than, dump, parse
from httptask._http.media_types import FORM, FORM_DATA, essence, is_json, range_of
from httptask.building import build
from httptask.errors import SettingsError
from httptask.interchange._blanks import Blanks
from httptask.interchange._captured import Captured, Content, File, Part
from httptask.interchange._typed import Typing
from httptask.model.api import Endpoint, MediaType
from httptask.model.exchange import StreamedBody

_DEEPEST = 100
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MOST_FIELDS = 10_000
_BOUNDARY = re.compile(r'(?i);\s*boundary=(?:"([^"]*)"|([^\s;"]*))')
_DISPOSITION = re.compile(r'(?i)form-data;\s*name="([^"]*)"(?:;\s*filename="([^"]*)")?\s*')


@dataclass(frozen=True, slots=True)
class Body:
    """The value of `body` in settings."""

    value: Any
    media_type: str
    """The `Content-Type` to set. Empty means none."""


def body_of(
    captured: Captured,
    endpoint: Endpoint | None,
    blanks: Blanks,
) -> Body | None:
    """Return the body of *captured* as settings, or None if it has no body."""
    content = captured.content
    content_type = captured.header("Content-Type") or ""
    if content is None:
        return None
    if isinstance(content, File):
        return Body({"$file": dict(content.reference)}, content_type)
    if isinstance(content, tuple):
        return Body(_of_parts(content), content_type or FORM_DATA)
    if captured.content_type_is_implied and isinstance(content, str):
        content_type = _meant_media_type(captured, content, content_type, endpoint, blanks)
    for value in _values(content, content_type, endpoint, blanks):
        # Written again and compared: settings that would send other bytes are not taken.
        if _is_sent_as(value, content, content_type):
            return Body(value, content_type)
    return Body({"$file": _inline(content)}, content_type)


def _meant_media_type(
    captured: Captured,
    content: str,
    content_type: str,
    endpoint: Endpoint | None,
    blanks: Blanks,
) -> str:
    """Return the media type that the user means: curl's default type for JSON data is a form's.

    If *endpoint* takes JSON and no forms, return its JSON media type. Otherwise return
    *content_type*, as curl sends it. Both cause a note if *content* is JSON.
    """
    # `42` or `true` is JSON, too, but as likely the name of a form's field.
    looks_like_json = content.lstrip().startswith(("{", "["))
    if not looks_like_json or _json(content, blanks) is None:
        return content_type
    offered = (
        endpoint.request_body.content
        if endpoint is not None and endpoint.request_body is not None
        else {}
    )
    media_type = next((name for name in offered if is_json(name)), None)
    if media_type is None or any(essence(name) == FORM for name in offered):
        captured.lose("json-as-form")
        return content_type
    captured.lose("json-meant", mediaType=media_type)
    return media_type


def _values(
    content: str | bytes,
    content_type: str,
    endpoint: Endpoint | None,
    blanks: Blanks,
) -> Iterator[Any]:
    """Yield the values of `body` that may be sent as *content*, the plainest first."""
    if isinstance(content, bytes) or _is_octets(content):
        return
    media_type = essence(content_type)
    if is_json(content_type):
        value = _json(content, blanks)
        # In settings, a string is a body of plain text, and null is no body.
        if value is not None and not isinstance(value[0], str | None):
            yield value[0]
    elif media_type == FORM:
        yield from _forms(content, _described(content_type, endpoint), endpoint, blanks)
    elif media_type == FORM_DATA and (parts := parts_of(content, content_type)):
        yield _of_parts(parts)
    else:
        yield content
    yield {"$text": content}


def _json(content: str, blanks: Blanks) -> tuple[Any] | None:
    """Parse the JSON *content*; return (value,), or None if it is no JSON or nested too deeply."""
    try:
        value = parse(blanks.quoted_in_json(content))
    except JsonError:
        return None
    if deeper_than(value, _DEEPEST):
        return None
    return (value,)


def _forms(
    content: str,
    described: MediaType | None,
    endpoint: Endpoint | None,
    blanks: Blanks,
) -> Iterator[Any]:
    """Yield the values for a URL-encoded form: typed by its schema, as an object, as pairs."""
    if content.count("&") >= _MOST_FIELDS:
        return
    pairs = parse_qsl(content, keep_blank_values=True)
    if described is not None and endpoint is not None:
        yield Typing(endpoint, blanks).form(pairs, described.schema)
    names = [name for name, _ in pairs]
    if len(set(names)) == len(names):
        yield dict(pairs)
    yield [[name, value] for name, value in pairs]


def _described(content_type: str, endpoint: Endpoint | None) -> MediaType | None:
    if endpoint is None or endpoint.request_body is None:
        return None
    media_type = essence(content_type)
    content = endpoint.request_body.content
    for name, item in content.items():
        if range_of(name).fullmatch(media_type):
            return item
    return None


def _is_sent_as(value: Any, content: str | bytes, content_type: str) -> bool:
    """Say whether *value* is sent as *content*: as an equal JSON value, or else octet by octet."""
    headers = {"Content-Type": content_type} if content_type else {}
    request = {
        "url": "http://h/",
        "method": "POST",
        "headers": headers,
        "body": value,
    }
    try:
        written = build(request).body
    except (SettingsError, ValueError):
        return False
    if isinstance(written, StreamedBody):
        return False
    expected = _octets(content)
    if essence(content_type) == FORM:  # %20 and + are equal (URL Standard, section 5.1)
        pairs = _pairs(expected)
        # A pair without `=` is read like one with an empty value, but is not sent like it.
        is_complete = expected.count(b"=") >= len(pairs)
        return written == expected or (is_complete and _pairs(written) == pairs)
    if is_json(content_type) and not (isinstance(value, dict) and "$text" in value):
        return dump(parse(written)) == dump(value)
    return written == expected


def _pairs(octets: bytes) -> list[tuple[str, str]]:
    return parse_qsl(octets.decode("latin-1"), keep_blank_values=True, encoding="latin-1")


def _is_octets(text: str) -> bool:
    """Say whether *text* contains octets that are not UTF-8, represented by surrogates."""
    return _SURROGATE.search(text) is not None


def _octets(content: str | bytes) -> bytes:
    if isinstance(content, str):
        return content.encode("utf-8", "surrogateescape")
    return content


def _inline(content: Content) -> dict[str, Any]:
    octets = b""
    if isinstance(content, str | bytes):
        octets = _octets(content)
    return {"contentBase64": base64.b64encode(octets).decode("ascii")}


# Multipart forms


def parts_of(text: str, content_type: str) -> tuple[Part, ...]:
    """Return the parts of the multipart form *text*, or () if it is no valid form."""
    match = _BOUNDARY.search(content_type)
    boundary = ""
    if match is not None:
        boundary = match[1] or match[2]
    pieces = f"\r\n{text}".split(f"\r\n--{boundary}") if boundary else []
    # No client writes a text before the first boundary of a form: such a body is taken for no form.
    # The last boundary ends in `--` (RFC 2046, section 5.1.1).
    if len(pieces) < 3 or pieces[0]:
        return ()
    if pieces[-1].rstrip("\r\n") != "--":
        return ()
    parts = [_part(piece.removeprefix("\r\n")) for piece in pieces[1:-1]]
    readable = tuple(part for part in parts if part is not None)
    # All or nothing: a form without one of its parts would be another request.
    if len(readable) == len(parts):
        return readable
    return ()


def _part(text: str) -> Part | None:
    head, empty_line, content = text.partition("\r\n\r\n")
    message = HeaderParser().parsestr(head)
    disposition = _DISPOSITION.fullmatch(str(message["Content-Disposition"]))
    if disposition is None or not empty_line:
        return None
    other_headers = {
        name: value
        for name, value in message.items()
        if name.lower() not in ("content-disposition", "content-type")
    }
    media_type = str(message["Content-Type"] or "")
    return Part(
        disposition[1],
        content,
        None,
        media_type,
        disposition[2],
        other_headers,
    )


def _of_parts(parts: tuple[Part, ...]) -> Any:
    values = [[part.name, _part_value(part)] for part in parts]
    names = [name for name, _ in values]
    if len(set(names)) == len(names):
        return dict(values)
    return values


def _part_value(part: Part) -> Any:
    """Return the value of one field of a multipart form: text, JSON or `$file`."""
    is_plain = part.file is None and not part.headers and part.filename is None
    if is_plain and essence(part.content_type) in ("", "text/plain"):  # RFC 7578, section 4.4
        return part.content
    if is_plain and is_json(part.content_type):
        value = _object(part.content)
        if value is not None:
            return value
    reference = _text(part.content) if part.file is None else dict(part.file)
    if part.filename is not None and part.filename != reference.get("path"):
        reference["filename"] = part.filename
    if part.content_type:
        reference["contentType"] = part.content_type
    if part.headers:
        reference["headers"] = dict(part.headers)
    return {"$file": reference}


def _object(text: str) -> Any:
    """Parse the JSON *text*; return the object or array, or None for anything else."""
    try:
        value = parse(text)
    except JsonError:
        return None
    if isinstance(value, dict | list) and not deeper_than(value, _DEEPEST):
        return value
    return None


def _text(content: str) -> dict[str, Any]:
    if _is_octets(content):
        return _inline(content)
    return {"content": content}
