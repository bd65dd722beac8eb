"""What all errors of tasks have."""

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
    """A task ended in a class other than success.

    Raise it only through one of the subclasses: each stands for one outcome class.
    """

    kind: ClassVar[str] = "task"
    """The outcome class."""

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
        """Another try may help, and the method and the failure allow one."""
        self.retry_after = retry_after
        """Seconds the server asked to wait before another try, or None."""
        self.maybe_delivered = maybe_delivered
        """The server could have got the request."""
        self.next_attempt_seconds: float | None = None
        """For an engine that makes the attempts: after how many seconds the next one follows."""
        self.attempts = 0
        """Attempts made before giving up."""
        self.elapsed_seconds = 0.0
        """Seconds spent over all attempts and waits."""
        self.exchange: Exchange | None = None
        """The exchange as far as it went, secrets masked; None when nothing was attempted."""
        self.result: TaskResult | None = None
        """The result, as a successful task has it, when a response came."""
        self.pages: Pages | None = None
        """How far it came, if the task reads pages."""
        self.collected: Any = None
        """What was collected of the pages before it: a list, or the reference to a file."""
        self.job: Job | None = None
        """The job it waited for, if there is one: a second run can attach to it."""

    def __str__(self) -> str:
        return self.message

    def mask(self, mask: Callable[[str], str]) -> None:
        """Mask every text of the error by *mask*, in place."""
        self.message = mask(self.message)
        self.args = (self.message,)

    def to_json(self) -> dict[str, Any]:
        """Return the error with its class and everything that decides about another try."""
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
        """Return the error; its exchange travels on its own."""
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
        """Return the error with the arguments of this class."""
        return cls(value["message"])
