"""The data of one evaluation, and the part of it that each expression reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from httptask._core.kept_files import LocalPaths
from httptask.expressions._result import MOST_KNOWN, with_dicts

if TYPE_CHECKING:
    from pathlib import Path

Reads = Collection[tuple[str, ...]] | None
"""Paths of names from the root: an expression reads only below them. None: it reads everything."""


class Document:
    """The *data* of one evaluation. Expressions with the same reads share one part of the data.

    `$.tasks` may be a mapping that copies nothing; it is copied only for an expression that reads
    all tasks. *kept_folder* returns the folder of stored files, or None.
    """

    def __init__(self, data: Any, kept_folder: Callable[[], Path | None] = lambda: None) -> None:
        self.data = data
        self._kept_folder = kept_folder
        self._parts: dict[Reads, Any] = {}
        self._seen: dict[Reads, Any] = {}

    @cached_property
    def paths(self) -> LocalPaths:
        """Hides the local paths of stored files from languages that can take texts apart."""
        return LocalPaths(self._kept_folder())

    @cached_property
    def whole(self) -> Any:
        """All of the data, as plain JSON values."""
        return with_dicts(self.data)

    def part(self, reads: Reads) -> Any:
        """Return the part for an expression with *reads*; at the top, other names are null."""
        if reads is None or not isinstance(self.data, dict):
            return self.whole
        key = frozenset(reads)
        if key not in self._parts:
            self._parts[key] = only(self.data, key)
        return self._parts[key]

    def seen(self, reads: Reads) -> Any:
        """Return `part` without local paths. Takes a pass through every value in the part."""
        key = None if reads is None else frozenset(reads)
        if key not in self._seen:
            self._seen[key] = self.paths.taken_out(self.part(reads))
        return self._seen[key]


def only(data: Any, reads: Reads) -> Any:
    """Return the parts of *data* that *reads* names; at the top, other names are null.

    A list on a path is returned whole, because names select from each of its items. If an object
    lacks a name, its other names are present with null, up to `MOST_KNOWN`, so that an error can
    list them. The result shares parts with *data*.
    """
    if reads is None or not isinstance(data, dict):
        return data
    return {**dict.fromkeys(data), **_only_below(data, reads)}


def _only_below(data: Mapping[str, Any], reads: Collection[tuple[str, ...]]) -> dict[str, Any]:
    """Return the members of *data* to which the paths *reads* lead, each reduced to those paths."""
    paths_by_name: dict[str, list[tuple[str, ...]]] = {}
    for first, *rest in reads:
        paths_by_name.setdefault(first, []).append(tuple(rest))
    part: dict[str, Any] = {}
    if not paths_by_name.keys() <= data.keys():
        part = dict.fromkeys(islice(data, MOST_KNOWN))
    for name, paths in paths_by_name.items():
        if name not in data:
            continue
        value = data[name]
        # An empty path reads all of the value.
        is_read_in_part = isinstance(value, Mapping) and all(paths)
        part[name] = _only_below(value, paths) if is_read_in_part else with_dicts(value)
    return part
