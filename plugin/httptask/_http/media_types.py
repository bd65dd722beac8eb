"""Media types (RFC 9110, section 8.3.1): names, families, ranges and charsets."""

from __future__ import annotations

import re
from functools import lru_cache

from httptask._http.sequences import SEQUENCES

JSON, ITEMS, TEXT = "json", "items", "text"
"""Ways to read the body of a response: see `reading_of`."""
JSON_LINES = "application/jsonl"
"""The media type of the files that a task writes: a JSON value a line."""

FORM = "application/x-www-form-urlencoded"
FORM_DATA = "multipart/form-data"
RELATED = "multipart/related"

XML = re.compile(r"(application|text)/xml|[^/]+/[^/]+\+xml")
"""XML's media types (RFC 7303, section 4.2)."""
JSON_TYPES = re.compile(r"(application|text)/json|[^/]+/[^/]+\+json")
"""JSON's media types, and those built on JSON (RFC 6839, section 3.1)."""

_CHARSET = re.compile(r"""(?i);\s*charset\s*=\s*["']?([^\s;,"']+)""")
_CHARSET_PARAMETER = re.compile(r"""(?i)\s*;\s*charset\s*=\s*("[^"]*"|[^;]*)""")
_TEXT_APPLICATIONS = re.compile(
    r"application/(xml-dtd|(x-)?javascript|ecmascript|(x-)?yaml|toml|sql|graphql|csv|jwt)"
)
_READINGS = (
    (JSON_TYPES, JSON),
    # Names that servers used before there was a registered one.
    (re.compile(r"(application|text)/x-json|application/x-amz-json-1\.[01]"), JSON),
    # oEmbed 1.0, section 2.3: the only suffix that is the wrong way round.
    (re.compile(r"application/json\+oembed"), JSON),
    (SEQUENCES, ITEMS),
    (XML, TEXT),
    (re.compile(r"text/.+|[^/]+/[^/]+\+yaml"), TEXT),
    (_TEXT_APPLICATIONS, TEXT),
    (re.compile(re.escape(FORM)), TEXT),
)
"""Media types whose bodies are read, and how; any other body is bytes."""


def essence(content_type: str) -> str:
    """Return *content_type* without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def received_essence(content_type: str) -> str:
    """Return the essence of a *content_type* that a server sent.

    Quotes are dropped; of several types the first counts.
    """
    return essence(content_type.partition(",")[0]).strip("\"' \t")


def charset_of(content_type: str) -> str:
    """Return the charset that *content_type* names, as it is written; "" if there is none."""
    match = _CHARSET.search(content_type)
    return match[1] if match else ""


def without_charset(content_type: str) -> str:
    """Return *content_type* without the charset that it names."""
    return _CHARSET_PARAMETER.sub("", content_type).strip()


def is_json(content_type: str) -> bool:
    """Say whether *content_type* is JSON's, or one built on JSON."""
    return JSON_TYPES.fullmatch(essence(content_type)) is not None


def carries_files(content_type: str) -> bool:
    """Say whether a body of *content_type* has parts, which may be files.

    RFC 2046, section 5.1.
    """
    return essence(content_type).startswith("multipart/")


@lru_cache(256)
def reading_of(essence: str) -> str | None:
    """Return how a body of type *essence* is read: `json`, `items`, `text`; None: as bytes."""
    return next((reading for pattern, reading in _READINGS if pattern.fullmatch(essence)), None)


def range_of(media_type: str) -> re.Pattern[str]:
    """Return a pattern for the media types in the range *media_type* (RFC 9110, section 12.5.1)."""
    name = essence(media_type)
    if name in ("", "*"):
        name = "*/*"
    return re.compile("[^/]*".join(map(re.escape, name.split("*"))))
