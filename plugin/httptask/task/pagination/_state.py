"""Where a round of pages is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask.errors import Pages


@dataclass(frozen=True, slots=True)
class PageState:
    """Where a round is: small, and JSON, so that another process can go on from it."""

    cursor: Any = None
    """What asks for the next page; None: the first page is the next, and needs none."""
    number: int = 1
    """The number of the next page."""
    items: int = 0
    """Items that were kept."""
    duplicates: int = 0
    """Items that were dropped."""
    bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        return {
            "cursor": self.cursor,
            "number": self.number,
            "items": self.items,
            "duplicates": self.duplicates,
            "bytes": self.bytes,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the state of which `to_json` made *value*."""
        return cls(
            value["cursor"], value["number"], value["items"], value["duplicates"], value["bytes"]
        )

    def pages(self, stopped_by: str, cursor: Any = None, *, is_complete: bool = False) -> Pages:
        """Return the summary of a round that ends here; *cursor* is what to go on from."""
        return Pages(
            self.number - 1,
            self.items,
            self.duplicates,
            self.bytes,
            is_complete,
            stopped_by,
            cursor,
        )
