"""`HttpTask`: the only path a request takes, in a test and in a run."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from httptask._core.discretion import DiscreetErrors
from httptask._core.pointers import pointer as pointer_of
from httptask._core.sync import run_sync
from httptask._http.syntax import TOKEN, UNSENDABLE, split_url
from httptask.building import located, missing_files, references, url_part, with_contents
from httptask.credentials import (
    Flow,
    Flows,
    NotSentError,
    authorise,
    blamed,
    fitting_problems,
    known_scheme,
    named_credentials,
    resolve,
)
from httptask.errors import (
    CatalogueError,
    ExpressionError,
    Problem,
    SettingsError,
    UnknownEndpointError,
)
from httptask.expressions import Prepared
from httptask.model.exchange import Exchange, OutgoingRequest, SentRequest, StreamedBody
from httptask.model.task import Inputs, TaskResult, TestOptions
from httptask.model.workflow import TaskOutcome
from httptask.sending import (
    BodyFile,
    Delivery,
    LimitedWire,
    Ready,
    RetryRefusal,
    Send,
    Wire,
    allowing,
    deliver,
    masked,
)
from httptask.settings import any_settings_schema, request_problems
from httptask.task._authorising import surroundings
from httptask.task._idempotency import key_of
from httptask.task._judge import Judge
from httptask.task._plan import Plan, WrittenTask, holds_expression, is_error
from httptask.task._runtime import Runtime

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.model.credential import Credential


T = TypeVar("T")

_KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")


class HttpTask:
    """One HTTP task of a workflow definition.

    *definition* is the task as its author wrote it, *name* its name, *pointer* its place in the
    workflow definition (for errors). *runtime* is what tasks share; without one, each call makes
    its own. *endpoint* is the endpoint the task is for; without one, the definition's `endpoint` is
    looked up in the catalogue.

    `problems()` says everything that is wrong without sending; `call` and `acall` run the task;
    `test_request` and `atest_request` run it with sample inputs and return the raw exchange;
    `render` and `arender` show the request only.
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
        self._given_endpoint = endpoint

    def __repr__(self) -> str:
        return f"<HttpTask {self.name!r}>"

    @cached_property
    def runtime(self) -> Runtime:
        """What this task shares with others."""
        return self._given_runtime or Runtime()

    @classmethod
    def of_written(cls, written: WrittenTask, *, name: str, runtime: Runtime) -> HttpTask:
        """Return the task *written*, for who looked at what is written before."""
        task = cls(written.definition, name=name, pointer=written.pointer, runtime=runtime)
        task._plan = written.plan(runtime)
        return task

    @cached_property
    def _plan(self) -> Plan:
        if self._given_endpoint is not None:  # the plan is this task's alone
            return Plan(self.definition, self.pointer, self.runtime, self._given_endpoint)
        return WrittenTask.of(self.definition, self.pointer).plan(self.runtime)

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint the task is for; None for a free-form request. Raises
        `UnknownEndpointError`.
        """
        return self._plan.endpoint

    @property
    def settings_schema(self) -> dict[str, Any]:
        """The JSON Schema 2020-12 of `httpRequest`: derived from the endpoint and refined by
        plugins, or any request's.
        """
        return self._plan.settings_schema

    @settings_schema.setter
    def settings_schema(self, schema: dict[str, Any]) -> None:
        # For who derived it already, for the same endpoint: its validator is kept as long as it is.
        self._plan = Plan(self.definition, self.pointer, self.runtime, self.endpoint)
        self._plan.settings_schema = schema

    def problems(self, shape: Any = None) -> list[Problem]:
        """Return everything wrong with the definition, warnings included; nothing is evaluated or
        sent.

        *shape* is what its `inputParameters` will see, as `document_shape` has it.
        """
        problems = [
            *self._plan.problems,
            *self._plan.unwritable(),
            *self._missing_files(),
            *self._credential_problems(),
        ]
        if shape is None:
            return problems
        at = self._plan.parameters_pointer
        others = [problem for problem in problems if not problem.pointer.startswith(at + "/")]
        return others + self.runtime.evaluator.check(self._plan.field("inputParameters"), at, shape)

    # Run

    async def acall(self, inputs: Inputs | None = None) -> TaskResult:
        """Run the task with *inputs* and return its result.

        Raises the `TaskError` of the class it ended in; it carries the exchange, and the result
        when a response came.
        """
        if self._given_runtime is None:
            return await self._with_a_runtime(lambda task: task.acall(inputs))
        with DiscreetErrors(self.runtime.redactor.text):
            _, delivery = await self._deliver(inputs or Inputs(), self.runtime.body_file)
            return _result(delivery)

    def call(self, inputs: Inputs | None = None) -> TaskResult:
        """`acall`, for sync code."""
        return self._sync(lambda: self.acall(inputs))

    async def arun(self, inputs: Inputs, visit: int = 1) -> TaskOutcome:
        """Run the task as a step of a workflow: `acall`, with the evaluated input parameters beside
        the result.
        """
        with DiscreetErrors(self.runtime.redactor.text):
            parameters, delivery = await self._deliver(inputs, self.runtime.body_file, visit=visit)
            return TaskOutcome(output=_result(delivery).to_json(), input=parameters)

    # Test request

    async def atest_request(
        self, inputs: Inputs | None = None, options: TestOptions | None = None
    ) -> Exchange:
        """Run the task with the sample *inputs* and return the raw exchange, whatever came of it;
        nothing is stored.

        The first plugin that answers `httptask_test_request` runs it. Raises the `TaskError` only
        when nothing was sent.
        """
        if self._given_runtime is None:
            return await self._with_a_runtime(lambda task: task.atest_request(inputs, options))
        plugins, mask = self.runtime.plugins, self.runtime.redactor.text
        with DiscreetErrors(mask), plugins.blaming("httptask_test_request"):
            answer = plugins.hook.httptask_test_request(
                task=self, inputs=inputs or Inputs(), options=options or TestOptions()
            )
            exchange: Exchange = await answer if inspect.isawaitable(answer) else answer
        return exchange

    def test_request(
        self, inputs: Inputs | None = None, options: TestOptions | None = None
    ) -> Exchange:
        """`atest_request`, for sync code."""
        return self._sync(lambda: self.atest_request(inputs, options))

    async def run_test_request(self, inputs: Inputs, options: TestOptions) -> Exchange:
        """Run a test request here: the shipped answer to `httptask_test_request`."""
        folder = options.files
        new_file = BodyFile if folder is None else lambda: BodyFile(lambda: folder)
        _, delivery = await self._deliver(
            inputs, new_file, send_anyway=options.send_anyway, is_test=True
        )
        if delivery.exchange is None:
            raise AssertionError("the exchange of a test request was asked for")
        return delivery.exchange

    # Render

    async def arender(self, inputs: Inputs | None = None) -> SentRequest:
        """Return the request as it would go out, secrets masked; nothing is sent."""
        if self._given_runtime is None:
            return await self._with_a_runtime(lambda task: task.arender(inputs))
        with DiscreetErrors(self.runtime.redactor.text):
            await self._load()
            parameters, request = await self._evaluated(inputs or Inputs(), send_anyway=True)
            ready = await self._ready(
                await self._with_key(await self._built(request), parameters, inputs or Inputs(), 1),
                None,
            )
            return masked(ready.request, ready.plain, self.runtime.redactor)

    def render(self, inputs: Inputs | None = None) -> SentRequest:
        """`arender`, for sync code."""
        return self._sync(lambda: self.arender(inputs))

    def media_type(self) -> str | None:
        """Return the media type that the body is sent as, as far as it is known before the
        expressions are evaluated.
        """
        return self._plan.media_type

    # Inside

    def _missing_files(self) -> list[Problem]:
        """Return a problem for each file that is not there. Not asked when the task runs: it looks
        for them then.
        """
        request = self._plan.field("httpRequest")
        if self._plan.refusal or not isinstance(request, Mapping):
            return []
        known_files = [
            (path, value) for path, value in references(request) if not holds_expression(value)
        ]
        return list(missing_files(known_files, self.runtime.readable, self._plan.request_pointer))

    def _credential_problems(self) -> list[Problem]:
        """Return what is wrong with the credential the task names, or names none. Not asked when it
        runs: the store is.
        """
        written: Any = self.definition
        names, request = self._plan.field("credentials"), self._plan.field("httpRequest")
        if not isinstance(written, Mapping):
            return []
        try:
            endpoint = self.endpoint
        except (UnknownEndpointError, CatalogueError):  # said where the endpoint is named
            return []
        if endpoint is None:
            return []
        return fitting_problems(endpoint, names, request, self.runtime.plugins, self.pointer)

    async def _evaluated(
        self, inputs: Inputs, *, send_anyway: bool = False
    ) -> tuple[Any, dict[str, Any]]:
        """Return the evaluated input parameters and the checked, evaluated, normalised
        `httpRequest`.
        """
        plan = self._plan
        refusal = plan.shape_refusal if send_anyway else plan.refusal
        if refusal:
            raise SettingsError(refusal)
        parameters = await self._parameters(inputs)
        if plan.has_constant_request:
            if send_anyway:
                self._refuse_unsendable(plan.definition["httpRequest"])
            return parameters, plan.constant_settings
        request = await self._request(parameters, inputs)
        if plan.evaluated_groups and not send_anyway:
            # What the expressions yielded is checked strictly now; everything else was when it was
            # read.
            check = plan.check_of_evaluated
            if not check.plainly_allow(request, plan.changing_paths):
                _refuse(check.problems(request))
        if send_anyway:
            self._refuse_unsendable(request)
        return parameters, plan.sendable(request)

    async def _parameters(self, inputs: Inputs) -> Any:
        plan = self._plan
        return await self.runtime.evaluator.evaluate(
            plan.parameters,
            inputs.document(),
            pointer=plan.parameters_pointer,
            run=inputs.run,
        )

    async def _request(self, parameters: Any, inputs: Inputs) -> Any:
        plan = self._plan
        written = plan.definition.get("httpRequest")
        evaluated = await self.runtime.evaluator.evaluate(
            plan.changing_request,
            parameters,
            pointer=plan.request_pointer,
            run=inputs.run,
            escapes={("url",): url_part},
        )
        # One expression may bring all of it, the URL too.
        if not isinstance(written, Mapping):
            return _with_url_escaped(evaluated)
        return {**written, **evaluated}

    def _refuse_unsendable(self, request: Any) -> None:
        """Refuse what no request can hold: what the endpoint's schema says may be waived, that may
        not.
        """
        plan = self._plan
        host_header = self.runtime.allow_host_header
        _refuse(
            request_problems(
                request,
                any_settings_schema(),
                plan.endpoint,
                plan.request_pointer,
                host_header=host_header,
                waived=True,
            )
        )

    async def _deliver(
        self,
        inputs: Inputs,
        new_file: Callable[[], BodyFile],
        *,
        send_anyway: bool = False,
        is_test: bool = False,
        visit: int = 1,
    ) -> tuple[Any, Delivery]:
        await self._load()
        runtime, plan = self.runtime, self._plan
        parameters, request = await self._evaluated(inputs, send_anyway=send_anyway)
        built = await self._built(request)
        built = await self._with_key(built, parameters, inputs, visit)
        judge = None
        if plan.judges_responses:
            judge = Judge(
                plan.definition, plan.endpoint, runtime.evaluator, inputs.run, self.pointer
            )
        wires, retry_refusal = self._wires(inputs, is_test=is_test)
        with allowing(runtime.allowed):
            delivery = await deliver(
                lambda send: self._ready(built, send),
                wires,
                timeouts=plan.timeouts,
                retry=plan.retry,
                limits=runtime.limits,
                redactor=runtime.redactor,
                new_file=new_file,
                reading=plan.reading,
                judge=judge,
                redirects=plan.definition.get("redirects"),
                is_observed=is_test or runtime.plugins.has_observers,
                retry_refusal=retry_refusal,
            )
        exchange = delivery.exchange
        if exchange is not None:
            if send_anyway or plan.only_notes:
                exchange = replace(exchange, settings_problems=plan.waived_problems(request))
                delivery = _with_exchange(delivery, exchange)
            runtime.plugins.tell_observers(exchange, self)
        return parameters, delivery

    def _wires(
        self, inputs: Inputs, *, is_test: bool
    ) -> tuple[Callable[[bool], Wire], RetryRefusal | None]:
        """Return what gives the wire of the running event loop, within the limits of origins, and
        what holds back retries. The task's own limit does not count token requests.
        """
        runtime, plan = self.runtime, self._plan
        limiter, total = runtime.limiter, plan.timeouts.total
        if limiter.is_off and plan.rate is None and plan.field("credentials") is None:
            return lambda _: runtime.connections, None
        # Tasks of one name in several definitions are several tasks.
        scope = f"{inputs.run.get('workflowDefinitionId', '')}/{self.name}"
        deadline = time.monotonic() + total

        def wires(is_token: bool) -> Wire:
            rate = None if is_token else plan.rate
            connections = runtime.connections
            return LimitedWire(connections, limiter, deadline, total, rate, scope, is_test)

        return wires, None if is_test else limiter.retry_refusal

    async def _load(self) -> None:
        """See that the endpoint is known before the plan asks for it: reading a file would hold up
        the event loop.
        """
        endpoint_id = (
            self.definition.get("endpoint") if isinstance(self.definition, Mapping) else None
        )
        if self._given_endpoint is None and isinstance(endpoint_id, str):
            await self.runtime.endpoints.load(endpoint_id)

    async def _built(self, request: Mapping[str, Any]) -> OutgoingRequest:
        """Return the request of the evaluated settings *request*; files that are to become data are
        read for it.
        """
        plan = self._plan
        constant = plan.constant_groups
        others = {name: value for name, value in request.items() if name not in constant}
        if others:
            readable = self.runtime.readable
            request = {**request, **await with_contents(others, readable, plan.request_pointer)}
        return plan.builder.build(request)

    async def _with_key(
        self, built: OutgoingRequest, parameters: Any, inputs: Inputs, visit: int
    ) -> OutgoingRequest:
        """Return *built* with its idempotency key, unless its author wrote the header."""
        plan = self._plan
        header = plan.key_header
        if header is None or built.header(header) is not None:
            return built
        built = built.copy()  # the plan keeps what no run changes
        setting = plan.field("idempotencyKey")
        if not isinstance(setting, str):
            built.set_header(header, key_of(inputs.run.get("workflowId"), self.name, visit))
            return built
        at = pointer_of(["idempotencyKey"], self.pointer)
        key = await self.runtime.evaluator.evaluate(
            Prepared.of(setting), parameters, pointer=at, run=inputs.run
        )
        if isinstance(key, bool) or not isinstance(key, str | int) or not _KEY.fullmatch(str(key)):
            message = f"{at}: an idempotency key is text in ASCII or a whole number, not {key!r}"
            raise ExpressionError(message, expression=setting, pointer=at)
        built.set_header(header, str(key))
        return built

    async def _ready(self, built: OutgoingRequest, send: Send | None) -> Ready:
        """Return *built* as plugins and the credential leave it. Made anew for every attempt, as
        late as possible. *send* sends token requests; None where the request is only shown.
        """
        runtime = self.runtime
        request = built.copy()
        if isinstance(built.body, StreamedBody):
            request = await located(built, runtime.readable)
        credentials = await self._credentials()
        _prepared_by_plugins(self, request)
        if not credentials:
            return Ready(request, request)
        plain = request.copy()
        flows: list[Flow] = []
        for pointer, credential in credentials:
            known = known_scheme(credential, runtime.plugins)
            name = credential.name
            if not known.is_flow and len(credentials) == 1:
                with blamed(name, pointer, runtime.redactor):
                    await authorise(request, credential, known, runtime.redactor, self.endpoint)
                return Ready(request, plain, name)
            lent = surroundings(runtime, name, self.endpoint, pointer, send)
            flows.append(Flow(credential, known, lent))
        together = flows[0] if len(flows) == 1 else Flows(flows)
        try:
            await together.authorise(request)
        except NotSentError:  # it is shown as it is without
            request = plain.copy()
        names = tuple(credential.name for _, credential in credentials)
        return Ready(request, plain, names[0] if len(names) == 1 else names, together)

    async def _credentials(self) -> list[tuple[str, Credential]]:
        """Return the credentials that the task names, each with where it does."""
        runtime, credentials = self.runtime, []
        for pointer, name in named_credentials(self.definition.get("credentials"), self.pointer):
            with blamed(name, pointer, runtime.redactor):
                credential = await resolve(name, runtime.plugins)
            runtime.limiter.know(name, credential.rate_limit)
            for secret in credential.secrets():
                runtime.redactor.add(secret)
            credentials.append((pointer, credential))
        return credentials

    async def _with_a_runtime(self, call: Callable[[HttpTask], Awaitable[T]]) -> T:
        """Make *call* with this task, and a runtime for this call alone."""
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
                # Its connections belong to an event loop that ends here.
                if self._given_runtime is not None:
                    await self._given_runtime.aclose_connections()

        return run_sync(run, "acall, atest_request or arender")


def _prepared_by_plugins(task: HttpTask, request: OutgoingRequest) -> None:
    plugins = task.runtime.plugins
    if not plugins.hook.httptask_prepare_request.get_hookimpls():
        return
    with plugins.blaming("httptask_prepare_request"):
        plugins.hook.httptask_prepare_request(request=request, task=task)
        _check_sendable(request)


def _check_sendable(request: OutgoingRequest) -> None:
    """Raise `ValueError` for what a plugin may have left in *request* that no request can hold."""
    if not isinstance(request.url, str) or split_url(request.url).scheme not in ("http", "https"):
        raise ValueError(f"it left the URL {request.url!r}")
    if (
        not isinstance(request.method, str)
        or not TOKEN.fullmatch(request.method)
        or not isinstance(request.body, bytes | StreamedBody)
    ):
        raise ValueError("it left a method or a body of a wrong type")
    for name, value in request.headers:
        if not TOKEN.fullmatch(name) or UNSENDABLE.search(value):
            raise ValueError(f"it left the header {name!r}, which cannot be sent")


def _refuse(problems: Iterable[Problem]) -> None:
    """Raise `SettingsError` with the errors among *problems*, if there are any."""
    errors = list(filter(is_error, problems))
    if errors:
        raise SettingsError(errors)


def _with_url_escaped(request: Any) -> Any:
    url = request.get("url") if isinstance(request, Mapping) else None
    return {**request, "url": url_part(url)} if isinstance(url, str) else request


def _with_exchange(delivery: Delivery, exchange: Exchange) -> Delivery:
    """Return *delivery* with *exchange*; its error, if there is one, has it too."""
    if delivery.error is not None:
        delivery.error.exchange = exchange
    return replace(delivery, exchange=exchange)


def _result(delivery: Delivery) -> TaskResult:
    if delivery.error is not None:
        raise delivery.error
    if delivery.result is None:
        raise AssertionError("a call without an error has a result")
    return delivery.result
