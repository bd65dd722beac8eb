"""Everything wrong with one `httpRequest`: its schema, its URL, its headers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from httptask._core.pointers import parts, pointer
from httptask._http.media_types import FORM, carries_files, essence, is_json
from httptask._http.syntax import FRAMING, HOST, TOKEN, UNSENDABLE
from httptask.building import described_framing, offers
from httptask.errors import Problem
from httptask.expressions import has_expression
from httptask.model.api import PARAMETER_GROUPS, Endpoint
from httptask.model.nulls import normalised
from httptask.settings._derive import any_settings_schema
from httptask.settings.check._files import Unread
from httptask.settings.check._keywords import one_budget
from httptask.settings.check._media_type import content_type_of, offered, with_media_type
from httptask.settings.check._pairs import as_written, grouped
from httptask.settings.check._secrets import secret_problems
from httptask.settings.check._unsent import unsent_problems
from httptask.settings.check._url import url_problems
from httptask.settings.check._validate import Validator, kept_validator, typed
from httptask.settings.check._warnings import request_warnings

EVERY_GROUP = frozenset({"url", "method", "body", *PARAMETER_GROUPS.values()})
"""The parts of an `httpRequest`."""


_CHECKED_WITH = {
    "url": ("pathParameters", "query"),
    "pathParameters": ("url",),
    "headers": ("body",),
    "body": ("headers",),
}
"""Groups that a group cannot be checked without: values may stand in the URL's text, and a header
names the media type of the body."""

_ABOUT_ONE_GROUP = frozenset(
    (
        *("$schema", "$id", "$defs", "$comment", "title", "description", "type"),
        *("properties", "required", "additionalProperties"),
    )
)
"""Keywords of a settings schema that say nothing of several groups at once."""


def request_problems(
    request: Any,
    schema: Mapping[str, Any],
    endpoint: Endpoint | None,
    at: str = "",
    *,
    expressions: bool = False,
    host_header: bool = False,
    waived: bool = False,
) -> list[Problem]:
    """Return everything wrong with *request*: see `RequestCheck`."""
    check = RequestCheck(
        schema,
        endpoint,
        at,
        expressions=expressions,
        host_header=host_header,
        waived=waived,
    )
    return check.problems(request)


class RequestCheck:
    """Checks `httpRequest`s, before or after `normalised`; kept where one task is run many times.

    *schema* is the settings schema of *endpoint*, or the schema of any request when there is none.
    *at* is the JSON Pointer of the requests in the workflow definition. With *expressions*, values
    not yet evaluated are let through. *groups* are the parts to look at, where the rest has been
    looked at before. *host_header* says whether the operator lets tasks set the header `Host`. With
    *waived*, only what keeps any request from being sent counts: the endpoint is asked for nothing
    but the variables of its servers.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        endpoint: Endpoint | None,
        at: str = "",
        *,
        expressions: bool = False,
        groups: Collection[str] = EVERY_GROUP,
        host_header: bool = False,
        waived: bool = False,
    ) -> None:
        self._variables = endpoint.server_variables if endpoint is not None else {}
        self._framing = described_framing(endpoint)
        if waived:
            schema, endpoint = any_settings_schema(), None
        self._endpoint, self._at, self._groups = endpoint, at, groups
        self._expressions, self._host_header = expressions, host_header
        self._names = header_names(schema)
        target = endpoint.target.partition("?")[2] if endpoint is not None else ""
        self._in_path = {name for name, _ in parse_qsl(target, keep_blank_values=True)}
        self._looked_at = EVERY_GROUP
        if groups != EVERY_GROUP and schema.keys() <= _ABOUT_ONE_GROUP:
            others = (_CHECKED_WITH.get(group, ()) for group in groups)
            self._looked_at = frozenset(groups).union(*others)
            required = [name for name in schema.get("required", ()) if name in self._looked_at]
            schema = {**schema, "required": required}
        elif groups != EVERY_GROUP:
            schema = focused(schema, groups)
        self._schema = schema
        self._validator = kept_validator(schema, expressions)

    @one_budget()
    def problems(self, request: Any) -> list[Problem]:
        """Return everything wrong with *request*."""
        if not isinstance(request, Mapping):
            return self._validator.problems(request, self._at)
        for group in self._groups:
            values = request.get(group)
            if isinstance(values, Mapping) and not all(isinstance(name, str) for name in values):
                return [Problem.of("name-type", pointer([str(group)], self._at))]
        if self._looked_at != EVERY_GROUP:
            request = {name: each for name, each in request.items() if name in self._looked_at}
        given = _content_type_as_offered(normalised(request, self._names), self._endpoint)
        said = content_type_of(given)
        if said is None and "body" in self._groups:
            with_type = with_media_type
            given = with_type(given, self._schema, self._endpoint, expressions=self._expressions)
        media_types = self._media_types(given)
        problems = self._value_problems(request, given, media_types, is_named=said is not None)
        problems += self._message_problems(request, given)
        if self._expressions:
            wrong = {each.pointer for each in problems}
            warnings = request_warnings(request, media_types[0], self._at)
            problems += [each for each in warnings if each.pointer not in wrong]
            problems += secret_problems(request, self._at)
        return problems

    def _media_types(self, given: Mapping[str, Any]) -> list[str]:
        """Return the media types that the body of *given* may have: the one that is named alone."""
        written = content_type_of(given)
        if written is not None:
            return [written]
        return list(offered(self._endpoint)) or ["application/json"]

    def _value_problems(
        self,
        request: Mapping[str, Any],
        given: dict[str, Any],
        media_types: list[str],
        *,
        is_named: bool,
    ) -> list[Problem]:
        """Return what the schema says against *given*, the values of *request*, normalised."""
        at, expressions, endpoint = self._at, self._expressions, self._endpoint
        schema, validator = self._schema, self._validator
        unread = Unread.of(given, self._groups)
        groups = self._groups
        file_problems = list(
            unread.problems(given, media_types, groups, at, expressions=expressions)
        )
        given = unread.stood_in(given)
        paths = grouped(given, schema, media_types[0], expressions=expressions)
        in_url = self._query_in_url(given)
        if in_url:
            validator = Validator(_merged_schema(schema, in_url), expressions=expressions)
            given["query"] = in_url | given.get("query", {})
        problems = validator.problems(given, at)
        if problems:
            specific = list(_but_for_forms(problems, pointer(["body"], at)))
            about_values = unread.but_for_content(specific, at)
            media_type = media_types[0]
            problems = list(
                _but_for_text(about_values, given, media_type, at, is_named=is_named),
            )
        refused = {problem.pointer for problem in problems}
        empty = unsent_problems(given, endpoint, media_types[0], at)
        problems += [problem for problem in empty if problem.pointer not in refused]
        if paths:
            problems = [
                replace(one, pointer=as_written(one.pointer, paths, at)) for one in problems
            ]
        problems = [_method_problem(each, request, at) for each in problems]
        refused = {each.pointer for each in file_problems}
        problems = [each for each in problems if each.pointer not in refused] + file_problems
        if in_url:
            problems = [_in_url(problem, in_url, at) for problem in problems]
        if self._names:
            problems = [_as_written(each, request, self._names, at) for each in problems]
        return problems

    def _query_in_url(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the query values in the URL's text, but those that stand in the described path."""
        if self._endpoint is None or "url" not in self._groups:
            return {}
        values = _query_in_url(given, self._schema, expressions=self._expressions)
        return {name: value for name, value in values.items() if name not in self._in_path}

    def _message_problems(
        self,
        request: Mapping[str, Any],
        given: Mapping[str, Any],
    ) -> Iterator[Problem]:
        """Yield what no schema says: what a URL and headers cannot be."""
        at = self._at
        if "url" in self._groups or "pathParameters" in self._groups:
            yield from url_problems(
                request,
                self._endpoint,
                self._variables,
                pointer(["url"], at),
                expressions=self._expressions,
            )
        if "headers" in self._groups:
            place, headers = pointer(["headers"], at), request.get("headers")
            yield from _content_type_problems(given, self._endpoint, place)
            may_set = self._host_header
            yield from _header_problems(headers, self._framing, place, host_header=may_set)


def _but_for_forms(problems: list[Problem], body: str) -> Iterator[Problem]:
    """Drop "none of the forms" for the body when a more specific problem about the body is
    reported.
    """
    is_specific = any(
        problem.pointer.startswith(body) and problem.code not in _FORMS for problem in problems
    )
    for problem in problems:
        if not (is_specific and problem.pointer == body and problem.code in _FORMS):
            yield problem


_FORMS = ("no-form", "several-forms")


def _but_for_text(
    problems: Iterator[Problem],
    given: Mapping[str, Any],
    media_type: str,
    at: str,
    *,
    is_named: bool,
) -> Iterator[Problem]:
    """Yield *problems*, but that text is no structure where it is sent as it is: its author has
    written the XML.

    *is_named* says whether the settings name the media type. JSON's text is a value. That of a form
    is one only where its author says so: `{"$text": "a=1&b=2"}`.
    """
    body, is_text = pointer(["body"], at), isinstance(given.get("body"), str)
    is_form = essence(media_type) == FORM or carries_files(media_type)
    is_named = is_named or "*" not in media_type
    for problem in problems:
        if not (is_text and problem.pointer == body and problem.code in _ABOUT_STRUCTURE):
            yield problem
        elif is_form:
            yield problem.with_params(hint="encoded-text")
        elif is_json(media_type) or not is_named:
            yield problem


_ABOUT_STRUCTURE = ("type", *_FORMS)
"""Codes that say that text is no structure; what a description says of text itself is checked."""


# Media types


def _content_type_as_offered(given: dict[str, Any], endpoint: Endpoint | None) -> dict[str, Any]:
    """Return *given* with the Content-Type as the endpoint writes it, where only parameters (a
    charset, a boundary) differ.
    """
    said = content_type_of(given)
    if said is None or "Content-Type" not in given["headers"]:
        return given
    known = next((name for name in offered(endpoint) if essence(name) == essence(said)), said)
    return {**given, "headers": {**given["headers"], "Content-Type": known}}


def _content_type_problems(
    given: Mapping[str, Any], endpoint: Endpoint | None, at: str
) -> Iterator[Problem]:
    """Refuse a Content-Type that is in none of the endpoint's ranges of media types; without
    ranges, its schema does.
    """
    content, said = offered(endpoint), content_type_of(given)
    if (
        said is None
        or not any("*" in name for name in content)
        or has_expression(said)
        or offers(content, said)
    ):
        return
    yield Problem.of("media-type", pointer(["Content-Type"], at), known=list(content), found=said)


_UNCHECKED = object()
"""A query value in the URL's text whose shape cannot be told from its text: an array, an object, a
union.
"""

_PLAIN = ("string", "integer", "number", "boolean")


def _query_in_url(
    request: Mapping[str, Any], schema: Mapping[str, Any], *, expressions: bool
) -> dict[str, Any]:
    """Return the query values that stand in the URL's text and not in `query`, typed as *schema*
    has them.

    With *expressions*, text that holds one is left out: it is looked at again when its value is
    known.
    """
    url = request.get("url")
    if (
        not isinstance(url, str)
        or "?" not in url
        or not isinstance(request.get("query", {}), Mapping)
    ):
        return {}
    group = schema.get("properties", {}).get("query")
    known = group.get("properties", {}) if isinstance(group, Mapping) else {}
    values: dict[str, Any] = {}
    for name, text in parse_qsl(url.partition("?")[2].partition("#")[0], keep_blank_values=True):
        if name in request.get("query", {}) or (
            expressions and (has_expression(name) or has_expression(text))
        ):
            continue
        described = _but_for_empty(known.get(name))
        if isinstance(described, Mapping) and described.get("type") in _PLAIN:
            values[name] = typed(text, described)
        elif name in known or name.partition("[")[0] in known:
            values[name] = _UNCHECKED
        else:
            values[name] = text
    return values


def _but_for_empty(schema: Any) -> Any:
    """Return the *schema* of a parameter without its leave to be empty (OpenAPI:
    `allowEmptyValue`).
    """
    forms: Any = schema.get("anyOf", ()) if isinstance(schema, Mapping) else ()
    return forms[0] if len(forms) == 2 and forms[1] == {"const": ""} else schema


def _merged_schema(schema: Mapping[str, Any], in_url: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *schema* with every query value let through whose shape its text does not tell."""
    free = {name: True for name, value in in_url.items() if value is _UNCHECKED}
    if not free:
        return schema
    properties = schema["properties"]
    query = {
        **properties["query"],
        "properties": {**properties["query"].get("properties", {}), **free},
    }
    return {**schema, "properties": {**properties, "query": query}}


def _in_url(problem: Problem, in_url: Mapping[str, Any], at: str) -> Problem:
    """Point a problem with a query value that stands in the URL at the URL."""
    tokens = parts(problem.pointer[len(at) :])
    if len(tokens) < 2 or tokens[0] != "query" or tokens[1] not in in_url:
        return problem
    return replace(problem.with_params(inUrl=tokens[1]), pointer=pointer(["url"], at))


def focused(schema: Mapping[str, Any], groups: Collection[str]) -> dict[str, Any]:
    """Return *schema* (of settings) with everything in it that is not about *groups* let through.

    Settings are checked when they are read; what their expressions yield is all that can be wrong
    when they run. Conditions are about a body and the header that names its media type: these stay.
    """
    properties = schema.get("properties", {})
    wanted = {*groups, *(("headers", "body") if "allOf" in schema else ())}
    return {
        **schema,
        "properties": {name: each if name in wanted else True for name, each in properties.items()},
    }


def header_names(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers a settings *schema* documents, lower case -> its spelling."""
    headers = schema.get("properties", {}).get("headers")
    return (
        {name.lower(): name for name in headers.get("properties", {})}
        if isinstance(headers, Mapping)
        else {}
    )


def _as_written(
    problem: Problem, request: Mapping[str, Any], names: Mapping[str, str], at: str
) -> Problem:
    """Point at the header as its author spelt it."""
    tokens = parts(problem.pointer[len(at) :])
    headers = request.get("headers")
    if len(tokens) < 2 or tokens[0] != "headers" or not isinstance(headers, Mapping):
        return problem
    written = next((name for name in headers if names.get(name.lower()) == tokens[1]), tokens[1])
    return replace(problem, pointer=pointer(["headers", written, *tokens[2:]], at))


def _header_problems(
    headers: Any, framing: Collection[str], at: str, *, host_header: bool
) -> Iterator[Problem]:
    if not isinstance(headers, Mapping) or not all(isinstance(name, str) for name in headers):
        return
    seen: dict[str, str] = {}
    for name, value in headers.items():
        place = pointer([name], at)
        if not TOKEN.fullmatch(name):
            yield Problem.of("header-name", place, name=name)
        elif name.lower() == "host":
            yield from _host_problems(value, place, allowed=host_header)
        elif name.lower() in framing:
            yield Problem.of("header-not-sent", place, severity="warning", name=name)
        elif name.lower() in FRAMING:
            yield Problem.of("header-framing", place, name=name)
        elif name.lower() in seen:
            yield Problem.of("header-twice", place, other=seen[name.lower()])
        seen[name.lower()] = name
        if isinstance(value, str) and UNSENDABLE.search(value):
            yield Problem.of("header-value", place)


def _host_problems(value: Any, place: str, *, allowed: bool) -> Iterator[Problem]:
    if not allowed:
        yield Problem.of("header-host", place)
    elif isinstance(value, str) and not has_expression(value) and not HOST.fullmatch(value):
        yield Problem.of("header-host-value", place, found=value)


def _method_problem(problem: Problem, request: Mapping[str, Any], at: str) -> Problem:
    method = request.get("method")
    if problem.pointer != pointer(["method"], at) or problem.code != "pattern":
        return problem
    return Problem.of("method", problem.pointer, found=method)
