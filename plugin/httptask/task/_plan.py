"""A task compiled once: everything that no run of it can change. A plan is kept by the runtime, and
shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from httptask._core import packaged
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import deeper_than, dump, parse
from httptask.building import build, data_places, references, with_values
from httptask.errors import CatalogueError, Problem, SettingsError, UnknownEndpointError
from httptask.expressions import has_expression, may_change
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import RetryPolicy, Timeouts
from httptask.model.task import Reading
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
from httptask.task._judge import judging_problems, reading_problems

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.task._runtime import Runtime

_LONGEST_KEPT = 256 * 1024
"""Characters of a task's JSON. The plan of a longer one is not kept: a thousand of them would fill
the memory.
"""


def plan_of(
    definition: Any, pointer: str, runtime: Runtime, endpoint: Endpoint | None = None
) -> Plan:
    """Return the plan of the task *definition*, which stands at *pointer*: the one *runtime* keeps,
    or a new one.

    A plan is for one version of the catalogue where the task names an endpoint. With *endpoint*, it
    is the caller's alone.
    """
    if endpoint is not None or not isinstance(definition, Mapping):
        return Plan(definition, pointer, runtime, endpoint)
    try:
        text = dump(definition, compact=True)
    except (TypeError, ValueError, RecursionError):  # not JSON, which is a problem of the task
        return Plan(definition, pointer, runtime)
    if len(text) > _LONGEST_KEPT:
        return Plan(definition, pointer, runtime)
    version = _version(definition, runtime)
    # The plan has a copy: what its author makes of the definition later is another task.
    return runtime.plans.get((text, pointer, version), lambda: Plan(parse(text), pointer, runtime))


def _version(definition: Mapping[str, Any], runtime: Runtime) -> Any:
    try:
        return runtime.endpoints.version if definition.get("endpoint") is not None else None
    except CatalogueError:  # a closed or foreign one, which is said where the endpoint is looked up
        return object()


class Plan:
    """What there is to know of a task before it runs. Each part is made when it is first needed,
    and never changed.

    *definition* must not change; *pointer* is its place in the workflow definition. *endpoint* is
    the endpoint the task is for; without one, the definition's `endpoint` is looked up in the
    catalogue.
    """

    def __init__(
        self, definition: Any, pointer: str, runtime: Runtime, endpoint: Endpoint | None = None
    ) -> None:
        self.definition = definition
        self.pointer = pointer
        self.request_pointer = pointer_of(["httpRequest"], pointer)
        self.runtime = runtime
        self._given_endpoint = endpoint

    @cached_property
    def endpoint(self) -> Endpoint | None:
        """The endpoint the task is for; None for a free-form request. Raises
        `UnknownEndpointError`.
        """
        if self._given_endpoint is not None:
            return self._given_endpoint
        endpoint_id = self.field("endpoint")
        return self.runtime.endpoint(endpoint_id) if isinstance(endpoint_id, str) else None

    @cached_property
    def settings_schema(self) -> dict[str, Any]:
        """The JSON Schema 2020-12 of `httpRequest`: derived from the endpoint and refined by
        plugins, or any request's.
        """
        if self.endpoint is None:
            return undescribed_settings_schema()
        schema = settings_schema(self.endpoint)
        refine(schema, self.endpoint, self.runtime.plugins)
        return schema

    def field(self, name: str) -> Any:
        """Return the field *name* of the definition, whatever the definition is."""
        return self.definition.get(name) if isinstance(self.definition, Mapping) else None

    # Problems

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Everything wrong with the definition, warnings included."""
        written: Any = self.definition
        if not isinstance(written, Mapping):
            return (Problem.of("task-not-object", self.pointer),)
        definition = without_nulls(written)
        if deeper_than(definition, self.runtime.limits.json_depth // 2):
            return (Problem.of("too-deep", self.pointer, what="task"),)
        found = schema_problems(_task_schema(), definition, self.pointer)
        try:
            schema, endpoint = self.settings_schema, self.endpoint
        except UnknownEndpointError as error:
            near = error.nearest[0] if error.nearest else None
            place = pointer_of(["endpoint"], self.pointer)
            found.append(
                Problem.of("endpoint-unknown", place, suggestion=near, name=error.endpoint_id)
            )
            schema, endpoint = any_settings_schema(), None
        except CatalogueError as error:
            found.append(
                Problem.of("catalogue", pointer_of(["endpoint"], self.pointer), reason=str(error))
            )
            schema, endpoint = any_settings_schema(), None
        if "httpRequest" in definition:
            found += self.request_problems(
                definition["httpRequest"], schema, endpoint, expressions=True
            )
        found += task_warnings(written, self.pointer)
        check, parameters = self.runtime.evaluator.check, definition.get("inputParameters", {})
        found += check(parameters, pointer_of(["inputParameters"], self.pointer), document_shape())
        found += secrets_below(parameters, pointer_of(["inputParameters"], self.pointer))
        # What the request's expressions see is written right beside them.
        shape = dict.fromkeys(parameters) if isinstance(parameters, Mapping) else None
        found += check(definition.get("httpRequest"), self.request_pointer, shape)
        found += judging_problems(definition, endpoint, self.runtime.evaluator, self.pointer)
        found += reading_problems(definition, self.pointer)
        return tuple(found)

    @property
    def only_notes(self) -> bool:
        """Whether what only the endpoint's schema refuses is sent as it is written, with a note."""
        return bool(self.field("checkSettings") == "note")

    def sendable(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings *request* as they are written: without nulls, and with the media type
        of their body.
        """
        plain = normalised(request, self._header_names)
        return (
            with_media_type(plain, self.settings_schema, self.endpoint)
            if self.endpoint is not None
            else plain
        )

    def request_problems(
        self, request: Any, schema: Mapping[str, Any], endpoint: Endpoint | None, **how: Any
    ) -> list[Problem]:
        """Return what is wrong with *request*; what only *endpoint* refuses is a warning where the
        task asks for notes.
        """
        how |= {"at": self.request_pointer, "host_header": self.runtime.allow_host_header}
        found = request_problems(request, schema, endpoint, **how)
        if not self.only_notes or endpoint is None:
            return found
        errors = [
            each
            for each in request_problems(request, schema, endpoint, waived=True, **how)
            if is_error(each)
        ]
        noted = [replace(each, severity="warning") for each in found if each not in errors]
        return errors + noted

    def waived_problems(self, request: Any) -> tuple[Problem, ...]:
        """Return what the endpoint says against *request*, the evaluated settings, that are sent
        all the same.
        """
        if self.endpoint is None:
            return ()
        found = request_problems(
            request, self.settings_schema, self.endpoint, self.request_pointer, host_header=True
        )
        mask = self.runtime.redactor.text
        return tuple(each.masked(mask) for each in found if is_error(each))

    def unwritable(self) -> Sequence[Problem]:
        """Return the settings that cannot be serialised. Only asked of settings without
        expressions, not in a run.
        """
        if self.refusal or self.evaluated_groups:
            return ()
        request = self.sendable(self.definition["httpRequest"])
        request = with_values(
            request, {path: "-" for path, _ in data_places(request)}
        )  # no file is read for this
        try:
            build(request, self.endpoint, self.request_pointer)
        except SettingsError as error:
            return error.problems
        return ()

    @cached_property
    def refusal(self) -> tuple[Problem, ...]:
        """The errors of the task: with one, nothing is sent."""
        return tuple(filter(is_error, self.problems))

    @cached_property
    def shape_refusal(self) -> tuple[Problem, ...]:
        """What is wrong with the task whatever its endpoint says."""
        if not isinstance(self.definition, Mapping):
            return self.problems
        return tuple(schema_problems(_task_schema(), without_nulls(self.definition), self.pointer))

    @property
    def media_type(self) -> str | None:
        """The media type that the body is sent as, as far as it is known before the expressions are
        evaluated.
        """
        request = self.field("httpRequest")
        if self.shape_refusal or not isinstance(request, Mapping):
            return None
        try:
            schema, endpoint = self.settings_schema, self.endpoint
        except CatalogueError:
            return None
        return foreseen(normalised(request, self._header_names), schema, endpoint)

    # What a run evaluates, and what it does not

    @cached_property
    def evaluated_groups(self) -> frozenset[str]:
        """The names of `httpRequest` whose values hold expressions."""
        request = self.definition.get("httpRequest")
        if not isinstance(
            request, Mapping
        ):  # one expression for all of it, or nothing that could be sent
            return frozenset(any_settings_schema()["properties"])
        groups = frozenset(name for name, value in request.items() if holds_expression(value))
        # Query values may stand in the URL's text too: the two are looked at together.
        together = "url" in groups or ("query" in groups and "?" in str(request.get("url")))
        return groups | {"url", "query"} if together else groups

    @cached_property
    def schema_of_evaluated(self) -> dict[str, Any]:
        """The settings schema of the groups that hold expressions: what they yield is checked by it
        in each run.
        """
        return focused(self.settings_schema, self.evaluated_groups)

    @cached_property
    def has_constant_parameters(self) -> bool:
        """Whether evaluating `inputParameters` changes nothing in them."""
        return not _any_text(self.field("inputParameters"), may_change)

    @cached_property
    def has_constant_request(self) -> bool:
        """Whether evaluating `httpRequest` changes nothing in it."""
        request = self.field("httpRequest")
        return isinstance(request, Mapping) and not _any_text(request, may_change)

    @cached_property
    def constant_settings(self) -> dict[str, Any]:
        """The settings of a request that no run changes, as they are sent."""
        return self.sendable(self.definition["httpRequest"])

    @cached_property
    def constant_request(self) -> OutgoingRequest | None:
        """The request itself, with its body as bytes, where no run changes it and it has no files.
        Raises `SettingsError`.

        It is copied before anybody may change it.
        """
        if not self.has_constant_request or any(True for _ in references(self.constant_settings)):
            return None
        return build(self.constant_settings, self.endpoint, self.request_pointer)

    @cached_property
    def timeouts(self) -> Timeouts:
        """The task's time limits."""
        return Timeouts.of_task(self.definition)

    @cached_property
    def retry(self) -> RetryPolicy:
        """How the task is tried again."""
        return RetryPolicy.of_task(self.definition)

    @cached_property
    def reading(self) -> Reading:
        """How the body of a response is read."""
        return Reading.of_task(self.definition)

    @cached_property
    def _header_names(self) -> dict[str, str]:
        return header_names(self.settings_schema)


def document_shape(task_names: Iterable[str] | None = None) -> dict[str, Any]:
    """Return what is known of the document expressions see: its names, and those of the tasks where
    they are known.
    """
    of_task = {"input": None, "output": None}
    tasks = dict.fromkeys(task_names, of_task) if task_names is not None else None
    return {"input": None, "tasks": tasks, "variables": None}


@cache
def _task_schema() -> dict[str, Any]:
    """Return the schema of an HTTP task but for its `httpRequest`, of which the settings schema has
    more to say.
    """
    schema = packaged.schema("http-task")
    about_others = {name: each for name, each in schema.items() if name not in ("if", "else")}
    return focused(about_others, schema["properties"].keys() - {"httpRequest"})


def holds_expression(value: Any) -> bool:
    """Say whether there is an expression anywhere in *value*."""
    return _any_text(value, has_expression)


def _any_text(value: Any, holds: Callable[[str], bool]) -> bool:
    """Say whether *holds* is true of any text in *value*; names of objects are not looked at."""
    queue = [value]
    while queue:
        item = queue.pop()
        if isinstance(item, str):
            if holds(item):
                return True
        elif isinstance(item, Mapping):
            queue.extend(item.values())
        elif isinstance(item, list):
            queue.extend(item)
    return False


def is_error(problem: Problem) -> bool:
    """Say whether *problem* keeps the task from being sent."""
    return problem.severity == "error"
