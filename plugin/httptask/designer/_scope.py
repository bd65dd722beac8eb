"""The tree of values that an expression of a task can read, in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from httptask._schema.views import Schema, Views
from httptask.designer._surroundings import Surroundings
from httptask.designer._value_tree import MOST_NODES, Node, ValueTree
from httptask.expressions import ABSENT
from httptask.model.api import Endpoint
from httptask.model.for_each import item_names
from httptask.workflow import later_tasks
from httptask.workflow.typing import ExpressionPlace, Sees, expression_at, output_schema

_MOST_OF_ALL = 4_000
"""Nodes of all groups together. The nearest tasks come first."""


def scope_of(
    around: Surroundings,
    endpoints: Mapping[str, Endpoint | None],
    pointer: str | None = None,
) -> dict[str, Any]:
    """Return `{"groups", "later"}`: the values that the task can read, and the tasks that may read
    its response.

    *endpoints* are the endpoints of the earlier tasks and of the task itself, by name. With
    *pointer*, only the values for the expression at that place are included.

    A group is a node with the `path` of its value: names and indices from `$`. Groups with
    `own` are read by the expression itself, the others only by `inputParameters`. A group with
    an empty path is `$` itself: in a Decision's conditions in the platform's form, and where
    `$` is the task's own response, or its body.
    """
    groups = _Groups(around)
    later = [name for name in later_tasks(around.definition, around.name) if name != around.name]
    own_endpoint = endpoints.get(around.name)
    expression_place = (
        None if pointer is None else expression_at(pointer, around.task, own_endpoint)
    )
    if expression_place is not None and expression_place.sees not in (Sees.REQUEST, Sees.DOCUMENT):
        groups.add_own_answer(expression_place, own_endpoint)
        return {"groups": groups.listed, "later": later}
    groups.add_last(endpoints)
    groups.add_parameters()
    groups.add_items()
    groups.add_input()
    for task in around.earlier:
        if task.task.get("type") in ("Decision", "Terminate"):
            continue
        endpoint = endpoints.get(task.name)
        groups.add_answer(task.name, task.task, endpoint, certain=task.certain)
    groups.add_variables()
    if expression_place is None or expression_place.sees is Sees.REQUEST:
        return {"groups": groups.listed, "later": later}
    hidden = {"parameter", "item"} if str(pointer).startswith("/forEach/") else {"parameter"}
    visible = [{**group, "own": True} for group in groups.listed if group["kind"] not in hidden]
    return {"groups": visible, "later": later}


def _body_first(sample: Any) -> Any:
    """Return *sample* with its body as the first member, which most people look for."""
    if isinstance(sample, dict) and "body" in sample:
        return {"body": sample["body"], **sample}
    return sample


class _Groups:
    """Builds the groups in order, within one budget of nodes."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._remaining = _MOST_OF_ALL
        self.listed: list[Node] = []

    def add_last(self, endpoints: Mapping[str, Endpoint | None]) -> None:
        """Add the output of the tasks that may run last before a Decision."""
        for arrival in dict.fromkeys(self._around.last_names):
            if arrival is None:
                self.add_input([])
            else:
                task = next(earlier for earlier in self._around.earlier if earlier.name == arrival)
                self.add_answer(arrival, task.task, endpoints.get(arrival), certain=True, path=[])

    def add_own_answer(self, place: ExpressionPlace, endpoint: Endpoint | None) -> None:
        """Add the part of the task's own response that an expression at *place* reads, with the
        response of the last test. Where it reads the body, a query may also begin with the headers.
        """
        views = Views({"$defs": endpoint.definitions}) if endpoint is not None else None
        sample = _body_first(self._around.answer_at(place))
        group = self._add([], "task", place.schema, sample, views=views, own=True)
        group["task"] = self._around.name
        if place.sees is Sees.BODY:
            answer = self._around.own_answer
            headers = answer.get("headers", ABSENT) if isinstance(answer, Mapping) else ABSENT
            self._add(["headers"], "task", {"type": "object"}, headers, own=True)

    def add_parameters(self) -> None:
        """Add the task's own input parameters, one group each."""
        parameters = self._around.task.get("inputParameters")
        if isinstance(parameters, Mapping) and parameters:
            samples = {name: self._around.parameters.get(name, ABSENT) for name in parameters}
            for name, sample in samples.items():
                self._add([name], "parameter", True, sample, own=True)

    def add_items(self) -> None:
        """Add the item of `forEach`, and its index."""
        item = self._around.inputs.item
        names = item_names(self._around.task)
        samples = item.names() if item is not None else {}
        schemas: tuple[Schema, ...] = (True, {"type": "integer"})
        for name, schema in zip(names, schemas, strict=False):
            sample = samples.get(name, ABSENT)
            self._add([name], "item", schema, sample, own=True)

    def add_input(self, path: Sequence[str] = ("input",)) -> None:
        """Add the input of the run at *path*."""
        schema = self._around.definition.document.get("inputSchema")
        sample = self._around.inputs.input
        schema = schema if isinstance(schema, Mapping) else True
        views = Views(schema) if isinstance(schema, Mapping) else None
        self._add([*path], "input", schema, ABSENT if sample is None else sample, views=views)

    def add_variables(self) -> None:
        """Add the variables of the definition and the environment, if there are any."""
        variables = dict(self._around.inputs.variables)
        if variables:
            self._add(["variables"], "variables", True, variables)

    def add_answer(
        self,
        name: str,
        task: Mapping[str, Any],
        endpoint: Endpoint | None,
        *,
        certain: bool,
        path: list[str] | None = None,
    ) -> None:
        """Add the output of the earlier *task*, as documented and as in its last test.

        *path* is the path of the output; None: its place among the outputs of all tasks.
        """
        answer = self._around.inputs.tasks.get(name)
        sample = answer.get("output", ABSENT) if isinstance(answer, Mapping) else ABSENT
        sample = _body_first(sample)
        schema = output_schema(task, endpoint)
        views = Views({"$defs": endpoint.definitions}) if endpoint is not None else None
        path = ["tasks", name, "output"] if path is None else path
        group = self._add(path, "task", schema, sample, views=views)
        group["task"] = name
        if not certain:
            group["certain"] = False

    def _add(
        self,
        path: list[str],
        kind: str,
        schema: Schema,
        sample: Any,
        *,
        views: Views | None = None,
        own: bool = False,
    ) -> Node:
        """Add a group for the value at *path*, described by *schema*, and return it."""
        budget = min(MOST_NODES, self._remaining)
        tree = ValueTree(self._around.secrets, views or Views({}), budget)
        node = tree.node(path[-1] if path else "$", schema, sample)
        self._remaining -= budget - tree.remaining
        group = {
            **node,
            "kind": kind,
            "path": path,
            "sampled": sample is not ABSENT,
        }
        if own:
            group["own"] = True
        self.listed.append(group)
        return group
