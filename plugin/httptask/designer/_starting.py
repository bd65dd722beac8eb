"""Read a page's request to run a definition, or to run an earlier run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from httptask._core.threads import in_thread
from httptask.designer._bodies import member
from httptask.designer._literal_secrets import (
    refuse_masked_answers,
    whole_definition,
    whole_options,
)
from httptask.designer._problems import Refused
from httptask.designer._secret_inputs import whole_input
from httptask.engines import history_before
from httptask.protocols import RunOptions
from httptask.workflow import load_pins

if TYPE_CHECKING:
    from httptask.designer._definitions import Definitions
    from httptask.designer._run_keeper import RunKeeper
    from httptask.model.environment import Environment
    from httptask.model.pins import Pins
    from httptask.model.workflow import TaskRun, WorkflowDefinition
    from httptask.task import Runtime


@dataclass(frozen=True, slots=True)
class Start:
    """The values with which a run begins."""

    definition: WorkflowDefinition
    input: Any = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    environment: Environment | None = None
    definitions: Mapping[str, WorkflowDefinition] = field(default_factory=dict)
    """The definitions that it runs, by id."""
    history: Sequence[TaskRun] = ()
    """The entries that it takes over from an earlier run."""
    pins: Pins | None = None
    """The pins that answer requests in place of servers."""

    @property
    def options(self) -> RunOptions:
        """Return the values as options for an engine."""
        return RunOptions(
            self.input,
            self.variables,
            self.definitions,
            environment=self.environment,
            pins=self.pins,
        )


async def start_of(
    value: Mapping[str, Any], keeper: RunKeeper, definitions: Definitions, runtime: Runtime
) -> Start:
    """Read `{"definition", "workflow"?, "input"?, "variables"?, "environment"?, "pins"?}`, or
    `{"again": {"run", "task"?, "visit"?}, "definition"?, "workflow"?, "input"?, "pins"?}`. The
    `input` of a run that is repeated only has the secrets that are not stored.

    Raises `Refused`, and `DefinitionError` if the pins are wrong.
    """
    again = member(value, "again", dict, dict)
    if not again:
        definition, nested = await definitions.placed(value)
        environment = await definitions.environment(value)
        variables = member(value, "variables", dict, dict)
        pins = await _pins(value, definition, nested or {})
        run_input = value.get("input")
        return Start(definition, run_input, variables, environment, nested or {}, pins=pins)
    run_id = member(again, "run", str)
    earlier = await keeper.run(run_id)
    stored, options = await keeper.started_with(run_id)
    lacking = set(await keeper.lacking(run_id))
    if "task" not in again:
        lacking.discard("pins")  # the new run takes those that are there now
    run_input = options.input
    if "input" in lacking:
        run_input = whole_input(run_input, value.get("input"))
    current: Mapping[str, WorkflowDefinition] = {}
    if "definition" in value:
        definition, placed = await definitions.placed(value)
        current = placed or {}
    else:
        is_masked = "definition" in lacking
        definition = await in_thread(lambda: whole_definition(stored, runtime, is_masked=is_masked))
    earlier_ones = {key: options.definitions[key] for key in options.definitions.keys() - current}
    options = replace(options, definitions=earlier_ones)
    options = await in_thread(lambda: whole_options(stored, options, runtime, lacking))
    nested = {**options.definitions, **current}
    history: Sequence[TaskRun] = ()
    if "task" in again:
        if earlier.note is not None:  # what its tasks came to is not all known
            raise Refused(
                "run", f"the results of the run {run_id[:100]} are not known: {earlier.note}"
            )
        key = member(again, "task", str), member(again, "visit", int, lambda: 1)
        visits = [task for task in earlier.tasks if task.key == key and task.type != "Parallel"]
        if not visits:
            raise Refused("bad-request", f"that run did not reach the task {key[0][:100]!r}")
        note = f"taken over from the run {earlier.workflow_id}"
        history = history_before(definition, earlier.tasks, key, note)
        await in_thread(lambda: refuse_masked_answers(history, options.pins, runtime))
    pins = await _pins(value, definition, nested)
    return Start(
        *(definition, run_input, options.variables, options.environment, nested, history, pins)
    )


async def _pins(
    value: Mapping[str, Any],
    definition: WorkflowDefinition,
    nested: Mapping[str, WorkflowDefinition],
) -> Pins | None:
    """Return the pins next to *definition*, if *value* asks for them.

    `answer` sends the requests of tasks without a pin; `offline` refuses them.
    """
    mode = member(value, "pins", str, str)
    if not mode:
        return None
    if mode not in ("answer", "offline"):
        raise Refused("bad-request", f"'pins' is 'answer' or 'offline', not {mode[:50]!r}")
    is_offline = mode == "offline"
    return await in_thread(
        lambda: load_pins(definition, False, is_offline=is_offline, definitions=nested)
    )
