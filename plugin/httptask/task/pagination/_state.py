"""The state of a round of pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask.errors import Pages


@dataclass(frozen=True, slots=True)
class PageState:
    """The state of a round: small, and JSON, so that another process can continue it."""

    cursor: Any = None
    """The token, number or URL that asks for the next page; None: the first page, without one."""
    number: int = 1
    """The number of the next page."""
    items: int = 0
    """The number of items that were kept."""
    duplicates: int = 0
    """The number of items that were dropped."""
    bytes: int = 0
    """The size of all pages' bodies."""

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
        """Return the state from *value*, a result of `to_json`."""
        return cls(
            value["cursor"],
            value["number"],
            value["items"],
            value["duplicates"],
            value["bytes"],
        )

    def pages(
        self,
        stopped_by: str,
        cursor: Any = None,
        *,
        is_complete: bool = False,
    ) -> Pages:
        """Return the summary of a round that ends now; *cursor* allows to resume it."""
        return Pages(
            self.number - 1,
            self.items,
            self.duplicates,
            self.bytes,
            is_complete,
            stopped_by,
            cursor,
        )
