"""Listeners to runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from httptask.sending import Progress


class GateListener(Protocol):
    """Called when a task, or an item of a task with `forEach`, begins to wait for a signal."""

    def __call__(self, workflow_id: str, task: str, item: int = ..., /) -> None:
        """Handle that *task* of the run *workflow_id* waits.

        *item*, the index of the waiting item, is passed only with `forEach`.
        """
        ...


class RunListener(Protocol):
    """Listens to runs, except nested ones. Called on the event loop; must not raise."""

    def noted(self, workflow_id: str, entry: dict[str, Any]) -> None:
        """Handle an *entry* of the history (a start or a result), as JSON without secrets."""
        ...

    def called(self, workflow_id: str, key: tuple[str, int], call: Progress) -> None:
        """Handle that the visit *key* begins a call; *call* shows its progress from now on."""
        ...
