"""The result of an HTTP task.

It stands below the errors, which carry it; other parts import it from `httptask.model.task`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask.errors._job import Job
from httptask.errors._pages import Pages


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of an HTTP task, the same for success and failure.

    A failed task carries it in its error.
    """

    status_code: int
    reason_phrase: str
    headers: Mapping[str, str | list[str]]
    """Header fields by their names in lower case, whatever the server wrote.

    Duplicates are joined with `, ` (RFC 9110, section 5.3), but each `set-cookie` stays an item of
    a list, those of redirects first.
    """
    body: Any
    """Parsed JSON, decoded text, null if empty, else a file reference `{"$file": {...}}`."""
    url: str
    """The URL that answered, after redirects."""
    attempts: int = 1
    elapsed_seconds: float = 0.0
    pages: Pages | None = None
    """The summary of its pages; the body is then what was collected of them."""
    job: Job | None = None
    """The summary of the job that it was waited for."""

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON object.

        `{"statusCode", "reasonPhrase", "headers", "body", "url", "attempts", "elapsedSeconds"}`,
        `pages` where there are pages, and `job` where there was a job.
        """
        fields = {
            "statusCode": self.status_code,
            "reasonPhrase": self.reason_phrase,
            "headers": dict(self.headers),
            "body": self.body,
            "url": self.url,
            "attempts": self.attempts,
            "elapsedSeconds": round(self.elapsed_seconds, 6),
        }
        if self.pages is not None:
            fields["pages"] = self.pages.to_json()
        if self.job is not None:
            fields["job"] = self.job.to_json()
        return fields

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the result of which `to_json` made *value*."""
        pages, job = value.get("pages"), value.get("job")
        return cls(
            status_code=value["statusCode"],
            reason_phrase=value["reasonPhrase"],
            headers=value["headers"],
            body=value["body"],
            url=value["url"],
            attempts=value["attempts"],
            elapsed_seconds=float(value["elapsedSeconds"]),
            pages=Pages.from_json(pages) if pages is not None else None,
            job=Job.from_json(job) if job is not None else None,
        )
