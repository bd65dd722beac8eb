"""The types of tasks: the places for expressions in each, and a form made from its schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json
from httptask.designer._form import Field, task_form
from httptask.designer._problems import Refused
from httptask.workflow import STEERING_TYPES, sends_requests
from httptask.workflow.typing import expression_pointers

if TYPE_CHECKING:
    from httptask.protocols import TaskType
    from httptask.task import Runtime


class TaskTypes:
    """The task types of *runtime*, including those of plugins."""

    def __init__(self, runtime: Runtime) -> None:
        self._types: Mapping[str, TaskType] = runtime.plugins.named("httptask_task_types")

    def listed(self) -> list[dict[str, Any]]:
        """Return `{"name", "expressions", "queries", "sends"}` for each type."""
        listed = []
        for name, task_type in self._types.items():
            expressions, queries = expression_pointers(name, _properties(task_type))
            pointers = {"expressions": expressions, "queries": queries}
            listed.append({"name": name, **pointers, "sends": sends_requests(name)})
        return listed

    async def form(self, request: Request) -> Response:
        """Answer with the form for tasks of one type."""
        name = request.path_params["name"]
        task_type = self._types.get(name)
        if task_type is None:
            raise Refused("not-found", f"there is no task type {name[:100]!r}")
        field = await in_thread(lambda: _field(task_type))
        return as_json({"name": name, **({} if field is None else {"field": field})})


def _field(task_type: TaskType) -> Field | None:
    """Return the form for a task of *task_type*; None if its schema cannot be read."""
    try:
        return task_form(task_type.schema, for_each=task_type.name not in STEERING_TYPES)
    except Exception:  # noqa: BLE001 - a plugin's schema may be broken: such a task is written as JSON
        return None


def _properties(task_type: TaskType) -> Iterable[str]:
    """Return the names of the properties in the schema of *task_type*; none if it cannot be
    read.
    """
    try:
        return [*task_type.schema.get("properties", ())]
    except Exception:  # noqa: BLE001 - a plugin's broken task type must not keep the page from starting
        return ()
