"""What is wrong with the `forEach` of a task, and what its expressions may name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import pointer as pointer_of
from httptask.building import REFERENCE, is_reference, missing_files, reference_problems
from httptask.errors import Problem, reason
from httptask.expressions import ExpectedList, has_expression, holds_expression
from httptask.model.for_each import INDEX, MAX_ITEMS, item_names

if TYPE_CHECKING:
    from httptask.building import Files

_WITHOUT_ITEMS = {
    "Decision": "once-route",
    "Terminate": "once-end",
    "Parallel": "once-branches",
}
"""Why a type of task is not done for each item."""

_DOCUMENT = ("input", "tasks", "variables")
"""What stands next to an item in `inputParameters`."""


def with_item(shape: Any, definition: Any) -> Any:
    """Return *shape*, of the data of the task *definition*, with the names of an item."""
    names = item_names(definition)
    return {**shape, **dict.fromkeys(names)} if names and isinstance(shape, Mapping) else shape


def output_shape(definition: Any) -> Any:
    """Return what is known of the output of the task *definition*: with `forEach` it is a list,
    whose items are outputs, or errors where they are collected, or a file of them.
    """
    setting = definition.get("forEach") if isinstance(definition, Mapping) else None
    if not isinstance(setting, Mapping):
        return None
    collect, items = setting.get("collect"), setting.get("items")
    if collect == "file" or (collect is None and is_reference(items)):
        return {REFERENCE: None}
    is_certain = collect == "items" or isinstance(items, list)
    return [None] if is_certain else ExpectedList([None])


def for_each_problems(
    task: Mapping[str, Any],
    pointer: str,
    check: Callable[[Any, str], Sequence[Problem]],
    files: Files,
) -> Iterator[Problem]:
    """Yield what the schema cannot say of the `forEach` of *task*, which stands at *pointer*.

    *check* returns the problems of expressions; *files* are those that items may come from.
    """
    setting = task.get("forEach")
    if setting is None:
        return
    at = pointer_of(["forEach"], pointer)
    task_type = task.get("type")
    if isinstance(task_type, str) and task_type in _WITHOUT_ITEMS:
        why = reason(_WITHOUT_ITEMS[task_type])
        yield Problem.of("for-each-type", at, type=task_type, reason=why)
        return
    if not isinstance(setting, Mapping):
        return
    yield from _items_problems(setting, pointer_of(["items"], at), check, files)
    name = setting.get("as")
    if name in (*_DOCUMENT, INDEX):
        yield Problem.of("for-each-name", pointer_of(["as"], at), name=name)


def parameter_problems(task: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    """Yield the input parameters of an HTTP task that have the name of the item next to them."""
    parameters = task.get("inputParameters")
    for name in dict.fromkeys(item_names(task)):
        if isinstance(parameters, Mapping) and name in parameters:
            where = pointer_of(["inputParameters", name], pointer)
            yield Problem.of("for-each-parameter", where, name=name)


def _items_problems(
    setting: Mapping[str, Any],
    at: str,
    check: Callable[[Any, str], Sequence[Problem]],
    files: Files,
) -> Iterator[Problem]:
    items = setting.get("items")
    if isinstance(items, str) and not has_expression(items):
        yield Problem.of("for-each-no-list", at, found=f"the text {items[:60]!r}")
    elif isinstance(items, Mapping) and not is_reference(items):
        yield Problem.of("for-each-no-list", at, found="an object")
    elif isinstance(items, Mapping):
        for steps, code, params in reference_problems(items):
            yield Problem.of(code, pointer_of(steps, at), **params)
        if not holds_expression(items[REFERENCE]):
            yield from missing_files([((), items)], files, at)
    elif isinstance(items, list):
        limit = setting.get("maxItems", MAX_ITEMS)
        if isinstance(limit, int) and len(items) > limit:
            yield Problem.of("for-each-too-many", at, limit=limit, found=len(items))
    yield from check(items, at)
