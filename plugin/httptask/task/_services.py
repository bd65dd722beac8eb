"""The services of a task: the implementation of `httptask.protocols.TaskServices`."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from httptask._core.discretion import DiscreetErrors
from httptask.model.callback import Answer, Received
from httptask.model.for_each import item_names
from httptask.task._callback import CallbackWait
from httptask.task._for_each import for_each_problems
from httptask.task._http_task import HttpTask
from httptask.task._known import Known
from httptask.task._written import WrittenTask

if TYPE_CHECKING:
    from httptask.errors import Problem
    from httptask.model.task import Inputs
    from httptask.model.workflow import TaskOutcome
    from httptask.protocols import TaskCall, TaskCheck
    from httptask.task._runtime import Runtime


_ANY = Known()
"""No facts about the definition: expressions may name anything."""


class Services:
    """The services of *runtime* for a task that starts with *inputs*.

    See `httptask.protocols.TaskServices`. *known* holds the facts about the whole definition, to
    find expressions that name something missing.
    """

    def __init__(self, runtime: Runtime, inputs: Inputs, known: Known | None = None) -> None:
        self._runtime = runtime
        self._inputs = inputs
        self._known = known or _ANY
        self._item_names: Mapping[str, None] = {}

    def http_problems(self, check: TaskCheck) -> Sequence[Problem]:
        """Return all problems of an HTTP task."""
        task = HttpTask(
            check.definition, name=check.name, pointer=check.pointer, runtime=self._runtime
        )
        return task.problems(self._known)

    def for_each_problems(self, check: TaskCheck) -> Sequence[Problem]:
        """Return the problems of the `forEach` of a task of any type."""
        task, pointer = check.definition, check.pointer
        files = self._runtime.readable
        return list(for_each_problems(task, pointer, self.expression_problems, files))

    def of_item(self, definition: Mapping[str, Any]) -> Services:
        """Return services for the task *definition* whose expressions may name the item."""
        services = Services(self._runtime, self._inputs, self._known)
        services._item_names = dict.fromkeys(item_names(definition))
        return services

    def expression_problems(self, value: Any, pointer: str) -> Sequence[Problem]:
        """Return the problems of the expressions in *value*: their syntax, and unknown names."""
        shape = {**self._known.shape, **self._item_names}
        return self._runtime.evaluator.check(value, pointer, shape)

    async def evaluate(self, value: Any, data: Any, pointer: str) -> Any:
        """Return *value* with its expressions evaluated over *data*."""
        return await self._runtime.evaluator.evaluate(
            value, data, pointer=pointer, run=self._inputs.run
        )

    def prepare_http(self, task: TaskCheck | TaskCall) -> PreparedHttp:
        """Return the task, which is compiled at its first visit."""
        return PreparedHttp(task.definition, task.pointer, task.name)

    def call_http(self, call: TaskCall) -> Coroutine[Any, Any, TaskOutcome]:
        """Run an HTTP task."""
        task = self._http_task(call)
        return task.arun(call.inputs, call.visit, call.state, call.signal)

    async def answer_callback(self, call: TaskCall, received: Received) -> Answer:
        """Return the answer to *received*, a call of the callback URL of an HTTP task."""
        task = self._http_task(call)
        with DiscreetErrors(self._runtime.redactor.text):
            await task.load()
            wait = CallbackWait.of(task, call.inputs)
            if wait is None:
                return Answer(404)
            return await wait.answer(received)

    def _http_task(self, call: TaskCall) -> HttpTask:
        prepared = call.prepared
        if (
            not isinstance(prepared, PreparedHttp)
            or prepared.definition is not call.definition
            or prepared.name != call.name
        ):
            # A plugin's task type may pass a changed definition on to this service.
            prepared = self.prepare_http(call)
        return prepared.task(self._runtime)


class PreparedHttp:
    """The HTTP task *name* of a definition, compiled once for visits and items at the same time.

    Between visits the runtime keeps its plan, and limits how many plans there are. The plan of a
    task that is too long for that is kept here: definitions have a limit of their own.
    """

    def __init__(self, definition: Mapping[str, Any], pointer: str, name: str) -> None:
        self.definition = definition
        self.name = name
        self._written = WrittenTask.of(definition, pointer)
        self._names_endpoint = self._written.names_endpoint
        self._compiled: tuple[Hashable, Callable[[], HttpTask | None]] = (None, lambda: None)

    def task(self, runtime: Runtime) -> HttpTask:
        """Return the task; it is compiled again when the catalogue of *runtime* has changed."""
        version = runtime.endpoints.version_for(names_endpoint=self._names_endpoint)
        compiled_version, compiled = self._compiled
        task = compiled()
        if task is None or task.runtime is not runtime or compiled_version != version:
            task = HttpTask.of_written(self._written, name=self.name, runtime=runtime)
            new = task
            is_kept = self._written.text is not None
            self._compiled = version, weakref.ref(new) if is_kept else lambda: new
        return task
