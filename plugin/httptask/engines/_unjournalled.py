"""A null object for runs without a journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask.engines._outcome import Outcome
from httptask.model.workflow import Signal, TaskRun, WorkflowRun


class Unjournalled:
    """Replaces the `RunJournal` of a run without a journal; stores nothing."""

    workflow_id: str | None = None
    began_at: str | None = None
    input: Any = None
    history: list[TaskRun] | None = None
    ended: Mapping[str, Any] | None = None
    is_left = False

    def leave(self) -> None:
        """Do nothing."""

    def mask(self, mask: Any) -> None:
        """Do nothing."""

    def show(self, key: tuple[str, int], call: Any) -> None:
        """Do nothing."""

    def note(self, entry: TaskRun) -> None:
        """Do nothing."""

    async def written(self) -> None:
        """Return at once."""

    async def end(self, run: WorkflowRun) -> None:
        """Do nothing."""

    async def close(self, run: WorkflowRun) -> None:
        """Do nothing."""

    async def give(self, key: tuple[str, int], signal: Signal) -> bool:
        """Return True: the signal is the first one."""
        return True

    async def give_item(self, key: tuple[str, int], index: int, signal: Signal) -> bool:
        """Return True: the signal is the first one."""
        return True

    def call(self, key: tuple[str, int], item: int | None = None) -> None:
        """Return None: calls are not recorded."""

    async def items(self, key: tuple[str, int]) -> dict[int, dict[str, Any]]:
        """Return nothing."""
        return {}

    def note_item(
        self,
        key: tuple[str, int],
        index: int,
        outcome: Outcome,
        tasks: int,
    ) -> None:
        """Do nothing."""


UNJOURNALLED = Unjournalled()
"""The only instance needed, because it has no state."""
