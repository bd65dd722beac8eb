"""The summary of the pages that a task read.

This module is here because errors carry the summary; other parts import it from
`httptask.model.pagination`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Pages:
    """The summary of the pages that a task read."""

    count: int = 0
    """The number of complete pages, including those before a resumed run."""
    items: int = 0
    """The number of items that were collected."""
    duplicates: int = 0
    """The number of items that were dropped, because an item with the same identity was there."""
    bytes: int = 0
    """The size of the pages' bodies in bytes, decoded."""
    complete: bool = False
    """Whether the list was read to its end, as far as the server says."""
    stopped_by: str | None = None
    """Why no further page was requested: `next`, `empty`, `total`, `more`, `until`, the name of a
    limit, `testRequest`, or `error`. None while the task runs.
    """
    cursor: Any = None
    """The value for `resume` to continue from here: a token, a number or a URL. None if the task
    cannot be continued.
    """

    note: str | None = None
    """A remark for the author, for example that `until` had no value on any page."""

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON object with all fields."""
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
        """Return the summary that `to_json` converted to *value*."""
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
