"""`HttpTask`: every request, of a test and of a run, is sent by this class."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from httptask._core.discretion import DiscreetErrors
from httptask._core.sync import run_sync
from httptask.building import missing_files, references
from httptask.credentials import fitting_problems
from httptask.errors import CatalogueError, Problem, UnknownEndpointError
from httptask.expressions import holds_expression
from httptask.model.exchange import Exchange, SentRequest
from httptask.model.task import Inputs, TaskResult, TestOptions
from httptask.model.workflow import TaskOutcome
from httptask.sending import BodyFile, Delivery, EngineAttempt
from httptask.settings import without_nulls
from httptask.task._callback import CallbackWait, with_placeholder
from httptask.task._callback_test import CallbackTest
from httptask.task._checks import document_shape
from httptask.task._for_each import for_each_problems, parameter_problems, with_item
from httptask.task._items import tested_item
from httptask.task._plan import Plan
from httptask.task._problems import unwritable
from httptask.task._round import RoundWaits, cancel_job, cut_off_reason
from httptask.task._rounds import round_of
from httptask.task._runtime import Runtime
from httptask.task._visit import Visit, answered_before
from httptask.task._written import WrittenTask

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.model.environment import Environment
    from httptask.model.workflow import Signal
    from httptask.task._known import Known


T = TypeVar("T")


class HttpTask:
    """One HTTP task of a workflow definition.

    *definition* is the task as its author wrote it, *name* its name, and *pointer* its JSON Pointer
    in the workflow definition, for errors. *runtime* holds what tasks share; without a runtime,
    each call makes a new one. *endpoint* is the endpoint that the task calls; without it, the
    definition's `endpoint` is looked up in the catalogue.

    `problems` validates the task without sending anything; `call` and `acall` run the task;
    `test_request` and `atest_request` run it with sample inputs and return the raw exchange;
    `render` and `arender` return the request without sending it.
    """

    def __init__(
        self,
        definition: Mapping[str, Any],
        *,
        name: str = "",
        pointer: str = "",
        runtime: Runtime | None = None,
        endpoint: Endpoint | None = None,
    ) -> None:
        self.definition = definition
        self.name = name
        self.pointer = pointer
        self._given_runtime = runtime
        if runtime is not None:
            # Set here, not in the cached property: that takes a lock, and a run makes many tasks.
            self.runtime = runtime
        self._given_endpoint = endpoint

    def __repr__(self) -> str:
        return f"<HttpTask {self.name!r}>"

    @cached_property
    def runtime(self) -> Runtime:
        """The connections, plugins and caches that tasks share."""
        return Runtime()

    @classmethod
    def of_written(
        cls,
        written: WrittenTask,
        *,
        name: str,
        runtime: Runtime,
    ) -> HttpTask:
        """Return the task of *written*, with the plan that *runtime* may have cached."""
        task = cls(
            written.definition,
            name=name,
            pointer=written.pointer,
            runtime=runtime,
        )
        task.plan = written.plan(runtime)
        return task

    @cached_property
    def plan(self) -> Plan:
        """The compiled task."""
        if self._given_endpoint is not None:  # not cached: the key would lack the endpoint
            return Plan(self.definition, self.pointer, self.runtime, self._given_endpoint)
        return WrittenTask.of(self.definition, self.pointer).plan(self.runtime)

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint that the task calls; None for a free-form request.

        Raises `UnknownEndpointError`.
        """
        return self.plan.endpoint

    @property
    def settings_schema(self) -> dict[str, Any]:
        """The JSON Schema 2020-12 of `httpRequest`.

        It is derived from the endpoint and refined by plugins; without an endpoint, it describes
        any request.
        """
        return self.plan.settings_schema

    @settings_schema.setter
    def settings_schema(self, schema: dict[str, Any]) -> None:
        # For a caller that has already derived the schema of this endpoint: validators are cached
        # by the schema object, so the same object saves compiling it again.
        self.plan = Plan(self.definition, self.pointer, self.runtime, self.endpoint)
        self.plan.settings_schema = schema

    def problems(self, known: Known | None = None) -> list[Problem]:
        """Return all problems of the definition, warnings included; nothing is evaluated or sent.

        *known* holds the facts about the workflow definition around the task.
        """
        environment = known.environment if known is not None else None
        shape = document_shape() if known is None else known.shape
        problems = [
            *self.plan.problems,
            *unwritable(self.plan),
            *self._missing_files(),
            *self._credential_problems(environment),
        ]
        if known is None:
            return [*problems, *self._for_each_problems(shape)]
        # The workflow definition decides which names the expressions of `inputParameters` may use:
        # check them again.
        other_problems = [
            problem for problem in problems if problem not in self.plan.parameter_problems
        ]
        parameter_problems = self.runtime.evaluator.check(
            self.plan.field("inputParameters"),
            self.plan.parameters_pointer,
            with_item(shape, self.definition),
        )
        return [*other_problems, *parameter_problems, *self._for_each_problems(shape)]

    # Run

    async def acall(self, inputs: Inputs | None = None) -> TaskResult:
        """Run the task with *inputs* and return its result.

        Raises a `TaskError` if the task fails; it carries the exchange, and the result if there was
        a response.
        """
        if self._given_runtime is None:
            return await self._with_a_runtime(lambda task: task.acall(inputs))
        with DiscreetErrors(self.runtime.redactor.text):
            visit = Visit(self, inputs or Inputs(), self.runtime.body_file)
            return _result(await self._deliver(visit))

    def call(self, inputs: Inputs | None = None) -> TaskResult:
        """Do what `acall` does, in synchronous code."""
        return self._sync(lambda: self.acall(inputs))

    async def arun(
        self,
        inputs: Inputs,
        visit: int = 1,
        state: Any = None,
        signal: Signal | None = None,
        *,
        engine_attempt: EngineAttempt | None = None,
        longest_wait_seconds: float = math.inf,
        page_by_page: bool = False,
        hands_on_start: bool = False,
    ) -> TaskOutcome:
        """Run the task as a step of a workflow. The outcome has its evaluated input parameters.

        *state*: where an earlier process left a task of several calls (`round_state` of its
        progress); pages collected before are not collected again. With a state of `cut_off_state`,
        nothing is sent, and the task fails with what was collected.

        *engine_attempt*: the one attempt to make, for an engine that retries itself; a task of
        several calls still retries each call.

        *longest_wait_seconds*: if the next poll is later than this, the outcome has `wait_until`
        and a state instead of a result. *page_by_page*: the same after each page of a task with
        `pagination`; `part` of the state holds what the page added, and the last outcome does not
        repeat it. *hands_on_start*: the same after the request that starts a job (`completion`), so
        that the job's URL can be stored before the first poll.

        A task that waits for a callback returns an outcome that awaits a signal. Run it again with
        that outcome's *state* and the *signal*, or without a signal when the time is over.
        """
        with DiscreetErrors(self.runtime.redactor.text):
            wait = CallbackWait.of(self, inputs)
            if wait is not None and state is not None:
                await wait.prepare()
                return await wait.ended(state, signal)
            began = time.time()
            own_visit = Visit(
                self,
                inputs,
                self.runtime.body_file,
                number=visit,
                engine_attempt=engine_attempt,
                longest_wait_seconds=longest_wait_seconds,
                page_by_page=page_by_page,
                hands_on_start=hands_on_start,
                answered=answered_before(state),
            )
            try:
                result = _result(await self._deliver(own_visit, state))
            except RoundWaits as pause:
                until = datetime.now(UTC) + timedelta(seconds=pause.wait_seconds)
                return TaskOutcome(wait_until=until.isoformat(), state=pause.state)
            parameters = own_visit.parameters
            outcome = await wait.waiting(result, parameters, began) if wait is not None else None
            return outcome or TaskOutcome(output=result.to_json(), input=parameters)

    async def acancel_job(self, inputs: Inputs, state: Any) -> None:
        """Cancel the job that an earlier process left in *state*, as the setting `cancel` says.

        The time is limited, and a failure is ignored, as when a run is stopped during `arun`.
        """
        with DiscreetErrors(self.runtime.redactor.text):
            visit = Visit(self, inputs, self.runtime.body_file)
            await visit.begin()
            calls = await round_of(self, visit, state)
            if calls is not None:
                await cancel_job(visit, calls)

    # Test request

    async def atest_request(
        self,
        inputs: Inputs | None = None,
        options: TestOptions | None = None,
    ) -> Exchange:
        """Run the task with the sample *inputs* and return the raw exchange, success or not.

        Nothing is stored. The first plugin that answers `httptask_test_request` runs the test,
        unless the task is pinned. Raises a `TaskError` only if nothing was sent.
        """
        if self._given_runtime is None:
            return await self._with_a_runtime(lambda task: task.atest_request(inputs, options))
        plugins = self.runtime.plugins
        mask = self.runtime.redactor.text
        # A pin answers the request, so it does not matter from which network it would be sent.
        if inputs is not None and inputs.pin is not None:
            with DiscreetErrors(mask):
                return await self.run_test_request(inputs, options or TestOptions())
        with DiscreetErrors(mask), plugins.blaming("httptask_test_request"):
            answer = plugins.hook.httptask_test_request(
                task=self,
                inputs=inputs or Inputs(),
                options=options or TestOptions(),
            )
            exchange: Exchange = await answer if inspect.isawaitable(answer) else answer
        return exchange

    def test_request(
        self,
        inputs: Inputs | None = None,
        options: TestOptions | None = None,
    ) -> Exchange:
        """Do what `atest_request` does, in synchronous code."""
        return self._sync(lambda: self.atest_request(inputs, options))

    async def run_test_request(self, inputs: Inputs, options: TestOptions) -> Exchange:
        """Run a test request in this process: the built-in answer to `httptask_test_request`."""
        folder = options.files
        new_file = BodyFile if folder is None else lambda: BodyFile(lambda: folder)
        inputs, number = await tested_item(self, inputs)
        with CallbackTest.of(self, inputs, options.callbacks) as test:
            began = time.time()
            if test is not None:
                inputs = test.inputs
            visit = Visit(self, inputs, new_file, send_anyway=options.send_anyway, is_test=True)
            delivery = await self._deliver(visit)
            if delivery.exchange is None:
                raise AssertionError("the exchange of a test request was asked for")
            exchange = delivery.exchange
            if test is not None:
                exchange = await test.ended(exchange, delivery, visit.parameters, began)
        return exchange if number is None else replace(exchange, item=number)

    # Render

    async def arender(self, inputs: Inputs | None = None) -> SentRequest:
        """Return the request that would be sent, secrets masked; nothing is sent."""
        if self._given_runtime is None:
            return await self._with_a_runtime(lambda task: task.arender(inputs))
        with DiscreetErrors(self.runtime.redactor.text):
            inputs, _ = await tested_item(self, inputs or Inputs())
            inputs = with_placeholder(inputs, self.definition)
            visit = Visit(self, inputs, send_anyway=True)
            await visit.begin()
            return await visit.shown()

    def render(self, inputs: Inputs | None = None) -> SentRequest:
        """Do what `arender` does, in synchronous code."""
        return self._sync(lambda: self.arender(inputs))

    def media_type(self) -> str | None:
        """Return the media type of the body; None if it is unknown before the evaluation."""
        return self.plan.media_type

    # Inside

    def _for_each_problems(self, shape: Any) -> list[Problem]:
        """Return the problems of `forEach`, whose expressions read data of *shape*."""
        definition: Any = self.definition
        if not isinstance(definition, Mapping):
            return []
        task = without_nulls(definition)
        check = self.runtime.evaluator.check
        files = self.runtime.readable
        setting_problems = for_each_problems(
            task,
            self.pointer,
            lambda value, pointer: check(value, pointer, shape),
            files,
        )
        return [*setting_problems, *parameter_problems(task, self.pointer)]

    def _missing_files(self) -> list[Problem]:
        """Return a problem for each missing file.

        For validation only: a run finds missing files itself.
        """
        request = self.plan.field("httpRequest")
        if self.plan.refusal or not isinstance(request, Mapping):
            return []
        constant_references = [
            (path, value) for path, value in references(request) if not holds_expression(value)
        ]
        return list(
            missing_files(constant_references, self.runtime.readable, self.plan.request_pointer)
        )

    def _credential_problems(self, environment: Environment | None) -> list[Problem]:
        """Return problems if the named credentials do not fit the endpoint, or are missing.

        For validation only: a run asks the store.
        """
        definition: Any = self.definition
        names = self.plan.field("credentials")
        request = self.plan.field("httpRequest")
        if environment is not None:
            names = environment.credential_names(names)
        if not isinstance(definition, Mapping):
            return []
        try:
            endpoint = self.endpoint
        except (UnknownEndpointError, CatalogueError):  # `plan.problems` reports it
            return []
        if endpoint is None:
            return []
        return fitting_problems(endpoint, names, request, self.runtime.plugins, self.pointer)

    async def load(self) -> None:
        """Read the endpoint in a thread, before the plan needs it: a file blocks the event loop."""
        endpoint_id = self.plan.field("endpoint")
        if self._given_endpoint is None and isinstance(endpoint_id, str):
            await self.runtime.endpoints.load(endpoint_id)

    async def _deliver(self, visit: Visit, state: Any = None) -> Delivery:
        """Make *visit*, from the *state* in which an earlier process left it."""
        plan = self.plan
        if plan.is_one_call:
            await visit.begin()
            return await visit.run()
        wait = CallbackWait.of(self, visit.inputs)
        if wait is not None and not plan.refusal:
            await wait.prepare()
        await visit.begin()
        calls = await round_of(self, visit, state)
        return await visit.run(calls, continues=state is not None, cut_off=cut_off_reason(state))

    async def _with_a_runtime(self, call: Callable[[HttpTask], Awaitable[T]]) -> T:
        """Call *call* with a copy of this task that has a new runtime, closed afterwards."""
        async with Runtime() as runtime:
            task = HttpTask(
                self.definition,
                name=self.name,
                pointer=self.pointer,
                runtime=runtime,
                endpoint=self._given_endpoint,
            )
            return await call(task)

    def _sync(self, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            try:
                return await start()
            finally:
                # The runtime's connections belong to the event loop, which ends with this call.
                if self._given_runtime is not None:
                    await self._given_runtime.aclose_connections()

        return run_sync(run, "acall, atest_request or arender")


def _result(delivery: Delivery) -> TaskResult:
    """Return the result of *delivery*, or raise its error."""
    if delivery.error is not None:
        raise delivery.error
    if delivery.result is None:
        raise AssertionError("a call without an error has a result")
    return delivery.result
