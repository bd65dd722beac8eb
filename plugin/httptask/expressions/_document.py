"""The data that the expressions of one evaluation see, and the part of it that each of them
reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

from httptask.expressions._result import plain

Reads = Collection[tuple[str, ...]] | None
"""Names from the root downwards, below which an expression reads; None for everything."""


class Document:
    """The *data* of one evaluation. Expressions that read the same are given the same part of it.

    The finished tasks of a run may come as a mapping that copies nothing: it is copied for who
    reads all of them.
    """

    def __init__(self, data: Any) -> None:
        self.data = data
        self._parts: dict[Reads, Any] = {}

    @cached_property
    def whole(self) -> Any:
        """All of the data, as JSON has it."""
        return plain(self.data)

    def part(self, reads: Reads) -> Any:
        """Return what an expression that *reads* this has to see. Of other names at the top it sees
        that they are there.
        """
        if reads is None or not isinstance(self.data, dict):
            return self.whole
        key = frozenset(reads)
        if key not in self._parts:
            self._parts[key] = only(self.data, key)
        return self._parts[key]


def only(data: Any, reads: Reads) -> Any:
    """Return the JSON *data* with nothing in it but what *reads* names, and null for the other
    names at the top.

    A list on the way is kept whole, as names select from each of its items. The result shares parts
    with *data*.
    """
    if reads is None or not isinstance(data, dict):
        return data
    return {**dict.fromkeys(data), **_followed(data, reads)}


def _followed(data: Mapping[str, Any], reads: Collection[tuple[str, ...]]) -> dict[str, Any]:
    below: dict[str, list[tuple[str, ...]]] = {}
    for first, *rest in reads:
        below.setdefault(first, []).append(tuple(rest))
    part: dict[str, Any] = {}
    for name, paths in below.items():
        if name not in data:
            continue
        value = data[name]
        part[name] = (
            _followed(value, paths) if isinstance(value, Mapping) and all(paths) else plain(value)
        )
    return part
