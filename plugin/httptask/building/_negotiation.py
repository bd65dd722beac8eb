"""Headers that are added to a request if its settings do not have them.

`Accept` lists the endpoint's media types, `Accept-Encoding` the codings that can be decoded, and
`User-Agent` names this program. RFC 9110, sections 12.5.1, 12.5.3 and 10.1.5.
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
"""The most media types in `Accept`, to keep the header short; `*/*` follows."""
_IDENTITY = "identity"


def always_sent(endpoint: Endpoint | None) -> tuple[tuple[str, str], ...]:
    """Return the default headers `ALWAYS_SENT` for a request to *endpoint*."""
    values = user_agent(endpoint), accept(endpoint), accept_encoding(endpoint)
    return tuple(zip(ALWAYS_SENT, values, strict=True))


def user_agent(endpoint: Endpoint | None) -> str:
    """Return the default `User-Agent` for *endpoint*.

    The value is the `const` or `default` in the description, else the first allowed value, else the
    name and version of this program.
    """
    schema = _header_schema(endpoint, "user-agent") if endpoint is not None else {}
    program = f"httptask/{packaged.manifest()['version']}"
    return _documented(schema) or next(iter(_allowed(schema)), program)


def accept(endpoint: Endpoint | None) -> str:
    """Return the default `Accept` for *endpoint*.

    The value is the `const` or `default` in the description of the header, else the first allowed
    value, JSON before others, else the media types of the successful responses, JSON first, and
    then `*/*`.
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
    return ", ".join([*_success_media_types(endpoint)[:_MOST_NAMED], ANY_MEDIA_TYPE])


def accept_encoding(endpoint: Endpoint | None) -> str:
    """Return the default `Accept-Encoding` for *endpoint*.

    The value lists codings that can be decoded, and that the description of the header allows.
    """
    schema = _header_schema(endpoint, "accept-encoding") if endpoint is not None else {}
    decodable = {coding.strip() for coding in ACCEPT_ENCODING.split(",")} | {_IDENTITY}
    # Never ask for a coding that we cannot undo, even if the description lists it first.
    allowed = [value for value in _allowed(schema) if _codings(value) <= decodable]
    if allowed:
        return allowed[0]
    documented = _documented(schema)
    if documented is not None and _codings(documented) <= decodable:
        return documented
    return ACCEPT_ENCODING


def _codings(value: str) -> set[str]:
    return {coding.partition(";")[0].strip().lower() for coding in value.split(",")}


def _success_media_types(endpoint: Endpoint) -> list[str]:
    """Return the media types of the successful responses of *endpoint*, JSON first."""
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
            schema, _ = Views({"$defs": endpoint.definitions}).peek(parameter.schema)
            return schema
    return {}


def _documented(schema: Mapping[str, Any]) -> str | None:
    value = schema.get("const", schema.get("default"))
    if isinstance(value, str) and value and SENDABLE.fullmatch(value):
        return value
    return None


def _allowed(schema: Mapping[str, Any]) -> list[str]:
    """Return the values in `enum` of *schema*, or of its items: one item is a valid list."""
    items = schema.get("items")
    listed = schema.get("enum") or (items.get("enum") if isinstance(items, Mapping) else None)
    return _sendable_texts(listed)


def _sendable_texts(values: Any) -> list[str]:
    if not isinstance(values, list):
        return []
    texts = (value for value in values if isinstance(value, str))
    return [text for text in texts if text and SENDABLE.fullmatch(text)]
