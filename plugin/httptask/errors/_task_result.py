"""The result of an HTTP task. Below the errors, which carry it; everyone else knows it as part of
`httptask.model.task`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of an HTTP task: the same object for success and failure (a failed task carries it
    in its error).
    """

    status_code: int
    reason_phrase: str
    headers: Mapping[str, str | list[str]]
    """Names in lower case, so that an expression finds them whatever the server wrote; duplicates
    are joined with `, ` (RFC 9110, section 5.3), but each `set-cookie` stays an item of a list,
    those of redirects first."""
    body: Any
    """JSON parsed, text decoded, null when empty, anything else a file reference `{"$file":
    {...}}`.
    """
    url: str
    """The URL that answered, after redirects."""
    attempts: int = 1
    elapsed_seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return `{"statusCode", "reasonPhrase", "headers", "body", "url", "attempts",
        "elapsedSeconds"}`.
        """
        return {
            "statusCode": self.status_code,
            "reasonPhrase": self.reason_phrase,
            "headers": dict(self.headers),
            "body": self.body,
            "url": self.url,
            "attempts": self.attempts,
            "elapsedSeconds": round(self.elapsed_seconds, 6),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the result that `to_json` gave *value* for."""
        return cls(
            status_code=value["statusCode"],
            reason_phrase=value["reasonPhrase"],
            headers=value["headers"],
            body=value["body"],
            url=value["url"],
            attempts=value["attempts"],
            elapsed_seconds=float(value["elapsedSeconds"]),
        )
