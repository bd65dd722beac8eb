"""The texts of a task that may hold expressions, with the types of their data and values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import Path, parts
from httptask._core.pointers import pointer as pointer_of
from httptask._schema.value_types import (
    ANY,
    NOTHING,
    Schema,
    SchemaSource,
    ValueType,
    any_of,
    typed_by,
)
from httptask.building import REFERENCE
from httptask.errors import HttpTaskError
from httptask.expressions import Prepared, Query
from httptask.workflow.typing._data import TypedData
from httptask.workflow.typing._outputs import body_schema, result_schema

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.task import Plan

_TEXT = typed_by({"type": "string"})
"""A body that is text."""
_REFERENCES = frozenset((REFERENCE, "$text"))
"""Keys of objects that are replaced by the content of a file, or by a text."""
_MOST_DIGITS = 10
"""The digits of an index; a longer number is only a name."""
_TRUTH = typed_by({"type": ["boolean", "array"]})
_TRUTH_OF_RESULT = typed_by({"type": ["boolean", "array", "null"]})
_FIELDS: Mapping[str, Mapping[str, ValueType]] = {
    "Terminate": {"workflowOutput": ANY},
    "Simple": {"inputParameters": ANY},
    "Wait": {
        "seconds": typed_by({"type": "number"}),
        "until": typed_by({"type": "string"}),
    },
}
"""The fields of task types that read the run's document, and their expected types."""
_STRING = typed_by({"type": "string"})
_OVER_RESULT: Mapping[Path, ValueType] = {
    ("successCondition",): _TRUTH_OF_RESULT,
    ("retry", "until"): _TRUTH_OF_RESULT,
    ("pagination", "until"): _TRUTH_OF_RESULT,
    ("completion", "poll", "until"): _TRUTH_OF_RESULT,
    ("completion", "poll", "result"): ANY,
}
"""Settings that read the result of an Http task, of a page or of a poll; and expected types."""
_OVER_FIRST_ANSWER: Mapping[Path, ValueType] = {
    ("completion", "when"): _TRUTH_OF_RESULT,
    ("completion", "poll", "url"): _STRING,
    ("completion", "cancel", "url"): _STRING,
}
_OVER_CALL: Mapping[Path, ValueType] = {
    ("completion", "callback", "until"): _TRUTH_OF_RESULT,
    ("completion", "callback", "result"): ANY,
}
_OVER_PARAMETERS: Mapping[Path, ValueType] = {
    ("idempotencyKey",): ANY,
    ("pagination", "resume"): ANY,
    ("completion", "attach"): typed_by({"type": ["string", "null"]}),
}
_CALL_SCHEMA = {"type": "object", "properties": {"headers": {"type": "object"}, "body": True}}
_CALL = typed_by(_CALL_SCHEMA)
"""A call of the callback URL; its body is not documented."""


_LIST = typed_by({"type": "array"})
_QUERIES: Mapping[str, ValueType] = {
    "items": _LIST,
    "next": typed_by({"type": ["string", "number", "boolean"]}),
    "total": typed_by({"type": ["number", "string"]}),
    "more": typed_by({"type": ["boolean", "number", "string"]}),
}
"""The queries of `pagination` over the body of a page, and the types that a page may have there."""
_IDENTITY: Path = ("pagination", "identity")
"""The query that selects in one item of a page."""
_QUERY_SETTINGS: tuple[Path, ...] = (
    *(("pagination", name) for name in _QUERIES),
    _IDENTITY,
    ("completion", "poll", "status"),
    ("completion", "callback", "status"),
)
"""The settings that are a JSONPath query over a response, without `${}`."""
_DOCUMENT_SETTINGS: Mapping[str, tuple[Path, ...]] = {
    "Decision": (),
    "Parallel": (),
    "Http": (("inputParameters",),),
    "Workflow": (("inputParameters",),),
    **{name: tuple((field,) for field in fields) for name, fields in _FIELDS.items()},
}
"""Type of a task -> the settings that read the run's document."""
_NO_EXPRESSION = frozenset(("type", "nextTask", "end", "onError", "choices", "branches"))
"""The members of a task that cannot hold expressions."""


