"""A task as it stands in a workflow definition, and the plan that is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump, is_too_deep, parse
from httptask.task._plan import Plan

if TYPE_CHECKING:
    from httptask.task._runtime import Runtime

_LONGEST_KEPT = 256 * 1024
"""Characters of a task's JSON. The plan of a longer one is not kept: a thousand of them would fill
the memory.
"""


@dataclass(frozen=True, slots=True)
class WrittenTask:
    """A task as it stands in a workflow definition."""

    definition: Any
    pointer: str
    text: str | None
    """What tells it from any other: its JSON. None: its plan is not kept."""

    @classmethod
    def of(cls, definition: Any, pointer: str) -> WrittenTask:
        """Return *definition*, which stands at *pointer*."""
        if not isinstance(definition, Mapping):
            return cls(definition, pointer, None)
        try:
            text = dump(definition, compact=True)
        except (TypeError, ValueError, RecursionError):  # not JSON, which is a problem of the task
            return cls(definition, pointer, None)
        is_kept = len(text) <= _LONGEST_KEPT and not is_too_deep(definition, text)
        return cls(definition, pointer, text if is_kept else None)

    def plan(self, runtime: Runtime) -> Plan:
        """Return the plan of the task: the one *runtime* keeps, or a new one.

        A plan is for one version of the catalogue where the task names an endpoint.
        """
        text = self.text
        if text is None:
            return Plan(self.definition, self.pointer, runtime)
        names_endpoint = self.definition.get("endpoint") is not None
        version = runtime.endpoints.version_for(names_endpoint=names_endpoint)
        key = text, self.pointer, version
        # The plan has a copy: what its author makes of the definition later is another task.
        return runtime.plans.get(key, lambda: Plan(parse(text), self.pointer, runtime), len(text))
