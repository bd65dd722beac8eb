"""Everything wrong with the URL of one `httpRequest`, and with the values of its places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import pointer
from httptask._http.hosts import host_fault
from httptask._http.syntax import PLACEHOLDER, split_url
from httptask.errors import Problem
from httptask.expressions import has_expression
from httptask.model.api import Endpoint

Variables = Mapping[str, Mapping[str, Any]]
"""The variables of an endpoint's servers."""


def url_problems(
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
        yield from url_problems({"url": authority[0]}, None, {}, at, expressions=False)
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
