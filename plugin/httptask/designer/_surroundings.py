"""The data for the expressions of a task being edited, with sample values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._core.threads import in_thread
from httptask.designer._bodies import member
from httptask.designer._drafts import item_index_of
from httptask.designer._inputs import tried_input
from httptask.designer._problems import Refused
from httptask.designer._value_tree import Secrets
from httptask.errors import CodedError, ExpressionError
from httptask.expressions import ABSENT, Evaluator, Query
from httptask.model.environment import Environment
from httptask.model.for_each import Item, ItemNumber, item_names
from httptask.model.task import Inputs, run_of_test
from httptask.model.workflow import WorkflowDefinition
from httptask.task import with_placeholder
from httptask.workflow import (
    EarlierTask,
    earlier_tasks,
    is_secret_input,
    iter_tasks,
    last_tasks,
    variables_of,
)
from httptask.workflow.typing import ExpressionPlace, Sees

_DEEPEST_INPUT = 20
"""Maximum nesting at which passwords are looked for in the input."""


@dataclass(slots=True)
class Surroundings:
    """The values that the task *name* of *definition* can read."""

    definition: WorkflowDefinition
    name: str
    task: Mapping[str, Any]
    inputs: Inputs
    earlier: list[EarlierTask]
    secrets: Secrets
    last_names: list[str | None] = field(default_factory=list)
    """For a Decision: the tasks that may complete last before it; None is the run's start."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """The values of the input parameters that could be evaluated."""
    failures: dict[str, ExpressionError] = field(default_factory=dict)
    """The errors of the other input parameters."""
    answer: Any = ABSENT
    """The task's own last response, for a page or a poll the response of that call."""
    first_answer: Any = ABSENT
    """The response that started the task's job, in its last test."""
    item: ItemNumber | None = None
    """The index and count of the current item.

    None without `forEach`, or if unknown: a file is not read, and an expression may need a missing
    sample.
    """

    @property
    def own_answer(self) -> Any:
        """The task's own response in the last test, or `ABSENT`.

        Also `ABSENT` if only a result made from several responses is known.
        """
        if self.answer is not ABSENT:
            return self.answer
        answer = self.inputs.tasks.get(self.name)
        is_single = not any(self.task.get(name) for name in ("pagination", "completion", "forEach"))
        if is_single and isinstance(answer, Mapping):
            return answer.get("output", ABSENT)
        return ABSENT

    def answer_at(self, place: ExpressionPlace, *, with_headers: bool = False) -> Any:
        """Return `$` for an expression at *place*, which reads the task's own response; or
        `ABSENT`.
        """
        is_first = place.sees is Sees.FIRST_ANSWER
        if is_first and self.first_answer is not ABSENT:
            return self.first_answer
        answer = self.own_answer
        if not isinstance(answer, Mapping) or is_first or place.sees is Sees.ANSWER:
            return answer
        body = answer.get("body", ABSENT)
        if place.sees is Sees.BODY:
            if with_headers:
                return {"headers": answer.get("headers", {})}
            return body
        setting = self.task.get("pagination")
        query = setting.get("items") if isinstance(setting, Mapping) else None
        return _first_item(body, query)

    @property
    def untested(self) -> list[str]:
        """The earlier tasks without a sample output."""
        return [
            task.name
            for task in self.earlier
            if task.name not in self.inputs.tasks and task.task.get("type") not in _SAY_NOTHING
        ]

    @property
    def of_request(self) -> dict[str, Any]:
        """The data for `httpRequest`: the input parameters, and the item."""
        return {**self.parameters, **(self.inputs.item.names() if self.inputs.item else {})}


_SAY_NOTHING = ("Decision", "Terminate")
"""Types of tasks without an output."""


