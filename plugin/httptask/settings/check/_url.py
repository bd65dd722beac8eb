"""Find every problem in the URL of one `httpRequest`, and in its path parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._http.hosts import host_fault
from httptask._http.server_templates import misplaced_values
from httptask._http.syntax import PLACEHOLDER, split_url
from httptask.errors import CodedError, Problem
from httptask.expressions import has_expression
from httptask.model.api import Endpoint

Variables = Mapping[str, Mapping[str, Any]]
"""The variables of an endpoint's servers."""


def url_problems(
    request: Mapping[str, Any],
    endpoint: Endpoint | None,
    variables: Variables,
    pointer: str,
    *,
    expressions: bool,
) -> Iterator[Problem]:
    """Yield the problems in the URL of *request*, which stands at *pointer*."""
    url = request.get("url")
    if not isinstance(url, str):
        return
    if expressions and has_expression(url):
        yield from _unevaluated_url_problems(url, pointer)
        return
    path_parameters = request.get("pathParameters")
    misplaced = list(_misplaced_problems(url, path_parameters, variables, pointer))
    if misplaced:
        yield from misplaced
        return
    server_values = _server_values(path_parameters, variables)
    text = PLACEHOLDER.sub(lambda match: server_values.get(match[1], match[0]), url)
    try:
        # A placeholder for the port is removed; a missing value for it is reported below.
        split = split_url(_OPEN_PORT.sub(r"\1", text))
        port = split.port
    except CodedError as error:
        yield Problem.of("url", pointer, reason=error.reason)
        return
    if split.scheme not in ("http", "https") or not split.hostname:
        yield Problem.of(
            "url-absolute",
            pointer,
            found=url,
            **_servers(endpoint),
        )
    elif split.username is not None or split.password is not None:
        yield Problem.of("url-user", pointer)
    elif port == 0:
        yield Problem.of("url-port-zero", pointer)
    else:
        yield from _host_faults(split.netloc, request.get("pathParameters"), pointer)
    if re.search(r"[\x00-\x20\x7f\ud800-\udfff]", url):
        yield Problem.of("url-characters", pointer)
    if split.fragment:
        yield Problem.of("url-fragment", pointer, severity="warning")
    if endpoint is not None and not split.path.endswith(endpoint.target.partition("?")[0]):
        yield Problem.of(
            "url-path",
            pointer,
            expected=endpoint.target,
            found=url,
        )
    yield from _placeholder_problems(
        url,
        request.get("pathParameters"),
        endpoint,
        variables,
        pointer,
    )


def _host_faults(netloc: str, path_parameters: Any, pointer: str) -> Iterator[Problem]:
    """Yield why *netloc*, with placeholders filled from *path_parameters*, cannot name a server."""
    values = path_parameters if isinstance(path_parameters, Mapping) else {}
    netloc = PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), netloc)
    # A placeholder without a value is reported elsewhere; an expression is evaluated later.
    if "{" in netloc:
        return
    try:
        bare = split_url(f"//{netloc}").hostname or ""
    except CodedError as error:
        yield Problem.of("url", pointer, reason=error.reason)
        return
    host = f"[{bare}]" if "[" in netloc else bare
    fault = host_fault(host)
    if fault is not None:
        yield Problem.of(
            "url-host",
            pointer,
            found=host,
            reason=fault.reason,
        )


_AUTHORITY = re.compile(r"(?i)https?://[^/?#]*")
_SERVER = re.compile(r"(?:\{[^{}]*\}|[^/?#])*//(?:\{[^{}]*\}|[^/?#])*/?")
"""The scheme and the authority of a URL, and whether a path follows."""
_OPEN_PORT = re.compile(r"(?i)^(https?://[^/?#]*):\{[^{}/?#]*\}(?=[/?#]|$)")
_RUNS_ON = re.compile(
    r"(?i)https?://(?:[^/?#$]*\.[^/?#$]*|localhost|[^/?#$]*:\d+)(?<=[\w])\$\{[^{}]*\}(?=[/?#]|\Z)"
)
"""A complete-looking host directly followed by an expression."""


def _unevaluated_url_problems(url: str, pointer: str) -> Iterator[Problem]:
    """Yield the problems of a URL with expressions that do not depend on their values."""
    authority = _AUTHORITY.match(url)
    if authority is not None and not has_expression(authority[0]):
        yield from url_problems(
            {"url": authority[0]},
            None,
            {},
            pointer,
            expressions=False,
        )
    elif match := _RUNS_ON.match(url):
        yield Problem.of(
            "url-host-runs-on",
            pointer,
            severity="warning",
            server=match[0].partition("$")[0],
        )


def _server_values(path_parameters: Any, variables: Variables) -> dict[str, str]:
    """Return the values of server *variables*: those in *path_parameters*, else the defaults."""
    values = path_parameters if isinstance(path_parameters, Mapping) else {}
    chosen = {
        name: values.get(name) or variable.get("default") for name, variable in variables.items()
    }
    return _texts(chosen)


def _misplaced_problems(
    url: str,
    path_parameters: Any,
    variables: Variables,
    pointer: str,
) -> Iterator[Problem]:
    """Yield the values in the server part of *url* that would change which server it names."""
    server = _SERVER.match(url)
    if server is None or "{" not in server[0]:
        return
    values = path_parameters if isinstance(path_parameters, Mapping) else {}
    defaults = _server_values({}, variables)
    texts = {**defaults, **{name: value for name, value in values.items() if value is not None}}
    if any(isinstance(value, str) and has_expression(value) for value in texts.values()):
        return  # values from expressions are checked after evaluation
    parent = pointer.removesuffix("/url")
    for name, text in misplaced_values(server[0], _texts(texts).get):
        value_pointer = pointer
        if name in values:
            value_pointer = pointer_of(["pathParameters", name], parent)
        yield Problem.of("server-value", value_pointer, found=text[:60])


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the literal values among *values*, as text."""
    return {
        name: str(value)
        for name, value in values.items()
        if isinstance(value, str | int) and not has_expression(str(value))
    }


def _servers(endpoint: Endpoint | None) -> dict[str, Any]:
    """Return the parameters of a problem that tell the address of *endpoint*."""
    if endpoint is None:
        return {}
    if endpoint.servers:
        return {"server": endpoint.servers[0].url}
    return {"hint": "no-server"}


def _placeholder_problems(
    url: str,
    path_parameters: Any,
    endpoint: Endpoint | None,
    variables: Variables,
    pointer: str,
) -> Iterator[Problem]:
    """Yield the placeholders without a value, and the values without a placeholder."""
    placeholders = dict.fromkeys(PLACEHOLDER.findall(url))
    values = path_parameters if isinstance(path_parameters, Mapping) else {}
    if isinstance(
        path_parameters, str
    ):  # a whole group from one expression: known after evaluation
        return
    described = (
        {parameter.name for parameter in endpoint.parameters if parameter.location == "path"}
        if endpoint
        else set()
    )
    defaults = {name for name, variable in variables.items() if "default" in variable}
    for name in placeholders:
        if (
            values.get(name) is None and name not in described | defaults
        ):  # a described one is named by the schema
            yield Problem.of("path-parameter-missing", pointer, name=name)
    for name in values:
        if name not in placeholders and name not in described:
            parent = pointer.removesuffix("/url")
            yield Problem.of(
                "path-parameter-unused",
                pointer_of(["pathParameters", name], parent),
                name=name,
            )
