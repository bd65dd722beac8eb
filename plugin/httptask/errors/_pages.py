"""How far a task that reads pages came.

It stands below the errors, which carry it; other parts import it from `httptask.model.pagination`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Pages:
    """A summary of the pages that a task read."""

    count: int = 0
    """Pages that were read as a whole, those before a resumed run included."""
    items: int = 0
    """Items of them that were kept."""
    duplicates: int = 0
    """Items that were dropped, because another with the same identity was there."""
    bytes: int = 0
    """Bytes of the pages' bodies, decoded."""
    complete: bool = False
    """Whether the list was read to its end, as far as the server says."""
    stopped_by: str | None = None
    """Why no further page was asked for: `next`, `empty`, `total`, `more`, `until`, a bound's name,
    `testRequest`, or `error`. None while it runs.
    """
    cursor: Any = None
    """What `resume` takes to go on from here: a token, a number or a URL. None: there is nothing
    to go on from.
    """

    note: str | None = None
    """What the author is to know: `until` had no value on any page, for example."""

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        return {
            "count": self.count,
            "items": self.items,
            "duplicates": self.duplicates,
            "bytes": self.bytes,
            "complete": self.complete,
            "stoppedBy": self.stopped_by,
            "cursor": self.cursor,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the summary of which `to_json` made *value*."""
        return cls(
            count=value["count"],
            items=value["items"],
            duplicates=value["duplicates"],
            bytes=value["bytes"],
            complete=value["complete"],
            stopped_by=value["stoppedBy"],
            cursor=value["cursor"],
            note=value.get("note"),
        )
