"""The bytes of a response, decoded by their charset."""

from __future__ import annotations

import json

from httptask._http.charsets import lookup_to_read
from httptask._http.media_types import charset_of, received_essence
from httptask.sending._declarations import declared_inside, marked


def text_of(content: bytes, content_type: str, fallback: str = "") -> str | None:
    """Return *content* as text, without its byte order mark; None when it is invalid in its
    charset.

    The first of these that names a charset decides: the byte order mark (the Encoding Standard,
    section 6.1), the header, the body itself, *fallback* (the charset that the task names). If none
    does, it is UTF-8 or no text: a guess would be text that nobody sent.
    """
    codec = (
        marked(content)
        or lookup_to_read(charset_of(content_type))
        or declared_inside(content, received_essence(content_type))
        or lookup_to_read(fallback)
        or "utf_8"
    )
    try:
        return content.decode(codec).removeprefix("\ufeff")
    except ValueError:
        return None


def json_text(content: bytes, content_type: str, fallback: str = "") -> str:
    """Return *content*, which should be JSON, as text.

    It is Unicode (RFC 8259, section 8.1), else in the declared charset. Raises `ValueError` when it
    is neither.
    """
    try:
        return content.decode(json.detect_encoding(content), "surrogatepass").removeprefix("\ufeff")
    except UnicodeDecodeError:
        codec = lookup_to_read(charset_of(content_type)) or lookup_to_read(fallback)
        if codec is None:
            raise
        return content.decode(codec)
