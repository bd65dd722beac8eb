"""Run workflows in tests: pins answer all requests, nothing is sent, and waits are skipped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from httptask.engines import arun_workflow
from httptask.engines.embedded import Clock, EmbeddedEngine
from httptask.model.pins import PinnedRequest
from httptask.workflow import as_definition, definitions_of, load_pins

if TYPE_CHECKING:
    from httptask.engines import DefinitionLike
    from httptask.model.environment import Environment
    from httptask.model.workflow import TaskRun, WorkflowRun
    from httptask.protocols import Signals
    from httptask.task import Runtime
    from httptask.workflow import PinsLike

__all__ = ["PinnedRequest", "PinnedRun", "arun_pinned", "run_pinned"]


@dataclass(frozen=True, slots=True)
class PinnedRun:
    """A finished run in which pins answered the requests."""

    run: WorkflowRun
    """The run, with every visit of a task."""
    requests: tuple[PinnedRequest, ...]
    """The requests that would have been sent, in order."""

    @property
    def status(self) -> str:
        """`Completed`, `Failed` or `TimedOut`."""
        return self.run.status

    @property
    def output(self) -> Any:
        """The output of the run."""
        return self.run.output

    @property
    def error(self) -> str | None:
        """Why the run did not complete."""
        return self.run.error

    def task(self, name: str) -> TaskRun:
        """Return the last visit of the task *name*.

        Raises `AssertionError` if it was never visited.
        """
        visits = [task for task in self.run.tasks if task.name == name]
        if not visits:
            visited = ", ".join(dict.fromkeys(task.name for task in self.run.tasks))
            raise AssertionError(f"the run did not reach the task {name!r}, only: {visited}")
        return visits[-1]

    def requests_of(self, name: str) -> list[PinnedRequest]:
        """Return the requests of the task *name*, in order."""
        return [request for request in self.requests if request.task == name]


def run_pinned(
    definition: DefinitionLike,
    pins: PinsLike = True,
    input: Any = None,  # noqa: A002 - the word of the format: `$.input`
    *,
    variables: Mapping[str, Any] | None = None,
    environment: Environment | str | None = None,
    definitions: Mapping[str, DefinitionLike] | None = None,
    runtime: Runtime | None = None,
    signals: Signals | None = None,
) -> PinnedRun:
    """Run *definition* with *pins*. Like `arun_pinned`, for code that is not async."""
    from httptask._core.sync import run_sync

    async def run() -> PinnedRun:
        try:
            return await arun_pinned(
                definition,
                pins,
                input,
                variables=variables,
                environment=environment,
                definitions=definitions,
                runtime=runtime,
                signals=signals,
            )
        finally:
            if runtime is not None:
                await runtime.aclose_connections()  # they belong to this event loop

    return run_sync(run, "arun_pinned")


async def arun_pinned(
    definition: DefinitionLike,
    pins: PinsLike = True,
    input: Any = None,  # noqa: A002 - the word of the format: `$.input`
    *,
    variables: Mapping[str, Any] | None = None,
    environment: Environment | str | None = None,
    definitions: Mapping[str, DefinitionLike] | None = None,
    runtime: Runtime | None = None,
    signals: Signals | None = None,
) -> PinnedRun:
    """Run *definition* with *pins*; return the run and the requests that it would have sent.

    *pins* are the pins as JSON, the path of their file, or True for the file next to the
    definition. A failed run is returned as well. Waits are skipped: in `Wait` tasks, and between
    attempts, pages and polls. The other arguments are those of `run_workflow`; definitions that are
    not in *definitions* are looked for next to the definition's file.

    Raises `AssertionError` if a request had no pin, since the rest of such a run proves nothing.
    """
    first = as_definition(definition)
    known_definitions = {name: as_definition(other) for name, other in (definitions or {}).items()}
    known_definitions = {**definitions_of(first), **known_definitions}
    requests: list[PinnedRequest] = []
    pinned = load_pins(first, pins, is_offline=True, definitions=known_definitions)
    run = await arun_workflow(
        first,
        input,
        engine=EmbeddedEngine(_SkippingClock()),
        variables=variables,
        environment=environment,
        definitions=known_definitions,
        runtime=runtime,
        signals=signals,
        pins=replace(pinned, listener=requests.append),
    )
    refusals = [request.refusal for request in requests if request.refusal is not None]
    if refusals:
        raise AssertionError("\n".join(dict.fromkeys(refusals)))
    return PinnedRun(run, tuple(requests))


class _SkippingClock(Clock):
    """A clock that jumps to the time for which a task waits."""

    def __init__(self) -> None:
        self._skipped = timedelta()

    def now(self) -> datetime:
        """Return the time, plus all time skipped."""
        return super().now() + self._skipped

    async def wait_until(self, time: datetime) -> None:
        """Jump to *time*, once other coroutines that are ready have run."""
        await asyncio.sleep(0)
        self._skipped += max(time - self.now(), timedelta())
