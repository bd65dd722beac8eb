"""Where tasks of a type run."""

from __future__ import annotations

HTTP = "Http"
"""The type whose tasks the activity `http_task` runs."""

LOCAL = frozenset(("Decision", "Terminate", "Workflow", "Wait", "Simple"))
"""Types whose tasks only evaluate expressions: local activities run them, in the worker that holds
the workflow.
"""

DECIDING = frozenset(("Decision",))
"""Types that look at the output of the task before."""

WORKFLOW = "HttpTaskWorkflow"
"""The type of our workflow."""

TASK_QUEUE = "httptask"
"""The task queue of workers and runs, when nobody says otherwise."""
TASK_QUEUE_VARIABLE = "HTTPTASK_TASK_QUEUE"
"""The environment variable in which an operator names another."""
