"""The data of one evaluation, and the part of it that each expression reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

from httptask._core.kept_files import LocalPaths
from httptask.expressions._result import with_dicts

Reads = Collection[tuple[str, ...]] | None
"""Names from the root down, below which an expression reads; None: everything."""


class Document:
    """The *data* of one evaluation. Expressions with the same reads share the same part of it.

    The finished tasks of a run may be a mapping that copies nothing. It is copied only for an
    expression that reads all of them. Of files that were kept, *paths* takes the local paths out of
    what a language sees that can take texts apart.
    """

    def __init__(self, data: Any, paths: LocalPaths | None = None) -> None:
        self.data = data
        self.paths = paths or LocalPaths()
        self._parts: dict[Reads, Any] = {}
        self._seen: dict[Reads, Any] = {}

    @cached_property
    def whole(self) -> Any:
        """All of the data, as JSON has it."""
        return with_dicts(self.data)

    def part(self, reads: Reads) -> Any:
        """Return the part that an expression with *reads* sees; other names at the top are null."""
        if reads is None or not isinstance(self.data, dict):
            return self.whole
        key = frozenset(reads)
        if key not in self._parts:
            self._parts[key] = only(self.data, key)
        return self._parts[key]

    def seen(self, reads: Reads) -> Any:
        """Return `part`, without local paths: this looks at every value in it."""
        key = None if reads is None else frozenset(reads)
        if key not in self._seen:
            self._seen[key] = self.paths.taken_out(self.part(reads))
        return self._seen[key]


def only(data: Any, reads: Reads) -> Any:
    """Return of *data* only what *reads* names, and null for the other names at the top.

    A list on the way is kept whole, as names select from each of its items. The result shares parts
    with *data*.
    """
    if reads is None or not isinstance(data, dict):
        return data
    return {**dict.fromkeys(data), **_only_below(data, reads)}


def _only_below(data: Mapping[str, Any], reads: Collection[tuple[str, ...]]) -> dict[str, Any]:
    below: dict[str, list[tuple[str, ...]]] = {}
    for first, *remaining in reads:
        below.setdefault(first, []).append(tuple(remaining))
    part: dict[str, Any] = {}
    for name, paths in below.items():
        if name not in data:
            continue
        value = data[name]
        # An empty path reads all of the value.
        is_read_in_part = isinstance(value, Mapping) and all(paths)
        part[name] = _only_below(value, paths) if is_read_in_part else with_dicts(value)
    return part
