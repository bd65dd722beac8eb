"""Who watches runs while they go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from httptask.sending import Progress


class GateListener(Protocol):
    """Told of tasks that begin to wait for somebody outside: the id of the run, and the task's
    name. Of a task with `forEach`, it is told of each item that does, by its index.
    """

    def __call__(self, workflow_id: str, task: str, item: int = ..., /) -> None:
        """Take that the task, or the item, waits."""
        ...


class RunListener(Protocol):
    """Told of runs that nobody's task asked for, on the event loop. It must not raise."""

    def noted(self, workflow_id: str, entry: dict[str, Any]) -> None:
        """Take an *entry* of the history, as JSON without secrets; a start is one, too."""
        ...

    def called(self, workflow_id: str, key: tuple[str, int], call: Progress) -> None:
        """Take the progress of the call that the visit *key* begins to make."""
        ...
