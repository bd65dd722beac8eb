"""`HttpTask`: the only path a request takes, in a test and in a run."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from httptask import _packaged
from httptask._discretion import discreet_errors
from httptask._json import deeper_than
from httptask._json import pointer as pointer_of
from httptask._redaction import secret_part
from httptask._sync import run_sync
from httptask._syntax import TOKEN, UNSENDABLE, split_url
from httptask.building import (
    build,
    data_places,
    located,
    missing_files,
    references,
    url_part,
    with_contents,
    with_values,
)
from httptask.credentials import authorise, fitting_problems, resolve
from httptask.errors import (
    CatalogueError,
    CredentialError,
    Problem,
    SettingsError,
    UnknownEndpointError,
)
from httptask.expressions import has_expression
from httptask.model.exchange import Exchange, OutgoingRequest, SentRequest, StreamedBody
from httptask.model.policy import RetryPolicy, Timeouts
from httptask.model.task import Inputs, Reading, TaskResult, TestOptions
from httptask.model.workflow import TaskOutcome
from httptask.sending import BodyFile, Delivery, Ready, allowing, deliver, masked
from httptask.settings import (
    any_settings_schema,
    focused,
    foreseen,
    header_names,
    normalised,
    refine,
    request_problems,
    schema_problems,
    secrets_below,
    settings_schema,
    task_warnings,
    undescribed_settings_schema,
    with_media_type,
    without_nulls,
)
from httptask.task._judge import Judge, judging_problems, reading_problems
from httptask.task._runtime import Runtime

if TYPE_CHECKING:
    from httptask.model.api import Endpoint


T = TypeVar("T")


class HttpTask:
    """One HTTP task of a workflow definition.

    *definition* is the task as its author wrote it, *name* its name, *pointer* its place in the workflow definition (for
    errors). *runtime* is what tasks share; without one, each call makes its own. *endpoint* is the endpoint the task is for;
    without one, the definition's `endpoint` is looked up in the catalogue.

    `problems()` says everything that is wrong without sending; `call` and `acall` run the task; `test_request` and
    `atest_request` run it with sample inputs and return the raw exchange; `render` and `arender` show the request only.
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

    @cached_property
    def endpoint(self) -> Endpoint | None:
        """The endpoint the task is for; None for a free-form request. Raises `UnknownEndpointError`."""
        if self._given_endpoint is not None:
            return self._given_endpoint
        endpoint_id = self.definition.get("endpoint")
        return self.runtime.endpoint(endpoint_id) if isinstance(endpoint_id, str) else None

    @cached_property
    def settings_schema(self) -> dict[str, Any]:
        """The JSON Schema 2020-12 of `httpRequest`: derived from the endpoint and refined by plugins, or any request's."""
        if self.endpoint is None:
            return undescribed_settings_schema()
        schema = settings_schema(self.endpoint)
        refine(schema, self.endpoint, self.runtime.plugins)
        return schema

    def problems(self, shape: Any = None) -> list[Problem]:
        """Return everything wrong with the definition, warnings included; nothing is evaluated or sent.

        *shape* is what its `inputParameters` will see, as `document_shape` has it.
        """
        found = [*self._problems, *self._unwritable(), *self._missing_files(), *self._credential_problems()]
        if shape is None:
            return found
        at = pointer_of(["inputParameters"], self.pointer)
        others = [problem for problem in found if not problem.pointer.startswith(at + "/")]
        return others + self.runtime.evaluator.check(self._field("inputParameters"), at, shape)

    # Run

    async def acall(self, inputs: Inputs | None = None) -> TaskResult:
        """Run the task with *inputs* and return its result.

        Raises the `TaskError` of the class it ended in; it carries the exchange, and the result when a response came.
        """
        async with self._running() as task:
            with discreet_errors(task.runtime.redactor.text):
                return _result((await task._deliver(inputs or Inputs(), task.runtime.body_file))[1])

    def call(self, inputs: Inputs | None = None) -> TaskResult:
        """`acall`, for sync code."""
        return self._sync(lambda: self.acall(inputs))

    async def arun(self, inputs: Inputs) -> TaskOutcome:
        """Run the task as a step of a workflow: `acall`, with the evaluated input parameters beside the result."""
        with discreet_errors(self.runtime.redactor.text):
            parameters, delivery = await self._deliver(inputs, self.runtime.body_file)
            return TaskOutcome(output=_result(delivery).to_json(), input=parameters)

    # Test request

    async def atest_request(self, inputs: Inputs | None = None, options: TestOptions | None = None) -> Exchange:
        """Run the task with the sample *inputs* and return the raw exchange, whatever came of it; nothing is stored.

        The first plugin that answers `httptask_test_request` runs it. Raises the `TaskError` only when nothing was sent.
        """
        async with self._running() as task:
            plugins = task.runtime.plugins
            with discreet_errors(task.runtime.redactor.text), plugins.blaming("httptask_test_request"):
                answer = plugins.hook.httptask_test_request(
                    task=task, inputs=inputs or Inputs(), options=options or TestOptions()
                )
                exchange: Exchange = await answer if inspect.isawaitable(answer) else answer
            return exchange

    def test_request(self, inputs: Inputs | None = None, options: TestOptions | None = None) -> Exchange:
        """`atest_request`, for sync code."""
        return self._sync(lambda: self.atest_request(inputs, options))

    async def run_test_request(self, inputs: Inputs, options: TestOptions) -> Exchange:
        """Run a test request here: the shipped answer to `httptask_test_request`."""
        folder = options.files
        new_file = BodyFile if folder is None else lambda: BodyFile(lambda: folder)
        _, delivery = await self._deliver(inputs, new_file, send_anyway=options.send_anyway)
        return delivery.exchange

    # Render

    async def arender(self, inputs: Inputs | None = None) -> SentRequest:
        """Return the request as it would go out, secrets masked; nothing is sent."""
        async with self._running() as task:
            with discreet_errors(task.runtime.redactor.text):
                _, request = await task._evaluated(inputs or Inputs(), send_anyway=True)
                ready = await task._ready(await task._built(request))
                return masked(ready.request, ready.plain, task.runtime.redactor)

    def render(self, inputs: Inputs | None = None) -> SentRequest:
        """`arender`, for sync code."""
        return self._sync(lambda: self.arender(inputs))

    def media_type(self) -> str | None:
        """Return the media type that the body is sent as, as far as it is known before the expressions are evaluated."""
        request = self._field("httpRequest")
        if self._shape_refusal or not isinstance(request, Mapping):
            return None
        try:
            schema, endpoint = self.settings_schema, self.endpoint
        except CatalogueError:
            return None
        return foreseen(normalised(request, self._header_names), schema, endpoint)

    # Inside

    @property
    def _request_pointer(self) -> str:
        return pointer_of(["httpRequest"], self.pointer)

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        written: Any = self.definition
        if not isinstance(written, Mapping):
            return (Problem(self.pointer, "expected a task, which is an object"),)
        definition = without_nulls(written)
        if deeper_than(definition, self.runtime.limits.json_depth // 2):
            return (Problem(self.pointer, "the task is nested too deeply to be checked"),)
        found = schema_problems(_task_schema(), definition, self.pointer)
        try:
            schema, endpoint = self.settings_schema, self.endpoint
        except UnknownEndpointError as error:
            near = error.nearest[0] if error.nearest else None
            message = f"no endpoint {error.endpoint_id!r} in the catalogue; find one with `httptask search WORDS`"
            found.append(Problem(pointer_of(["endpoint"], self.pointer), message, suggestion=near))
            schema, endpoint = any_settings_schema(), None
        except CatalogueError as error:
            found.append(Problem(pointer_of(["endpoint"], self.pointer), str(error)))
            schema, endpoint = any_settings_schema(), None
        if "httpRequest" in definition:
            found += self._request_problems(definition["httpRequest"], schema, endpoint, expressions=True)
        found += task_warnings(written, self.pointer)
        check, parameters = self.runtime.evaluator.check, definition.get("inputParameters", {})
        found += check(parameters, pointer_of(["inputParameters"], self.pointer), document_shape())
        found += secrets_below(parameters, pointer_of(["inputParameters"], self.pointer))
        # What the request's expressions see is written right beside them.
        shape = dict.fromkeys(parameters) if isinstance(parameters, Mapping) else None
        found += check(definition.get("httpRequest"), self._request_pointer, shape)
        found += judging_problems(definition, endpoint, self.runtime.evaluator, self.pointer)
        found += reading_problems(definition, self.pointer)
        return tuple(found)

    @property
    def _only_notes(self) -> bool:
        """Whether what only the endpoint's schema refuses is sent as it is written, with a note."""
        return bool(self._field("checkSettings") == "note")

    def _sendable(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings *request* as they are written: without nulls, and with the media type of their body."""
        plain = normalised(request, self._header_names)
        return with_media_type(plain, self.settings_schema, self.endpoint) if self.endpoint is not None else plain

    def _request_problems(
        self, request: Any, schema: Mapping[str, Any], endpoint: Endpoint | None, **how: Any
    ) -> list[Problem]:
        """Return what is wrong with *request*; what only *endpoint* refuses is a warning where the task asks for notes."""
        how |= {"at": self._request_pointer, "host_header": self.runtime.allow_host_header}
        found = request_problems(request, schema, endpoint, **how)
        if not self._only_notes or endpoint is None:
            return found
        errors = [each for each in request_problems(request, schema, endpoint, waived=True, **how) if _is_error(each)]
        noted = [replace(each, severity="warning") for each in found if each not in errors]
        return errors + noted

    def _waived_problems(self, request: Any) -> tuple[Problem, ...]:
        """Return what the endpoint says against *request*, the evaluated settings, that are sent all the same."""
        if self.endpoint is None:
            return ()
        found = request_problems(request, self.settings_schema, self.endpoint, self._request_pointer, host_header=True)
        mask = self.runtime.redactor.text
        return tuple(replace(each, message=mask(each.message)) for each in found if _is_error(each))

    def _unwritable(self) -> Sequence[Problem]:
        """Return what of the settings has no form on the wire, where no expression has to be evaluated before. Not asked when
        the task runs: it is written then.
        """
        if self._refusal or self._evaluated_groups:
            return ()
        request = self._sendable(self.definition["httpRequest"])
        request = with_values(request, {path: "-" for path, _ in data_places(request)})  # no file is read for this
        try:
            build(request, self.endpoint, self._request_pointer)
        except SettingsError as error:
            return error.problems
        return ()

    def _missing_files(self) -> list[Problem]:
        """Return a problem for each file that is not there. Not asked when the task runs: it looks for them then."""
        request = self._field("httpRequest")
        if self._refusal or not isinstance(request, Mapping):
            return []
        places = [(path, value) for path, value in references(request) if not _holds_expression(value)]
        return list(missing_files(places, self.runtime.readable, self._request_pointer))

    def _credential_problems(self) -> list[Problem]:
        """Return what is wrong with the credential the task names, or names none. Not asked when it runs: the store is."""
        written: Any = self.definition
        name, request = self._field("credentials"), self._field("httpRequest")
        if not isinstance(written, Mapping) or (name is not None and not isinstance(name, str)):
            return []
        try:
            endpoint = self.endpoint
        except (UnknownEndpointError, CatalogueError):  # said where the endpoint is named
            return []
        if endpoint is None:
            return []
        return fitting_problems(endpoint, name, request, self.runtime.plugins, self.pointer)

    def _field(self, name: str) -> Any:
        written: Any = self.definition
        return written.get(name) if isinstance(written, Mapping) else None

    @cached_property
    def _refusal(self) -> tuple[Problem, ...]:
        return tuple(filter(_is_error, self._problems))

    @cached_property
    def _shape_refusal(self) -> tuple[Problem, ...]:
        """What is wrong with the task whatever its endpoint says."""
        written: Any = self.definition
        if not isinstance(written, Mapping):
            return self._problems
        return tuple(schema_problems(_task_schema(), without_nulls(written), self.pointer))

    @cached_property
    def _evaluated_groups(self) -> frozenset[str]:
        """The names of `httpRequest` whose values hold expressions."""
        request = self.definition.get("httpRequest")
        if not isinstance(request, Mapping):  # one expression for all of it, or nothing that could be sent
            return frozenset(any_settings_schema()["properties"])
        groups = frozenset(name for name, value in request.items() if _holds_expression(value))
        # Query values may stand in the URL's text too: the two are looked at together.
        together = "url" in groups or ("query" in groups and "?" in str(request.get("url")))
        return groups | {"url", "query"} if together else groups

    @cached_property
    def _schema_of_evaluated(self) -> dict[str, Any]:
        return focused(self.settings_schema, self._evaluated_groups)

    @cached_property
    def _header_names(self) -> dict[str, str]:
        return header_names(self.settings_schema)

    async def _evaluated(self, inputs: Inputs, *, send_anyway: bool = False) -> tuple[Any, dict[str, Any]]:
        """Return the evaluated input parameters and the checked, evaluated, normalised `httpRequest`."""
        refusal = self._shape_refusal if send_anyway else self._refusal
        if refusal:
            raise SettingsError(refusal)
        evaluate = self.runtime.evaluator.evaluate
        at = pointer_of(["inputParameters"], self.pointer)
        given = self.definition.get("inputParameters") or {}
        parameters = await evaluate(given, inputs.document(), pointer=at, run=inputs.run)
        at = self._request_pointer
        request = await evaluate(
            self.definition.get("httpRequest"), parameters, pointer=at, run=inputs.run, escapes={("url",): url_part}
        )
        if isinstance(self.definition.get("httpRequest"), str):  # one expression brings all of it, the URL too
            request = _with_url_escaped(request)
        if self._evaluated_groups and not send_anyway:
            # What the expressions yielded is checked strictly now; everything else was when it was read.
            groups, schema = self._evaluated_groups, self._schema_of_evaluated
            found = self._request_problems(request, schema, self.endpoint, groups=groups)
            if problems := list(filter(_is_error, found)):
                raise SettingsError(problems)
        if send_anyway:
            # What the endpoint's schema says may be waived; that it is a request that can be sent may not.
            host_header = self.runtime.allow_host_header
            found = request_problems(
                request, any_settings_schema(), self.endpoint, at, host_header=host_header, waived=True
            )
            if errors := list(filter(_is_error, found)):
                raise SettingsError(errors)
        return parameters, self._sendable(request)

    async def _deliver(
        self, inputs: Inputs, new_file: Callable[[], BodyFile], *, send_anyway: bool = False
    ) -> tuple[Any, Delivery]:
        runtime, definition = self.runtime, self.definition
        parameters, request = await self._evaluated(inputs, send_anyway=send_anyway)
        built = await self._built(request)
        judge = Judge(definition, self.endpoint, runtime.evaluator, inputs.run, self.pointer)
        with allowing(runtime.allowed):
            delivery = await deliver(
                lambda: self._ready(built),
                runtime.connections,
                timeouts=Timeouts.of_task(definition),
                retry=RetryPolicy.of_task(definition),
                limits=runtime.limits,
                redactor=runtime.redactor,
                new_file=new_file,
                reading=Reading.of_task(definition),
                judge=judge if judge.is_needed else None,
                redirects=definition.get("redirects"),
            )
        if send_anyway or self._only_notes:
            delivery = _with_problems(delivery, self._waived_problems(request))
        self.runtime.plugins.tell_observers(delivery.exchange, self)
        return parameters, delivery

    async def _built(self, request: Mapping[str, Any]) -> OutgoingRequest:
        """Return the request of the evaluated settings *request*; files that are to become data are read for it."""
        at = self._request_pointer
        return build(await with_contents(request, self.runtime.readable, at), self.endpoint, at)

    async def _ready(self, built: OutgoingRequest) -> Ready:
        """Return *built* as plugins and the credential leave it. Made anew for every attempt, as late as possible."""
        runtime = self.runtime
        request = await located(built, runtime.readable)
        name = self.definition.get("credentials")
        credential = None
        if name is not None:
            credential = await self._blaming_credentials(resolve(name, runtime.plugins))
            for secret in credential.secrets():
                runtime.redactor.add(secret)
        _prepared_by_plugins(self, request)
        plain = request.copy()
        if credential is not None:
            await self._blaming_credentials(authorise(request, credential, runtime.plugins, self.endpoint))
            for header, value in request.headers:
                if (header, value) not in plain.headers:  # what the scheme made of the secret is one too
                    runtime.redactor.add_derived(secret_part(header, value, plain.header(header))[1])
        return Ready(request, plain, name)

    async def _blaming_credentials(self, work: Awaitable[T]) -> T:
        """Wait for *work*; a `CredentialError` of it says where the credential is named."""
        try:
            return await work
        except CredentialError as error:
            message = self.runtime.redactor.text(error.message)  # a scheme may quote what it was given
            error.message = f"{pointer_of(['credentials'], self.pointer)}: {message}"
            error.args = (error.message,)
            raise

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[HttpTask]:
        """Give the task that makes a call: this one, or, without a runtime to share, one with a runtime for this call."""
        if self._given_runtime is not None:
            yield self
            return
        async with Runtime() as runtime:
            yield HttpTask(
                self.definition, name=self.name, pointer=self.pointer, runtime=runtime, endpoint=self._given_endpoint
            )

    def _sync(self, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            try:
                return await start()
            finally:
                if self._given_runtime is not None:  # its connections belong to an event loop that ends here
                    await self._given_runtime.aclose_connections()

        return run_sync(run, "acall, atest_request or arender")


def document_shape(task_names: Iterable[str] | None = None) -> dict[str, Any]:
    """Return what is known of the document expressions see: its names, and those of the tasks where they are known."""
    of_task = {"input": None, "output": None}
    tasks = dict.fromkeys(task_names, of_task) if task_names is not None else None
    return {"input": None, "tasks": tasks, "variables": None}


@cache
def _task_schema() -> dict[str, Any]:
    """Return the schema of an HTTP task but for its `httpRequest`, of which the settings schema has more to say."""
    schema = _packaged.schema("http-task")
    about_others = {name: each for name, each in schema.items() if name not in ("if", "else")}
    return focused(about_others, schema["properties"].keys() - {"httpRequest"})


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


def _with_url_escaped(request: Any) -> Any:
    url = request.get("url") if isinstance(request, Mapping) else None
    return {**request, "url": url_part(url)} if isinstance(url, str) else request


def _holds_expression(value: Any) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if has_expression(item):
                return True
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return False


def _is_error(problem: Problem) -> bool:
    return problem.severity == "error"


def _with_problems(delivery: Delivery, problems: tuple[Problem, ...]) -> Delivery:
    """Return *delivery* whose exchange, its error's too, says what the endpoint's schema had against the settings."""
    exchange = replace(delivery.exchange, settings_problems=problems)
    if delivery.error is not None:
        delivery.error.exchange = exchange
    return replace(delivery, exchange=exchange)


def _result(delivery: Delivery) -> TaskResult:
    if delivery.error is not None:
        raise delivery.error
    if delivery.result is None:
        raise AssertionError("a call without an error has a result")
    return delivery.result
