"""Packed endpoints, opened: see `_pack`."""

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
"""The most definitions that one endpoint is opened with."""
MOST_DEFINED = 2 * 1024 * 1024
"""The most bytes of JSON text of these definitions."""

LEFT_OUT = {
    "$comment": f"left out: what this endpoint refers to is more than {MOST_DEFINED // 2**20} MiB"
}
"""The schema in place of a definition beyond these bounds: it accepts any value."""
ENDPOINTS, DEFINITIONS = 0, 1
"""What a block contains; part of its number."""

DAMAGE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, zlib.error)
"""What reading a damaged catalogue may raise in this module."""


class Reader:
    """Opens packed endpoints.

    *fetch* takes a block number, and returns the last block whose number is not above it: (number,
    data). Opened lines are kept, so a reader is for one transaction.
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

        The definitions are gathered breadth first, those for the request before those for the
        responses, up to `MOST_DEFINITIONS` and `MOST_DEFINED`; further ones are `LEFT_OUT`. Raises
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
        """Return name -> schema of the definitions reached from *starts*; and if these are all."""
        schemas: dict[bytes, bytes] = {}
        room, is_whole = MOST_DEFINED, True
        seen: set[int] = set()
        for start in starts:
            pending = deque(start)
            while pending:
                position = pending.popleft()
                if position in seen:
                    continue
                if len(seen) >= MOST_DEFINITIONS:
                    return schemas, False
                seen.add(position)
                targets, name, schema = self._line(description, DEFINITIONS, position)
                if len(schema) <= room:
                    schemas[name] = schema
                    room -= len(schema)
                    pending.extend(_read(targets))
                else:
                    is_whole = False
        return schemas, is_whole

    def _line(self, description: int, content: int, position: int) -> list[bytes]:
        number = block_number(description, content, position)
        if number not in self._lines:
            first, data = self._fetch(number)
            self._lines.update(zip(count(first), zlib.decompress(data).split(b"\n"), strict=False))
        return self._lines[number].split(b"\t")


def block_number(description: int, content: int, position: int) -> int:
    """Return the number of the block of *description* that begins at *position*.

    The numbers of a description's blocks are in the order of positions.
    """
    return (description << 1 | content) << 31 | position


class Definitions(Mapping[str, Any]):
    """Name -> JSON Schema, parsed on first access: an endpoint may have thousands and use two."""

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
    """Return the names that the JSON *texts* refer to and that are not in *defined*."""
    undefined: dict[str, None] = {}
    for reference in dict.fromkeys(chain.from_iterable(map(REFERENCE.findall, texts))):
        names = names_in(reference)
        if not any(name in defined for name in names):
            undefined.update(dict.fromkeys(names))
    return undefined


def _read(positions: bytes) -> Iterator[int]:
    return map(int, positions.split())
