"""Resolve a `$ref` that replaces a keyword's array, or its map of schemas.

OpenAPI does not allow this, but descriptions in several files do it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import quote

from httptask._core.pointers import pointer


class Walk(Protocol):
    """The methods of the conversion that this module needs."""

    def target(self, reference: str, path: Any) -> Any:
        """Return the value at *reference*; None, with a note, if there is none."""
        ...

    def note(self, kind: str, message: str, path: Any) -> None:
        """Add a note on the value at *path*."""
        ...


def is_reference(value: Any) -> bool:
    """Say whether *value* is only a reference."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("$ref"), str)


def values(walk: Walk, value: Any, path: Any) -> Any:
    """Return the array of plain values to which *value*, a keyword's `$ref`, refers."""
    return _container(walk, value["$ref"], path)[1]


def schemas(walk: Walk, value: Any, path: Any) -> Any:
    """Return the schemas to which *value*, a keyword's `$ref`, refers: a reference to each."""
    reference, target = _container(walk, value["$ref"], path)
    if isinstance(target, list):
        return [{"$ref": _below(reference, [index])} for index in range(len(target))]
    if isinstance(target, dict):
        return {name: {"$ref": _below(reference, [name])} for name in target}
    return target


def _container(walk: Walk, reference: str, path: Any) -> tuple[str, Any]:
    """Return (reference, value) of the container that *reference* means for the keyword at *path*.

    If the target is a schema with the same keyword, the keyword's value is meant: `properties:
    {$ref: Pet}`. A target with a `type` that is an object is no schema, but a map with a property
    of this name.
    """
    keyword = path[1]
    target = walk.target(reference, path)
    has_keyword = isinstance(target, dict) and keyword in target
    if has_keyword and not isinstance(target.get("type"), dict):
        walk.note("guessed", f"{keyword}: that of the schema {reference!r} is taken", path)
        return _below(reference, [keyword]), target[keyword]
    return reference, target


def _below(reference: str, steps: Iterable[str | int]) -> str:
    """Return the reference to the value at *steps* below the target of *reference*."""
    # Without a fragment, the reference means the whole document.
    mark = "" if "#" in reference else "#"
    return f"{reference}{mark}{quote(pointer(steps))}"
