"""Workflow definitions: read them, find everything wrong with them, and say what a run of one should do next.

definition = load_definition("customer.json")
found = problems(definition, task_types)        # all at once, each with its place and line
progress = next_steps(definition, results)      # pure: what should be running now, or how the run ended
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask._lazy import lazily

if TYPE_CHECKING:
    from httptask.workflow._definition import definition_of, iter_tasks, load_definition
    from httptask.workflow._interpreter import Progress, Step, next_steps, tasks_document
    from httptask.workflow._renaming import RenamedTask, rename_task
    from httptask.workflow._validation import problems, unreached_tasks

__all__ = [
    "Progress",
    "RenamedTask",
    "Step",
    "definition_of",
    "iter_tasks",
    "load_definition",
    "next_steps",
    "problems",
    "rename_task",
    "tasks_document",
    "unreached_tasks",
]

# Loaded when first asked for: a plugin manager imports this package for `plugin.py` alone, and jsonschema is not cheap.
_HOMES = {
    "Progress": "httptask.workflow._interpreter",
    "RenamedTask": "httptask.workflow._renaming",
    "Step": "httptask.workflow._interpreter",
    "definition_of": "httptask.workflow._definition",
    "iter_tasks": "httptask.workflow._definition",
    "load_definition": "httptask.workflow._definition",
    "next_steps": "httptask.workflow._interpreter",
    "problems": "httptask.workflow._validation",
    "rename_task": "httptask.workflow._renaming",
    "tasks_document": "httptask.workflow._interpreter",
    "unreached_tasks": "httptask.workflow._validation",
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
