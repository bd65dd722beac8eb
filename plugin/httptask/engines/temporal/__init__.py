"""Workflow definitions on Temporal, and the HTTP task as an activity for your own workflows.

client = await Client.connect("localhost:7233", plugins=[HttpTaskPlugin()])
"""

from __future__ import annotations

from httptask.engines.temporal._activities import activities, http_task
from httptask.engines.temporal._arguments import HttpTaskArguments, HttpTaskOutcome
from httptask.engines.temporal._plugin import HttpTaskPlugin
from httptask.engines.temporal._workflow import HttpTaskWorkflow

__all__ = [
    "HttpTaskArguments",
    "HttpTaskOutcome",
    "HttpTaskPlugin",
    "HttpTaskWorkflow",
    "activities",
    "http_task",
]
