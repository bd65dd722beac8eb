"""The tree of what an expression of a task can see, group by group."""

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
"""Nodes of all groups: the nearest tasks come first."""


def scope_of(
    around: Surroundings, endpoints: Mapping[str, Endpoint | None], pointer: str | None = None
) -> dict[str, Any]:
    """Return `{"groups", "later"}`: what the task sees, as trees, and the tasks that may read its
    own answer. *endpoints* are those of earlier tasks and its own, by name. With *pointer*, only
    what the expression there can see, or can be given.

    A group is a node with the `path` of its value: names and indices from `$`. Those with `own` are
    seen by the expression itself, and the others by `inputParameters` alone. One without a path is
    `$` itself: in the conditions of a Decision that are no expressions, and where `$` is the task's
    own answer, or the body of it.
    """
    groups = _Groups(around)
    later = [name for name in later_tasks(around.definition, around.name) if name != around.name]
    own = endpoints.get(around.name)
    place = None if pointer is None else expression_at(pointer, around.task, own)
    if place is not None and place.sees not in (Sees.REQUEST, Sees.DOCUMENT):
        groups.add_own_answer(place, own)
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
    if place is None or place.sees is Sees.REQUEST:
        return {"groups": groups.listed, "later": later}
    hidden = {"parameter", "item"} if str(pointer).startswith("/forEach/") else {"parameter"}
    seen = [{**group, "own": True} for group in groups.listed if group["kind"] not in hidden]
    return {"groups": seen, "later": later}


def _body_first(sample: Any) -> Any:
    """Return *sample* with its body before everything else: most look for it."""
    if isinstance(sample, dict) and "body" in sample:
        return {"body": sample["body"], **sample}
    return sample


class _Groups:
    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._remaining = _MOST_OF_ALL
        self.listed: list[Node] = []

    def add_last(self, endpoints: Mapping[str, Endpoint | None]) -> None:
        """Add what the task puts out that ran last before a Decision."""
        for arrival in dict.fromkeys(self._around.last_names):
            if arrival is None:
                self.add_input([])
            else:
                task = next(one for one in self._around.earlier if one.name == arrival)
                self.add_answer(arrival, task.task, endpoints.get(arrival), certain=True, path=[])

    def add_own_answer(self, place: ExpressionPlace, endpoint: Endpoint | None) -> None:
        """Add what an expression at *place* sees of the task's own answer, as it was in the last
        test; a query may begin with the headers, too.
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
        """Add a group of the task's own input parameters."""
        written = self._around.task.get("inputParameters")
        if isinstance(written, Mapping) and written:
            samples = {name: self._around.parameters.get(name, ABSENT) for name in written}
            for name, sample in samples.items():
                self._add([name], "parameter", True, sample, own=True)

    def add_items(self) -> None:
        """Add the item of `forEach`, and its number."""
        item = self._around.inputs.item
        names = item_names(self._around.task)
        samples = item.names() if item is not None else {}
        schemas: tuple[Schema, ...] = (True, {"type": "integer"})
        for name, schema in zip(names, schemas, strict=False):
            sample = samples.get(name, ABSENT)
            self._add([name], "item", schema, sample, own=True)

    def add_input(self, path: Sequence[str] = ("input",)) -> None:
        """Add the input of the run, which stands at *path*."""
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
        """Add what the earlier *task* puts out: as it did in the last test, and as documented. It
        stands at *path*; None: with the answers of all tasks.
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
        budget = min(MOST_NODES, self._remaining)
        tree = ValueTree(self._around.secrets, views or Views({}), budget)
        node = tree.node(path[-1] if path else "$", schema, sample)
        self._remaining -= budget - tree.remaining
        group = {**node, "kind": kind, "path": path, "sampled": sample is not ABSENT}
        if own:
            group["own"] = True
        self.listed.append(group)
        return group
