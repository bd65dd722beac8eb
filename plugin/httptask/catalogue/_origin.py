"""The origin of an imported description: its source and options, so that it can be read again."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The source and the options of an import."""

    source: str
    """The SOURCE argument of `httptask import`; for a file, its absolute path."""
    name: str
    """The source as the user typed it. The names of all sources read from it begin with it."""
    provider: str | None = None
    """The provider that the user named for the import (`--provider`), if any."""
    servers: tuple[str, ...] = ()
    """The servers that the user named for the import (`--server`)."""

    def to_text(self) -> str:
        """Return the origin as JSON text, which the catalogue stores."""
        return json.dumps([self.source, self.name, self.provider, *self.servers])

    @classmethod
    def from_text(cls, text: str) -> Origin:
        """Parse what `to_text` returned. Raises `ValueError` or `TypeError` for any other text."""
        source, name, provider, *servers = json.loads(text)
        return cls(source, name, provider, tuple(servers))
