"""Media types (RFC 9110, section 8.3.1): names, families, ranges and charsets."""

from __future__ import annotations

import re
from functools import lru_cache

from httptask._http.sequences import SEQUENCES

JSON, ITEMS, TEXT = "json", "items", "text"
"""The ways to read the body of a response: see `reading_of`."""
JSON_LINES = "application/jsonl"
"""The media type of the files that a task writes: one JSON value per line."""

FORM = "application/x-www-form-urlencoded"
FORM_DATA = "multipart/form-data"
RELATED = "multipart/related"

XML = re.compile(r"(application|text)/xml|[^/]+/[^/]+\+xml")
"""The media types of XML (RFC 7303, section 4.2)."""
JSON_TYPES = re.compile(r"(application|text)/json|[^/]+/[^/]+\+json")
"""The media types of JSON, and those with the suffix `+json` (RFC 6839, section 3.1)."""

_CHARSET = re.compile(r"""(?i);\s*charset\s*=\s*["']?([^\s;,"']+)""")
_CHARSET_PARAMETER = re.compile(r"""(?i)\s*;\s*charset\s*=\s*("[^"]*"|[^;]*)""")
_TEXT_APPLICATIONS = re.compile(
    r"application/(xml-dtd|(x-)?javascript|ecmascript|(x-)?yaml|toml|sql|graphql|csv|jwt)"
)
_READINGS = (
    (JSON_TYPES, JSON),
    # Names that servers used before application/json was registered, and AWS's.
    (re.compile(r"(application|text)/x-json|application/x-amz-json-1\.[01]"), JSON),
    # oEmbed 1.0, section 2.3: here `json` is before the plus sign, not after it.
    (re.compile(r"application/json\+oembed"), JSON),
    (SEQUENCES, ITEMS),
    (XML, TEXT),
    (re.compile(r"text/.+|[^/]+/[^/]+\+yaml"), TEXT),
    (_TEXT_APPLICATIONS, TEXT),
    (re.compile(re.escape(FORM)), TEXT),
)
"""Media types whose bodies are decoded, and how; any other body is bytes."""


def essence(content_type: str) -> str:
    """Return *content_type* without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def received_essence(content_type: str) -> str:
    """Return *content_type*, as a server sent it, without its parameters, in lower case.

    Quotes are dropped; the first of several types counts.
    """
    return essence(content_type.partition(",")[0]).strip("\"' \t")


def charset_of(content_type: str) -> str:
    """Return the charset in *content_type* as it is written; "" without one."""
    match = _CHARSET.search(content_type)
    return match[1] if match else ""


def without_charset(content_type: str) -> str:
    """Return *content_type* without its charset parameter."""
    return _CHARSET_PARAMETER.sub("", content_type).strip()


def is_json(content_type: str) -> bool:
    """Say whether *content_type* is JSON, or has the suffix `+json`."""
    return JSON_TYPES.fullmatch(essence(content_type)) is not None


def carries_files(content_type: str) -> bool:
    """Say whether *content_type* is multipart (RFC 2046, section 5.1): its parts may be files."""
    return essence(content_type).startswith("multipart/")


@lru_cache(256)
def reading_of(essence: str) -> str | None:
    """Return how a body of the type *essence* is decoded: `json`, `items`, `text`; None: as
    bytes.
    """
    return next((reading for pattern, reading in _READINGS if pattern.fullmatch(essence)), None)


def range_of(media_type: str) -> re.Pattern[str]:
    """Return a pattern for the media types in the range *media_type* (RFC 9110, section 12.5.1).

    A media type that is not a range matches only itself.
    """
    name = essence(media_type)
    if name in ("", "*"):
        name = "*/*"
    return re.compile("[^/]*".join(map(re.escape, name.split("*"))))
