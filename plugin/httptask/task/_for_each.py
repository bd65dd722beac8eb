"""The problems of a task's `forEach`, and the names that its expressions may use."""

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
"""The code of the reason why a type of task cannot have `forEach`."""

_DOCUMENT = ("input", "tasks", "variables")
"""The names beside the item's in the document that `inputParameters` are evaluated over."""


def with_item(shape: Any, definition: Any) -> Any:
    """Return *shape*, of the task *definition*'s data, with the names of the item added."""
    names = item_names(definition)
    if names and isinstance(shape, Mapping):
        return {**shape, **dict.fromkeys(names)}
    return shape


def output_shape(definition: Any) -> Any:
    """Return the shape of the output of the task *definition*; None: unknown.

    With `forEach` the output is a list (of outputs, and of errors if they are collected), or a
    reference to a file of JSON lines.
    """
    setting = definition.get("forEach") if isinstance(definition, Mapping) else None
    if not isinstance(setting, Mapping):
        return None
    collect = setting.get("collect")
    items = setting.get("items")
    if collect == "file" or (collect is None and is_reference(items)):
        return {REFERENCE: None}
    is_certain = collect == "items" or isinstance(items, list)
    if is_certain:
        return [None]
    return ExpectedList([None])


def for_each_problems(
    task: Mapping[str, Any],
    pointer: str,
    check: Callable[[Any, str], Sequence[Problem]],
    files: Files,
) -> Iterator[Problem]:
    """Yield the problems of the `forEach` of *task* (at *pointer*) that the schema cannot express.

    *check* returns the problems of expressions; items may come from *files*.
    """
    setting = task.get("forEach")
    if setting is None:
        return
    for_each_pointer = pointer_of(["forEach"], pointer)
    task_type = task.get("type")
    if isinstance(task_type, str) and task_type in _WITHOUT_ITEMS:
        type_reason = reason(_WITHOUT_ITEMS[task_type])
        yield Problem.of("for-each-type", for_each_pointer, type=task_type, reason=type_reason)
        return
    if not isinstance(setting, Mapping):
        return
    yield from _items_problems(setting, pointer_of(["items"], for_each_pointer), check, files)
    name = setting.get("as")
    if name in (*_DOCUMENT, INDEX):
        yield Problem.of("for-each-name", pointer_of(["as"], for_each_pointer), name=name)


def parameter_problems(task: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    """Yield a problem for each input parameter of an HTTP task that hides a name of the item."""
    parameters = task.get("inputParameters")
    for name in dict.fromkeys(item_names(task)):
        if isinstance(parameters, Mapping) and name in parameters:
            parameter_pointer = pointer_of(["inputParameters", name], pointer)
            yield Problem.of("for-each-parameter", parameter_pointer, name=name)


def _items_problems(
    setting: Mapping[str, Any],
    items_pointer: str,
    check: Callable[[Any, str], Sequence[Problem]],
    files: Files,
) -> Iterator[Problem]:
    """Yield the problems of `forEach.items`, at *items_pointer*."""
    items = setting.get("items")
    if isinstance(items, str) and not has_expression(items):
        yield Problem.of("for-each-no-list", items_pointer, found=f"the text {items[:60]!r}")
    elif isinstance(items, Mapping) and not is_reference(items):
        yield Problem.of("for-each-no-list", items_pointer, found="an object")
    elif isinstance(items, Mapping):
        for steps, code, params in reference_problems(items):
            yield Problem.of(code, pointer_of(steps, items_pointer), **params)
        # What an expression names is looked for when the task runs.
        if not holds_expression(items[REFERENCE]):
            yield from missing_files([((), items)], files, items_pointer)
    elif isinstance(items, list):
        limit = setting.get("maxItems", MAX_ITEMS)
        if isinstance(limit, int) and len(items) > limit:
            yield Problem.of("for-each-too-many", items_pointer, limit=limit, found=len(items))
    yield from check(items, items_pointer)
