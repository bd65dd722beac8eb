"""The data that the expressions of one evaluation see, and the part of it that each of them reads."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

Reads = Collection[tuple[str, ...]] | None
"""Names from the root downwards, below which an expression reads; None for everything."""


class Document:
    """The *data* of one evaluation. Expressions that read the same are given the same part of it."""

    def __init__(self, data: Any) -> None:
        self.whole = data
        self._parts: dict[Reads, Any] = {}

    def part(self, reads: Reads) -> Any:
        """Return what an expression that *reads* this has to see. Of other names at the top it sees that they are there."""
        if reads is None or not isinstance(self.whole, dict):
            return self.whole
        key = frozenset(reads)
        if key not in self._parts:
            self._parts[key] = only(self.whole, key)
        return self._parts[key]


def only(data: Any, reads: Reads) -> Any:
    """Return the JSON *data* with nothing in it but what *reads* names, and null for the other names at the top.

    A list on the way is kept whole, as names select from each of its items. The result shares parts with *data*.
    """
    if reads is None or not isinstance(data, dict):
        return data
    return {**dict.fromkeys(data), **_followed(data, reads)}


def _followed(data: dict[str, Any], reads: Collection[tuple[str, ...]]) -> dict[str, Any]:
    below: dict[str, list[tuple[str, ...]]] = {}
    for first, *rest in reads:
        below.setdefault(first, []).append(tuple(rest))
    part: dict[str, Any] = {}
    for name, paths in below.items():
        if name not in data:
            continue
        value = data[name]
        part[name] = _followed(value, paths) if isinstance(value, dict) and all(paths) else value
    return part
