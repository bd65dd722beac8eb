"""The result of an HTTP task.

This module is here because errors carry the result; other parts import it from
`httptask.model.task`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask.errors._job import Job
from httptask.errors._pages import Pages


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of an HTTP task. The error of a failed task carries it, too."""

    status_code: int
    reason_phrase: str
    headers: Mapping[str, str | list[str]]
    """The header fields, with their names in lower case.

    Repeated fields are joined with `, ` (RFC 9110, section 5.3); but `set-cookie` is a list, in
    which the values of redirects come first.
    """
    body: Any
    """Parsed JSON, decoded text, null if empty, else a file reference `{"$file": {...}}`."""
    url: str
    """The URL of the last request, after redirects."""
    attempts: int = 1
    elapsed_seconds: float = 0.0
    pages: Pages | None = None
    """The summary of the pages, if the task reads pages; the body is then the collected items."""
    job: Job | None = None
    """The summary of the job, if the task waited for one."""

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON object.

        `{"statusCode", "reasonPhrase", "headers", "body", "url", "attempts", "elapsedSeconds"}`,
        and `pages` and `job` if the task has them.
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
        """Return the result that `to_json` converted to *value*."""
        pages = value.get("pages")
        job = value.get("job")
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
