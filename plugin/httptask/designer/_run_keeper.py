"""The interface of the engines that run the page's definitions, and store the runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    """An engine with its stored runs. A method raises `Refused`, or an error of the engine."""

    engine: str
    """The name of the engine."""
    outlive: bool
    """Whether runs go on when the designer ends."""

    lists_tasks: bool
    """Whether the list of the latest runs includes the tasks that they visited."""

    async def latest(self) -> Sequence[KeptRun]:
        """Return the latest runs, at most `MOST_KEPT`."""
        ...

    async def run(self, workflow_id: str, *, with_tasks: bool = True) -> KeptRun:
        """Return a run, including its tasks if *with_tasks*. Raises `Refused` if there is none."""
        ...

    async def started_with(self, workflow_id: str) -> tuple[WorkflowDefinition, RunOptions]:
        """Return the definition of a stored run, and the options with which it was started."""
        ...

    async def lacking(self, workflow_id: str) -> Collection[str]:
        """Return the parts of a stored run whose secrets are not known: `definition`, `input`,
        `variables`, `environment`, `pins`, and each nested definition as `definitions/<name>`.
        """
        ...

    async def start(self, start: Start, request: Request) -> str:
        """Start a run, and return its id once it is under way.

        Raises `DefinitionError` if the definition cannot be run.
        """
        ...

    async def resume(self, run: KeptRun, request: Request, sample_input: Any) -> str:
        """Resume *run*, which no process runs.

        *sample_input* has the secrets of its input, if the stored input lacks them.
        """
        ...

    async def stop(self, run: KeptRun) -> None:
        """Stop *run* and close its connections."""
        ...

    async def complete(self, run: KeptRun, task: str, signal: Signal, item: int | None) -> None:
        """Send *signal* to a waiting *task* of *run*, or to a waiting *item* of it."""
        ...

    async def events(self, run: KeptRun) -> EventStream:
        """Stream the past and future events of *run*."""
        ...

    async def exchange(self, run: KeptRun, task: TaskRun) -> dict[str, Any] | None:
        """Return the exchange of a visit, if it is still stored."""
        ...

    def callback_url(self, run: KeptRun, task: TaskRun) -> str:
        """Return the secret callback URL of a visit. Raises `Refused` if there is none."""
        ...

    def with_callback(self, workflow_id: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Return the history's *entry* with the callback URL it waits for, without the secret
        part.
        """
        ...

    async def aclose(self) -> None:
        """End all work of this process."""
        ...
