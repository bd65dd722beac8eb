"""The compiled task: everything that is the same in all its runs. The runtime caches plans."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import Path
from httptask._core.pointers import pointer as pointer_of
from httptask.building import Builder, mentions_files, references
from httptask.credentials import named_credentials
from httptask.errors import CatalogueError, Problem, SettingsError
from httptask.expressions import Prepared, holds_expression, may_change
from httptask.model.completion import Completion
from httptask.model.for_each import ForEach
from httptask.model.pagination import Pagination
from httptask.model.policy import RetryPolicy, Timeouts
from httptask.model.rates import RateLimit
from httptask.model.task import Reading
from httptask.sending import Terms
from httptask.settings import (
    EVERY_GROUP,
    RequestCheck,
    any_settings_schema,
    content_type_of,
    foreseen,
    header_names,
    normalised,
    schema_problems,
    undescribed_settings_schema,
    with_media_type,
    without_nulls,
)
from httptask.task._checks import Checks, document_shape, is_error, task_schema
from httptask.task._for_each import with_item
from httptask.task._idempotency import header_for
from httptask.task._judge import needs_judge
from httptask.task._problems import problems_of, shape_problems
from httptask.task.pagination import first_page

if TYPE_CHECKING:
    from httptask.credentials import KeptHeader
    from httptask.model.api import Endpoint
    from httptask.task._runtime import Runtime


class Plan:
    """A compiled task. Each part is computed on first use and never changed.

    *definition* must not change; *pointer* is its JSON Pointer in the workflow definition.
    *endpoint* is the endpoint that the task calls; without it, the definition's `endpoint` is
    looked up in the catalogue.
    """

    def __init__(
        self,
        definition: Any,
        pointer: str,
        runtime: Runtime,
        endpoint: Endpoint | None = None,
    ) -> None:
        self.definition = definition
        self.pointer = pointer
        self.request_pointer = pointer_of(["httpRequest"], pointer)
        self.parameters_pointer = pointer_of(["inputParameters"], pointer)
        self.runtime = runtime
        self.kept_header: KeptHeader | None = None
        """The header that the credential added to the last request. The only field that changes."""
        self._given_endpoint = endpoint

    @cached_property
    def endpoint(self) -> Endpoint | None:
        """The endpoint that the task calls; None for a free-form request.

        Raises `UnknownEndpointError`.
        """
        if self._given_endpoint is not None:
            return self._given_endpoint
        endpoint_id = self.field("endpoint")
        if isinstance(endpoint_id, str):
            return self.runtime.endpoint(endpoint_id)
        return None

    @property
    def is_loaded(self) -> bool:
        """Whether the endpoint was looked up already, so that `endpoint` reads no file."""
        return "endpoint" in self.__dict__

    @cached_property
    def settings_schema(self) -> dict[str, Any]:
        """The JSON Schema 2020-12 of `httpRequest`.

        It is derived from the endpoint and refined by plugins; without an endpoint, it describes
        any request.
        """
        if self.endpoint is None:
            return undescribed_settings_schema()
        return self.runtime.settings_schema(self.endpoint)

    @cached_property
    def key_header(self) -> str | None:
        """The header that carries the idempotency key; None without one."""
        return header_for(self.field("idempotencyKey"), self.endpoint)

    @cached_property
    def checked_schema(self) -> dict[str, Any]:
        """The settings schema with an optional idempotency key, which the task fills in."""
        header = self.key_header
        schema = self.settings_schema
        if header is None:
            return schema
        return self.runtime.without_required(schema, header)

    def field(self, name: str) -> Any:
        """Return the field *name* of the definition; None if it is missing or this is no object."""
        # `dict` first, because an `isinstance` check against an abstract class is slow.
        if isinstance(self.definition, dict | Mapping):
            return self.definition.get(name)
        return None

    @cached_property
    def credentials(self) -> list[tuple[str, str]]:
        """The names of the task's credentials, each after its pointer."""
        return named_credentials(self.field("credentials"), self.pointer)

    # Problems

    @cached_property
    def parameter_problems(self) -> list[Problem]:
        """The problems of `inputParameters`' expressions, whatever workflow is around the task."""
        shape = with_item(document_shape(), self.definition)
        parameters = self.field("inputParameters")
        return self.runtime.evaluator.check(parameters, self.parameters_pointer, shape)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """All problems of the definition, warnings included."""
        return tuple(problems_of(self))

    @cached_property
    def pagination(self) -> Pagination | None:
        """The setting `pagination`; None if it is missing, or the task schema refuses it."""
        setting = self._setting("pagination")
        if setting is None:
            return None
        return Pagination.of_json(setting)

    @cached_property
    def completion(self) -> Completion | None:
        """The setting `completion`; None if it is missing, or the task schema refuses it."""
        setting = self._setting("completion")
        if setting is None:
            return None
        return Completion.of_json(setting)

    @cached_property
    def is_one_call(self) -> bool:
        """Whether the task makes one call: it neither reads pages nor waits for a job."""
        return self.pagination is None and self.completion is None

    def _setting(self, name: str) -> Any:
        """Return the setting *name* without nulls; None if the task schema refuses it."""
        if self.field(name) is None:
            return None
        task = without_nulls({name: self.field(name)})
        problems = schema_problems(task_schema(), task, "")
        if any(problem.pointer.startswith(f"/{name}") for problem in problems):
            return None
        return task[name]

    @cached_property
    def for_each(self) -> ForEach | None:
        """The setting `forEach`; None if it is missing.

        Raises `SettingsError` if the task schema refuses the setting.
        """
        setting = self.field("forEach")
        if setting is None:
            return None
        task = without_nulls({"forEach": setting})
        problems = schema_problems(task_schema(), task, self.pointer)
        for_each_pointer = pointer_of(["forEach"], self.pointer)
        own_problems = [
            problem
            for problem in problems
            if f"{problem.pointer}/".startswith(f"{for_each_pointer}/")
        ]
        if own_problems:
            raise SettingsError(own_problems)
        return ForEach.of_task(task)

    @cached_property
    def check_of_pages(self) -> Checks | None:
        """The checks of the parameter that a page sets in the next request.

        None: pages set no parameter, or no endpoint describes the request.
        """
        if self.pagination is None or self.pagination.parameter is None or self.endpoint is None:
            return None
        groups = frozenset((self.pagination.parameter.group,))
        return self.checks(self.checked_schema, self.endpoint, groups=groups)

    def paged(self, request: Any) -> Any:
        """Return *request*, the settings, as they are for the first page of a `pagination`."""
        if self.pagination is None:
            return request
        try:
            return first_page(request, self.pagination)
        except ValueError:  # the body cannot hold a value; validation reports it at `pagination`
            return request

    @cached_property
    def judges_responses(self) -> bool:
        """Whether a response is judged by more than its status: by conditions or documentation."""
        return needs_judge(self.definition, self.endpoint)

    @cached_property
    def only_notes(self) -> bool:
        """Whether settings that only the endpoint's schema refuses are sent, with a note."""
        return bool(self.field("checkSettings") == "note")

    def sendable(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return *request*, the settings, normalised: without nulls, with the body's media type."""
        changing = request
        constant = self._constant_request
        if constant:
            changing = {name: request[name] for name in self._changing_names if name in request}
        settings = {**constant, **normalised(changing, self.header_names)}
        if self._names_media_type:
            return settings
        return with_media_type(settings, self.settings_schema, self.endpoint)

    @cached_property
    def _constant_request(self) -> dict[str, Any]:
        """The groups of settings that neither evaluation nor `pagination` changes, normalised."""
        request = self.field("httpRequest")
        changing = self._changing_groups
        if not isinstance(request, Mapping):
            return {}
        changing = changing | (self.pagination.groups if self.pagination is not None else set())
        constant = {name: value for name, value in request.items() if name not in changing}
        return normalised(constant, self.header_names)

    @cached_property
    def _changing_names(self) -> tuple[str, ...]:
        """The groups of settings that are not in `_constant_request`."""
        page_groups = self.pagination.groups if self.pagination is not None else ()
        names = dict.fromkeys((*self.definition["httpRequest"], *page_groups))
        return tuple(name for name in names if name not in self._constant_request)

    @cached_property
    def _names_media_type(self) -> bool:
        """Whether the settings name the body's media type, or there is no endpoint to add it."""
        request = self.field("httpRequest")
        is_constant = "headers" not in self._changing_groups
        return self.endpoint is None or (is_constant and content_type_of(request) is not None)

    def checks(
        self,
        schema: Mapping[str, Any],
        endpoint: Endpoint | None,
        *,
        expressions: bool = False,
        groups: Collection[str] = EVERY_GROUP,
    ) -> Checks:
        """Return the checks of requests by *schema*; see `RequestCheck` for the other arguments."""

        def check(*, waived: bool) -> RequestCheck:
            return RequestCheck(
                schema,
                endpoint,
                self.request_pointer,
                expressions=expressions,
                groups=groups,
                host_header=self.runtime.allow_host_header,
                waived=waived,
            )

        has_notes = self.only_notes and endpoint is not None
        return Checks(check(waived=False), check(waived=True) if has_notes else None)

    @cached_property
    def refusal(self) -> tuple[Problem, ...]:
        """The errors of the task: if there are any, nothing is sent."""
        return tuple(filter(is_error, self.problems))

    @cached_property
    def shape_problems(self) -> tuple[list[Problem], list[Problem]]:
        """The problems that do not depend on the endpoint: see `_problems.shape_problems`."""
        return shape_problems(self)

    @cached_property
    def shape_refusal(self) -> tuple[Problem, ...]:
        """The errors among the `shape_problems`."""
        return tuple(filter(is_error, chain(*self.shape_problems)))

    @property
    def media_type(self) -> str | None:
        """The media type of the body; None if it is unknown before the evaluation."""
        request = self.field("httpRequest")
        if self.shape_refusal or not isinstance(request, Mapping):
            return None
        try:
            schema = self.settings_schema
            endpoint = self.endpoint
        except CatalogueError:
            return None
        return foreseen(normalised(request, self.header_names), schema, endpoint)

    # Evaluated and constant parts of the settings

    @cached_property
    def evaluated_groups(self) -> frozenset[str]:
        """The groups (fields of `httpRequest`) whose values hold expressions."""
        request = self.definition.get("httpRequest")
        if not isinstance(request, Mapping):  # one expression for everything, or nothing to send
            return frozenset(any_settings_schema()["properties"])
        groups = frozenset(name for name, value in request.items() if holds_expression(value))
        # The URL's text may also hold query values, so the two groups are checked together.
        url_and_query = "url" in groups or ("query" in groups and "?" in str(request.get("url")))
        if url_and_query:
            return groups | {"url", "query"}
        return groups

    @cached_property
    def check_of_evaluated(self) -> Checks:
        """The checks of the evaluated groups, made in each run: by then, all values are known."""
        groups = self.evaluated_groups
        return self.checks(self.checked_schema, self.endpoint, groups=groups)

    @cached_property
    def parameters(self) -> Prepared:
        """The compiled `inputParameters`."""
        return Prepared.of(self.field("inputParameters") or {})

    @cached_property
    def has_constant_request(self) -> bool:
        """Whether evaluation leaves `httpRequest` unchanged."""
        return not self._changing_groups

    @cached_property
    def constant_settings(self) -> dict[str, Any]:
        """The normalised settings of a constant request."""
        return self.sendable(self.paged(self.definition["httpRequest"]))

    @cached_property
    def changing_request(self) -> Prepared:
        """The compiled groups of `httpRequest` that evaluation changes, or its one expression."""
        request = self.definition.get("httpRequest")
        if not isinstance(request, Mapping):
            return Prepared.of(request)
        changing = self._changing_groups
        return Prepared.of({name: value for name, value in request.items() if name in changing})

    @cached_property
    def changing_paths(self) -> tuple[Path, ...]:
        """The paths in `httpRequest` of the texts that evaluation changes."""
        return tuple(slot.path for slot in self.changing_request.slots)

    @cached_property
    def constant_groups(self) -> frozenset[str]:
        """The groups of settings that are the same in every request and refer to no file."""
        if self._changing_groups == EVERY_GROUP:
            return frozenset()
        request = self.definition["httpRequest"]
        files = self.runtime.readable
        constant = {
            name
            for name in EVERY_GROUP - self._changing_groups
            if next(references(request.get(name)), None) is None
            and next(files.named_places(request.get(name)), None) is None
        }
        media_type_is_added = self.endpoint is not None and content_type_of(request) is None
        if media_type_is_added and "body" not in constant:
            constant.discard("headers")  # `Content-Type` depends on the body
        return frozenset(constant)

    @cached_property
    def mentions_files(self) -> bool:
        """Whether the changing groups, as written, may refer to a file."""
        request = self.field("httpRequest")
        if not isinstance(request, Mapping):
            return True
        return mentions_files([request.get(name) for name in self.builder.changing])

    @cached_property
    def builder(self) -> Builder:
        """The builder of the task's requests; it builds the constant groups once."""
        return Builder(self.endpoint, self.request_pointer, self.constant_groups)

    @cached_property
    def _changing_groups(self) -> frozenset[str]:
        """The groups of `httpRequest` that evaluation changes: with `${` or an escaped `$${`."""
        request = self.definition.get("httpRequest")
        if not isinstance(request, Mapping):
            return EVERY_GROUP
        return frozenset(
            name for name, value in request.items() if holds_expression(value, may_change)
        )

    @cached_property
    def timeouts(self) -> Timeouts:
        """The task's time limits."""
        return Timeouts.of_task(self.definition)

    @cached_property
    def terms(self) -> Terms:
        """The terms of every call: limits, retries, redirects, timeouts."""
        limits = self.runtime.limits
        redirects = self.field("redirects")
        return Terms(
            timeouts=self.timeouts,
            retry=RetryPolicy.of_task(self.definition),
            limits=limits,
            redactor=self.runtime.redactor,
            reading=Reading.of_task(self.definition),
            redirects=limits.redirects if redirects is None else min(redirects, limits.redirects),
            credentials=tuple(name for _, name in self.credentials),
        )

    @cached_property
    def rate(self) -> RateLimit | None:
        """The task's limit for requests to one origin; None: no limit."""
        return RateLimit.of_json(self.field("rateLimit"))

    @cached_property
    def header_names(self) -> dict[str, str]:
        """The spelling of the headers that the schema declares, by name in lower case."""
        return header_names(self.settings_schema)
