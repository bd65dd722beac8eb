"""What the rules of keywords share: the path, the walk, and the notes that they leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, Protocol

from httptask.importers.openapi.schemas._patterns import Pattern

LinkedPath = tuple[Any, Any]
"""The path to a value: the path of its parent, and its name or index.

The outermost has None instead of a parent, and a URI. Linked pairs make a step cheap: paths are
only written out for notes.
"""

ABSENT: Final[Any] = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()
"""Returned by a rule for a keyword that is left out."""


class Walk(Protocol):
    """What a rule may ask of the conversion."""

    def schema(self, raw: Any, path: LinkedPath) -> Any:
        """Return the Schema Object *raw*, at *path*, converted; *raw* itself if nothing changes."""
        ...

    def named(self, reference: str, path: LinkedPath) -> str | None:
        """Return `#/$defs/<name>` for the target of *reference*; None, with a note, without one."""
        ...

    def target(self, reference: str, path: LinkedPath) -> Any:
        """Return what stands at *reference*; None, with a note, when nothing does."""
        ...

    def pattern(self, written: str) -> Pattern:
        """Return the usable form of the pattern *written*."""
        ...

    def written(self, value: Any, path: LinkedPath) -> str:
        """Return the text of *value*, a number or a boolean, as written at *path*."""
        ...

    def may_match(self, pattern: str, text: str) -> bool:
        """Return False only if the usable *pattern* surely does not match *text*."""
        ...

    def note(self, kind: str, message: str, path: LinkedPath) -> None:
        """Note what was guessed or skipped at *path*."""
        ...


Rule = Callable[[Walk, Any, LinkedPath], Any]
"""Takes a keyword's value and its path; returns the same object, another value, or `ABSENT`."""


def guessed(walk: Walk, path: LinkedPath, what: str) -> None:
    """Note the guess *what* about the keyword at *path*."""
    walk.note("guessed", f"{path[1]}: {what}", path)


def left_out(walk: Walk, path: LinkedPath, why: str) -> Any:
    """Note *why* the keyword at *path* is left out, and return `ABSENT`."""
    walk.note("skipped", f"{path[1]} is left out: {why}", path)
    return ABSENT


def shown(value: Any) -> str:
    """Return a short text of *value* for a message."""
    if isinstance(value, bool):
        return str(value).lower()
    is_scalar = isinstance(value, str | int | float | None)
    return shorter(repr(value) if is_scalar else json.dumps(value, default=str))


def shorter(text: str) -> str:
    """Return *text* for a message, cut after 60 letters."""
    return text if len(text) <= 60 else text[:57] + "…"
