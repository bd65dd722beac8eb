"""The plan of a run: its definition and options as JSON, so that resuming needs no other file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask.model.environment import Environment
from httptask.model.pins import Pins
from httptask.model.workflow import WorkflowDefinition
from httptask.protocols import RunOptions


def plan_of(definition: WorkflowDefinition, options: RunOptions) -> dict[str, Any]:
    """Return the plan of a run of *definition* with *options*, without the input."""
    environment = options.environment
    return {
        "definition": _definition(definition),
        "variables": dict(options.variables),
        "definitions": {name: _definition(nested) for name, nested in options.definitions.items()},
        "environment": environment.to_json() if environment is not None else None,
        "pins": options.pins.to_json() if options.pins is not None else None,
    }


def different_parts(plan: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the members in which two plans of one run differ; of `definitions`, the members of
    that, as `definitions/<name>`.
    """
    parts = [name for name in plan if name != "definitions" and plan[name] != other[name]]
    nested = plan["definitions"]
    changed = [name for name in nested if nested[name] != other["definitions"][name]]
    return parts + [f"definitions/{name}" for name in changed]


def started_with(
    plan: Mapping[str, Any],
    input_value: Any,
) -> tuple[WorkflowDefinition, RunOptions]:
    """Return the definition and the options of *plan*, with the input *input_value*."""
    environment, pins = plan["environment"], plan.get("pins")  # journals may be older than pins
    options = RunOptions(
        input=input_value,
        variables=plan["variables"],
        definitions={name: _read(nested) for name, nested in plan["definitions"].items()},
        environment=Environment.from_json(environment) if environment is not None else None,
        pins=Pins.from_json(pins) if pins is not None else None,
    )
    return _read(plan["definition"]), options


def _definition(definition: WorkflowDefinition) -> dict[str, Any]:
    # A definition without a name is called after its source, in `${swf:workflowDefinitionId}` too.
    return {"document": definition.to_json(), "source": definition.source}


def _read(value: Mapping[str, Any]) -> WorkflowDefinition:
    return WorkflowDefinition(value["document"], source=value["source"])
