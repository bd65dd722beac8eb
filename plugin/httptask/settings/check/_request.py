"""Find every problem in one `httpRequest`: those its schema finds, and those beyond a schema."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from httptask._core.pointers import Path
from httptask._core.pointers import pointer as pointer_of
from httptask._http.media_types import is_json
from httptask._http.syntax import FRAMING, UNSENDABLE
from httptask.building import described_framing
from httptask.errors import Problem
from httptask.model.api import PARAMETER_GROUPS, Endpoint
from httptask.model.nulls import normalised
from httptask.settings._body_form import for_media_type
from httptask.settings._derive import any_settings_schema
from httptask.settings.check._body import but_for_forms, but_for_text, with_null_hints
from httptask.settings.check._checking import one_budget
from httptask.settings.check._files import Unread
from httptask.settings.check._headers import (
    as_spelt,
    coding_problems,
    content_type_problems,
    header_names,
    header_problems,
)
from httptask.settings.check._media_type import (
    content_type_as_offered,
    content_type_of,
    offered,
    with_media_type,
)
from httptask.settings.check._pairs import as_written, grouped
from httptask.settings.check._scalars import plainly_allows, scalar_schema
from httptask.settings.check._secrets import secret_problems
from httptask.settings.check._unsent import unsent_problems
from httptask.settings.check._url import url_problems
from httptask.settings.check._url_query import letting_through, pointed_at_url, query_in_url
from httptask.settings.check._validate import Validator, kept_validator
from httptask.settings.check._warnings import request_warnings

EVERY_GROUP = frozenset({"url", "method", "body", *PARAMETER_GROUPS.values()})
"""The parts of an `httpRequest`."""


_CHECKED_WITH = {
    "url": ("pathParameters", "query"),
    "pathParameters": ("url",),
    "headers": ("body",),
    "body": ("headers",),
}
"""Group -> the groups that have to be checked with it.

