"""Where a description came from, and how it was read: what it takes to read it again."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """What was named to import a description."""

    source: str
    """A SOURCE of `httptask import`; a file by its absolute path."""
    name: str
    """The same as it was typed: the names of what came from it begin with it."""
    provider: str | None = None
    """The provider that was given for it, if one was."""
    servers: tuple[str, ...] = ()
    """The servers that were given for it."""

    def to_text(self) -> str:
        """Return the origin as the catalogue stores it."""
        return json.dumps([self.source, self.name, self.provider, *self.servers])

    @classmethod
    def from_text(cls, text: str) -> Origin:
        """Return the origin that *text* is. Raises `ValueError` or `TypeError` for what is none."""
        source, name, provider, *servers = json.loads(text)
        return cls(source, name, provider, tuple(servers))
