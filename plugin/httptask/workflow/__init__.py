"""Workflow definitions: read them, find everything wrong with them, and say what a run of one should do next.

definition = load_definition("customer.json")
found = problems(definition, task_types)        # all at once, each with its place and line
progress = next_steps(definition, results)      # pure: what should be running now, or how the run ended
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httptask.workflow._definition import definition_of, iter_tasks, load_definition
    from httptask.workflow._interpreter import Progress, Step, next_steps, tasks_document
    from httptask.workflow._validation import problems

__all__ = [
    "Progress",
    "Step",
    "definition_of",
    "iter_tasks",
    "load_definition",
    "next_steps",
    "problems",
    "tasks_document",
]

# Loaded when first asked for: a plugin manager imports this package for `plugin.py` alone, and jsonschema is not cheap.
_HOMES = {
    "Progress": "_interpreter",
    "Step": "_interpreter",
    "definition_of": "_definition",
    "iter_tasks": "_definition",
    "load_definition": "_definition",
    "next_steps": "_interpreter",
    "problems": "_validation",
    "tasks_document": "_interpreter",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
