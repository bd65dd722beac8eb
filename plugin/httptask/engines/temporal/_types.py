"""Where tasks of a type run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HTTP = "Http"
"""The type whose tasks the activity `http_task` runs."""

HTTP_ACTIVITY, PINNED_ACTIVITY = "http_task", "http_task_pinned"
"""The activities for these tasks: the second for one that a pin answers. A worker that knows no
pins would send its request, and has no such activity.
"""

LOCAL = frozenset(("Decision", "Terminate", "Workflow", "Wait", "Simple"))
"""Types whose tasks only evaluate expressions: local activities run them, in the worker that holds
the workflow.
"""

MOST_AT_ONCE = 1_000
"""Activities of a run that are under way at once, and children: a server of Temporal takes 2,000 of
each, and lets nothing of a workflow go on that asks for more.
"""

DECIDING = frozenset(("Decision",))
"""Types that look at the output of the task before."""

WORKFLOW = "HttpTaskWorkflow"
"""The type of our workflow."""

TASK_QUEUE = "httptask"
"""The task queue of workers and runs, when nobody says otherwise."""
TASK_QUEUE_VARIABLE = "HTTPTASK_TASK_QUEUE"
"""The environment variable in which an operator names another."""


def completes_items_apart(definition: Mapping[str, Any]) -> bool:
    """Say whether somebody outside completes each item of the task *definition*."""
    return definition.get("type") == "Simple" and definition.get("forEach") is not None


def reads_page_by_page(definition: Mapping[str, Any]) -> bool:
    """Say whether the pages of the task *definition* are activities of their own."""
    pagination = definition.get("pagination")
    return isinstance(pagination, Mapping) and pagination.get("each") == "activity"
