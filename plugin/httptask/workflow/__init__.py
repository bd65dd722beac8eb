"""Workflow definitions: read them, validate them, and interpret them step by step.

    definition = load_definition("customer.json")
    wrong = problems(definition, task_types)    # all at once, each with its pointer and line
    progress = next_steps(definition, results)  # what should be running now, or how the run ended
    state = RunState(definition)
    news = state.record(result)                 # the same, one result after the other

`next_steps` and `RunState` are pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask._core.lazy import lazily

if TYPE_CHECKING:
    from httptask.model.workflow import Step, Wait
    from httptask.workflow._definition import (
        as_definition,
        definition_of,
        iter_tasks,
        load_definition,
    )
    from httptask.workflow._environment_files import (
        environment_folder,
        environment_names,
        is_own_environment,
    )
    from httptask.workflow._environments import (
        environment_problems,
        load_environment,
        variables_of,
    )
    from httptask.workflow._error_route_problems import error_classes
    from httptask.workflow._error_routes import error_route, failed_output
    from httptask.workflow._finished import FinishedTasks
    from httptask.workflow._input import (
        checked_input,
        input_problems_of,
        is_secret_input,
        sample_input,
        typed_input,
        with_defaults,
    )
    from httptask.workflow._interpreter import RunState, next_steps
    from httptask.workflow._items import Items
    from httptask.workflow._neighbours import (
        EarlierTask,
        earlier_tasks,
        last_tasks,
        later_tasks,
    )
    from httptask.workflow._nested import (
        definitions_of,
        nested_definitions,
        nested_ids,
        nested_problems,
    )
    from httptask.workflow._new_pin import new_pin
    from httptask.workflow._pin_fit import pin_secrets
    from httptask.workflow._pins import (
        PinsLike,
        load_pins,
        pin_file_problems,
        pin_problems,
        pins_path,
        sends_requests,
    )
    from httptask.workflow._progress import Progress
    from httptask.workflow._renaming import RenamedTask, rename_task
    from httptask.workflow._routes import STEERING_TYPES, unreached_tasks
    from httptask.workflow._stored_credentials import stored_credential_problems
    from httptask.workflow._validation import problems

__all__ = [
    "STEERING_TYPES",
    "EarlierTask",
    "FinishedTasks",
    "Items",
    "PinsLike",
    "Progress",
    "RenamedTask",
    "RunState",
    "Step",
    "Wait",
    "as_definition",
    "checked_input",
    "definition_of",
    "definitions_of",
    "earlier_tasks",
    "environment_folder",
    "environment_names",
    "environment_problems",
    "error_classes",
    "error_route",
    "failed_output",
    "input_problems_of",
    "is_own_environment",
    "is_secret_input",
    "iter_tasks",
    "last_tasks",
    "later_tasks",
    "load_definition",
    "load_environment",
    "load_pins",
    "nested_definitions",
    "nested_ids",
    "nested_problems",
    "new_pin",
    "next_steps",
    "pin_file_problems",
    "pin_problems",
    "pin_secrets",
    "pins_path",
    "problems",
    "rename_task",
    "sample_input",
    "sends_requests",
    "stored_credential_problems",
    "typed_input",
    "unreached_tasks",
    "variables_of",
    "with_defaults",
]

# Imported on first access: the plugin manager needs only `plugin.py`, and importing jsonschema
# takes long.
_HOMES = {
    "STEERING_TYPES": "httptask.workflow._routes",
    "EarlierTask": "httptask.workflow._neighbours",
    "FinishedTasks": "httptask.workflow._finished",
    "Items": "httptask.workflow._items",
    "PinsLike": "httptask.workflow._pins",
    "Progress": "httptask.workflow._progress",
    "RenamedTask": "httptask.workflow._renaming",
    "RunState": "httptask.workflow._interpreter",
    "Step": "httptask.model.workflow",
    "Wait": "httptask.model.workflow",
    "checked_input": "httptask.workflow._input",
    "as_definition": "httptask.workflow._definition",
    "definition_of": "httptask.workflow._definition",
    "definitions_of": "httptask.workflow._nested",
    "environment_folder": "httptask.workflow._environment_files",
    "environment_names": "httptask.workflow._environment_files",
    "is_own_environment": "httptask.workflow._environment_files",
    "earlier_tasks": "httptask.workflow._neighbours",
    "environment_problems": "httptask.workflow._environments",
    "input_problems_of": "httptask.workflow._input",
    "is_secret_input": "httptask.workflow._input",
    "error_classes": "httptask.workflow._error_route_problems",
    "error_route": "httptask.workflow._error_routes",
    "failed_output": "httptask.workflow._error_routes",
    "iter_tasks": "httptask.workflow._definition",
    "last_tasks": "httptask.workflow._neighbours",
    "later_tasks": "httptask.workflow._neighbours",
    "load_definition": "httptask.workflow._definition",
    "load_environment": "httptask.workflow._environments",
    "load_pins": "httptask.workflow._pins",
    "nested_definitions": "httptask.workflow._nested",
    "nested_ids": "httptask.workflow._nested",
    "nested_problems": "httptask.workflow._nested",
    "next_steps": "httptask.workflow._interpreter",
    "new_pin": "httptask.workflow._new_pin",
    "pin_file_problems": "httptask.workflow._pins",
    "pin_problems": "httptask.workflow._pins",
    "pin_secrets": "httptask.workflow._pin_fit",
    "pins_path": "httptask.workflow._pins",
    "problems": "httptask.workflow._validation",
    "rename_task": "httptask.workflow._renaming",
    "sample_input": "httptask.workflow._input",
    "sends_requests": "httptask.workflow._pins",
    "stored_credential_problems": "httptask.workflow._stored_credentials",
    "typed_input": "httptask.workflow._input",
    "variables_of": "httptask.workflow._environments",
    "with_defaults": "httptask.workflow._input",
    "unreached_tasks": "httptask.workflow._routes",
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
