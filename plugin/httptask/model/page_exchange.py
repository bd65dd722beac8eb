"""The pages of an exchange: each page's call, of most of them only a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask.errors import Pages
from httptask.model.exchange import Attempt, SentRequest


@dataclass(frozen=True, slots=True)
class PageCall:
    """The call that one page took."""

    number: int
    """From 1."""
    method: str
    url: str
    """Secrets masked."""
    status_code: int | None
    """None when no response came."""
    outcome: str
    """`success` or the outcome class."""
    items: int = 0
    """Items of the page that were kept."""
    duplicates: int = 0
    bytes: int = 0
    """Bytes of its body, decoded."""
    elapsed_seconds: float = 0.0
    attempts: tuple[Attempt, ...] | None = None
    """None: only this line was kept, or it is the last one, whose attempts are the exchange's."""

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        attempts = self.attempts
        return {
            "number": self.number,
            "method": self.method,
            "url": self.url,
            "statusCode": self.status_code,
            "outcome": self.outcome,
            "items": self.items,
            "duplicates": self.duplicates,
            "bytes": self.bytes,
            "elapsedSeconds": round(self.elapsed_seconds, 6),
            "attempts": None if attempts is None else [one.to_json() for one in attempts],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the call of which `to_json` made *value*."""
        attempts = value["attempts"]
        return cls(
            number=value["number"],
            method=value["method"],
            url=value["url"],
            status_code=value["statusCode"],
            outcome=value["outcome"],
            items=value["items"],
            duplicates=value["duplicates"],
            bytes=value["bytes"],
            elapsed_seconds=float(value["elapsedSeconds"]),
            attempts=None if attempts is None else tuple(map(Attempt.from_json, attempts)),
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
        request = self.next_request
        return {
            **self.summary.to_json(),
            "calls": [call.to_json() for call in self.calls],
            "omitted": self.omitted,
            "nextRequest": request.to_json() if request is not None else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the pages of which `to_json` made *value*."""
        request = value["nextRequest"]
        return cls(
            Pages.from_json(value),
            tuple(map(PageCall.from_json, value["calls"])),
            value["omitted"],
            SentRequest.from_json(request) if request is not None else None,
        )
