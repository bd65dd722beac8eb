"""The pages of an exchange: one call per page, most of them reduced to a line."""

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
    """The call that read one page."""

    items: int = 0
    """Items of the page that were kept."""
    duplicates: int = 0
    bytes: int = 0
    """Size of its decoded body in bytes."""

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
        """Return the call that `to_json` wrote as *value*."""
        return cls(
            items=value["items"],
            duplicates=value["duplicates"],
            bytes=value["bytes"],
            **fields_of_call(value),
        )


@dataclass(frozen=True, slots=True)
class PageCalls:
    """The pages that an exchange read. The exchange's own attempts are those of the last page."""

    summary: Pages
    """The page counts. Secrets in the cursor are masked."""
    calls: tuple[PageCall, ...]
    """The first and the last calls, in order."""
    omitted: int = 0
    """The number of calls between these that are not listed."""
    next_request: SentRequest | None = None
    """The request for the next page of a test request, which stops before sending it."""

    def to_json(self) -> dict[str, Any]:
        """Return the summary with the calls."""
        return {
            **self.summary.to_json(),
            **calls_to_json(self.calls, self.omitted, self.next_request),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the pages that `to_json` wrote as *value*."""
        return cls(Pages.from_json(value), **fields_of_calls(value, PageCall.from_json))
