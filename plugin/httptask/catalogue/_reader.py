"""Read endpoints from their packed form, which `_pack` describes."""

from __future__ import annotations

import json
import zlib
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, count
from typing import Any

from httptask.catalogue._json_text import REFERENCE, names_in
from httptask.model.api import Endpoint

MOST_DEFINITIONS = 2_000
"""The most definitions that one endpoint is returned with."""
MOST_DEFINED = 2 * 1024 * 1024
"""The most bytes of JSON text that these definitions have together."""

LEFT_OUT = {
    "$comment": f"left out: what this endpoint refers to is more than {MOST_DEFINED // 2**20} MiB"
}
"""The schema that replaces a definition beyond these bounds. It accepts any value."""
ENDPOINTS, DEFINITIONS = 0, 1
"""The two kinds of block content. The kind is part of a block's number."""

DAMAGE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, zlib.error)
"""The errors that this module may raise when it reads a damaged catalogue."""


class Reader:
    """Reads packed endpoints.

    *fetch* takes a block number and returns (number, data) of the block with the highest number
    up to that one. Decompressed lines are cached, so use a reader for one transaction only.
    """

    def __init__(self, fetch: Callable[[int], tuple[int, bytes]]) -> None:
        self._fetch = fetch
        self._lines: dict[int, bytes] = {}

    def endpoint(self, description: int, position: int) -> Endpoint:
        """Return the endpoint at *position* of *description*, without its definitions.

        Raises one of `DAMAGE`.
        """
        _, _, request, answers = self._line(description, ENDPOINTS, position)
        return _endpoint(request, answers)

    def complete(self, description: int, position: int) -> Endpoint:
        """Return the endpoint at *position* of *description* with every definition it needs.

        Definitions are collected breadth first, for the request before the responses, up to
        `MOST_DEFINITIONS` and `MOST_DEFINED`. Each further definition becomes `LEFT_OUT`. Raises
        one of `DAMAGE`.
        """
        requested, answered, request, answers = self._line(description, ENDPOINTS, position)
        texts, is_whole = self._reached(description, _read(requested), _read(answered))
        schemas = {json.loads(name): schema for name, schema in texts.items()}
        left_out: Iterable[str] = ()
        if not is_whole:
            left_out = _undefined_names(chain((request, answers), schemas.values()), schemas)
        endpoint = _endpoint(request, answers)
        if not schemas and not left_out:
            return endpoint
        return replace(endpoint, definitions=Definitions(schemas, left_out))

    def _reached(self, description: int, *starts: Iterable[int]) -> tuple[dict[bytes, bytes], bool]:
        """Return name -> schema of the definitions that *starts* reach, and whether these are all.

        Names and schemas are JSON text. Definitions beyond the bounds are left out.
        """
        schemas: dict[bytes, bytes] = {}
        room = MOST_DEFINED
        is_whole = True
        seen_positions: set[int] = set()
        for references in starts:
            pending = deque(references)
            while pending:
                position = pending.popleft()
                if position in seen_positions:
                    continue
                if len(seen_positions) >= MOST_DEFINITIONS:
                    return schemas, False
                seen_positions.add(position)
                targets, name, schema = self._line(description, DEFINITIONS, position)
                if len(schema) <= room:
                    schemas[name] = schema
                    room -= len(schema)
                    pending.extend(_read(targets))
                else:
                    is_whole = False
        return schemas, is_whole

    def _line(self, description: int, content: int, position: int) -> list[bytes]:
        """Return the fields of the line at *position*: see `_pack`."""
        number = block_number(description, content, position)
        # Lines have numbers like blocks: the first line of a block has the number of the block.
        if number not in self._lines:
            first, data = self._fetch(number)
            self._lines.update(zip(count(first), zlib.decompress(data).split(b"\n"), strict=False))
        return self._lines[number].split(b"\t")


def block_number(description: int, content: int, position: int) -> int:
    """Return the number of the block of *description* that begins at *position*.

    The bits are, from the top: the description, the content (1 bit), the position (31 bits). So
    the blocks of a description are adjacent and sorted by position.
    """
    return (description << 1 | content) << 31 | position


class Definitions(Mapping[str, Any]):
    """Name -> JSON Schema, parsed on first access: an endpoint may have 2,000 and need only two."""

    def __init__(self, texts: Mapping[str, bytes], left_out: Iterable[str] = ()) -> None:
        self._texts = texts
        self._schemas: dict[str, Any] = dict.fromkeys(texts) | dict.fromkeys(left_out, LEFT_OUT)

    def __getitem__(self, name: str) -> Any:
        schema = self._schemas[name]
        if schema is None:
            schema = self._schemas[name] = json.loads(self._texts[name])
        return schema

    def __contains__(self, name: object) -> bool:
        return name in self._schemas

    def __iter__(self) -> Iterator[str]:
        return iter(self._schemas)

    def __len__(self) -> int:
        return len(self._schemas)

    def __repr__(self) -> str:
        return repr(dict(self))


def _endpoint(request: bytes, answers: bytes) -> Endpoint:
    value = json.loads(request)
    if answers:
        value["responses"] = json.loads(answers)
    return Endpoint.from_json(value)


def _undefined_names(texts: Iterable[bytes], defined: Container[str]) -> dict[str, None]:
    """Return the names that references in the JSON *texts* use and *defined* lacks, in order."""
    undefined: dict[str, None] = {}
    for reference in dict.fromkeys(chain.from_iterable(map(REFERENCE.findall, texts))):
        names = names_in(reference)
        if not any(name in defined for name in names):
            undefined.update(dict.fromkeys(names))
    return undefined


def _read(positions: bytes) -> Iterator[int]:
    return map(int, positions.split())
