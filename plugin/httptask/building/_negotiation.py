"""Headers that a request gets without its author.

`Accept` names the endpoint's media types, `Accept-Encoding` the codings we decode, `User-Agent`
this program. RFC 9110, sections 12.5.1, 12.5.3 and 10.1.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from httptask._core import packaged
from httptask._http.media_types import is_json, without_charset
from httptask._http.unpackers import ACCEPT_ENCODING
from httptask._schema.views import Views
from httptask.building._fields import SENDABLE
from httptask.model.api import Endpoint

ALWAYS_SENT = ("User-Agent", "Accept", "Accept-Encoding")

ANY_MEDIA_TYPE = "*/*"
_MEDIA_TYPE = re.compile(r"[^\s/,;]+/[^\s/,;]+(\s*;.*)?")
_MOST_NAMED = 20
"""Media types that are named: a header has its limits, and `*/*` follows."""
_IDENTITY = "identity"


def always_sent(endpoint: Endpoint | None) -> tuple[tuple[str, str], ...]:
    """Return the headers `ALWAYS_SENT` of a request to *endpoint* whose settings have none."""
    values = user_agent(endpoint), accept(endpoint), accept_encoding(endpoint)
    return tuple(zip(ALWAYS_SENT, values, strict=True))


def user_agent(endpoint: Endpoint | None) -> str:
    """Return the `User-Agent` of a request to *endpoint* whose settings have none: this program's,
    but where the description gives or lists others.
    """
    schema = _header_schema(endpoint, "user-agent") if endpoint is not None else {}
    own = f"httptask/{packaged.manifest()['version']}"
    return _documented(schema) or next(iter(_allowed(schema)), own)


def accept(endpoint: Endpoint | None) -> str:
    """Return the `Accept` of a request to *endpoint* whose settings have none.

    It is the value that the description gives for this header, else the first of those it allows,
    JSON before others. Where the header is not described, it is the media types of the successful
    responses, JSON first, and `*/*` last.
    """
    if endpoint is None:
        return ANY_MEDIA_TYPE
    schema = _header_schema(endpoint, "accept")
    documented = _documented(schema)
    if documented is not None:
        return documented
    allowed = _json_first(_allowed(schema))
    if allowed:
        return allowed[0]
    return ", ".join([*_answered(endpoint)[:_MOST_NAMED], ANY_MEDIA_TYPE])


def accept_encoding(endpoint: Endpoint | None) -> str:
    """Return the `Accept-Encoding` of a request to *endpoint* whose settings have none.

    It names codings that can be undone, and that the description allows.
    """
    schema = _header_schema(endpoint, "accept-encoding") if endpoint is not None else {}
    undone = {coding.strip() for coding in ACCEPT_ENCODING.split(",")} | {_IDENTITY}
    allowed = [value for value in _allowed(schema) if _codings(value) <= undone]
    if allowed:
        return allowed[0]
    documented = _documented(schema)
    if documented is not None and _codings(documented) <= undone:
        return documented
    return ACCEPT_ENCODING


def _codings(value: str) -> set[str]:
    return {coding.partition(";")[0].strip().lower() for coding in value.split(",")}


def _answered(endpoint: Endpoint) -> list[str]:
    """Return the media types of the responses of *endpoint* that are a success, JSON first."""
    successes = [
        response
        for status, response in endpoint.responses.items()
        if re.fullmatch(r"2(\d\d|XX)", status.upper())
    ]
    if not successes and "default" in endpoint.responses:
        successes = [endpoint.responses["default"]]
    names = dict.fromkeys(
        without_charset(name) for response in successes for name in response.content
    )
    return _json_first(
        name
        for name in names
        if _MEDIA_TYPE.fullmatch(name) and SENDABLE.fullmatch(name) and name != ANY_MEDIA_TYPE
    )


def _json_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: not is_json(name))


def _header_schema(endpoint: Endpoint, name: str) -> Mapping[str, Any]:
    """Return the schema of the header *name*, in lower case; {} when it is not described."""
    for parameter in endpoint.parameters:
        if parameter.location == "header" and parameter.name.lower() == name:
            own, _ = Views({"$defs": endpoint.definitions}).peek(parameter.schema)
            return own
    return {}


def _documented(schema: Mapping[str, Any]) -> str | None:
    value = schema.get("const", schema.get("default"))
    return value if isinstance(value, str) and value and SENDABLE.fullmatch(value) else None


def _allowed(schema: Mapping[str, Any]) -> list[str]:
    """Return the values that *schema* lists, of a list's items too: one item is a list."""
    items = schema.get("items")
    listed = schema.get("enum") or (items.get("enum") if isinstance(items, Mapping) else None)
    return _texts(listed)


def _texts(values: Any) -> list[str]:
    if not isinstance(values, list):
        return []
    texts = (value for value in values if isinstance(value, str))
    return [text for text in texts if text and SENDABLE.fullmatch(text)]
