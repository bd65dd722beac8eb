"""Warn, before anything runs, of settings that can be sent but are probably a mistake."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._http.media_types import is_json
from httptask._http.syntax import METHODS
from httptask.errors import Problem
from httptask.expressions import has_expression, is_expression
from httptask.settings.check._braces import brace_warnings
from httptask.settings.check._texts import Path, texts

_EVALUATED = frozenset(("inputParameters", "httpRequest", "successCondition", "idempotencyKey"))
"""Fields of a task that may hold expressions."""
_EVALUATED_INSIDE = frozenset((("retry", "until"),))
"""Members of other fields that may hold expressions."""
_PLAIN_IN_ROUNDS = {
    "pagination": frozenset(("parameter", "size")),
    "completion": frozenset(),
    "forEach": frozenset(),
}
"""Settings about several calls -> those of their fields that are plain text.

In the other fields an expression is either evaluated or refused by another check.
"""
_FOR_PEOPLE = frozenset(("description",))
_EXPRESSION = re.compile(r"\$\{[^{}]*\}")


def request_warnings(
    request: Mapping[str, Any],
    media_type: str,
    base: str,
) -> Iterator[Problem]:
    """Yield warnings about the values of *request*, an `httpRequest` at the pointer *base*.

    *media_type* is that of its body.
    """
    if is_json(media_type) and _reads_as_json(request.get("body")):
        yield Problem.of(
            "text-reads-as-json",
            pointer_of(["body"], base),
            severity="warning",
            mediaType=media_type,
        )
    for path, name in _names(request):
        if has_expression(name):
            yield _not_evaluated(pointer_of(path, base), name=name, used="sent")


def task_warnings(task: Mapping[str, Any], base: str) -> Iterator[Problem]:
    """Yield warnings about *task* as its author wrote it: the case of its method, variables of
    other programs, and expressions in places where none is evaluated.

    *base* is the JSON Pointer of the task.
    """
    yield from brace_warnings(task, base)
    request = task.get("httpRequest")
    method = None
    if isinstance(request, Mapping):
        method = request.get("method")
    if isinstance(method, str) and method not in METHODS and method.upper() in METHODS:
        pointer = pointer_of(["httpRequest", "method"], base)
        expected = method.upper()
        suggestion = f'"{expected}"'
        yield Problem.of(
            "method-case",
            pointer,
            severity="warning",
            suggestion=suggestion,
            found=method,
            expected=expected,
        )
    for name, value in task.items():
        if name in _EVALUATED or name in _FOR_PEOPLE:
            continue
        for path, text in texts(value):
            if name in _PLAIN_IN_ROUNDS and path[:1] and path[0] not in _PLAIN_IN_ROUNDS[name]:
                continue
            is_evaluated = (name, *path) in _EVALUATED_INSIDE
            if has_expression(text) and not is_evaluated:
                yield _not_evaluated(pointer_of((name, *path), base), text=text)
    for path, name in _names(task.get("inputParameters")):
        if has_expression(name):
            yield _not_evaluated(
                pointer_of(("inputParameters", *path), base),
                name=name,
                used="taken",
            )


def _not_evaluated(pointer: str, **params: Any) -> Problem:
    return Problem.of("expression-not-evaluated", pointer, severity="warning", **params)


def _reads_as_json(text: Any) -> bool:
    """Say whether *text* is a JSON object or array, whatever its expressions yield."""
    if not isinstance(text, str) or is_expression(text) or text.strip()[:1] not in ("{", "["):
        return False
    try:
        # An expression may stand inside a string or outside: the digit 0 is valid in both places.
        json.loads(_EXPRESSION.sub("0", text))
    except (ValueError, RecursionError):
        return False
    return True


def _names(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield each name in *value* that may contain an expression, with the path of its member."""
    queue: list[tuple[Path, Any]] = [(path, value)]
    while queue:
        path, item = queue.pop()
        if isinstance(item, Mapping):
            for name, member in item.items():
                if isinstance(name, str) and "${" in name:
                    yield (*path, name), name
                if isinstance(member, Mapping | list):
                    queue.append(((*path, name), member))
        elif isinstance(item, list):
            queue += [
                ((*path, index), member)
                for index, member in enumerate(item)
                if isinstance(member, Mapping | list)
            ]
