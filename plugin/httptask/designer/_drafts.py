"""A draft: a task in the page, with sample values in place of its expressions."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._core.pointers import parts
from httptask.designer._bodies import member
from httptask.designer._inputs import tried_input
from httptask.designer._problems import Refused
from httptask.expressions import escape, has_expression
from httptask.model.environment import Environment
from httptask.model.exchange import SentRequest
from httptask.model.task import Inputs, run_of_test

SHOWN_TEXT = 256 * 1024
"""Maximum characters of a body that are sent to the page at once. The rest can be downloaded."""

_SAMPLED = ("httpRequest", "inputParameters", "forEach")
"""The members of a task that hold expressions."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A task to be tried."""

    task: dict[str, Any]
    """The task, with samples in place of its expressions."""
    name: str
    inputs: Inputs

    @property
    def endpoint_id(self) -> str | None:
        """The id of its endpoint; None for a free-form request."""
        endpoint = self.task.get("endpoint")
        return endpoint if isinstance(endpoint, str) else None


def draft_of(value: Mapping[str, Any], environment: Environment | None = None) -> Draft:
    """Read a draft `{"task", "name"?, "samples"?, "inputs"?, "inputSchema"?}`, to be tried in
    *environment*.

    Raises `Refused` for another shape.
    """
    task = copy.deepcopy(member(value, "task", dict))
    samples = member(value, "samples", dict, dict)
    for pointer, sample in samples.items():
        _put(task, pointer, _literal(sample))
    if samples:
        _drop_unused(task)
    inputs = member(value, "inputs", dict, dict)
    name = member(value, "name", str, str) or "task"
    return Draft(
        task,
        name,
        Inputs(
            input=tried_input(value.get("inputSchema"), inputs.get("input")),
            tasks=member(inputs, "tasks", dict, dict),
            variables={
                **(environment.variables if environment is not None else {}),
                **member(inputs, "variables", dict, dict),
            },
            run=run_of_test(""),
            environment=environment,
            item_index=item_index_of(inputs),
        ),
    )


def item_index_of(inputs: Mapping[str, Any]) -> int:
    """Return the index of the `forEach` item in *inputs*. Raises `Refused`."""
    index = member(inputs, "itemIndex", int, int)
    if index < 0:
        raise Refused("bad-request", f"'itemIndex' counts from 0, found {index}")
    return index


def _put(task: dict[str, Any], pointer: str, sample: Any) -> None:
    """Put *sample* at the JSON Pointer *pointer* in *task*. Raises `Refused`."""
    tokens = parts(pointer)
    target: Any = task
    try:
        if len(tokens) < 2 or tokens[0] not in _SAMPLED:
            raise LookupError
        for token in tokens[:-1]:
            target = target[int(token)] if isinstance(target, list) else target[token]
        key: Any = int(tokens[-1]) if isinstance(target, list) else tokens[-1]
        _ = target[key]  # raises if there is no value to replace
        target[key] = sample
    except (LookupError, TypeError, ValueError) as error:
        message = (
            f"the sample for {pointer!r} has no place in the task; a sample stands for a value of"
            " its httpRequest"
        )
        raise Refused("bad-request", message) from error


def _drop_unused(task: dict[str, Any]) -> None:
    """Remove the input parameters that were used only by expressions which a sample now replaces.

    Otherwise a person would have to make up inputs for them.
    """
    parameters = task.get("inputParameters")
    if not isinstance(parameters, dict):
        return
    used: set[str] = set()
    for text in _texts(task.get("httpRequest")):
        for expression in _EXPRESSION.findall(text) if has_expression(text) else ():
            name = _FIRST_NAME.fullmatch(expression)
            if name is None:  # the expression may use any parameter
                return
            used.add(name[1] or name[2])
    task["inputParameters"] = {name: value for name, value in parameters.items() if name in used}


_EXPRESSION = re.compile(r"\$\{([^}]*)\}|^jsonata:.*", re.DOTALL)
_FIRST_NAME = re.compile(r"\s*\$(?:\.(\w+)|\['([^'\\]*)'\])[\w.'\[\] -]*")
"""A plain JSONPath; its groups hold the first name."""


def _texts(value: Any) -> Iterator[str]:
    """Yield every string in *value*."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            yield from _texts(item)


def _literal(value: Any) -> Any:
    """Return *value* with its texts escaped, since a sample contains no expressions."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, list):
        return [_literal(item) for item in value]
    if isinstance(value, dict):
        return {name: _literal(item) for name, item in value.items()}
    return value


# Requests as a page shows them


def shown_request(request: SentRequest) -> dict[str, Any]:
    """Return *request* as JSON. A long body is cut, with `truncated` set."""
    shown = request.to_json()
    for name in ("body", "bodyBase64"):
        if len(shown.get(name, "")) > SHOWN_TEXT:
            shown[name] = shown[name][:SHOWN_TEXT]
            shown["truncated"] = True
    return shown


def raw_request(request: SentRequest) -> str:
    """Return *request* as the text of an HTTP/1.1 message (RFC 9112, section 2.1).

    Lines end with a line feed, for reading.
    """
    host, slash, path = request.url.partition("://")[2].partition("/")
    if "?" in host:  # a query directly after the authority
        host, _, query = host.partition("?")
        slash = "/"
        path = "?" + query
    lines = [f"{request.method} {slash or '/'}{path} HTTP/1.1"]
    headers = request.headers
    if not any(name.lower() == "host" for name, _ in headers):
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in headers]
    if request.body and not any(
        name.lower() in ("content-length", "transfer-encoding") for name, _ in headers
    ):
        lines.append(f"Content-Length: {len(request.body)}")
    whole = request.shown_body
    body = whole[:SHOWN_TEXT].decode("utf-8", "replace")
    cut = "" if len(whole) <= SHOWN_TEXT else f"\n… ({len(whole):,} bytes in all)"
    return "\n".join([*lines, "", body + cut])
