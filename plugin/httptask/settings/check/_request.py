"""Everything wrong with one `httpRequest`: its schema, its URL, its headers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from httptask._core.pointers import parts, pointer
from httptask._http.hosts import host_fault
from httptask._http.media_types import FORM, carries_files, essence, is_json
from httptask._http.syntax import FRAMING, HOST, PLACEHOLDER, TOKEN, UNSENDABLE, split_url
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
from httptask.settings.check._validate import schema_problems, typed
from httptask.settings.check._warnings import request_warnings

Variables = Mapping[str, Mapping[str, Any]]
"""The variables of an endpoint's servers."""

EVERY_GROUP = frozenset({"url", "method", "body", *PARAMETER_GROUPS.values()})
"""The parts of an `httpRequest`."""


@one_budget()
def request_problems(
    request: Any,
    schema: Mapping[str, Any],
    endpoint: Endpoint | None,
    at: str = "",
    *,
    expressions: bool = False,
    groups: Collection[str] = EVERY_GROUP,
    host_header: bool = False,
    waived: bool = False,
) -> list[Problem]:
    """Return everything wrong with *request* (an `httpRequest`, before or after `normalised`).

    *schema* is the settings schema of *endpoint*, or the schema of any request when there is none.
    *at* is the JSON Pointer of *request* in the workflow definition. With *expressions*, values not
    yet evaluated are let through. *groups* are the parts of *request* to look at, where the rest
    has been looked at before (and *schema* is `focused` on them). *host_header* says whether the
    operator lets tasks set the header `Host`. With *waived*, only what keeps any request from being
    sent counts: the endpoint is asked for nothing but the variables of its servers.
    """
    variables = endpoint.server_variables if endpoint is not None else {}
    framing = described_framing(endpoint)
    if waived:
        schema, endpoint = any_settings_schema(), None
    if not isinstance(request, Mapping):
        return schema_problems(schema, request, at, expressions=expressions)
    for group in groups:
        values = request.get(group)
        if isinstance(values, Mapping) and not all(isinstance(name, str) for name in values):
            return [Problem.of("name-type", pointer([str(group)], at))]
    names = header_names(schema)
    given = _content_type_as_offered(normalised(request, names), endpoint)
    said = content_type_of(given)
    if said is None and "body" in groups:
        given = with_media_type(given, schema, endpoint, expressions=expressions)
    written = content_type_of(given)
    media_types = (
        [written] if written is not None else list(offered(endpoint)) or ["application/json"]
    )
    unread = Unread.of(given, groups)
    file_problems = list(unread.problems(given, media_types, groups, at, expressions=expressions))
    given = unread.stood_in(given)
    paths = grouped(given, schema, media_types[0], expressions=expressions)
    in_url = (
        _query_in_url(given, schema, expressions=expressions)
        if endpoint and "url" in groups
        else {}
    )
    for name, _ in parse_qsl(
        endpoint.target.partition("?")[2] if endpoint else "", keep_blank_values=True
    ):
        in_url.pop(name, None)  # it stands in the described path
    if in_url:
        schema = _merged_schema(schema, in_url)
        given["query"] = in_url | given.get("query", {})
    problems = list(
        _but_for_forms(
            schema_problems(schema, given, at, expressions=expressions), pointer(["body"], at)
        )
    )
    problems = list(
        _but_for_text(unread.but_for_content(problems, at), given, said, media_types[0], at)
    )
    refused = {problem.pointer for problem in problems}
    empty = unsent_problems(given, endpoint, media_types[0], at)
    problems += [problem for problem in empty if problem.pointer not in refused]
    if paths:
        problems = [replace(each, pointer=as_written(each.pointer, paths, at)) for each in problems]
    problems = [_method_problem(each, request, at) for each in problems]
    refused = {each.pointer for each in file_problems}
    problems = [each for each in problems if each.pointer not in refused] + file_problems
    if in_url:
        problems = [_in_url(problem, in_url, at) for problem in problems]
    if names:
        problems = [_as_written(problem, request, names, at) for problem in problems]
    if "url" in groups or "pathParameters" in groups:
        problems += _url_problems(
            request, endpoint, variables, pointer(["url"], at), expressions=expressions
        )
    if "headers" in groups:
        problems += _content_type_problems(given, endpoint, pointer(["headers"], at))
        problems += _header_problems(
            request.get("headers"), framing, pointer(["headers"], at), host_header=host_header
        )
    if expressions:
        wrong = {each.pointer for each in problems}
        problems += [
            each
            for each in request_warnings(request, media_types[0], at)
            if each.pointer not in wrong
        ]
        problems += secret_problems(request, at)
    return problems


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
    said: str | None,
    media_type: str,
    at: str,
) -> Iterator[Problem]:
    """Yield *problems*, but that text is no structure where it is sent as it is: its author has
    written the XML.

    JSON's text is a value. That of a form is one only where its author says so: `{"$text":
    "a=1&b=2"}`.
    """
    body, is_text = pointer(["body"], at), isinstance(given.get("body"), str)
    is_form = essence(media_type) == FORM or carries_files(media_type)
    is_named = said is not None or "*" not in media_type
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


