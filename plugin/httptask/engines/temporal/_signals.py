"""The signals for the tasks of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from temporalio import workflow

from httptask.model.workflow import Signal

if TYPE_CHECKING:
    from httptask.engines.temporal._arguments import TaskSignal


class ReceivedSignals:
    """Keeps signals until a task waits for them, because they may come early."""

    def __init__(self) -> None:
        self._received: list[TaskSignal] = []

    def to_json(self) -> list[dict[str, Any]]:
        """Return the signals that no task has taken, for a new history."""
        return [signal.to_json() for signal in self._received]

    def add(self, signal: TaskSignal) -> None:
        """Add *signal*."""
        self._received.append(signal)

    async def wait(self, task: str, visit: int, item: int | None = None) -> Signal:
        """Wait for the first signal for this visit of *task* and this *item*, and remove it."""
        await workflow.wait_condition(lambda: self._index(task, visit, item) is not None)
        index = self._index(task, visit, item)
        if index is None:
            raise AssertionError("a signal is only taken by the task that waits for it")
        signal = self._received.pop(index)
        return Signal(signal.output, signal.error, signal.headers)

    def _index(self, task: str, visit: int, item: int | None) -> int | None:
        for index, signal in enumerate(self._received):
            if (signal.task, signal.item) == (task, item) and signal.visit in (None, visit):
                return index
        return None
