"""The problems of expressions over the input parameters of a task."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask.errors import Problem
from httptask.expressions import Query
from httptask.task._for_each import with_item

if TYPE_CHECKING:
    from httptask.expressions import Evaluator

_OF_RUN = ("input", "tasks", "variables")
"""The names of the run's data, which only input parameters read."""


def over_parameters(
    definition: Mapping[str, Any],
    value: Any,
    pointer: str,
    evaluator: Evaluator,
) -> Iterator[Problem]:
    """Yield the problems of the expressions in *value*, a setting of *definition* at *pointer* that
    reads its input parameters.

    If an expression reads the run's data instead, its problem says which input parameter to add.
    """
    parameters = definition.get("inputParameters", {})
    shape = dict.fromkeys(parameters) if isinstance(parameters, Mapping) else None
    for problem in evaluator.check(value, pointer, with_item(shape, definition)):
        params = problem.params
        is_of_run = reads_run(params.get("path"), params.get("name"))
        if is_of_run and problem.code == "expression-no-name":
            advised = parameter_advice(params["expression"], params["name"], shape or {})
            yield Problem.of(
                "expression-of-run",
                problem.pointer,
                severity=problem.severity,
                **advised,
            )
        else:
            yield problem


def reads_run(path: Any, name: Any) -> bool:
    """Say whether an expression that looks up *name* at *path* means the run's data."""
    return path == "$" and name in _OF_RUN


def parameter_advice(
    expression: str,
    name: str,
    parameters: Container[str],
) -> dict[str, Any]:
    """Return the params of `expression-of-run` for *expression*, which reads the run's *name*.

    A query of one value becomes an input parameter with its last name. Any other expression stays,
    over an input parameter with all of the run's *name*. *parameters* are the existing parameters.
    """
    params: dict[str, Any] = {"expression": expression, "name": name}
    try:
        steps = Query.of(expression[2:-1].strip()).steps or ()
    except ValueError:
        steps = ()
    last = next((step for step in reversed(steps) if isinstance(step, str)), name)
    if last == name or last in parameters:
        return {
            **params,
            "parameter": f'"{name}": "${{$.{name}}}"',
            "instead": expression,
        }
    instead = f"${{{Query.of_steps((last,)).text}}}"
    return {
        **params,
        "parameter": f"{dump(last)}: {dump(expression)}",
        "instead": instead,
    }
