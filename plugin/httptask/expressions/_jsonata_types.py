"""The type of a JSONata expression, given the type of its data, as far as it can be inferred.

Names are followed along paths, through lists and filters, and into arguments of functions. A name
that may be missing is not reported where the expression tests for a value: in `$exists`, on the
left of `??` and `?:`, in a condition and in the branch that depends on it. In all other constructs
nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from httptask._schema.value_keywords import NUMERIC
from httptask._schema.value_types import ANY, NOTHING, ValueType, any_of, typed_by
from httptask.expressions._jsonpath import normalised
from httptask.expressions._typed import MissingName, Reading, Typed

_TEXT = typed_by({"type": "string"})
_NUMBER = typed_by({"type": "number"})
_TRUTH = typed_by({"type": "boolean"})

_RESULTS: Mapping[str, ValueType] = {
    **dict.fromkeys(
        ("string", "join", "uppercase", "lowercase", "trim", "pad", "replace", "substring"), _TEXT
    ),
    **dict.fromkeys(("substringBefore", "substringAfter", "type", "fromMillis"), _TEXT),
    **dict.fromkeys(("base64encode", "base64decode", "encodeUrl", "encodeUrlComponent"), _TEXT),
    **dict.fromkeys(("decodeUrl", "decodeUrlComponent", "formatNumber", "formatBase"), _TEXT),
    **dict.fromkeys(("number", "sum", "average", "max", "min", "abs", "round", "power"), _NUMBER),
    **dict.fromkeys(("sqrt", "toMillis"), _NUMBER),
    **dict.fromkeys(("count", "length", "floor", "ceil"), typed_by({"type": "integer"})),
    **dict.fromkeys(("boolean", "not", "exists", "contains"), _TRUTH),
}
"""Functions whose result, if there is one, always has the same type."""

_OPERATORS: Mapping[str, ValueType] = {
    "&": _TEXT,
    **dict.fromkeys(("+", "-", "*", "/", "%"), _NUMBER),
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "and", "or", "in"), _TRUTH),
}
_ASKING = ("exists", "boolean", "not")
"""Functions that test whether there is a value."""
_MOST_NESTED = 10
"""Nested lists through which a name is looked up."""


def typed(tree: Any, data: ValueType) -> Typed:
    """Return the `Typed` of the expression with the syntax *tree* over data of the type *data*."""
    walk = _Walk(data)
    context = _Context(data, ())
    selected = walk.value(tree, context)
    readings = tuple(
        replace(reading, is_needed=True) if reading.steps == _plain_steps(tree) else reading
        for reading in walk.readings
    )
    return Typed(selected.type, tuple(walk.missing), readings)


def _plain_steps(tree: Any) -> tuple[str, ...] | None:
    """Return the names in an expression that is a path of names; None for any other expression."""
    steps = list(tree.steps) if tree.type == "path" else [tree]
    if steps and steps[0].type == "variable" and str(steps[0].value) in ("", "$"):
        steps = steps[1:]
    if not all(step.type == "name" for step in steps):
        return None
    return tuple(str(step.value) for step in steps)


@dataclass(frozen=True, slots=True)
class _Context:
    """A value in which names are looked up."""

    type: ValueType
    path: tuple[str | int, ...] | None = None
    """The path of the value in the data; None if the expression constructs the value."""
    scope: Mapping[str, ValueType] | None = None
    """The types of variables."""
    asks: bool = False
    """Whether the expression only tests if a value exists."""

    def of(self, value_type: ValueType) -> _Context:
        """Return the context of a value of *value_type* that is constructed in this context."""
        return replace(self, type=value_type, path=None)

    def asking(self) -> _Context:
        """Return the context for a test whether a value exists."""
        return replace(self, asks=True)


class _Walk:
    """Follows a syntax tree through *root*, the type of `$$`."""

    def __init__(self, root: ValueType) -> None:
        self.missing: list[MissingName] = []
        self.readings: list[Reading] = []
        self._root = root

    def value(self, node: Any, context: _Context) -> _Context:
        """Return the type, as a context, of *node* in *context*."""
        if node is None:
            return context.of(NOTHING)
        follow = getattr(self, f"_{node.type}", None)
        if follow is None or _is_bound(node):
            return context.of(ANY)
        selected: _Context = follow(node, context)
        if node.type != "path":
            selected = self._filtered(node, selected)
        if node.group is not None:
            return context.of(ANY)
        return selected

    def _all(self, nodes: Iterable[Any], context: _Context) -> ValueType:
        return any_of([self.value(node, context).type for node in nodes])

    # Paths

    def _path(self, node: Any, context: _Context) -> _Context:
        """Follow the steps of a path."""
        steps = list(node.steps)
        # What a bound name stands for is not followed: say nothing rather than warn wrongly.
        if any(_is_bound(step) for step in steps):
            return context.of(ANY)
        self._read(steps, context)
        current = context
        for index, step in enumerate(steps):
            current = self._step(step, current, is_first=index == 0)
            if current.type == ANY:
                return context.of(ANY)
        if getattr(node, "keep_singleton_array", None):
            return context.of(_list_of(current.type))
        return current

    def _step(self, step: Any, current: _Context, *, is_first: bool) -> _Context:
        """Follow one *step* of a path over each value of *current*."""
        if step.type == "name":
            return self._filtered(step, self._named(str(step.value), current))
        if step.type == "variable" and is_first:
            return self._filtered(step, self._variable(step, current))
        items = current
        if not is_first:
            items = replace(current, type=_flat(current.type))
        if step.type == "sort":
            self._all([term.expression for term in step.terms], items)
            return replace(current, type=_sequence_of(current.type))
        selected = self.value(step, items)
        if is_first:
            return selected
        return selected.of(_sequence_of(selected.type))

    def _named(self, name: str, context: _Context) -> _Context:
        """Return the member *name* of the value; for a list, of each item."""
        items = _flat(context.type)
        member = items.member(name)
        path = None
        if context.path is not None:
            path = (*context.path, name)
        if member.type.is_nothing:
            if not items.is_nothing and not context.asks and context.path is not None:
                path_text = normalised(context.path)
                self.missing.append(MissingName(path_text, name, items))
            return context.of(ANY)
        member_type = member.type
        if "array" in context.type.types:
            member_type = any_of([member_type, _sequence_of(member_type)])
        return replace(context, type=member_type, path=path)

    def _name(self, node: Any, context: _Context) -> _Context:
        self._read([node], context)
        return self._named(str(node.value), context)

    def _variable(self, node: Any, context: _Context) -> _Context:
        name = str(node.value)
        if name == "":
            return context
        if name == "$":
            return replace(context, type=self._root, path=())
        return context.of((context.scope or {}).get(name, ANY))

    def _read(self, steps: list[Any], context: _Context) -> None:
        """Record the path of names that starts at the root of the data."""
        if context.asks:
            return
        first = steps[0]
        if first.type == "variable":
            is_root = str(first.value) == "$" or (str(first.value) == "" and context.path == ())
            steps = steps[1:]
        else:
            is_root = context.path == ()
        names: list[str | int] = []
        for step in steps if is_root else ():
            if step.type != "name":
                break
            names.append(str(step.value))
            if step.predicate or step.stages:
                break
        if names:
            self.readings.append(Reading(tuple(names)))

    def _filtered(self, node: Any, current: _Context) -> _Context:
        """Return *current* after the predicates of *node*."""
        for stage in [*(node.predicate or ()), *(node.stages or ())]:
            if stage.type == "index":
                return current.of(ANY)
            items = _items(current.type)
            if stage.expr.type == "number":
                current = replace(current, type=items)
                continue
            # In a predicate, a name that an item lacks is a test for that name.
            self.value(stage.expr, replace(current, type=items))
            current = replace(current, type=_sequence_of(items))
        return current

    # Values

    def _string(self, node: Any, context: _Context) -> _Context:
        return context.of(_TEXT)

    def _number(self, node: Any, context: _Context) -> _Context:
        return context.of(typed_by({"const": node.value}))

    def _value(self, node: Any, context: _Context) -> _Context:
        is_truth = isinstance(node.value, bool)
        return context.of(_TRUTH if is_truth else typed_by({"type": "null"}))

    def _binary(self, node: Any, context: _Context) -> _Context:
        sign = str(node.value)
        for side in (node.lhs, node.rhs):
            asks = sign in ("and", "or") and side.type == "path"
            self.value(side, context.asking() if asks else context)
        return context.of(_OPERATORS.get(sign, ANY))

    def _unary(self, node: Any, context: _Context) -> _Context:
        sign = str(node.value)
        if sign == "{":
            return context.of(self._object(node.lhs_object, context))
        if sign == "[":
            items = self._all(node.expressions or (), context)
            # A list constructed in a list stays a list; the items of any other list are added to
            # the outer list.
            return context.of(_list_of(any_of([items, _flat(items)])))
        self.value(node.expression, context)
        return context.of(_NUMBER if sign == "-" else ANY)

    def _object(self, pairs: Any, context: _Context) -> ValueType:
        """Return the type of an object expression with the members *pairs*."""
        members: dict[str, ValueType] = {}
        is_known = True
        # In an object made from each item, a member whose name the item lacks is left out.
        inner = context
        if context.path != ():
            inner = context.asking()
        for key, value in pairs:
            is_known = is_known and key.type == "string"
            members[str(key.value)] = self.value(value, inner).type
        if not is_known:
            return typed_by({"type": "object"})
        properties = {
            name: ANY if member.is_nothing else member for name, member in members.items()
        }
        return typed_by(
            {
                "type": "object",
                "properties": properties,
                "additionalProperties": False,
            }
        )

    def _condition(self, node: Any, context: _Context) -> _Context:
        asking = context.asking()
        self.value(node.condition, asking)
        branches = [self.value(node.then, asking), self.value(node._else, context)]
        return context.of(any_of([branch.type for branch in branches]))

    def _default(self, node: Any, context: _Context) -> _Context:
        sides = [self.value(node.lhs, context.asking()), self.value(node.rhs, context)]
        return context.of(any_of([side.type for side in sides]))

    _coalesce = _default

    def _block(self, node: Any, context: _Context) -> _Context:
        inner = context
        selected = context.of(NOTHING)
        for expression in node.expressions:
            selected = self.value(expression, inner)
            if expression.type == "bind":
                scope = {**(inner.scope or {}), str(expression.lhs.value): selected.type}
                inner = replace(inner, scope=scope)
        return selected

    def _bind(self, node: Any, context: _Context) -> _Context:
        return self.value(node.rhs, context)

    # Functions

    def _function(self, node: Any, context: _Context, first: Any = None) -> _Context:
        """Return the type of a call's result; *first* is the left side of `~>`."""
        name = ""
        if node.procedure.type == "variable":
            name = str(node.procedure.value)
        arguments = [*([first] if first is not None else []), *node.arguments]
        is_own = name in (context.scope or {})
        inner = context
        if name in _ASKING and not is_own:
            inner = context.asking()
        selected = [self.value(argument, inner) for argument in arguments]
        if name == "lookup" and len(arguments) == 2 and arguments[1].type == "string":
            return self._named(str(arguments[1].value), selected[0])
        return context.of(ANY if is_own else _RESULTS.get(name, ANY))

    def _apply(self, node: Any, context: _Context) -> _Context:
        if node.rhs.type == "function":
            return self._function(node.rhs, context, first=node.lhs)
        self.value(node.lhs, context)
        name = ""
        if node.rhs.type == "variable":
            name = str(node.rhs.value)
        return context.of(ANY if name in (context.scope or {}) else _RESULTS.get(name, ANY))


def _is_bound(node: Any) -> bool:
    """Say whether *node* binds `@$name` or `#$name`, which keep the context."""
    return node.focus is not None or node.index is not None


def _items(value_type: ValueType) -> ValueType:
    """Return the type of the items if the value is a list, else the type of the value."""
    others = value_type.of_types(_NO_LISTS)
    return any_of([others, value_type.of_types(("array",)).items()])


_NO_LISTS = NUMERIC | {"string", "boolean", "null", "object"}


def _flat(value_type: ValueType) -> ValueType:
    """Return the type of the items of nested lists, at any depth, or of the value."""
    for _ in range(_MOST_NESTED):
        if "array" not in value_type.types or value_type == ANY:
            return value_type
        value_type = _items(value_type)
    return ANY


def _list_of(items: ValueType) -> ValueType:
    return typed_by({"type": "array", "items": items})


def _sequence_of(value_type: ValueType) -> ValueType:
    """Return the type of a sequence of such values; a sequence of one value is that value."""
    items = _flat(value_type)
    return any_of([items, value_type, _list_of(items)])
