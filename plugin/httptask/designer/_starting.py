"""What a page asks to be run: a definition as it stands, or an earlier run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from httptask._core.threads import in_thread
from httptask.designer._bodies import member
from httptask.designer._problems import Refused
from httptask.engines import history_before
from httptask.workflow import load_pins

if TYPE_CHECKING:
    from httptask.designer._definitions import Definitions
    from httptask.designer._run_keeper import RunKeeper
    from httptask.model.environment import Environment
    from httptask.model.pins import Pins
    from httptask.model.workflow import TaskRun, WorkflowDefinition


@dataclass(frozen=True, slots=True)
class Start:
    """What a run begins with."""

    definition: WorkflowDefinition
    input: Any = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    environment: Environment | None = None
    definitions: Mapping[str, WorkflowDefinition] = field(default_factory=dict)
    """Those it runs, by id."""
    history: Sequence[TaskRun] = ()
    """What it takes over of an earlier run."""
    pins: Pins | None = None
    """What answers requests instead of servers."""


async def start_of(value: Mapping[str, Any], keeper: RunKeeper, definitions: Definitions) -> Start:
    """Read `{"definition", "workflow"?, "input"?, "variables"?, "environment"?, "pins"?}`, or
    `{"again": {"run", "task"?, "visit"?}, "definition"?, "workflow"?, "pins"?}`. Raises `Refused`,
    and `DefinitionError` when the pins are wrong.
    """
    again = member(value, "again", dict, dict)
    if not again:
        definition, known = await definitions.placed(value)
        environment = await definitions.environment(value)
        variables = member(value, "variables", dict, dict)
        pins = await _pins(value, definition, known or {})
        given = value.get("input")
        return Start(definition, given, variables, environment, known or {}, pins=pins)
    run_id = member(again, "run", str)
    if "task" in again and not keeper.takes_history:
        raise Refused(
            "run",
            f"a run on the engine {keeper.engine} takes over nothing of an earlier one: run it"
            " again from its start, and pin the responses that need not be asked for again",
        )
    earlier = await keeper.run(run_id)
    definition, options = await keeper.started_with(run_id)
    known = dict(options.definitions)
    if "definition" in value:
        definition, placed = await definitions.placed(value)
        known |= placed or {}
    history: Sequence[TaskRun] = ()
    if "task" in again:
        key = member(again, "task", str), member(again, "visit", int, lambda: 1)
        visits = [task for task in earlier.tasks if task.key == key and task.type != "Parallel"]
        if not visits:
            raise Refused("bad-request", f"that run did not come to the task {key[0][:100]!r}")
        note = f"taken over from the run {earlier.workflow_id}"
        history = history_before(definition, earlier.tasks, key, note)
    pins = await _pins(value, definition, known)
    return Start(
        *(definition, options.input, options.variables, options.environment, known, history, pins)
    )


async def _pins(
    value: Mapping[str, Any],
    definition: WorkflowDefinition,
    known: Mapping[str, WorkflowDefinition],
) -> Pins | None:
    """Return the pins next to *definition*, if *value* asks for them: `answer`, or `offline`, with
    which a task without one is refused.
    """
    mode = member(value, "pins", str, str)
    if not mode:
        return None
    if mode not in ("answer", "offline"):
        raise Refused("bad-request", f"'pins' is 'answer' or 'offline', not {mode[:50]!r}")
    is_offline = mode == "offline"
    return await in_thread(
        lambda: load_pins(definition, False, is_offline=is_offline, definitions=known)
    )
