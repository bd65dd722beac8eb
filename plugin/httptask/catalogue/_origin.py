"""The origin of a description: what it takes to read it again."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The source and the options of an import."""

    source: str
    """A SOURCE of `httptask import`; a file by its absolute path."""
    name: str
    """The source as it was typed: the names of the sources read from it begin with it."""
    provider: str | None = None
    """The provider that the import named, if it named one."""
    servers: tuple[str, ...] = ()
    """The servers that the import named."""

    def to_text(self) -> str:
        """Return the origin as the catalogue stores it."""
        return json.dumps([self.source, self.name, self.provider, *self.servers])

    @classmethod
    def from_text(cls, text: str) -> Origin:
        """Parse what `to_text` returned. Raises `ValueError` or `TypeError` for any other text."""
        source, name, provider, *servers = json.loads(text)
        return cls(source, name, provider, tuple(servers))
