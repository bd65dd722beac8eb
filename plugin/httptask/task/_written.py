"""A task as written in a workflow definition, and the lookup of its cached plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump, is_too_deep, parse
from httptask.task._plan import Plan

if TYPE_CHECKING:
    from httptask.task._runtime import Runtime

_LONGEST_CACHED = 256 * 1024
"""In characters of JSON. The runtime does not cache the plan of a longer task: a thousand such
plans would fill the memory.
"""


@dataclass(frozen=True, slots=True)
class WrittenTask:
    """A task as written in a workflow definition, at *pointer*."""

    definition: Any
    pointer: str
    text: str | None
    """The task's JSON, a part of the plan's cache key; None: the plan is not cached."""

    @classmethod
    def of(cls, definition: Any, pointer: str) -> WrittenTask:
        """Return the written task of *definition*, at *pointer*."""
        if not isinstance(definition, Mapping):
            return cls(definition, pointer, None)
        try:
            text = dump(definition, compact=True)
        except (TypeError, ValueError, RecursionError):  # not JSON; validation reports it
            return cls(definition, pointer, None)
        is_cached = len(text) <= _LONGEST_CACHED and not is_too_deep(definition, text)
        return cls(definition, pointer, text if is_cached else None)

    @property
    def names_endpoint(self) -> bool:
        """Whether the task names an endpoint of the catalogue."""
        definition = self.definition
        return isinstance(definition, Mapping) and definition.get("endpoint") is not None

    def plan(self, runtime: Runtime) -> Plan:
        """Return the plan that *runtime* has cached, or a new plan.

        If the task names an endpoint, the plan is valid for one version of the catalogue.
        """
        text = self.text
        if text is None:
            return Plan(self.definition, self.pointer, runtime)
        version = runtime.endpoints.version_for(names_endpoint=self.names_endpoint)
        key = text, self.pointer, version
        # The plan gets a copy, because the caller may change its definition later.
        return runtime.plans.get(key, lambda: Plan(parse(text), self.pointer, runtime), len(text))