async def surroundings_of(
    value: Mapping[str, Any],
    definition: WorkflowDefinition,
    environment: Environment | None,
    evaluator: Evaluator,
    *,
    of_request: bool = True,
) -> Surroundings:
    """Return the surroundings of the task that *value* names, with the samples in its `inputs`.

    With *of_request* the input parameters are evaluated as well. Raises `Refused` if *definition*
    has no such task.
    """
    name = member(value, "task", str)
    task = next((task for _, other, task in iter_tasks(definition) if other == name), None)
    if task is None:
        raise Refused("bad-request", f"the definition has no task {name[:100]!r}")
    samples = member(value, "inputs", dict, dict)
    document = definition.document
    inputs = Inputs(
        input=tried_input(document.get("inputSchema"), samples.get("input")),
        tasks=member(samples, "tasks", dict, dict),
        variables=_variables(definition, environment),
        run=run_of_test(""),
        environment=environment,
        item_index=item_index_of(samples),
    )
    inputs = with_placeholder(inputs, task)
    earlier = earlier_tasks(definition, name)
    secrets = await in_thread(lambda: _secrets_of(document, inputs))
    around = Surroundings(definition, name, task, inputs, earlier, secrets)
    if "answer" in samples:
        around.answer = member(samples, "answer", dict)
        secrets.add_from(around.answer)
    if "firstAnswer" in samples:
        around.first_answer = member(samples, "firstAnswer", dict)
        secrets.add_from(around.first_answer)
    if task.get("type") == "Decision":
        arrivals = last_tasks(definition, name)
        around.last_names = [way and way[0] for way in arrivals if way is None or not way[2]]
    await _take_item(around, evaluator)
    if of_request:
        await _evaluate_parameters(around, evaluator)
    return around


def _variables(definition: WorkflowDefinition, environment: Environment | None) -> dict[str, Any]:
    own = definition.document.get("variables")
    if own is not None and not isinstance(own, Mapping):  # validation reports it
        if environment is not None:
            return dict(environment.variables)
        return {}
    return variables_of(definition, environment)


async def _take_item(around: Surroundings, evaluator: Evaluator) -> None:
    """Add the requested item to the inputs, if the items can be evaluated."""
    task = around.task
    inputs = around.inputs
    names = item_names(around.task)
    if not names:
        return
    try:
        items = await evaluator.evaluate(
            task["forEach"].get("items"),
            inputs.document(),
            pointer="/forEach/items",
            run=inputs.run,
        )
    except ExpressionError:
        return
    if isinstance(items, list) and items:
        index = min(inputs.item_index, len(items) - 1)
        around.inputs = replace(inputs, item=Item(items[index], index, names[0]))
        around.item = ItemNumber(index, len(items))


async def _evaluate_parameters(around: Surroundings, evaluator: Evaluator) -> None:
    """Evaluate each input parameter separately, so that a failure does not affect the others."""
    parameters = around.task.get("inputParameters")
    document = around.inputs.document()
    for name, value in parameters.items() if isinstance(parameters, Mapping) else ():
        try:
            around.parameters[name] = await evaluator.evaluate(
                value,
                document,
                pointer=pointer_of(["inputParameters", name]),
                run=around.inputs.run,
            )
        except ExpressionError as error:
            around.failures[name] = error
    around.secrets.add_from(around.parameters)


def _first_item(body: Any, query: Any) -> Any:
    """Return the first item of the page *body*; `ABSENT` if there is none.

    *query* finds the items. If it is None, the items are the body itself, or the only array in it.
    """
    lists = [body] if isinstance(body, list) else []
    if isinstance(query, str):
        with suppress(CodedError):
            values = Query.of(query).values(body)
            lists = [value for value in values if isinstance(value, list)] or [values]
    elif isinstance(body, Mapping):
        lists = [value for value in body.values() if isinstance(value, list)]
    items = lists[0] if len(lists) == 1 else []
    return items[0] if items else ABSENT


def _secrets_of(document: Mapping[str, Any], inputs: Inputs) -> Secrets:
    """Return the secrets in the samples, including passwords in the input."""
    secrets = Secrets()
    secrets.add_from([inputs.input, dict(inputs.variables), dict(inputs.tasks)])
    schema = document.get("inputSchema")
    for pointer, text in _texts(inputs.input) if isinstance(schema, Mapping) else ():
        if text and is_secret_input(schema, pointer):
            secrets.add(text)
    return secrets


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the pointer and the text of each string in *value*."""
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while pending:
        path, item = pending.pop()
        if isinstance(item, str):
            yield pointer_of(path), item
        elif len(path) < _DEEPEST_INPUT and isinstance(item, Mapping | list):
            members = item.items() if isinstance(item, Mapping) else enumerate(item)
            pending += [((*path, name), inner) for name, inner in members]