class Sees(Enum):
    """The value of `$` in an expression of a task."""

    REQUEST = "the input parameters and the item"
    DOCUMENT = "the run's input, variables and tasks"
    ANSWER = "the task's own answer"
    FIRST_ANSWER = "the answer that starts a job"
    BODY = "the body of the task's own answer; with its headers, where a query begins with them"
    PAGE_ITEM = "an item of a page"


@dataclass(frozen=True, slots=True)
class ExpressionPlace:
    """The position of an expression, or of a query, in a task."""

    sees: Sees
    schema: Schema = True
    """A schema of the response, or of its body, as far as it is documented."""

    @property
    def is_query(self) -> bool:
        """Whether the text is a JSONPath query without `${}`."""
        return self.sees in (Sees.BODY, Sees.PAGE_ITEM)


def expression_at(
    pointer: str,
    task: Mapping[str, Any],
    endpoint: Endpoint | None = None,
) -> ExpressionPlace | None:
    """Return what an expression at *pointer* of *task* reads; None: there can be no expression."""
    path: Path = tuple(parts(pointer))
    task_type = task.get("type")
    if path[:2] == ("forEach", "items"):
        return ExpressionPlace(Sees.DOCUMENT)
    if task_type == "Decision":
        is_condition = path[:1] == ("choices",) and path[2:] == ("condition",)
        return ExpressionPlace(Sees.DOCUMENT) if is_condition else None
    if task_type == "Http" and (place := _place_of_http(path, task, endpoint)) is not None:
        return place
    document_places = _DOCUMENT_SETTINGS.get(str(task_type))
    if document_places is None:  # a plugin's type may evaluate any text
        sees_document = bool(path) and path[0] not in {*_NO_EXPRESSION, "forEach"}
    else:
        sees_document = any(path[: len(place)] == place for place in document_places)
    return ExpressionPlace(Sees.DOCUMENT) if sees_document else None


def _place_of_http(
    path: Path,
    task: Mapping[str, Any],
    endpoint: Endpoint | None,
) -> ExpressionPlace | None:
    if path[:1] == ("httpRequest",) or path in _OVER_PARAMETERS:
        return ExpressionPlace(Sees.REQUEST)
    if path in _OVER_CALL:
        return ExpressionPlace(Sees.ANSWER, _CALL_SCHEMA)
    # One page, or one poll: not the result of all.
    alone = {
        **task,
        "pagination": None,
        "completion": None,
    }
    if path in _OVER_RESULT or path in _OVER_FIRST_ANSWER:
        sees = Sees.ANSWER if path in _OVER_RESULT else Sees.FIRST_ANSWER
        return ExpressionPlace(sees, result_schema(alone, endpoint, any_status=True))
    if path == _IDENTITY:
        return ExpressionPlace(Sees.PAGE_ITEM)
    if path in _QUERY_SETTINGS:
        schema = True
        if "callback" not in path:
            schema = body_schema(alone, endpoint, any_status=True)
        return ExpressionPlace(Sees.BODY, schema)
    return None


def expression_pointers(
    task_type: str,
    properties: Iterable[str] = (),
) -> tuple[list[str], list[str]]:
    """Return the pointers at or below which tasks of *task_type* may have expressions, and the
    pointers of queries.

    A task of a plugin's type may have expressions in each of its *properties*.
    """
    known = _DOCUMENT_SETTINGS.get(task_type)
    own = [(name,) for name in properties if name not in {*_NO_EXPRESSION, "forEach"}]
    paths: list[Path] = [*(own if known is None else known), ("forEach", "items")]
    queries: tuple[Path, ...] = ()
    if task_type == "Http":
        paths += [("httpRequest",), *_OVER_PARAMETERS, *_OVER_RESULT, *_OVER_FIRST_ANSWER]
        paths += _OVER_CALL
        queries = _QUERY_SETTINGS
    return [pointer_of(path) for path in paths], [pointer_of(path) for path in queries]


