"""What a page needs to try a task as in a run: a form for the input, and the environments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask.designer._form import closed, whole_field
from httptask.designer._problems import Refused
from httptask.designer._wording import all_shown
from httptask.errors import DefinitionError, Problem
from httptask.model.workflow import WorkflowDefinition
from httptask.settings import input_problems
from httptask.workflow import (
    environment_names,
    input_problems_of,
    is_own_environment,
    load_environment,
    sample_input,
    with_defaults,
)

if TYPE_CHECKING:
    from httptask.model.environment import Environment


def input_form(schema: Any) -> dict[str, Any]:
    """Return `{"field", "sample", "problems"}` for the `inputSchema` *schema*.

    They are a form for the input, a first input, and the problems of the schema. A schema with
    errors has no form.
    """
    problems = input_problems_of({"inputSchema": schema})
    answer: dict[str, Any] = {"problems": all_shown(problems)}
    if isinstance(schema, Mapping) and not any(one.severity == "error" for one in problems):
        answer["field"] = closed(whole_field(schema))
        sample = sample_input(schema)
        if sample is not None:
            answer["sample"] = sample
    return answer


def tried_input(schema: Any, given: Any) -> Any:
    """Return the input for a test request: *given* with defaults, or a sample if *given* is
    None.
    """
    if not isinstance(schema, Mapping) or any(
        problem.severity == "error" for problem in input_problems_of({"inputSchema": schema})
    ):
        return given
    if given is None:
        return sample_input(schema)
    return with_defaults(schema, given)


def refused_input(schema: Any, value: Any) -> list[Problem]:
    """Return why a run would refuse the input *value* by its `inputSchema` *schema*.

    Empty if there is no input, or if the schema itself has problems.
    """
    if value is None or input_problems_of({"inputSchema": schema}):
        return []
    return input_problems(schema, value)


def environments(definition: WorkflowDefinition) -> list[dict[str, Any]]:
    """Return the environments of *definition*: `{"name", "description"?, "colour"?, "live"?,
    "servers"?}`, or `{"name", "broken"}`. Values of variables are never sent to the page.
    """
    items: list[dict[str, Any]] = []
    for name in environment_names(definition):
        try:
            shown = environment(definition, name).to_json()
        except Refused as refusal:
            items.append({"name": name, "broken": refusal.detail})
            continue
        shown.pop("variables", None)
        items.append(shown)
    return items


def environment(definition: WorkflowDefinition, name: str) -> Environment:
    """Return the environment *name* of *definition*.

    Raises `Refused`, also if a link leads to a file outside the folder of definitions.
    """
    try:
        if not is_own_environment(definition, name):
            raise Refused(
                "bad-request",
                f"{name}.json is reached by a link that leads out of the folder of definitions",
            )
        return load_environment(definition, name)
    except DefinitionError as error:
        raise Refused("bad-request", _told(error.problems)) from error


def _told(problems: tuple[Problem, ...]) -> str:
    return "; ".join(str(problem) for problem in problems)
