"""Write endpoints as JSON text, the parts that they share only once, and find the `$ref`s in it."""

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
"""The most bytes of JSON text of shared parts that are cached while an API is packed."""

# Without check_circular, a value that contains itself ends in a RecursionError: `prepare` reports
# both alike.
_JSON: dict[str, Any] = {
    "allow_nan": False,
    "separators": (",", ":"),
    "check_circular": False,
}
_ENCODER = json.JSONEncoder(ensure_ascii=False, **_JSON)
_ENCODER_TO_ASCII = json.JSONEncoder(**_JSON)
# With these options orjson refuses dataclasses and dates, as `json` does.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_NULLS = (b":null", b",null", b"[null")
"""The texts before and with a JSON null. They may occur in strings, too."""

# The form in which `dumped` writes a reference. A match may also be in an example: it only adds a
# definition that nobody needs.
REFERENCE = re.compile(rb'"\$ref":"#/\$defs/((?:[^"\\]|\\.)*+)"')
_PLAIN_NAME = re.compile(rb"[A-Za-z0-9._-]+")
"""A reference without anything that JSON, a URI or a JSON Pointer escapes."""


def dumped(value: Any) -> bytes:
    """Return *value* as compact JSON in UTF-8."""
    try:
        data = orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError:
        return _dumped_by_json(value)
    # orjson writes NaN and infinity as null, but they must be refused: let `json` have a look.
    if any(null in data for null in _NULLS):
        return _dumped_by_json(value)
    return data


def _dumped_by_json(value: Any) -> bytes:
    """Return *value* as compact JSON in UTF-8. Slower than orjson, but takes more values.

    orjson refuses integers of more than 64 bits, more than 254 levels, and lone surrogates.
    """
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate cannot be encoded in UTF-8
        return _ENCODER_TO_ASCII.encode(value).encode("ascii")


def names_in(reference: bytes) -> tuple[str, str]:
    """Return the two names of definitions that *reference* may mean.

    *reference* is the JSON text after `#/$defs/`. It points to a definition (the first name, which
    is all of it) or into one (the second name, up to the first slash). Both are possible because
    names may have slashes.
    """
    if _PLAIN_NAME.fullmatch(reference):
        name = reference.decode("ascii")
        return name, name
    plain_reference = str(json.loads(b'"' + reference + b'"'))
    whole = definition_name(DEFINITION + plain_reference) or ""
    first = definition_name(DEFINITION + plain_reference.partition("/")[0]) or ""
    return whole, first


class _Text(NamedTuple):
    """The JSON text of a part that endpoints share."""

    part: Part
    """Referenced so that no other object gets the same Python `id`."""
    fragment: orjson.Fragment
    references: list[bytes]
    """The matches of `REFERENCE` in the text."""
    size: int


class Texts:
    """Writes endpoints as JSON. Parts that they share are serialised only once."""

    def __init__(self) -> None:
        self._written: dict[int, _Text] = {}
        """Python `id` of a part -> its text."""
        self._room = _MOST_WRITTEN

    def request(self, endpoint: Endpoint) -> tuple[bytes, Iterable[bytes]]:
        """Return the JSON text of *endpoint* without its responses, and the references in it."""
        references: list[bytes] = []

        def written(part: Part) -> orjson.Fragment:
            part_text = self._text(part)
            references.extend(part_text.references)
            return part_text.fragment

        value = endpoint.to_json(written)
        try:
            return orjson.dumps(value, option=_OPTIONS), references
        except orjson.JSONEncodeError:
            return _dumped_by_json(endpoint.to_json(json_of_part)), references

    def responses(self, endpoint: Endpoint) -> tuple[bytes, Iterable[bytes]]:
        """Return the JSON text of the responses of *endpoint*, and the references in it.

        The text is empty if there are no responses.
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
            # orjson refuses integers over 64 bits and nesting over 254 levels, both valid JSON.
            parts = {status: json_of_part(part) for status, part in endpoint.responses.items()}
            return _dumped_by_json(parts), references

    def _text(self, part: Part) -> _Text:
        text = self._written.get(id(part))
        if text is not None:
            return text
        data = dumped(json_of_part(part))
        text = _Text(
            part,
            orjson.Fragment(data),
            REFERENCE.findall(data),
            len(data),
        )
        self._room -= text.size
        if self._room < 0:
            self._written.clear()
            self._room = _MOST_WRITTEN
        self._written[id(part)] = text
        return text
