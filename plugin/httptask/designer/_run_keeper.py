"""Who runs the definitions of the page, and keeps their runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from starlette.requests import Request

    from httptask.designer._event_stream import EventStream
    from httptask.designer._starting import Start
    from httptask.engines import KeptRun
    from httptask.model.workflow import Signal, TaskRun, WorkflowDefinition
    from httptask.protocols import RunOptions

MOST_KEPT = 50


class RunKeeper(Protocol):
    """An engine, and where its runs are. What it refuses is a `Refused`, or an error of the
    engine's.
    """

    engine: str
    """The name of the engine."""
    takes_history: bool
    """Whether a run may take over what an earlier one came to."""

    lists_tasks: bool
    """Whether the list of the latest runs says which tasks they came to."""

    async def latest(self) -> Sequence[KeptRun]:
        """Return the latest runs, at most `MOST_KEPT`."""
        ...

    async def run(self, workflow_id: str, *, with_tasks: bool = True) -> KeptRun:
        """Return a run, and its tasks where they are wanted. Raises `Refused` without one."""
        ...

    async def started_with(self, workflow_id: str) -> tuple[WorkflowDefinition, RunOptions]:
        """Return the definition of a run that is kept, and what it was started with."""
        ...

    async def start(self, start: Start, request: Request) -> str:
        """Begin a run, and return its id once it is under way. Raises `DefinitionError` when it
        cannot be run as it is.
        """
        ...

    async def resume(self, run: KeptRun, request: Request) -> str:
        """Go on with *run*, which nobody runs."""
        ...

    async def stop(self, run: KeptRun) -> None:
        """Stop *run*: its connections are closed."""
        ...

    async def complete(self, run: KeptRun, task: str, signal: Signal, item: int | None) -> None:
        """Give *signal* to a *task* of *run* that waits for it, or to an *item* of it."""
        ...

    async def events(self, run: KeptRun) -> EventStream:
        """Stream what *run* did and does."""
        ...

    def exchange(self, run: KeptRun, task: TaskRun) -> dict[str, Any] | None:
        """Return the exchange of a visit, if it is still there."""
        ...

    def callback_url(self, run: KeptRun, task: TaskRun) -> str:
        """Return the URL that a visit waits at: a secret. Raises `Refused` without one."""
        ...

    def with_callback(self, workflow_id: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Return *entry* of a run's history with the URL of the call that it waits for, without
        its secret part.
        """
        ...

    async def aclose(self) -> None:
        """End what is under way here."""
        ...
