"""Facts about the tasks of a definition: which data each reads, and whether it may be repeated.

The client that starts a run finds the facts and sends them along, so that workflows need neither
expressions nor a catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask.engines._compiled import awaits_callback
from httptask.engines.temporal._types import DECIDING, LOCAL
from httptask.expressions import has_expression
from httptask.model.nulls import without_nulls
from httptask.task import HttpTask, may_be_repeated
from httptask.workflow import iter_tasks

if TYPE_CHECKING:
    from httptask.model.workflow import WorkflowDefinition
    from httptask.task import Runtime


def task_facts(definition: WorkflowDefinition, runtime: Runtime) -> dict[str, Any]:
    """Return the facts about the tasks of *definition*: pointer -> a JSON object.

    `reads`: the paths (lists of names) in the run's data that the task reads; missing: it gets
    everything. `reads_for_items`: the paths that `forEach.items` reads. `reads_previous`: whether
    its conditions read the previous output. `may_repeat`: whether a request that may have been
    delivered may be sent again. `awaits_callback`: whether the task waits for a callback. The
    endpoints of *definition* must have been loaded.
    """
    facts: dict[str, Any] = {}
    for pointer, _, task in iter_tasks(definition):
        found_facts = _facts(without_nulls(task), pointer, runtime)
        if found_facts:
            facts[pointer] = found_facts
    return facts


def _facts(task: Mapping[str, Any], pointer: str, runtime: Runtime) -> dict[str, Any]:
    """Return the facts about one *task*; see `task_facts`."""
    task_type = task["type"]
    evaluator = runtime.evaluator
    facts: dict[str, Any] = {}
    if task_type == "Http":
        reads = evaluator.reads(task.get("inputParameters"))
        facts["may_repeat"] = _may_repeat(task, pointer, runtime)
    elif task_type in LOCAL:
        reads = evaluator.reads({name: task[name] for name in task if name != "branches"})
    else:
        reads = None
        implementation = runtime.plugins.named("httptask_task_types").get(task_type)
        facts["may_repeat"] = bool(getattr(implementation, "is_repeatable", False))
    if awaits_callback(runtime.plugins.named("httptask_task_types").get(task_type), task):
        facts["awaits_callback"] = True
    if reads is not None:
        facts["reads"] = sorted(map(list, reads))
    if task_type in DECIDING:
        conditions = [choice.get("condition") for choice in task.get("choices", ())]
        if any(
            isinstance(condition, str) and not has_expression(condition) for condition in conditions
        ):
            facts["reads_previous"] = True
    setting = task.get("forEach")
    if isinstance(setting, Mapping):
        of_items = evaluator.reads(setting.get("items"))
        if of_items is not None:
            facts["reads_for_items"] = sorted(map(list, of_items))
    return facts


def _may_repeat(task: Mapping[str, Any], pointer: str, runtime: Runtime) -> bool:
    """Say whether the request of *task* may be sent again after a possible delivery."""
    key_header = HttpTask(task, pointer=pointer, runtime=runtime).plan.key_header
    return may_be_repeated(task.get("httpRequest", {}), has_key=key_header is not None)
