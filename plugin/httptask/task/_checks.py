"""The checks of a task and its requests."""

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
    """The checks of a task's requests."""

    check: RequestCheck
    waived: RequestCheck | None
    """Finds only the problems that no task may waive. If set, all other problems are warnings."""

    def plainly_allow(self, request: Any, paths: Iterable[Path]) -> bool:
        """Say whether the values at *paths* are plainly allowed; see `RequestCheck`."""
        return isinstance(request, dict | Mapping) and self.check.plainly_allows(request, paths)

    def problems(self, request: Any) -> list[Problem]:
        """Return the problems of *request*."""
        problems = self.check.problems(request)
        if self.waived is None:
            return problems
        errors = list(filter(is_error, self.waived.problems(request)))
        warnings = [
            replace(problem, severity="warning") for problem in problems if problem not in errors
        ]
        return errors + warnings


def document_shape(
    outputs: Mapping[str, Any] | None = None,
    input_shape: Any = None,
    variables: Any = None,
) -> dict[str, Any]:
    """Return the shape of the document that expressions read.

    *outputs* are the shapes of the tasks' outputs by task name; None: any task may be named.
    """
    tasks = None
    if outputs is not None:
        tasks = {name: {"input": None, "output": output} for name, output in outputs.items()}
    return {
        "input": input_shape,
        "tasks": tasks,
        "variables": variables,
    }


@cache
def task_schema() -> dict[str, Any]:
    """Return the schema of an HTTP task without `httpRequest`, which the settings schema checks."""
    schema = packaged.schema("http-task")
    without_conditions = {
        name: value for name, value in schema.items() if name not in ("if", "else")
    }
    return focused(without_conditions, schema["properties"].keys() - {"httpRequest"})


def is_error(problem: Problem) -> bool:
    """Say whether *problem* is an error, so that the task is not sent."""
    return problem.severity == "error"
