"""Evaluate the expression in one field, with sample values of its data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import child, parts
from httptask._core.strict_json import dump
from httptask._schema.views import json_type
from httptask.designer._problems import Refused
from httptask.designer._surroundings import Surroundings
from httptask.errors import ExpressionError
from httptask.expressions import (
    ABSENT,
    UNDEFINED,
    Comparison,
    ConditionError,
    Evaluator,
    has_expression,
)
from httptask.model.for_each import item_names
from httptask.workflow.typing import ExpressionPlace, Sees, expression_at

_LONGEST = 400
"""Characters of a value shown below its field."""
_CONDITION = re.compile(r"/choices/[0-9]+/condition")
_HEADERS = "$.headers"
"""The beginning of a query of headers."""


async def value_at(
    around: Surroundings,
    pointer: str,
    evaluator: Evaluator,
    text: str | None = None,
) -> dict[str, Any]:
    """Return the value of the expressions in the text at *pointer* of the task.

    *text* replaces that text, if given. The result is one of these: `{"value", "type"}`, where the
    value is JSON text with secrets masked; `{"lacking"}` if there is no sample yet of the input
    (`$.input`) or of a task; `{"problem"}`; or `{}` if no test can bring a sample.

    Raises `Refused` if *pointer* leads to no text that can hold an expression.
    """
    text = _text_at(around.task, pointer) if text is None else text
    expression_place = _place_at(around.task, pointer)
    if _CONDITION.fullmatch(pointer) and not has_expression(text):
        return _compared(around, text)
    if expression_place.sees not in (Sees.REQUEST, Sees.DOCUMENT):
        return await _over_answer(around, expression_place, pointer, evaluator, text)
    is_of_request = expression_place.sees is Sees.REQUEST
    texts = [text, *_parameters_in(text, around)] if is_of_request else [text]
    if any(_names(candidate, name) for candidate in texts for name in item_names(around.task)):
        texts.append(_items_of(around.task))
    for name in around.untested:
        # The evaluator's renaming finds real references to the task. If it finds none, the text
        # does not depend on the task.
        if any(
            evaluator.task_renamed(candidate, name, f"{name} 2").source != candidate
            for candidate in texts
        ):
            return {"lacking": {"task": name}}
    data = around.of_request if is_of_request else around.inputs.document()
    try:
        value = await evaluator.evaluate(text, data, pointer=pointer, run=around.inputs.run)
    except ExpressionError as error:
        if around.inputs.input is None and any(_reads_input(candidate) for candidate in texts):
            return {"lacking": {"input": True}}
        return {"problem": around.secrets.masked(_reason(text, around, error))}
    return _shown(around, value)


def _place_at(task: Mapping[str, Any], pointer: str) -> ExpressionPlace:
    """Return the place for an expression at *pointer* in *task*.

    Raises `Refused` if there is none.
    """
    place = expression_at(pointer, task)
    if place is None:
        raise Refused("bad-request", f"no expression can stand at {pointer[:200]!r} of the task")
    return place


def _text_at(task: Mapping[str, Any], pointer: str) -> str:
    """Return the text at *pointer* in *task*. Raises `Refused` if there is none."""
    value: Any = task
    for token in parts(pointer):
        value = child(value, token)
    if not isinstance(value, str):
        raise Refused("bad-request", f"{pointer[:200]!r} is no text of the task")
    return value


def _compared(around: Surroundings, text: str) -> dict[str, Any]:
    """Return the value of *text*, a condition in the platform's form or a part of one."""
    data: Any = ABSENT
    for name in around.last_names:
        sample = around.inputs.input if name is None else around.inputs.tasks.get(name)
        if name is None and sample is not None:
            data = sample
        elif isinstance(sample, Mapping) and "output" in sample:
            data = sample["output"]
        if data is not ABSENT:
            break
    else:
        first = next(iter(around.last_names), None)
        return {"lacking": {"input": True} if first is None else {"task": first}}
    try:
        value = Comparison.of(text).value(data)
    except (ExpressionError, ConditionError) as error:
        return {"problem": around.secrets.masked(str(error))}
    return _shown(around, value)


async def _over_answer(
    around: Surroundings,
    place: ExpressionPlace,
    pointer: str,
    evaluator: Evaluator,
    text: str,
) -> dict[str, Any]:
    """Return the value of *text*, an expression over the task's own response, or a query of it."""
    answer = around.answer_at(place, with_headers=text.startswith(_HEADERS))
    if answer is ABSENT:
        is_tested = around.name in around.inputs.tasks
        if is_tested:
            return {}
        return {"lacking": {"task": around.name}}
    if place.is_query:
        text = f"${{{text}}}"
    try:
        value = await evaluator.evaluate(text, answer, pointer=pointer, run=around.inputs.run)
    except ExpressionError as error:
        return {"problem": around.secrets.masked(error.message)}
    return _shown(around, value)


def _shown(around: Surroundings, value: Any) -> dict[str, Any]:
    """Return *value* as JSON text of limited length, with its type and secrets masked."""
    if value is UNDEFINED:
        return {"value": "undefined", "type": "not there"}
    shown = dump(around.secrets.masked(value))
    cut = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    return {"value": cut, "type": json_type(value)}


def _items_of(task: Mapping[str, Any]) -> str:
    """Return the `items` of the `forEach` of *task* as text."""
    items = task["forEach"].get("items")
    if isinstance(items, str):
        return items
    return dump(items)


def _parameters_in(text: str, around: Surroundings) -> Iterator[str]:
    """Yield, as text, the values of the input parameters that *text* names."""
    parameters = around.task.get("inputParameters")
    for name, value in parameters.items() if isinstance(parameters, Mapping) else ():
        if _names(text, name):
            yield value if isinstance(value, str) else dump(value)


def _names(text: str, name: str) -> bool:
    """Say whether *text* contains the word *name*."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _reads_input(text: str) -> bool:
    return _names(text, "input")


def _reason(text: str, around: Surroundings, error: ExpressionError) -> str:
    """Return why *text* has no value: the failure of a parameter that it names, else its own
    *error*.
    """
    for name, failure in around.failures.items():
        if _names(text, name):
            return f"input parameter {name!r}: {failure.message}"
    return error.message
