"""Rename a task in a JSONata expression."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from httptask.expressions._jsonata import parsed
from httptask.expressions._renaming import Renamed, Renaming, Sight, not_understood

_PLAIN = re.compile(r"(?!(?:and|or|in|true|false|null|function)\Z)[A-Za-z_][A-Za-z0-9_]*")
"""A name that needs no quotes."""

_YIELDS_NO_CONTENT = frozenset(("exists", "boolean", "not", "count", "type"))
"""Functions whose result contains no part of their argument, not even a name."""


def renamed(source: str, before: str, after: str) -> Renamed:
    """Return the expression *source* with the task *before* renamed to *after*."""
    try:
        tree = parsed(source)
    except ValueError:
        return not_understood(source, before)
    walk = _Walk(source, before, after)
    return walk.renaming.result(source, walk.value(tree, Sight.DOCUMENT, {}))


class _Walk:
    """Follows a syntax tree. *context* is the sight of `$`, *scope* has the sights of variables."""

    def __init__(self, source: str, before: str, after: str) -> None:
        self.renaming = Renaming(before)
        self._source = source
        self._after = after

    def value(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        """Follow *node* and return the sight of its value."""
        if node is None:
            return Sight.OTHER
        follow = getattr(self, f"_{node.type}", None)
        sight: Sight = (
            follow(node, context, scope) if follow is not None else self._rest(node, context, scope)
        )
        if node.type != "path":
            sight = self._predicates(node, sight, scope)
        return self._grouped(node, sight, scope)

    def _all(
        self,
        nodes: Iterable[Any],
        context: Sight,
        scope: dict[str, Sight],
    ) -> Sight:
        return Sight.of_all([self.value(node, context, scope) for node in nodes])

    # Paths

    def _path(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        """Follow the steps of a path, each with the sight of the step before as its context."""
        sight = context
        for step in node.steps:
            around = sight
            if step.type == "name":
                self._name(step, around, alone=len(node.steps) == 1)
                sight = self._predicates(step, around.member(str(step.value)), scope)
            elif step.type == "sort":
                self._all([term.expression for term in step.terms], around, scope)
            else:
                sight = self.value(step, around, scope)
            sight = self._bound(step, around, sight, scope)
        return sight

    def _name(self, node: Any, sight: Sight, *, alone: bool) -> None:
        """Rename the task if the name *node* is looked up among the tasks; quote it if needed."""
        if not self.renaming.meet(sight, str(node.value)):
            return
        start = self._start(node)
        quote = self._source[start]
        if quote in "'\"":
            written = _string(self._after, quote)
        elif quote != "`" and _PLAIN.fullmatch(self._after):
            written = self._after
        elif "`" not in self._after:
            written = f"`{self._after}`"
        elif not alone:
            # A string as a step of a path is a name, and may contain a backtick, which quoted names
            # cannot.
            written = _string(self._after, '"')
        else:
            self.renaming.doubtful = True
            return
        self.renaming.edits[start, node.position] = written

    def _bound(
        self,
        step: Any,
        around: Sight,
        sight: Sight,
        scope: dict[str, Sight],
    ) -> Sight:
        """Bind the variables of `@$name` and `#$name`; return the context of the next step."""
        if isinstance(step.index, str):
            scope[step.index] = Sight.OTHER
        if not step.focus:
            return sight
        scope[str(step.focus)] = sight
        return around

    def _predicates(self, node: Any, sight: Sight, scope: dict[str, Sight]) -> Sight:
        """Follow the predicates of *node*, which select from a value of *sight*."""
        for stage in [*(node.predicate or ()), *(node.stages or ())]:
            if stage.type == "index":
                scope[str(stage.value)] = Sight.OTHER
            elif stage.expr.type == "string" and sight is Sight.TASKS:
                # `tasks["Phone"]` is a lookup by intention, though JSONata does not evaluate it as
                # one.
                self._key(stage.expr, sight)
            else:
                self.value(stage.expr, sight, scope)
        return sight

    def _grouped(self, node: Any, sight: Sight, scope: dict[str, Sight]) -> Sight:
        if node.group is None:
            return sight
        return self._object(node.group.lhs_object, sight, scope)

    # Values

    def _variable(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        name = str(node.value)
        if name == "":
            return context
        if name == "$":
            return Sight.DOCUMENT
        return scope.get(name, Sight.OTHER)

    def _string(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        # A text matters only if it is compared with the names of tasks.
        self.renaming.if_passed |= node.value == self.renaming.before
        return Sight.OTHER

    def _wildcard(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        return context.members

    def _descendant(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        return Sight.EITHER if context.exposes_tasks else context

    def _parent(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        return Sight.EITHER

    def _bind(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        name = str(node.lhs.value)
        sight = self.value(node.rhs, context, scope)
        scope[name] = sight
        return sight

    def _block(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        inner = dict(scope)
        sight = Sight.OTHER
        for expression in node.expressions:
            sight = self.value(expression, context, inner)
        return sight

    def _condition(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        self.value(node.condition, context, scope)
        return self._all([node.then, node._else], context, scope)

    def _default(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        return self._all([node.lhs, node.rhs], context, scope)

    _coalesce = _default

    def _binary(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        self._all([node.lhs, node.rhs], context, scope)
        return Sight.OTHER

    def _unary(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        if str(node.value) == "{":
            return self._object(node.lhs_object, context, scope)
        content = self._all(node.expressions or [node.expression], context, scope)
        return Sight.EITHER if content.exposes_tasks else content

    def _object(self, pairs: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        for key, _ in pairs:
            if key.type != "string":  # the key of a new object does not name a task
                self.value(key, context, scope)
        content = self._all([value for _, value in pairs], context, scope)
        return Sight.EITHER if content.exposes_tasks else content

    # Functions

    def _function(
        self,
        node: Any,
        context: Sight,
        scope: dict[str, Sight],
        first: Any = None,
    ) -> Sight:
        """Follow a call; *first* is the left side of `~>`."""
        called = ""
        if node.procedure.type == "variable":
            called = str(node.procedure.value)
        arguments = [*([first] if first is not None else []), *node.arguments]
        # Where a partial application is called, and with which arguments, is not followed.
        if called == "lookup" and called not in scope and arguments and node.type != "partial":
            return self._lookup(arguments, context, scope)
        self.value(node.procedure, context, scope)
        sights = [self.value(argument, context, scope) for argument in arguments]
        if called in _YIELDS_NO_CONTENT and called not in scope:
            return Sight.OTHER
        if not arguments:
            # Without an argument, many functions take the context.
            sights.append(context)
        for sight in sights:
            self.renaming.passing(sight)
        if any(sight.exposes_tasks for sight in sights):
            return Sight.EITHER
        return Sight.ARGUMENT

    _partial = _function

    def _lookup(
        self,
        arguments: list[Any],
        context: Sight,
        scope: dict[str, Sight],
    ) -> Sight:
        """Follow `$lookup(object, key)`; with the key alone the object is the context."""
        key = arguments[-1]
        sight = context
        if len(arguments) > 1:
            sight = self.value(arguments[0], context, scope)
        if key.type == "string":
            self._key(key, sight)
            return sight.member(str(key.value))
        self.value(key, context, scope)
        # Which task is looked up is only known during a run.
        self.renaming.doubtful |= sight in (Sight.TASKS, Sight.EITHER)
        return sight.members

    def _key(self, node: Any, sight: Sight) -> None:
        if self.renaming.meet(sight, str(node.value)):
            start = self._start(node)
            self.renaming.edits[start, node.position] = _string(self._after, self._source[start])

    def _apply(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        if node.rhs.type == "function":
            return self._function(
                node.rhs,
                context,
                scope,
                first=node.lhs,
            )
        sight = self.value(node.lhs, context, scope)
        self.value(node.rhs, context, scope)
        self.renaming.passing(sight)
        if sight.exposes_tasks:
            return Sight.EITHER
        return Sight.ARGUMENT

    def _lambda(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        inner = scope | {str(argument.value): Sight.ARGUMENT for argument in node.arguments or ()}
        sight = self.value(node.body, context, inner)
        if node.thunk:  # a function of the parser, around a tail call
            return sight
        self.renaming.passing(sight)
        return Sight.OTHER

    def _transform(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        self._all([node.pattern, node.update, node.delete], Sight.ARGUMENT, scope)
        return Sight.OTHER

    def _rest(self, node: Any, context: Sight, scope: dict[str, Sight]) -> Sight:
        return Sight.OTHER

    def _start(self, node: Any) -> int:
        """Return the start of the name or string that ends at the node's position."""
        end: int = node.position
        quote = self._source[end - 1]
        if quote == "`":
            return self._source.rindex("`", 0, end - 1)
        if quote not in "'\"":
            return end - len(str(node.value))
        start = self._source.rindex(quote, 0, end - 1)
        while _unquoted(self._source[start:end]) != node.value:
            # The quote is escaped and belongs to the string.
            start = self._source.rindex(quote, 0, start)
        return start


def _unquoted(literal: str) -> str | None:
    """Return the text of a string *literal*; None if *literal* is no string literal."""
    try:
        tree = parsed(literal)
    except ValueError:
        return None
    if tree.type == "string" and tree.position == len(literal):
        return str(tree.value)
    return None


def _string(text: str, quote: str) -> str:
    """Return *text* as a string literal.

    JSONata cannot escape a single quote between single quotes; such a text gets double quotes.
    """
    double = json.dumps(text, ensure_ascii=False)
    if quote == '"' or "'" in text:
        return double
    return f"'{double[1:-1]}'"
