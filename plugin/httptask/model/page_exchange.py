"""The pages of an exchange: each page's call, of most of them only a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask.errors import Pages
from httptask.model.exchange import SentRequest
from httptask.model.round_call import (
    RoundCall,
    calls_to_json,
    fields_of_call,
    fields_of_calls,
)


@dataclass(frozen=True, slots=True)
class PageCall(RoundCall):
    """The call that one page took."""

    items: int = 0
    """Items of the page that were kept."""
    duplicates: int = 0
    bytes: int = 0
    """Bytes of its body, decoded."""

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        return {
            **RoundCall.to_json(self),
            "items": self.items,
            "duplicates": self.duplicates,
            "bytes": self.bytes,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the call of which `to_json` made *value*."""
        return cls(
            items=value["items"],
            duplicates=value["duplicates"],
            bytes=value["bytes"],
            **fields_of_call(value),
        )


@dataclass(frozen=True, slots=True)
class PageCalls:
    """The pages that an exchange took; its attempts are those of the last one."""

    summary: Pages
    """Its cursor is masked."""
    calls: tuple[PageCall, ...]
    """In order: the first ones, and the last ones."""
    omitted: int = 0
    """Calls between them that are not listed."""
    next_request: SentRequest | None = None
    """The request of the page after a test request's last one: it was not sent."""

    def to_json(self) -> dict[str, Any]:
        """Return the summary with the calls."""
        return {
            **self.summary.to_json(),
            **calls_to_json(self.calls, self.omitted, self.next_request),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the pages of which `to_json` made *value*."""
        return cls(Pages.from_json(value), **fields_of_calls(value, PageCall.from_json))