def _url_problems(
    request: Mapping[str, Any],
    endpoint: Endpoint | None,
    variables: Variables,
    at: str,
    *,
    expressions: bool,
) -> Iterator[Problem]:
    url = request.get("url")
    if not isinstance(url, str):
        return
    if expressions and has_expression(url):
        yield from _unevaluated_url_problems(url, at)
        return
    known = _server_values(request.get("pathParameters"), variables)
    try:
        split = split_url(PLACEHOLDER.sub(lambda match: known.get(match[1], match[0]), url))
        port = split.port
    except ValueError as error:
        yield Problem.of("url", at, reason=str(error))
        return
    if split.scheme not in ("http", "https") or not split.hostname:
        yield Problem.of("url-absolute", at, found=url, **_servers(endpoint))
    elif split.username is not None or split.password is not None:
        yield Problem.of("url-user", at)
    elif port == 0:
        yield Problem.of("url-port-zero", at)
    else:
        yield from _host_faults(split.netloc, request.get("pathParameters"), at)
    if re.search(r"[\x00-\x20\x7f\ud800-\udfff]", url):
        yield Problem.of("url-characters", at)
    if split.fragment:
        yield Problem.of("url-fragment", at, severity="warning")
    if endpoint is not None and not split.path.endswith(endpoint.target.partition("?")[0]):
        yield Problem.of("url-path", at, expected=endpoint.target, found=url)
    yield from _placeholder_problems(url, request.get("pathParameters"), endpoint, variables, at)


def _host_faults(netloc: str, given: Any, at: str) -> Iterator[Problem]:
    """Say why no server can be at *netloc*, with the values *given* for its places; nothing when
    one can, or nobody knows yet.
    """
    values = given if isinstance(given, Mapping) else {}
    netloc = PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), netloc)
    if (
        "{" in netloc
    ):  # a place without a value is named elsewhere, and an expression is evaluated later
        return
    try:
        bare = split_url(f"//{netloc}").hostname or ""
    except ValueError as error:
        yield Problem.of("url", at, reason=str(error))
        return
    host = f"[{bare}]" if "[" in netloc else bare
    if fault := host_fault(host):
        yield Problem.of("url-host", at, found=host, reason=fault)


_AUTHORITY = re.compile(r"(?i)https?://[^/?#]*")
_RUNS_ON = re.compile(
    r"(?i)https?://(?:[^/?#$]*\.[^/?#$]*|localhost|[^/?#$]*:\d+)(?<=[\w])\$\{[^{}]*\}(?=[/?#]|\Z)"
)
"""A whole host, it seems, and an expression right behind it."""


def _unevaluated_url_problems(url: str, at: str) -> Iterator[Problem]:
    """Yield what can be said of a URL that holds expressions before they are evaluated."""
    authority = _AUTHORITY.match(url)
    if authority is not None and not has_expression(authority[0]):
        yield from _url_problems({"url": authority[0]}, None, {}, at, expressions=False)
    elif match := _RUNS_ON.match(url):
        yield Problem.of(
            "url-host-runs-on", at, severity="warning", server=match[0].partition("$")[0]
        )


def _server_values(given: Any, variables: Variables) -> dict[str, str]:
    """Return the values of the places that are *variables* of a server: those *given*, else their
    defaults.
    """
    values = given if isinstance(given, Mapping) else {}
    found = {
        name: values.get(name) or variable.get("default") for name, variable in variables.items()
    }
    return {
        name: str(value)
        for name, value in found.items()
        if isinstance(value, str | int) and not has_expression(str(value))
    }


def _servers(endpoint: Endpoint | None) -> dict[str, Any]:
    """Return the params that say where *endpoint* is."""
    if endpoint is None:
        return {}
    return {"server": endpoint.servers[0].url} if endpoint.servers else {"hint": "no-server"}


def _placeholder_problems(
    url: str, given: Any, endpoint: Endpoint | None, variables: Variables, at: str
) -> Iterator[Problem]:
    wanted = dict.fromkeys(PLACEHOLDER.findall(url))
    values = given if isinstance(given, Mapping) else {}
    if isinstance(given, str):  # a whole group from one expression: known after evaluation
        return
    described = (
        {parameter.name for parameter in endpoint.parameters if parameter.location == "path"}
        if endpoint
        else set()
    )
    defaults = {name for name, variable in variables.items() if "default" in variable}
    for name in wanted:
        if (
            values.get(name) is None and name not in described | defaults
        ):  # a described one is named by the schema
            yield Problem.of("path-parameter-missing", at, name=name)
    for name in values:
        if name not in wanted and name not in described:
            parent = at.removesuffix("/url")
            yield Problem.of(
                "path-parameter-unused", pointer(["pathParameters", name], parent), name=name
            )


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
