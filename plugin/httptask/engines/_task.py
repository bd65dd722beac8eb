"""Run one task by its type, and return its outcome or its error."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import pointer as pointer_of
from httptask.engines._compiled import awaits_callback
from httptask.engines._outcome import checked_outcome, cut_off_error, unexpected_failure
from httptask.errors import HttpTaskError, JournalError, Problem, SettingsError
from httptask.protocols import TaskCall
from httptask.task import Services, cut_off_state

if TYPE_CHECKING:
    from httptask.engines._compiled import CompiledDefinition
    from httptask.model.callback import Answer, Received
    from httptask.model.task import Inputs
    from httptask.model.workflow import Signal, Step, TaskOutcome
    from httptask.task import Runtime

_log = logging.getLogger(__name__)


class TaskRunner:
    """Runs the tasks of one definition, whose compiled form is *compiled_definition*.

    *can_wait* says whether a waiting task can be completed from outside.
    """

    def __init__(
        self,
        compiled_definition: CompiledDefinition,
        runtime: Runtime,
        *,
        can_wait: bool,
    ) -> None:
        self._compiled = compiled_definition
        self._runtime = runtime
        self._can_wait = can_wait
        self._task_types = runtime.plugins.named("httptask_task_types")

    def is_repeatable(self, step: Step) -> bool:
        """Say whether a visit of *step* that its process's death interrupted may be repeated."""
        return bool(getattr(self._task_types[step.definition["type"]], "is_repeatable", False))

    async def run(
        self,
        step: Step,
        inputs: Inputs,
        state: Any = None,
        signal: Signal | None = None,
    ) -> TaskOutcome | dict[str, Any]:
        """Run the task of *step*; return its outcome, or its error as JSON.

        *state* and *signal* are passed on to a visit that continues after a wait.
        """
        task_type = step.definition["type"]
        try:
            implementation = self._task_types[task_type]
            running = implementation.run(self._call(step, inputs, state, signal))
            outcome = await running if inspect.isawaitable(running) else running
            outcome = checked_outcome(outcome, task_type)
        except asyncio.CancelledError:
            # Cancelled by the engine, or raised by the task type itself, which is a failure.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return unexpected_failure(task_type, "it was cancelled from inside")
        except JournalError:
            raise
        except HttpTaskError as error:
            return error.to_json()
        except Exception as error:  # noqa: BLE001 - a plugin's task type may raise anything
            _log.debug("task %r of type %s failed", step.name, task_type, exc_info=True)
            provider = self._runtime.plugins.provider_of("httptask_task_types", task_type)
            return unexpected_failure(task_type, f"{type(error).__name__}: {error}", str(provider))
        if outcome.awaits_signal:
            return self._refusal(step) or outcome
        return outcome

    async def cut_off(self, step: Step, inputs: Inputs, state: Any) -> dict[str, Any]:
        """Return the error of a visit of *step* whose process died during a request that must not
        be sent twice. It has what was collected before, if the visit was in *state* by then.
        """
        error = cut_off_error(step)
        if state is None:
            return error
        outcome = await self.run(step, inputs, cut_off_state(state, error["message"]))
        if isinstance(outcome, dict) and outcome.get("maybeDelivered"):
            return outcome
        return error

    def _call(
        self,
        step: Step,
        inputs: Inputs,
        state: Any = None,
        signal: Signal | None = None,
    ) -> TaskCall:
        """Return the call that the type of *step* gets, with the result of the type's `prepare`."""
        services = Services(self._runtime, inputs)
        implementation = self._task_types[step.definition["type"]]
        definition, prepared = self._compiled.task(step, implementation, services)
        pointer = step.pointer
        visit = step.visit
        return TaskCall(
            step.name,
            definition,
            inputs,
            services,
            pointer,
            visit,
            state,
            prepared,
            signal,
        )

    def awaits_callback(self, step: Step) -> bool:
        """Say whether the task of *step* waits for a callback."""
        return awaits_callback(self._task_types[step.definition["type"]], step.definition)

    async def answer_callback(
        self,
        step: Step,
        inputs: Inputs,
        received: Received,
    ) -> Answer:
        """Return the answer to *received*, a call of the callback URL of *step*'s task."""
        implementation: Any = self._task_types[step.definition["type"]]
        call = self._call(step, inputs)
        answer: Answer = await implementation.answer_callback(call, received)
        return answer

    def _refusal(self, step: Step) -> dict[str, Any] | None:
        """Return the error of a task that waits for a signal, if the run cannot get signals."""
        if self._can_wait:
            return None
        task_type = step.definition["type"]
        pointer = pointer_of(["type"], step.pointer)
        return SettingsError([Problem.of("task-type-waits", pointer, name=task_type)]).to_json()