@dataclass(frozen=True, slots=True)
class Setting:
    """A text of a task that may hold expressions."""

    pointer: str
    text: str
    data: ValueType
    """The type of the data of its expressions."""
    expected: ValueType = ANY
    """The type of the expected value."""
    is_enforced: bool = True
    """Whether the run refuses values of other types."""
    takes_null: bool = False
    """Whether null counts as a missing value."""
    takes_files: bool = False
    """Whether a reference to a file may replace the value."""
    expected_words: str | None = None
    """The expected values in words, if the names of the expected types do not say enough."""
    sees_tasks: bool = False
    """Whether its expressions can read `$.tasks`."""
    sees_parameters: bool = False
    """Whether its expressions read only the input parameters, and the item."""


@dataclass(frozen=True, slots=True)
class TypedTask:
    """A task of a definition, with the types of the data of its expressions."""

    name: str
    task: Mapping[str, Any]
    pointer: str
    data: TypedData

    def settings(self) -> Iterator[Setting]:
        """Yield the texts of the task that may hold expressions."""
        document = self.data.document(self.name)
        task_type = self.task.get("type")
        yield from self._of_items()
        if task_type == "Http":
            yield from self._over_document(("inputParameters",), document)
            yield from self._of_request()
            yield from self._over_results()
            yield from self._queries()
        elif task_type == "Decision":
            yield from self._conditions(document)
        elif task_type == "Workflow":
            yield from self._of_nested_input(document)
        elif isinstance(task_type, str):
            for field, expected in _FIELDS.get(task_type, {}).items():
                yield from self._over_document((field,), document, expected)

    def _over_document(
        self,
        path: Path,
        document: ValueType,
        expected: ValueType = ANY,
    ) -> Iterator[Setting]:
        """Yield the texts of the field at *path*, which read the run's document."""
        for setting in self._texts(path, document, expected):
            yield replace(setting, sees_tasks=True)

    def _of_items(self) -> Iterator[Setting]:
        outer = self.data.outer(self.name)
        for setting in self._over_document(("forEach", "items"), outer, _LIST):
            yield replace(
                setting,
                takes_files=True,
                expected_words="an array or a file of JSON lines",
            )

    def _conditions(self, document: ValueType) -> Iterator[Setting]:
        choices = self.task.get("choices")
        for index in range(len(choices) if isinstance(choices, list) else 0):
            yield from self._over_document(("choices", index, "condition"), document, _TRUTH)

    def _of_nested_input(self, document: ValueType) -> Iterator[Setting]:
        """Yield the texts in the input parameters of a `Workflow` task.

        They are the input of the nested definition, which is checked before its first task.
        """
        for setting in self._over_document(("inputParameters",), document):
            expected = self.data.nested_input(self.task.get("definition"))
            for step in parts(setting.pointer[len(self.pointer) :])[1:]:
                expected = _inside(expected, step)
            yield replace(setting, expected=expected)

    def _of_request(self) -> Iterator[Setting]:
        """Yield the texts of `httpRequest`, and of the settings that read the input parameters."""
        parameters = self.data.parameters(self.name)
        texts = [*self._texts(("httpRequest",), parameters)]
        if texts:  # without texts, no plan has to be compiled
            expected = ExpectedSettings.of(self.data.plan(self.name))
            is_enforced = self.task.get("checkSettings") != "note"
            for setting in texts:
                path = parts(setting.pointer[len(self.pointer) :])[1:]
                yield replace(
                    setting,
                    expected=expected.at(path),
                    is_enforced=is_enforced,
                    takes_null=path[:1] != ("body",) or len(path) == 1,
                    takes_files=path[:1] == ("body",),
                    sees_parameters=True,
                )
        for setting in self._over(_OVER_PARAMETERS, lambda: parameters):
            yield replace(setting, sees_parameters=True)

    def _over_results(self) -> Iterator[Setting]:
        yield from self._over(_OVER_RESULT, lambda: self.data.result(self.name))
        yield from self._over(_OVER_FIRST_ANSWER, lambda: self.data.first_answer(self.name))
        yield from self._over(_OVER_CALL, lambda: _CALL)

    def _over(
        self,
        fields: Mapping[Path, ValueType],
        data: Callable[[], ValueType],
    ) -> Iterator[Setting]:
        """Yield the texts in *fields*, which read *data*, with their expected types."""
        for path, expected in fields.items():
            if isinstance(_at(self.task, path), str):
                yield from self._texts(path, data(), expected)

    def _queries(self) -> Iterator[Setting]:
        """Yield the queries of `pagination` as expressions: `${…}` around the query."""
        for field, expected in _QUERIES.items():
            query = _at(self.task, ("pagination", field))
            # Queries over the headers are left out: their types are not documented.
            if isinstance(query, str) and not query.strip().startswith(("$.headers", "${")):
                pointer = pointer_of(("pagination", field), self.pointer)
                # The page's parameter in a body may also take an object or a list.
                is_known = field != "next" or not self._has_body_parameter()
                yield Setting(
                    pointer,
                    f"${{{query}}}",
                    self.data.body(self.name),
                    expected if is_known and _selects_one(query) else ANY,
                    takes_null=True,
                )
        identity = _at(self.task, ("pagination", "identity"))
        if isinstance(identity, str) and not identity.strip().startswith("${"):
            pointer = pointer_of(("pagination", "identity"), self.pointer)
            yield Setting(pointer, f"${{{identity}}}", self.data.items_of_pages(self.name))

    def _has_body_parameter(self) -> bool:
        return bool(_at(self.task, ("pagination", "parameter", "in")) == "body")

    def _texts(
        self,
        path: Path,
        data: ValueType,
        expected: ValueType = ANY,
    ) -> Iterator[Setting]:
        """Yield the texts with expressions in the field at *path*."""
        pointer = pointer_of(path, self.pointer)
        for slot in Prepared.of(_at(self.task, path)).slots:
            text_pointer = pointer_of(slot.path, pointer)
            yield Setting(
                text_pointer,
                slot.text,
                data,
                ANY if slot.path else expected,
            )


