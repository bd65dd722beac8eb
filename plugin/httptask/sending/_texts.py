"""Decoding the bytes of a response to text."""

from __future__ import annotations

import json

from httptask._http.charsets import lookup_to_read
from httptask._http.media_types import charset_of, received_essence
from httptask.sending._declarations import declared_inside, marked


def text_of(content: bytes, content_type: str, fallback: str = "") -> str | None:
    """Decode *content* to text, without its byte order mark; None when it is invalid in its
    charset.

    The charset comes from the byte order mark (the Encoding Standard, section 6.1), else from
    *content_type*, else from a declaration in the content, else from *fallback*, the task's
    setting, else it is UTF-8. No other charset is guessed: the text might be wrong.
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
    """Decode *content*, which should be JSON, to text.

    JSON is in a Unicode encoding (RFC 8259, section 8.1); content that is not is decoded by the
    charset of *content_type*, else *fallback*. Raises `ValueError` when it cannot be decoded.
    """
    start = content[:4]
    # Most JSON is UTF-8, and `detect_encoding` is slow: ASCII characters without a NUL among them
    # are neither a byte order mark nor the start of UTF-16 or UTF-32.
    is_usual = start.isascii() and b"\0" not in start
    encoding = "utf-8" if is_usual else json.detect_encoding(content)
    try:
        return content.decode(encoding, "surrogatepass").removeprefix("\ufeff")
    except UnicodeDecodeError:
        codec = lookup_to_read(charset_of(content_type)) or lookup_to_read(fallback)
        if codec is None:
            raise
        return content.decode(codec)
