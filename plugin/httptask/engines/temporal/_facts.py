"""What is known of the tasks of a definition before it runs: what each reads of its run, and
whether it may be repeated. Whoever starts a run finds it out, and sends it along, so that workflows
need neither expressions nor a catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask.engines._compiled import awaits_callback
from httptask.engines.temporal._types import DECIDING, LOCAL
from httptask.expressions import has_expression
from httptask.model.nulls import without_nulls
from httptask.sending import IDEMPOTENT, KEY_HEADERS
from httptask.task import HttpTask
from httptask.workflow import iter_tasks

if TYPE_CHECKING:
    from httptask.model.workflow import WorkflowDefinition
    from httptask.task import Runtime


def task_facts(definition: WorkflowDefinition, runtime: Runtime) -> dict[str, Any]:
    """Return by pointer what is known of the tasks of *definition*, a JSON object each:

    `reads`: the names, from the root down, below which it reads; without it, it gets everything.
    `reads_for_items`: those that its items are made of. `may_repeat`: whether a request that may
    have been delivered may be sent again. `awaits_callback`: whether it waits for a call of its
    URL. Its endpoints must have been loaded.
    """
    facts: dict[str, Any] = {}
    for pointer, _, task in iter_tasks(definition):
        one = _facts(without_nulls(task), pointer, runtime)
        if one:
            facts[pointer] = one
    return facts


def _facts(task: Mapping[str, Any], pointer: str, runtime: Runtime) -> dict[str, Any]:
    task_type, evaluator = task["type"], runtime.evaluator
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
        if any(isinstance(one, str) and not has_expression(one) for one in conditions):
            facts["reads_previous"] = True
    setting = task.get("forEach")
    if isinstance(setting, Mapping):
        of_items = evaluator.reads(setting.get("items"))
        if of_items is not None:
            facts["reads_for_items"] = sorted(map(list, of_items))
    return facts


def _may_repeat(task: Mapping[str, Any], pointer: str, runtime: Runtime) -> bool:
    """Say whether the request of *task* may be sent again after it may have been delivered
    (RFC 9110, section 9.2.2).
    """
    if HttpTask(task, pointer=pointer, runtime=runtime).plan.key_header is not None:
        return True
    request = task.get("httpRequest", {})
    headers = request.get("headers")
    if isinstance(headers, Mapping) and any(name.lower() in KEY_HEADERS for name in headers):
        return True
    return request.get("method", "GET") in IDEMPOTENT