The URL may contain path and query values, and a header names the media type of the body.
"""

_HEADERS_WITH_RULES = FRAMING | {"host", "content-type", "content-encoding"}
"""Headers that affect the rest of a request, and are therefore never checked alone."""

_ABOUT_ONE_GROUP = frozenset(
    (
        *("$schema", "$id", "$defs", "$comment", "title", "description", "type"),
        *("properties", "required", "additionalProperties"),
    )
)
"""Keywords of a settings schema that do not relate several groups to each other."""


def request_problems(
    request: Any,
    schema: Mapping[str, Any],
    endpoint: Endpoint | None,
    pointer: str = "",
    *,
    expressions: bool = False,
    host_header: bool = False,
    waived: bool = False,
) -> list[Problem]:
    """Return every problem in *request*: see `RequestCheck`."""
    check = RequestCheck(
        schema,
        endpoint,
        pointer,
        expressions=expressions,
        host_header=host_header,
        waived=waived,
    )
    return check.problems(request)


class RequestCheck:
    """Checks `httpRequest`s, before or after `normalised`. Kept for a task that runs many times.

    *schema* is the settings schema of *endpoint*, or the schema of any request if there is none.
    *pointer* is the pointer of the requests in the workflow definition. With *expressions*, values
    that are not yet evaluated are accepted. *groups* are the parts to check; the others were
    checked before. *host_header* says whether the operator lets tasks set the header `Host`. With
    *waived*, only problems that prevent any sending count, and of the endpoint only the variables
    of its servers are required.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        endpoint: Endpoint | None,
        pointer: str = "",
        *,
        expressions: bool = False,
        groups: Collection[str] = EVERY_GROUP,
        host_header: bool = False,
        waived: bool = False,
    ) -> None:
        self._variables = endpoint.server_variables if endpoint is not None else {}
        self._framing = described_framing(endpoint)
        if waived:
            schema = any_settings_schema()
            endpoint = None
        self._endpoint = endpoint
        self._pointer = pointer
        self._groups = groups
        self._expressions = expressions
        self._host_header = host_header
        self._names = header_names(schema)
        target = ""
        if endpoint is not None:
            target = endpoint.target.partition("?")[2]
        self._names_in_path = {name for name, _ in parse_qsl(target, keep_blank_values=True)}
        self._checked = EVERY_GROUP
        if groups != EVERY_GROUP and schema.keys() <= _ABOUT_ONE_GROUP:
            companions = (_CHECKED_WITH.get(group, ()) for group in groups)
            self._checked = frozenset(groups).union(*companions)
            required = [name for name in schema.get("required", ()) if name in self._checked]
            schema = {**schema, "required": required}
        elif groups != EVERY_GROUP:
            schema = focused(schema, groups)
        self._schema = schema
        self._validator = kept_validator(schema, expressions)
        self._of_forms: dict[str | None, Validator] = {}
        """Media type -> the validator for settings whose body has this media type."""
        self._scalars: dict[Path, Mapping[str, Any] | None] = {}
        """The schemas of scalars that can be checked alone, by their paths; None for other
        values.
        """

    def plainly_allows(self, request: Mapping[str, Any], paths: Iterable[Path]) -> bool:
        """Say whether the values at *paths* in *request* are scalars that are plainly allowed.

        Everything else in *request* must have been checked before, as values of `Prepared` are.
        False does not mean refused: run the whole check to decide.
        """
        for path in paths:
            if path not in self._scalars:
                self._scalars[path] = self._scalar_schema(path)
            schema = self._scalars[path]
            if schema is None or (path[0] == "pathParameters" and _names_server(request)):
                return False
            value: Any = request
            for step in path:
                value = value[step]
            # Only the whole check finds text that no header can carry, or that mentions a file.
            is_special = isinstance(value, str) and (UNSENDABLE.search(value) or "file" in value)
            if is_special or not plainly_allows(schema, value):
                return False
        return True

    def _scalar_schema(self, path: Path) -> Mapping[str, Any] | None:
        """Return the schema of the scalar at *path*, or None if it cannot be checked alone."""
        names = [step for step in path if isinstance(step, str)]
        if len(names) != len(path) or len(names) < 2 or "url" in self._groups:
            return None
        group = names[0]
        name = names[1]
        if group == "pathParameters" and name in self._variables:
            return None
        if group == "headers":
            if name.lower() in _HEADERS_WITH_RULES:
                return None
            names[1] = self._names.get(name.lower(), name)
        return scalar_schema(self._schema, names)

    @one_budget()
    def problems(self, request: Any) -> list[Problem]:
        """Return every problem in *request*."""
        if not isinstance(request, Mapping):
            return self._validator.problems(request, self._pointer)
        for group in self._groups:
            values = request.get(group)
            if isinstance(values, Mapping) and not all(isinstance(name, str) for name in values):
                return [Problem.of("name-type", pointer_of([str(group)], self._pointer))]
        if self._checked != EVERY_GROUP:
            request = {name: value for name, value in request.items() if name in self._checked}
        settings = content_type_as_offered(normalised(request, self._names), self._endpoint)
        is_named = content_type_of(settings) is not None
        if not is_named and "body" in self._groups:
            settings = with_media_type(
                settings,
                self._schema,
                self._endpoint,
                expressions=self._expressions,
            )
        media_types = self._media_types(settings)
        problems = self._value_problems(request, settings, media_types, is_named=is_named)
        problems += self._message_problems(request, settings)
        if self._expressions:
            pointers = {problem.pointer for problem in problems}
            # A warning beside an error of the same value would only distract from the error.
            warnings = request_warnings(request, media_types[0], self._pointer)
            problems += [warning for warning in warnings if warning.pointer not in pointers]
            problems += secret_problems(request, self._pointer)
        return problems

    def _media_types(self, settings: Mapping[str, Any]) -> list[str]:
        """Return the media types that the body may have; only one if *settings* name it."""
        content_type = content_type_of(settings)
        if content_type is not None:
            return [content_type]
        return list(offered(self._endpoint)) or ["application/json"]

    def _value_problems(
        self,
        request: Mapping[str, Any],
        settings: dict[str, Any],
        media_types: list[str],
        *,
        is_named: bool,
    ) -> list[Problem]:
        """Return the problems that the schema finds in *settings*, the normalised *request*.

        Files, pairs and the query in the URL are first replaced by the values that the schema
        describes. Their problems then point at the original values.
        """
        base = self._pointer
        expressions = self._expressions
        groups = self._groups
        unread = Unread.of(settings, groups)
        file_problems = list(
            unread.problems(settings, media_types, groups, base, expressions=expressions)
        )
        # The order matters: pairs may contain files, and the schema describes neither.
        settings = unread.stood_in(settings)
        pairs = grouped(
            settings,
            self._schema,
            media_types[0],
            expressions=expressions,
        )
        in_url = self._query_in_url(settings)
        problems = self._schema_problems(settings, in_url)
        if problems:
            body = pointer_of(["body"], base)
            specific: Iterable[Problem] = but_for_forms(problems, body)
            if is_json(media_types[0]):
                specific = with_null_hints(specific, self._schema, base)
            about_values = unread.but_for_content(specific, base)
            problems = list(
                but_for_text(about_values, settings, media_types[0], body, is_named=is_named)
            )
        refused = {problem.pointer for problem in problems}
        unsent = unsent_problems(settings, self._endpoint, media_types[0], base)
        problems += [problem for problem in unsent if problem.pointer not in refused]
        # Pointers go back in reverse: first to the pairs, then to the URL, then to the spelling.
        if pairs:
            problems = [
                replace(problem, pointer=as_written(problem.pointer, pairs, base))
                for problem in problems
            ]
        problems = [_method_problem(problem, request, base) for problem in problems]
        refused = {problem.pointer for problem in file_problems}
        problems = [problem for problem in problems if problem.pointer not in refused]
        problems += file_problems
        if in_url:
            problems = [pointed_at_url(problem, in_url, base) for problem in problems]
        if self._names:
            problems = [as_spelt(problem, request, self._names, base) for problem in problems]
        return problems

    def _schema_problems(self, settings: dict[str, Any], in_url: dict[str, Any]) -> list[Problem]:
        """Return the problems of *settings*, with the query values *in_url* added to their
        query.
        """
        schema = for_media_type(self._schema, content_type_of(settings))
        validator = self._validator
        if schema is not self._schema:
            validator = self._of_forms.setdefault(
                content_type_of(settings), Validator(schema, expressions=self._expressions)
            )
        if in_url:
            schema = letting_through(schema, in_url)
            validator = Validator(schema, expressions=self._expressions)
            settings["query"] = in_url | settings.get("query", {})
        return validator.problems(settings, self._pointer)

    def _query_in_url(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the query values in the URL's text that do not belong to the described path."""
        if self._endpoint is None or "url" not in self._groups:
            return {}
        values = query_in_url(settings, self._schema, expressions=self._expressions)
        return {name: value for name, value in values.items() if name not in self._names_in_path}

    def _message_problems(
        self,
        request: Mapping[str, Any],
        settings: Mapping[str, Any],
    ) -> Iterator[Problem]:
        """Yield the problems of the URL and the headers that no schema can find."""
        if "url" in self._groups or "pathParameters" in self._groups:
            yield from url_problems(
                request,
                self._endpoint,
                self._variables,
                pointer_of(["url"], self._pointer),
                expressions=self._expressions,
            )
        if "headers" in self._groups:
            pointer = pointer_of(["headers"], self._pointer)
            yield from content_type_problems(settings, self._endpoint, pointer)
            yield from header_problems(
                request.get("headers"),
                self._framing,
                pointer,
                host_header=self._host_header,
            )
            yield from coding_problems(request, pointer)


def focused(schema: Mapping[str, Any], groups: Collection[str]) -> dict[str, Any]:
    """Return the settings *schema* with everything accepted that does not concern *groups*.

    Settings are checked when the definition is read. At run time only values from expressions can
    be wrong. Conditions concern the body and the header with its media type, so these two groups
    stay.
    """
    checked = {*groups, *(("headers", "body") if "allOf" in schema else ())}
    properties = {
        name: group if name in checked else True
        for name, group in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties}


def _names_server(request: Mapping[str, Any]) -> bool:
    """Say whether the URL of *request* has a path parameter in its server's address."""
    return "{" in str(request.get("url")).partition("://")[2].partition("/")[0]


def _method_problem(problem: Problem, request: Mapping[str, Any], base: str) -> Problem:
    """Replace a pattern's *problem* with the method by one that explains more."""
    if problem.pointer != pointer_of(["method"], base) or problem.code != "pattern":
        return problem
    return Problem.of("method", problem.pointer, found=request.get("method"))
