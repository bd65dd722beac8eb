"""A `$ref` where a keyword has an array, or an object of schemas: OpenAPI has none there, but
descriptions of several files do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import quote

from httptask._core.pointers import pointer


class Walk(Protocol):
    """What is asked of the conversion."""

    def target(self, reference: str, path: Any) -> Any:
        """Return what stands at *reference*; None, with a note, when nothing does."""
        ...

    def note(self, kind: str, message: str, path: Any) -> None:
        """Note what was guessed or skipped at *path*."""
        ...


def is_reference(value: Any) -> bool:
    """Say whether *value* is only a reference."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("$ref"), str)


def values(walk: Walk, value: Any, path: Any) -> Any:
    """Return the array of plain values that the reference *value* of a keyword leads to."""
    return _container(walk, value["$ref"], path)[1]


def schemas(walk: Walk, value: Any, path: Any) -> Any:
    """Return the schemas that the reference *value* leads to, as references to each of them."""
    reference, target = _container(walk, value["$ref"], path)
    if isinstance(target, list):
        return [{"$ref": _below(reference, [index])} for index in range(len(target))]
    if isinstance(target, dict):
        return {name: {"$ref": _below(reference, [name])} for name in target}
    return target


def _container(walk: Walk, reference: str, path: Any) -> tuple[str, Any]:
    """Return the reference and the value of what *reference* means for the keyword at *path*.

    A schema that has the keyword, too, is named for the sake of its value: `properties: {$ref:
    Pet}`. A property that is called `type` has a schema, a schema's own type is a text.
    """
    keyword, target = path[1], walk.target(reference, path)
    if isinstance(target, dict) and keyword in target and not isinstance(target.get("type"), dict):
        walk.note("guessed", f"{keyword}: that of the schema {reference!r} is taken", path)
        return _below(reference, [keyword]), target[keyword]
    return reference, target


def _below(reference: str, steps: Iterable[str | int]) -> str:
    """Return the reference to what stands below the target of *reference*."""
    return f"{reference}{'' if '#' in reference else '#'}{quote(pointer(steps))}"
