"""A draft: a task as it stands on a page, with what stands in for its expressions while it is
tried.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._core.pointers import parts
from httptask.designer._bodies import member
from httptask.designer._problems import Refused
from httptask.expressions import escape, has_expression
from httptask.model.exchange import SentRequest
from httptask.model.task import Inputs

SHOWN_TEXT = 256 * 1024
"""Characters of a body that a page is given at once; the rest is for download."""

_SAMPLED = ("httpRequest", "inputParameters")
"""The parts of a task that hold expressions."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A task to try."""

    task: dict[str, Any]
    """The definition, samples in the places of their expressions."""
    name: str
    inputs: Inputs

    @property
    def endpoint_id(self) -> str | None:
        """The endpoint it is for; None for a free-form request."""
        found = self.task.get("endpoint")
        return found if isinstance(found, str) else None


def draft_of(value: Mapping[str, Any]) -> Draft:
    """Read a draft `{"task", "name"?, "samples"?, "inputs"?}`. Raises `Refused` for another
    shape.
    """
    task = copy.deepcopy(member(value, "task", dict))
    samples = member(value, "samples", dict, dict)
    for place, sample in samples.items():
        _put(task, place, _literal(sample))
    if samples:
        _drop_unused(task)
    inputs = member(value, "inputs", dict, dict)
    name = member(value, "name", str, str) or "task"
    run = {
        "workflowId": "test-request",
        "sequenceNumber": 1,
        "workflowDefinitionId": "",
        "workflowDefinitionVersion": 1,
    }
    return Draft(
        task,
        name,
        Inputs(
            input=inputs.get("input"),
            tasks=member(inputs, "tasks", dict, dict),
            variables=member(inputs, "variables", dict, dict),
            run=run,
        ),
    )


def _put(task: dict[str, Any], place: str, sample: Any) -> None:
    tokens = parts(place)
    target: Any = task
    try:
        if len(tokens) < 2 or tokens[0] not in _SAMPLED:
            raise LookupError
        for token in tokens[:-1]:
            target = target[int(token)] if isinstance(target, list) else target[token]
        key: Any = int(tokens[-1]) if isinstance(target, list) else tokens[-1]
        _ = target[key]  # a sample stands for something that is there
        target[key] = sample
    except (LookupError, TypeError, ValueError) as error:
        message = (
            f"the sample for {place!r} has no place in the task; a sample stands for a value of its"
            " httpRequest"
        )
        raise Refused("bad-request", message) from error


def _drop_unused(task: dict[str, Any]) -> None:
    """Leave out the input parameters that only expressions with samples used: nobody has to make up
    what they see.
    """
    parameters = task.get("inputParameters")
    if not isinstance(parameters, dict):
        return
    used: set[str] = set()
    for text in _texts(task.get("httpRequest")):
        for expression in _EXPRESSION.findall(text) if has_expression(text) else ():
            name = _FIRST_NAME.fullmatch(expression)
            if name is None:  # it may use any of them
                return
            used.add(name[1] or name[2])
    task["inputParameters"] = {name: value for name, value in parameters.items() if name in used}


_EXPRESSION = re.compile(r"\$\{([^}]*)\}|^jsonata:.*", re.DOTALL)
_FIRST_NAME = re.compile(r"\s*\$(?:\.(\w+)|\['([^'\\]*)'\])[\w.'\[\] -]*")
"""A plain JSONPath, and the name it starts with."""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            yield from _texts(item)


def _literal(value: Any) -> Any:
    """Return *value* so that it is taken as it is: nothing in a sample is an expression."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, list):
        return [_literal(item) for item in value]
    if isinstance(value, dict):
        return {name: _literal(item) for name, item in value.items()}
    return value


# Requests as a page shows them


def shown_request(request: SentRequest) -> dict[str, Any]:
    """Return *request* as JSON; a long body is cut and says so."""
    shown = request.to_json()
    for name in ("body", "bodyBase64"):
        if len(shown.get(name, "")) > SHOWN_TEXT:
            shown[name] = shown[name][:SHOWN_TEXT]
            shown["truncated"] = True
    return shown


def raw_request(request: SentRequest) -> str:
    """Return *request* as the text that goes out (RFC 9112, section 2.1), its lines ended by a line
    feed for reading.
    """
    host, slash, path = request.url.partition("://")[2].partition("/")
    if "?" in host:  # a query behind a bare authority
        host, _, query = host.partition("?")
        slash, path = "/", "?" + query
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
