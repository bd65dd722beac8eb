"""Remove unset fields (null) from tasks and settings, and spell names as they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask._http.syntax import METHODS
from httptask.model.api import PARAMETER_GROUPS


def normalised(
    request: Mapping[str, Any],
    header_names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return *request* (an `httpRequest`) without its nulls: an unset field is never sent.

    Nulls inside `body` are values and stay. Header names are case-insensitive (RFC 9110, section
    5.1): *header_names* maps the lower-case name to the endpoint's spelling. A registered method is
    written in capitals, as in its registration.
    """
    result: dict[str, Any] = {}
    for name, value in request.items():
        if value is None:
            continue
        if name in _GROUPS and isinstance(value, dict):
            value = {key: item for key, item in value.items() if item is not None}
            if name == "headers" and header_names:
                value = {header_names.get(key.lower(), key): item for key, item in value.items()}
        elif name == "method" and isinstance(value, str):
            # Other methods keep their case, which counts (RFC 9110, section 9.1).
            value = value.upper() if value.upper() in METHODS else value
        result[name] = value
    return result


_GROUPS = frozenset(PARAMETER_GROUPS.values())


def without_nulls(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition of a *task* without its unset fields (null means absent).

    Nulls stay in values that the author passes on: `inputParameters`, `workflowOutput`, a request's
    body.
    """
    return {
        name: _OWN_FIELDS.get(name, _unchanged)(value)
        for name, value in task.items()
        if value is not None
    }


def _unchanged(value: Any) -> Any:
    return value


def _without_unset(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: item for name, item in value.items() if item is not None}


def _nested(value: Any) -> Any:
    """Remove the unset fields of *value* and of the objects in it."""
    fields = _without_unset(value)
    if not isinstance(fields, Mapping):
        return fields
    return {name: _without_unset(item) for name, item in fields.items()}


def _items_without_unset(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_unset(item) for item in value]
    return value


def _request(value: Any) -> Any:
    if isinstance(value, Mapping):
        return normalised(value)
    return value


_OWN_FIELDS = {
    "retry": _without_unset,
    "choices": _items_without_unset,
    "onError": _items_without_unset,
    "branches": _items_without_unset,
    "pagination": _nested,
    "completion": _nested,
    "forEach": _without_unset,
    "httpRequest": _request,
}
"""Fields of a task whose value belongs to the format -> how its unset fields are removed."""
