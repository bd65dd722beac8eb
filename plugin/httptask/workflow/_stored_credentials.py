"""Find credentials that tasks name and no store of this machine has."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from httptask._core.nearest import nearest
from httptask.credentials import (
    has_own_stores_alone,
    listed_credentials,
    named_credentials,
    shelf_of,
)
from httptask.errors import Problem
from httptask.expressions import has_expression
from httptask.workflow._definition import iter_tasks
from httptask.workflow._order import in_order

if TYPE_CHECKING:
    from httptask.model.workflow import WorkflowDefinition
    from httptask.task import Runtime


def stored_credential_problems(
    definition: WorkflowDefinition,
    runtime: Runtime,
    mapped: Collection[str] = (),
) -> list[Problem]:
    """Return a warning for each credential that a task of *definition* names and no store has.

    *mapped* names are left out: environments replace them. If a plugin brings a store, return []:
    the names in that store cannot be listed. No secret is read.
    """
    if not has_own_stores_alone(runtime.plugins):
        return []
    problems = []
    for task_pointer, _, task in iter_tasks(definition):
        for pointer, name in named_credentials(task.get("credentials"), task_pointer):
            is_name = isinstance(name, str) and name and not has_expression(name)
            if is_name and name not in mapped and shelf_of(name) is None:
                problems.append(_unknown(pointer, name))
    return in_order(problems, definition)


def _unknown(pointer: str, name: str) -> Problem:
    listed, _ = listed_credentials()
    near = nearest(name, [item.credential.name for item in listed])
    suggestion = near[0] if near else None
    return Problem.of(
        "credential-unknown",
        pointer,
        severity="warning",
        suggestion=suggestion,
        name=name[:100],
    )
