"""Names of the workflow and the task queue, and the types of tasks by where they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask.task import UNREPEATABLE

HTTP = "Http"
"""The type of HTTP tasks."""

HTTP_ACTIVITY, PINNED_ACTIVITY = "http_task", "http_task_pinned"
"""The activities for HTTP tasks; the second is for tasks with pins. A worker of a version without
pins would send the requests, so it must not find the activity.
"""

TASK_ACTIVITY = "httptask_task"
"""The activity for tasks of all other types."""

CANCEL_ACTIVITY = "httptask_cancel"
"""The activity that cancels the job of a stopped task."""

SENDING = frozenset((HTTP_ACTIVITY, TASK_ACTIVITY))
"""The activities that may send a request. A pin answers that of `PINNED_ACTIVITY`."""

LOCAL = frozenset(("Decision", "Terminate", "Workflow", "Wait", "Simple"))
"""The types whose tasks only evaluate expressions. They run as local activities, in the worker that
has the workflow.
"""

MOST_AT_ONCE = 1_000
"""The number of activities, and of child workflows, of a run that run at once. A Temporal server
allows 2,000 of each, and blocks a workflow that asks for more.
"""

DECIDING = frozenset(("Decision",))
"""The types whose conditions may read the output of the task before."""

WORKFLOW = "HttpTaskWorkflow"
"""The type of our workflow."""

TASK_QUEUE = "httptask"
"""The default task queue of workers and runs."""
TASK_QUEUE_VARIABLE = "HTTPTASK_TASK_QUEUE"
"""The environment variable by which an operator names another task queue."""


def completes_items_apart(definition: Mapping[str, Any]) -> bool:
    """Say whether each item of the task *definition* waits for a signal."""
    return definition.get("type") == "Simple" and definition.get("forEach") is not None


def is_unrepeatable(state: Any) -> bool:
    """Say whether the next call from the *state* of a task must not be sent twice."""
    return isinstance(state, Mapping) and bool(state.get(UNREPEATABLE))


def starts_job(definition: Mapping[str, Any]) -> bool:
    """Say whether the task *definition* starts a job that it then polls."""
    completion = definition.get("completion")
    return isinstance(completion, Mapping) and completion.get("mode") != "callback"


def reads_page_by_page(definition: Mapping[str, Any]) -> bool:
    """Say whether the task *definition* has an activity for each page."""
    pagination = definition.get("pagination")
    return isinstance(pagination, Mapping) and pagination.get("each") == "activity"
