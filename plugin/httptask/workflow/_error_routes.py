"""Where a run goes when a task fails: the first of the task's `onError` routes that matches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ANY_CLASS = "*"
"""In `errors`: every class of failure."""
STATUS_CLASS = "status"
"""The class that `statuses` narrows."""


def error_route(task: Mapping[str, Any], error: Mapping[str, Any] | None) -> str | None:
    """Return the name of the task to go to after *task* failed with *error*, as JSON.

    None: no route matches, and the failure goes on.
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
    """Say whether *route* is for *error*.

    `statuses` narrows `status`, and `*`, to responses of these statuses. Other classes in `errors`
    match by themselves.
    """
    classes, statuses = route.get("errors"), route.get("statuses")
    outcome = error.get("kind")
    if statuses is None:
        return classes is not None and (ANY_CLASS in classes or outcome in classes)
    if classes is not None and outcome != STATUS_CLASS and outcome in classes:
        return True
    is_meant = classes is None or ANY_CLASS in classes or outcome in classes
    return is_meant and _status_of(error) in statuses


def _status_of(error: Mapping[str, Any]) -> int | None:
    """Return the status of the response that came, if one came.

    The `statusCode` of a class other than `status` is a token endpoint's.
    """
    holder = error if error.get("kind") == STATUS_CLASS else error.get("result") or {}
    status = holder.get("statusCode")
    return status if isinstance(status, int) else None
