"""The route of a failed task: the first of its `onError` routes that matches the error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ANY_CLASS = "*"
"""Stands for every class of errors in `errors`."""
STATUS_CLASS = "status"
"""The class of errors to which `statuses` applies."""


def error_route(task: Mapping[str, Any], error: Mapping[str, Any] | None) -> str | None:
    """Return the name of the next task after *task* failed with *error*, as JSON.

    None: no route matches.
    """
    for route in task.get("onError") or ():
        if _matches(route, error or {}):
            target: str = route["nextTask"]
            return target
    return None


def failed_output(error: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the output of a task that failed with *error*, for later expressions."""
    return {"error": dict(error or {})}


def _matches(route: Mapping[str, Any], error: Mapping[str, Any]) -> bool:
    """Say whether *route* matches *error*.

    `statuses` restricts the classes `status` and `*` to responses with these statuses. It does not
    restrict the other classes in `errors`.
    """
    classes = route.get("errors")
    statuses = route.get("statuses")
    kind = error.get("kind")
    if statuses is None:
        return classes is not None and (ANY_CLASS in classes or kind in classes)
    if classes is not None and kind != STATUS_CLASS and kind in classes:
        return True
    is_meant = classes is None or ANY_CLASS in classes or kind in classes
    return is_meant and _status_of(error) in statuses


def _status_of(error: Mapping[str, Any]) -> int | None:
    """Return the status of the response to the task's request; None if there was no response.

    In errors of other classes than `status`, `statusCode` is the status of a token endpoint.
    """
    holder = error
    if error.get("kind") != STATUS_CLASS:
        holder = error.get("result") or {}
    status = holder.get("statusCode")
    return status if isinstance(status, int) else None
