"""Find the problems in the headers of one `httpRequest` that no schema finds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from httptask._core.pointers import parts
from httptask._core.pointers import pointer as pointer_of
from httptask._http.media_types import essence
from httptask._http.syntax import FRAMING, HOST, TOKEN, UNSENDABLE
from httptask.building import is_coded_already, offers, writes_coding
from httptask.errors import Problem
from httptask.expressions import has_expression, is_expression
from httptask.model.api import Endpoint
from httptask.settings.check._media_type import content_type_of, offered


def header_names(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that a settings *schema* documents: lower-case name -> spelling."""
    group = schema.get("properties", {}).get("headers")
    if not isinstance(group, Mapping):
        return {}
    return {name.lower(): name for name in group.get("properties", {})}


def as_spelt(
    problem: Problem,
    request: Mapping[str, Any],
    names: Mapping[str, str],
    base: str,
) -> Problem:
    """Return *problem* with its pointer at the header as the author spelt it.

    *names* are the documented headers (`header_names`); *base* is the pointer of *request*.
    """
    tokens = parts(problem.pointer[len(base) :])
    headers = request.get("headers")
    if len(tokens) < 2 or tokens[0] != "headers" or not isinstance(headers, Mapping):
        return problem
    spelling = next((name for name in headers if names.get(name.lower()) == tokens[1]), tokens[1])
    return replace(problem, pointer=pointer_of(["headers", spelling, *tokens[2:]], base))


def content_type_problems(
    settings: Mapping[str, Any],
    endpoint: Endpoint | None,
    pointer: str,
) -> Iterator[Problem]:
    """Refuse a `Content-Type` that is itself a range, or that lies outside the endpoint's ranges.

    No media type has an asterisk in its name (RFC 6838, section 4.2). If the endpoint names media
    types but no ranges, its schema refuses the others. *pointer* is that of the headers.
    """
    content = offered(endpoint)
    content_type = content_type_of(settings)
    if content_type is None or has_expression(content_type):
        return
    has_ranges = any("*" in name for name in content)
    if "*" in essence(content_type):
        header_pointer = pointer_of(["Content-Type"], pointer)
        yield Problem.of("media-type-range", header_pointer, found=content_type)
    elif has_ranges and not offers(content, content_type):
        yield Problem.of(
            "media-type",
            pointer_of(["Content-Type"], pointer),
            known=list(content),
            found=content_type,
        )


def header_problems(
    headers: Any,
    described_framing: Collection[str],
    base: str,
    *,
    host_header: bool,
) -> Iterator[Problem]:
    """Yield the problems in the names and values of *headers*, which stand at *base*.

    *described_framing* are the framing headers, in lower case, that the endpoint documents: an
    author may set them, but they are not sent. *host_header* says whether `Host` may be set.
    """
    if not isinstance(headers, Mapping) or not all(isinstance(name, str) for name in headers):
        return
    spellings: dict[str, str] = {}
    for name, value in headers.items():
        pointer = pointer_of([name], base)
        lower_name = name.lower()
        if not TOKEN.fullmatch(name):
            yield Problem.of("header-name", pointer, name=name)
        elif lower_name == "host":
            yield from _host_problems(value, pointer, allowed=host_header)
        # Before `FRAMING`: what the endpoint documents may be set, and is only left out when sent.
        elif lower_name in described_framing:
            yield Problem.of("header-not-sent", pointer, severity="warning", name=name)
        elif lower_name in FRAMING:
            yield Problem.of("header-framing", pointer, name=name)
        elif lower_name in spellings:
            yield Problem.of("header-twice", pointer, other=spellings[lower_name])
        spellings[lower_name] = name
        if isinstance(value, str) and UNSENDABLE.search(value):
            yield Problem.of("header-value", pointer)


def coding_problems(request: Mapping[str, Any], base: str) -> Iterator[Problem]:
    """Warn of a `Content-Encoding` in which the body of *request* is not encoded.

    See RFC 9110, section 8.4. *base* is the pointer of the headers.
    """
    headers = request.get("headers")
    body = request.get("body")
    if not isinstance(headers, Mapping) or body is None or is_coded_already(body):
        return
    for name, value in headers.items():
        if not isinstance(name, str) or name.lower() != "content-encoding":
            continue
        is_known = not isinstance(value, str) or has_expression(value) or writes_coding(value)
        if not is_known and not (isinstance(body, str) and is_expression(body)):
            header_pointer = pointer_of([name], base)
            yield Problem.of("header-coding", header_pointer, severity="warning", found=value)


def _host_problems(value: Any, pointer: str, *, allowed: bool) -> Iterator[Problem]:
    if not allowed:
        yield Problem.of("header-host", pointer)
    elif isinstance(value, str) and not has_expression(value) and not HOST.fullmatch(value):
        yield Problem.of("header-host-value", pointer, found=value)
