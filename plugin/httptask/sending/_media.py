"""What a body's bytes are, by its media type and charset: tables."""

from __future__ import annotations

import json
import re

from httptask._http.charsets import lookup_to_read
from httptask._http.sequences import SEQUENCES
from httptask.sending._declarations import declared_inside, marked

JSON, ITEMS, TEXT = "json", "items", "text"

_SEPARATOR = re.compile(r"[;,]")
_CHARSET = re.compile(r"""(?i);\s*charset\s*=\s*["']?([^\s;,"']+)""")

_KINDS = (
    # RFC 6839, section 3.1, and what servers said before there was a registered name
    (re.compile(r"(application|text)/(x-)?json|application/x-amz-json-1\.[01]|[^/]+/[^/]+\+json"), JSON),
    (re.compile(r"application/json\+oembed"), JSON),  # oEmbed 1.0, section 2.3: the one suffix the wrong way round
    (SEQUENCES, ITEMS),
    (re.compile(r"text/.+|[^/]+/[^/]+\+(xml|yaml)"), TEXT),
    (re.compile(r"application/(xml|xml-dtd|(x-)?javascript|ecmascript|(x-)?yaml|toml|sql|graphql|csv|jwt)"), TEXT),
    (re.compile(r"application/x-www-form-urlencoded"), TEXT),
)
"""Media types whose bodies are read; any other body is bytes."""


def media_type(content_type: str) -> str:
    """Return the type and subtype of *content_type* in lower case (RFC 9110, section 8.3.1); of several the first."""
    return _SEPARATOR.split(content_type, maxsplit=1)[0].strip(" \t\"'").lower()


def kind_of(essence: str) -> str | None:
    """Return how a body of media type *essence* is read, `json`, `items` or `text`; None: not at all, it is bytes."""
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(essence)), None)


def charset_of(content_type: str) -> str:
    """Return the charset that *content_type* declares, as it is written; "" when it declares none."""
    match = _CHARSET.search(content_type)
    return match[1] if match else ""


def text_of(content: bytes, content_type: str, fallback: str = "") -> str | None:
    """Return *content* as text, without its byte order mark; None when it is not valid in its charset.

    A mark says more than the header (the Encoding Standard, section 6.1), the header more than the body itself, and that more
    than *fallback*, the charset that a task names. Where nothing says anything it is UTF-8 or nothing: a guess would be text
    that nobody sent.
    """
    codec = (
        marked(content)
        or lookup_to_read(charset_of(content_type))
        or declared_inside(content, media_type(content_type))
        or lookup_to_read(fallback)
        or "utf_8"
    )
    try:
        return content.decode(codec).removeprefix("\ufeff")
    except ValueError:
        return None


def json_text(content: bytes, content_type: str, fallback: str = "") -> str:
    """Return *content*, which should be JSON, as text: Unicode (RFC 8259, section 8.1), else what it is declared to be.

    Raises `ValueError` when it is neither.
    """
    try:
        return content.decode(json.detect_encoding(content), "surrogatepass").removeprefix("\ufeff")
    except UnicodeDecodeError:
        codec = lookup_to_read(charset_of(content_type)) or lookup_to_read(fallback)
        if codec is None:
            raise
        return content.decode(codec)
