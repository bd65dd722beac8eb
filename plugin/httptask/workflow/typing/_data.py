"""The types of the data that the expressions of each task read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from httptask._schema.value_types import (
    ANY,
    Schema,
    SchemaSource,
    ValueType,
    any_of,
    typed_by,
)
from httptask._schema.views import json_type
from httptask.building import REFERENCE
from httptask.errors import HttpTaskError
from httptask.expressions import TypedText, may_change
from httptask.model.for_each import INDEX, item_names
from httptask.model.workflow import WorkflowDefinition
from httptask.task import WrittenTask
from httptask.workflow._definition import branches_of, iter_scopes, iter_tasks
from httptask.workflow.typing._outputs import (
    FAILED,
    FILE,
    body_schema,
    output_schema,
    result_schema,
    with_examples,
)
from httptask.workflow.typing._routes import Ran, Routes, is_steered, may_end

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.task import Plan, Runtime

_DEEPEST = 10
"""The depth to which an input parameter is examined."""


class TypedData:
    """The types of the data that expressions in *definition* read.

    *runtime* looks up the endpoints; *definitions* are the nested definitions by id. *around* are
    the ids of the definitions around a nested *definition*.
    """

    def __init__(
        self,
        definition: WorkflowDefinition,
        runtime: Runtime,
        definitions: Mapping[str, WorkflowDefinition] | None = None,
        around: tuple[str, ...] = (),
    ) -> None:
        self.routes = Routes(definition)
        self._around = around
        self._evaluator = runtime.evaluator
        self._typed: dict[tuple[str, int], tuple[TypedText, ValueType]] = {}
        self._runtime = runtime
        self._definitions = definitions or {}
        self._definition = definition
        self._document = definition.document
        self._tasks = {
            name: (task, pointer) for pointer, name, task in reversed([*iter_tasks(definition)])
        }
        self._sources: dict[str, tuple[Mapping[str, Any], SchemaSource]] = {}
        self.plan = cache(self._plan)
        self.endpoint = cache(self._endpoint)
        self.outer = cache(self._outer_type)
        self.document = cache(self._document_type)
        self.parameters = cache(self._parameters_type)
        self.completed = cache(self._completed_type)
        self._nested_output = cache(self._nested_output_type)

    # The data of expressions

    def _document_type(self, reader: str) -> ValueType:
        """Return the type of the data of `inputParameters` and conditions of the task *reader*."""
        item = self._item(self._tasks[reader][0], reader)
        if item:
            return _closed({**self._without_item(reader), **item})
        return self.outer(reader)

    def _outer_type(self, reader: str) -> ValueType:
        """Return the type of the data of `forEach` of the task *reader*."""
        return _closed(self._without_item(reader))

    def _without_item(self, reader: str) -> dict[str, Schema]:
        return {
            "input": self.input,
            "variables": True,  # any: the run may get other variables
            "tasks": {"type": "object", "properties": _TasksBefore(self, reader, self._tasks)},
        }

    def _parameters_type(self, name: str) -> ValueType:
        """Return the type of the data of `httpRequest` of the task *name*."""
        task, _ = self._tasks[name]
        written = task.get("inputParameters")
        if not isinstance(written, Mapping | None):
            return ANY
        document = self.document(name)
        parameters = {
            parameter: self._written(value, document)
            for parameter, value in (written or {}).items()
        }
        return _closed({**parameters, **self._item(task, name)})

    def result(self, name: str) -> ValueType:
        """Return the type of the result of the Http task *name*, for any status."""
        task, _ = self._tasks[name]
        endpoint = self.endpoint(name)
        body = None
        if task.get("pagination") is not None:
            body = True
        schema = result_schema(task, endpoint, body, any_status=True)
        return self._source(endpoint).type_of(schema)

    def first_answer(self, name: str) -> ValueType:
        """Return the type of the result of the call by which the Http task *name* starts a job."""
        endpoint = self.endpoint(name)
        schema = result_schema({**self._tasks[name][0], "completion": None}, endpoint)
        return self._source(endpoint).type_of(schema)

    def body(self, name: str) -> ValueType:
        """Return the type of the body of one response to the Http task *name*."""
        task, _ = self._tasks[name]
        endpoint = self.endpoint(name)
        return self._source(endpoint).type_of(body_schema(task, endpoint))

    def items_of_pages(self, name: str) -> ValueType:
        """Return the type of the items that the `pagination` of the task *name* collects."""
        query = self._setting(name, "pagination").get("items")
        body = self.body(name)
        if not isinstance(query, str):
            if body.types == {"array"}:
                return body.items()
            return ANY
        if query.startswith("$.headers"):
            return ANY
        texts = self.typed(f"${{{query}}}", body).expressions
        if texts:
            return _known(texts[0].typed.type.items())
        return ANY

    def items(self, name: str) -> ValueType:
        """Return the type of the items of the `forEach` of the task *name*."""
        setting = self._setting(name, "forEach")
        items = self._written(setting.get("items"), self.outer(name))
        may_be_file = not items.of_types({"object"}).member(REFERENCE).type.is_nothing
        if may_be_file:
            return ANY
        return _known(items.items())

    def typed(self, text: str, data: ValueType) -> TypedText:
        """Return the types of the expressions in *text*, over data of the type *data*. Cached."""
        key = text, id(data)
        cached = self._typed.get(key)
        if cached is None:
            # The cached value holds *data*, too, so that no other type can get its id.
            cached = self._typed[key] = self._evaluator.typed(text, data), data
        return cached[0]

    # The outputs of tasks

    def output(self, name: str, reader: str) -> ValueType:
        """Return the type of the output of the task *name* when the task *reader* starts."""
        before = self.routes.before(reader, name)
        if before.ran is Ran.NEVER:
            return ANY
        completed = []
        if before.completed:
            completed = [self.completed(name)]
        failed = []
        if before.failed:
            failed = [typed_by(FAILED)]
        return any_of([*completed, *failed])

    def _completed_type(self, name: str) -> ValueType:
        """Return the type of the output of the task *name* after it has completed."""
        task, pointer = self._tasks[name]
        if task.get("type") == "Parallel":
            return self._parallel(task, pointer)
        endpoint = self.endpoint(name)
        body = None
        if task.get("pagination") is not None:
            body = self._pages(name)
        is_nested = task.get("type") == "Workflow"
        output = self._nested_output(task.get("definition")) if is_nested else True
        schema = output_schema(
            task,
            endpoint,
            body,
            output=output,
            with_files=True,
        )
        return self._source(endpoint).type_of(schema)

    def _nested_output_type(self, name: Any) -> ValueType:
        """Return the type of the output of a run of the definition *name*.

        ANY if the definition is unknown, or runs itself.
        """
        other = None
        if isinstance(name, str):
            other = self._definitions.get(name)
        if other is None or name in self._around or len(self._around) >= _DEEPEST:
            return ANY
        around = (*self._around, name)
        return TypedData(other, self._runtime, self._definitions, around).run_output

    @property
    def run_output(self) -> ValueType:
        """The type of the output of a completed run: of a Terminate, or of a last task.

        ANY if a plugin's task may end the run.
        """
        outermost = {
            name
            for scope in iter_scopes(self._definition)
            if not scope.depth
            for name in scope.tasks
        }
        ends: list[ValueType] = []
        for name, (task, _) in self._tasks.items():
            if task.get("type") == "Terminate" and task.get("terminationStatus") != "Failed":
                ends.append(self._written_output(name, task.get("workflowOutput")))
            elif not is_steered(task):
                return ANY
            elif name in outermost and may_end(task):
                ends.append(self.completed(name))
        return any_of(ends) if ends else ANY

    def _written_output(self, name: str, value: Any) -> ValueType:
        if value is None:
            return ANY
        return self._written(value, self.document(name))

    def _parallel(self, task: Mapping[str, Any], pointer: str) -> ValueType:
        """Return the type of the output of a Parallel: `startTask` -> output of a last task."""
        branches = {
            branch.start: any_of(
                self.completed(name)
                for name, inner in branch.tasks.items()
                if name in self._tasks and isinstance(inner, Mapping) and may_end(inner)
            )
            for branch in branches_of(task, pointer)
            if isinstance(branch.start, str)
        }
        return _closed({name: _known(output) for name, output in branches.items()})

    def _pages(self, name: str) -> Schema:
        collect = self._setting(name, "pagination").get("collect")
        if collect == "file":
            return FILE
        item = self.body(name) if collect == "pages" else self.items_of_pages(name)
        return {"type": "array", "items": item}

    def nested_input(self, name: Any) -> ValueType:
        """Return the type of the input of the nested definition *name*; ANY if it is unknown."""
        other = None
        if isinstance(name, str):
            other = self._definitions.get(name)
        schema = other.input_schema if other is not None else None
        if schema is None:
            return ANY
        return SchemaSource(schema).type_of(schema)

    # Parts

    @cached_property
    def input(self) -> ValueType:
        """The type of the run's input."""
        schema = self._document.get("inputSchema")
        if schema is None:
            return ANY
        return _known(SchemaSource(schema).type_of(schema))

    def _item(self, task: Mapping[str, Any], name: str) -> dict[str, Schema]:
        names = item_names(task)
        if not names:
            return {}
        return {names[0]: self.items(name), INDEX: {"type": "integer"}}

    def _setting(self, name: str, field: str) -> Mapping[str, Any]:
        setting = self._tasks[name][0].get(field)
        if isinstance(setting, Mapping):
            return setting
        return {}

    def _plan(self, name: str) -> Plan:
        task, pointer = self._tasks[name]
        return WrittenTask.of(task, pointer).plan(self._runtime)

    def _endpoint(self, name: str) -> Endpoint | None:
        if self._tasks[name][0].get("type") != "Http":
            return None
        try:
            endpoint = self.plan(name).endpoint
        except HttpTaskError:  # reported at the task's `endpoint`
            return None
        return None if endpoint is None else with_examples(endpoint)

    def _source(self, endpoint: Endpoint | None) -> SchemaSource:
        """Return the source of *endpoint*'s schemas, cached: it resolves their references."""
        if endpoint is None:
            return SchemaSource(None)
        definitions = endpoint.definitions
        cached = self._sources.get(endpoint.id)
        # By the definitions: each task has an endpoint object of its own (`with_examples`).
        if cached is None or cached[0] is not definitions:
            source = SchemaSource({"$defs": definitions}, documented=True)
            cached = self._sources[endpoint.id] = definitions, source
        return cached[1]

    def _written(self, value: Any, data: ValueType, depth: int = 0) -> ValueType:
        """Return the type of the JSON *value* after evaluation over data of the type *data*."""
        if isinstance(value, str):
            if not may_change(value):
                return typed_by({"type": "string"})
            text = self.typed(value, data)
            whole = None
            if text.is_whole:
                whole = text.expressions[0].typed.type
            if whole is None:
                return typed_by({"type": "string"})
            return _known(whole)
        if depth > _DEEPEST:
            return ANY
        if isinstance(value, Mapping):
            return _closed(
                {name: self._written(inner, data, depth + 1) for name, inner in value.items()}
            )
        if isinstance(value, list):
            items = [self._written(inner, data, depth + 1) for inner in value]
            return typed_by(
                {
                    "type": "array",
                    "prefixItems": items,
                    "items": False,
                }
            )
        return typed_by({"type": json_type(value)})


class _TasksBefore(Mapping[str, Schema]):
    """The schemas of the tasks that the task *reader* can read, made on first access."""

    def __init__(self, data: TypedData, reader: str, names: Mapping[str, Any]) -> None:
        self._data = data
        self._reader = reader
        self._names = names
        self._made: dict[str, Schema] = {}

    def __getitem__(self, name: str) -> Schema:
        if name not in self._made:
            if name not in self._names:
                raise KeyError(name)
            output = self._data.output(name, self._reader)
            self._made[name] = {
                "type": "object",
                "properties": {"input": True, "output": output},
                "additionalProperties": False,
            }
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _closed(properties: Mapping[str, Schema]) -> ValueType:
    """Return the type of an object with exactly these *properties*."""
    return typed_by(
        {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        }
    )


def _known(value_type: ValueType) -> ValueType:
    """Return *value_type*, or ANY if no value has that type, which is reported elsewhere."""
    return ANY if value_type.is_nothing else value_type
