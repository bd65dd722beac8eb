"""The types and helpers that all rules of keywords use."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, Protocol

from httptask.importers.openapi.schemas._patterns import Pattern

LinkedPath = tuple[Any, Any]
"""The path to a value: (path of its parent, its name or index).

The outermost is (None, URI). Linked pairs are cheap to extend, and only notes need whole paths.
"""

ABSENT: Final[Any] = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()
"""The result of a rule that drops its keyword."""


class Walk(Protocol):
    """The methods of the conversion that a rule may call. See `Conversion`."""

    def schema(self, raw: Any, path: LinkedPath) -> Any:
        """Convert the Schema Object *raw*, at *path*; return *raw* itself if nothing changes."""
        ...

    def named(self, reference: str, path: LinkedPath) -> str | None:
        """Return `#/$defs/<name>` for *reference*; None, with a note, if it has no target."""
        ...

    def target(self, reference: str, path: LinkedPath) -> Any:
        """Return the value at *reference*; None, with a note, if there is none."""
        ...

    def pattern(self, written: str) -> Pattern:
        """Return the usable form of the pattern *written*."""
        ...

    def written(self, value: Any, path: LinkedPath) -> str:
        """Return the spelling of *value*, a number or a boolean, at *path*."""
        ...

    def may_match(self, pattern: str, text: str) -> bool:
        """Return False only if it is certain that the usable *pattern* does not match *text*."""
        ...

    def note(self, kind: str, message: str, path: LinkedPath) -> None:
        """Add a note on the value at *path*, which was guessed or skipped."""
        ...


Rule = Callable[[Walk, Any, LinkedPath], Any]
"""Takes a keyword's value and path. Returns the same object, another value, or `ABSENT`."""


def guessed(walk: Walk, path: LinkedPath, what: str) -> None:
    """Add a note on a guess about the keyword at *path*; *what* is its message."""
    walk.note("guessed", f"{path[1]}: {what}", path)


def left_out(walk: Walk, path: LinkedPath, why: str) -> Any:
    """Add a note that says *why* the keyword at *path* is left out, and return `ABSENT`."""
    walk.note("skipped", f"{path[1]} is left out: {why}", path)
    return ABSENT


def shown(value: Any) -> str:
    """Return *value* as a short text for a message."""
    if isinstance(value, bool):
        return str(value).lower()
    is_scalar = isinstance(value, str | int | float | None)
    return shorter(repr(value) if is_scalar else json.dumps(value, default=str))


def shorter(text: str) -> str:
    """Return *text* for a message, cut to less than 60 letters if it is longer."""
    if len(text) <= 60:
        return text
    return text[:57] + "…"
