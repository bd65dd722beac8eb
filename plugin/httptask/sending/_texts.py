"""The bytes of a response as text, in the charset that they are in."""

from __future__ import annotations

import json

from httptask._http.charsets import lookup_to_read
from httptask._http.media_types import charset_of, received_essence
from httptask.sending._declarations import declared_inside, marked


def text_of(content: bytes, content_type: str, fallback: str = "") -> str | None:
    """Return *content* as text, without its byte order mark; None when it is not valid in its
    charset.

    A mark says more than the header (the Encoding Standard, section 6.1), the header more than the
    body itself, and that more than *fallback*, the charset that a task names. Where nothing says
    anything it is UTF-8 or nothing: a guess would be text that nobody sent.
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
    """Return *content*, which should be JSON, as text: Unicode (RFC 8259, section 8.1), else what
    it is declared to be.

    Raises `ValueError` when it is neither.
    """
    try:
        return content.decode(json.detect_encoding(content), "surrogatepass").removeprefix("\ufeff")
    except UnicodeDecodeError:
        codec = lookup_to_read(charset_of(content_type)) or lookup_to_read(fallback)
        if codec is None:
            raise
        return content.decode(codec)
