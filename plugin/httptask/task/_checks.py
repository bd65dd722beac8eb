"""What a task and its requests are checked against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from httptask._core import packaged
from httptask._core.pointers import Path
from httptask.errors import Problem
from httptask.settings import RequestCheck, focused


@dataclass(frozen=True, slots=True)
class Checks:
    """The check of a task's requests."""

    check: RequestCheck
    waived: RequestCheck | None
    """Finds what keeps any request from being sent: all else is a warning where there is one."""

    def plainly_allow(self, request: Any, paths: Iterable[Path]) -> bool:
        """Say whether the values at *paths* are plainly allowed; see `RequestCheck`."""
        return isinstance(request, dict | Mapping) and self.check.plainly_allows(request, paths)

    def problems(self, request: Any) -> list[Problem]:
        """Return what is wrong with *request*."""
        problems = self.check.problems(request)
        if self.waived is None:
            return problems
        errors = list(filter(is_error, self.waived.problems(request)))
        noted = [replace(one, severity="warning") for one in problems if one not in errors]
        return errors + noted


def document_shape(
    outputs: Mapping[str, Any] | None = None, input_shape: Any = None, variables: Any = None
) -> dict[str, Any]:
    """Return what is known of the document expressions see: its names, those of the tasks with the
    shapes of their *outputs* where they are known, and the shapes of its input and its *variables*.
    """
    tasks = None
    if outputs is not None:
        tasks = {name: {"input": None, "output": output} for name, output in outputs.items()}
    return {"input": input_shape, "tasks": tasks, "variables": variables}


@cache
def task_schema() -> dict[str, Any]:
    """Return the schema of an HTTP task but for its `httpRequest`, of which the settings schema has
    more to say.
    """
    schema = packaged.schema("http-task")
    about_others = {name: value for name, value in schema.items() if name not in ("if", "else")}
    return focused(about_others, schema["properties"].keys() - {"httpRequest"})


def is_error(problem: Problem) -> bool:
    """Say whether *problem* keeps the task from being sent."""
    return problem.severity == "error"
