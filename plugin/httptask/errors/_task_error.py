"""The base class of all errors of tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from httptask.errors._job import Job
from httptask.errors._pages import Pages
from httptask.errors._root import HttpTaskError
from httptask.errors._task_result import TaskResult

if TYPE_CHECKING:
    from httptask.model.exchange import Exchange


class TaskError(HttpTaskError):
    """A task ended with an outcome other than success.

    Raise only subclasses: each stands for one outcome.
    """

    kind: ClassVar[str] = "task"
    """The name of the outcome."""

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        maybe_delivered: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        """Whether another attempt may help, and is safe with this method and failure."""
        self.retry_after = retry_after
        """The seconds that the server asked to wait before another attempt, or None."""
        self.maybe_delivered = maybe_delivered
        """Whether the server may have received the request."""
        self.next_attempt_seconds: float | None = None
        """If an engine makes the attempts: the seconds to wait before the next one, or None."""
        self.attempts = 0
        """The number of attempts made."""
        self.elapsed_seconds = 0.0
        """The seconds spent on all attempts and waits."""
        self.exchange: Exchange | None = None
        """The exchange, with its secrets masked; None when nothing was attempted."""
        self.result: TaskResult | None = None
        """The result, as of a successful task, if a response came."""
        self.pages: Pages | None = None
        """The summary of the pages, if the task reads pages."""
        self.collected: Any = None
        """The items of the pages before the error: a list, or the reference to a file."""
        self.job: Job | None = None
        """The job that the task waited for, if any; another run can attach to it."""

    def __str__(self) -> str:
        return self.message

    def mask(self, mask: Callable[[str], str]) -> None:
        """Mask every text of the error with *mask*, in place."""
        self.message = mask(self.message)
        self.args = (self.message,)

    def to_json(self) -> dict[str, Any]:
        """Return the error with its `kind` and everything needed to decide about another
        attempt.
        """
        fields: dict[str, Any] = {
            **super().to_json(),
            "kind": self.kind,
            "retryable": self.retryable,
            "retryAfterSeconds": self.retry_after,
            "maybeDelivered": self.maybe_delivered,
            "attempts": self.attempts,
            "elapsedSeconds": round(self.elapsed_seconds, 6),
        }
        if self.result is not None:
            fields["result"] = self.result.to_json()
        if self.pages is not None:
            fields |= {"pages": self.pages.to_json(), "collected": self.collected}
        if self.job is not None:
            fields["job"] = self.job.to_json()
        return fields

    @classmethod
    def _of_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the error; the exchange is not part of *value*."""
        error = cls._new(value)
        error.retryable = value.get("retryable", False)
        error.retry_after = value.get("retryAfterSeconds")
        error.maybe_delivered = value.get("maybeDelivered", False)
        error.attempts = value.get("attempts", 0)
        error.elapsed_seconds = float(value.get("elapsedSeconds", 0))
        result = value.get("result")
        error.result = TaskResult.from_json(result) if result is not None else None
        pages = value.get("pages")
        error.pages = Pages.from_json(pages) if pages is not None else None
        error.collected = value.get("collected")
        job = value.get("job")
        error.job = Job.from_json(job) if job is not None else None
        return error

    @classmethod
    def _new(cls, value: Mapping[str, Any]) -> Self:
        """Make the error; subclasses pass the additional arguments of their `__init__`."""
        return cls(value["message"])
