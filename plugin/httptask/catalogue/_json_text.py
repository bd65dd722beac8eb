"""The JSON text of endpoints and of the parts that they share, and the references in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any, NamedTuple

import orjson

from httptask._schema.subschemas import DEFINITION, definition_name
from httptask.model.api import Endpoint, Part, json_of_part

_MOST_WRITTEN = 8 * 1024 * 1024
"""Bytes of JSON texts of shared parameters and responses that are kept while an API is packed."""

# Without check_circular a value that contains itself ends in a RecursionError, which is as good.
_JSON: dict[str, Any] = {"allow_nan": False, "separators": (",", ":"), "check_circular": False}
_ENCODER = json.JSONEncoder(ensure_ascii=False, **_JSON)
_ENCODER_TO_ASCII = json.JSONEncoder(**_JSON)
# What JSON has no type for is refused, as `json` does.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_NULLS = (b":null", b",null", b"[null")
"""The null of JSON text, and some texts in strings."""

# As `dumped` writes a reference. A match in an example only adds a definition, which does no harm.
REFERENCE = re.compile(rb'"\$ref":"#/\$defs/((?:[^"\\]|\\.)*+)"')
_PLAIN_NAME = re.compile(rb"[A-Za-z0-9._-]+")
"""A reference in which nothing is escaped, by JSON, in a URI or in a JSON Pointer."""


def dumped(value: Any) -> bytes:
    """Return *value* as compact JSON in UTF-8."""
    try:
        text = orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError:
        return _dumped_by_json(value)
    # It writes null for NaN and infinity, too, which are to be refused.
    return _dumped_by_json(value) if any(null in text for null in _NULLS) else text


def _dumped_by_json(value: Any) -> bytes:
    """Return *value* as compact JSON in UTF-8 where orjson refuses it.

    Such are integers of more than 64 bits, more than 254 levels, and lone surrogates.
    """
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8
        return _ENCODER_TO_ASCII.encode(value).encode("ascii")


def names_in(reference: bytes) -> tuple[str, str]:
    """Return the two definitions that *reference* may name: by all of it, or by its first part.

    It leads to a definition, or to a place in one; a name may have slashes.
    """
    if _PLAIN_NAME.fullmatch(reference):
        name = reference.decode("ascii")
        return name, name
    written = str(json.loads(b'"' + reference + b'"'))
    whole = definition_name(DEFINITION + written) or ""
    first = definition_name(DEFINITION + written.partition("/")[0]) or ""
    return whole, first


class _Text(NamedTuple):
    """The JSON text of a part of endpoints."""

    part: Part
    """Kept so that no other part gets its `id`."""
    fragment: orjson.Fragment
    references: list[bytes]
    """See `REFERENCE`."""
    size: int


class Texts:
    """Writes endpoints as JSON; what they share is serialised once."""

    def __init__(self) -> None:
        self._written: dict[int, _Text] = {}
        """`id` of a part -> its text."""
        self._room = _MOST_WRITTEN

    def request(self, endpoint: Endpoint) -> tuple[bytes, Iterable[bytes]]:
        """Return the JSON text of *endpoint* without its responses, and its references."""
        references: list[bytes] = []

        def written(part: Part) -> orjson.Fragment:
            text = self._text(part)
            references.extend(text.references)
            return text.fragment

        value = endpoint.to_json(written)
        try:
            return orjson.dumps(value, option=_OPTIONS), references
        except orjson.JSONEncodeError:
            return _dumped_by_json(endpoint.to_json(json_of_part)), references

    def responses(self, endpoint: Endpoint) -> tuple[bytes, Iterable[bytes]]:
        """Return the JSON text of the responses of *endpoint*, and its references.

        The text is empty when it has none.
        """
        if not endpoint.responses:
            return b"", ()
        texts = {status: self._text(response) for status, response in endpoint.responses.items()}
        references = chain.from_iterable(text.references for text in texts.values())
        try:
            return orjson.dumps(
                {status: text.fragment for status, text in texts.items()}
            ), references
        except orjson.JSONEncodeError:
            parts = {status: json_of_part(part) for status, part in endpoint.responses.items()}
            return _dumped_by_json(parts), references

    def _text(self, part: Part) -> _Text:
        text = self._written.get(id(part))
        if text is not None:
            return text
        data = dumped(json_of_part(part))
        text = _Text(part, orjson.Fragment(data), REFERENCE.findall(data), len(data))
        self._room -= text.size
        if self._room < 0:
            self._written.clear()
            self._room = _MOST_WRITTEN
        self._written[id(part)] = text
        return text