@dataclass(frozen=True, slots=True)
class ExpectedSettings:
    """The expected types of the settings of a request."""

    type: ValueType

    @classmethod
    def of(cls, plan: Plan) -> ExpectedSettings:
        """Return the expected types for the task of *plan*; ANY if its endpoint is unknown."""
        try:
            schema = plan.settings_schema
        except HttpTaskError:  # reported at the task's `endpoint`
            return cls(ANY)
        return cls(SchemaSource(schema).type_of(schema))

    def at(self, path: Sequence[str]) -> ValueType:
        """Return the expected type of the whole value at *path* below `httpRequest`."""
        if not path:
            return self.type
        group, *inner = path
        expected = self.type.member(group).type
        for depth, step in enumerate(inner):
            name = step
            if depth == 0 and group == "headers":  # header names are case-insensitive
                names = (header for header in expected.names() if header.lower() == step.lower())
                name = next(names, step)
            expected = _inside(expected, name)
        if expected.is_nothing or not _REFERENCES.isdisjoint(inner):
            return ANY
        if path == ("body",):
            return any_of([expected, _TEXT])
        return expected


def _selects_one(query: str) -> bool:
    """Say whether the JSONPath *query* selects at most one value."""
    try:
        return Query.of(query).steps is not None
    except ValueError:  # reported at the query
        return False


def _inside(expected: ValueType, step: str) -> ValueType:
    """Return the type of the member, or item, *step* of *expected*."""
    index = None
    if step.isdecimal() and len(step) < _MOST_DIGITS:
        index = int(step)
    items = NOTHING if index is None else expected.item(index)
    return any_of([expected.member(step).type, items])


def _at(task: Mapping[str, Any], path: Path) -> Any:
    """Return the value at *path* of *task*; None if it is missing."""
    value: Any = task
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            return None
    return value
