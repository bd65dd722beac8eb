"""Read the body of a callback, in the same way as the body of a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from httptask._core.strict_json import JsonError, parse
from httptask._http.charsets import lookup_to_read
from httptask._http.media_types import FORM, JSON, TEXT, charset_of, reading_of, received_essence

if TYPE_CHECKING:
    from httptask.model.callback import Received

_MOST_FIELDS = 10_000


class UnreadableError(ValueError):
    """The body of a call cannot be read; *status* is the status of the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def body_of(received: Received) -> Any:
    """Return the body of *received* as a JSON value: parsed JSON, the fields of a form, or text.

    Without a body, return the fields of the query, or None. Raises `UnreadableError`.
    """
    if received.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnreadableError(415, "send the body without a content coding")
    content = received.content
    content_type = received.headers.get("content-type", "")
    media_type = received_essence(content_type)
    if not content:
        if received.query:
            return _fields(received.query)
        return None
    reading = reading_of(media_type) if media_type else None
    if media_type == FORM:
        return _fields(_text(content, content_type))
    if reading == JSON:
        return _json(content)
    if reading == TEXT:
        return _text(content, content_type)
    if not media_type:  # RFC 9110, section 8.3: without a type, the recipient may examine the data
        try:
            return _json(content)
        except UnreadableError:
            return _text(content, content_type)
    raise UnreadableError(415, f"a body of the type {media_type[:100]} cannot be read here")


def _json(content: bytes) -> Any:
    try:
        return parse(content)
    except JsonError as error:
        raise UnreadableError(400, f"the body is not JSON: {error}") from error


def _text(content: bytes, content_type: str) -> str:
    codec = lookup_to_read(charset_of(content_type)) or "utf_8"
    try:
        return content.decode(codec).removeprefix("\ufeff")
    except ValueError as error:
        raise UnreadableError(400, f"the body is no text of the charset {codec}") from error


def _fields(text: str) -> dict[str, str | list[str]]:
    """Return the fields of a form by name; a repeated field is a list."""
    try:
        # Anyone may call: without a limit, a body of separators becomes millions of fields.
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise UnreadableError(400, f"the form cannot be read: {error}") from error
    fields: dict[str, str | list[str]] = {}
    for name, field_value in pairs:
        value = fields.get(name)
        if value is None:
            fields[name] = field_value
        elif isinstance(value, list):
            value.append(field_value)
        else:
            fields[name] = [value, field_value]
    return fields
