"""JSONata's evaluator: the library's, with exact numbers, and faster on large data.

Operations that run once for each value in the data (names, filters, operators, function calls) are
reimplemented for speed. For each of them the library searches all frames twice for an observer, and
copies values it has just made. Everything else is the library's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from jsonata.functions import Functions as Library
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata as LibraryJsonata
from jsonata.parser import Parser as LibraryParser

from httptask.expressions import _numbers
from httptask.expressions._jsonata_calls import Frame, Function
from httptask.expressions._jsonata_filters import at_position, chosen_values
from httptask.expressions._jsonata_functions import FUNCTIONS, in_order
from httptask.expressions._jsonata_matching import matched
from httptask.expressions._jsonata_operators import OPERATORS, comes_after
from httptask.expressions._jsonata_syntax import COALESCE, DEFAULT, Parser
from httptask.expressions._jsonata_values import (
    NULL,
    Sequence,
    boolean,
    clone,
    existing,
    is_lambda,
    is_sequence,
    sequence,
)

_NOTHING_APPLIED = object()


_BASE = Frame(None, dict(FUNCTIONS))


class Evaluator(LibraryJsonata):  # type: ignore[misc, unused-ignore]
    """The expression *source*, ready to be evaluated; *regex_engine* compiles its patterns."""

    def __init__(self, source: str, regex_engine: Any) -> None:
        self.regex_engine = regex_engine
        self.parser = Parser()
        self.ast = self.parser.parse(source, regex_engine)
        self.errors = None
        self.environment = Frame(_BASE)
        self.input = None
        self.validate_input = False  # the data is JSON
        self.output_convert_nulls = False  # null and nothing must stay distinct
        self._names: dict[int, tuple[Any, list[str]] | None] = {}
        self._by_type: dict[str, Callable[[Any, Any, Any], Any]] = {
            "path": self.evaluate_path,
            "binary": self.evaluate_binary,
            "unary": self.evaluate_unary,
            "name": self.evaluate_name,
            "string": self._literal,
            "number": self._literal,
            "value": self._literal,
            "wildcard": lambda expr, context, _: self.evaluate_wildcard(expr, context),
            "descendant": lambda expr, context, _: self.evaluate_descendants(expr, context),
            "parent": lambda expr, _, environment: environment.lookup(expr.slot.label),
            "condition": self.evaluate_condition,
            DEFAULT: self._default,
            COALESCE: self._coalesce,
            "block": self.evaluate_block,
            "bind": self.evaluate_bind_expression,
            "regex": lambda expr, *_: expr.value,
            "function": self.evaluate_function,
            "variable": self.evaluate_variable,
            "lambda": self.evaluate_lambda,
            "partial": self.evaluate_partial_application,
            "apply": self.evaluate_apply_expression,
            "transform": self.evaluate_transform_expression,
        }

    def evaluate(self, data: Any, bindings: Any = None) -> Any:
        """Return the expression's value over *data*, without variables of earlier evaluations."""
        LibraryJsonata.CURRENT.jsonata = self
        self.environment = Frame(_BASE)
        try:
            return super().evaluate(data, bindings)
        finally:
            self.environment = Frame(_BASE)  # the frame refers to the data

    def eval(self, expr: Any, context: Any, environment: Any) -> Any:
        """Return the value of the symbol *expr* in *context*."""
        evaluate = self._by_type.get(expr.type)
        result: Any = None
        if evaluate is not None:
            result = evaluate(expr, context, environment)
        if expr.predicate is not None:
            for item in expr.predicate:
                result = self.evaluate_filter(item.expr, result, environment)
        if expr.group is not None and expr.type != "path":
            result = self.evaluate_group_expression(expr.group, result, environment)
        if type(result) is Sequence and result.sequence and not result.tuple_stream:
            if expr.keep_array:
                result.keep_singleton = True
            if not result:
                return None
            if len(result) == 1 and not result.keep_singleton:
                return existing(result[0])
        return result

    def create_frame(self, enclosing_environment: Any = None) -> Frame:
        """Return a new scope inside *enclosing_environment*."""
        return Frame(enclosing_environment)

    def create_frame_from_tuple(self, environment: Any, variables: Any) -> Frame:
        """Return a new scope with the given *variables*."""
        return Frame(environment, dict(variables) if variables else None)

    # Paths

    def evaluate_path(self, expr: Any, context: Any, environment: Any) -> Any:
        """Return the values at the end of a path."""
        steps = expr.steps
        value = self._plain_value(expr, context, environment)
        if value is not expr:
            return value
        # Bound variables (`@`, `#`, `%`) need the library's streams of tuples, which are slow and
        # rare.
        if any(step.tuple is not None for step in steps):
            return super().evaluate_path(expr, context, environment)
        values = context if isinstance(context, list) and steps[0].type != "variable" else [context]
        last = len(steps) - 1
        for index, step in enumerate(steps):
            if index == 0 and step.consarray:
                values = self.eval(step, sequence(values), environment)
                if index < last and not isinstance(values, list):
                    values = [values]
            else:
                values = self.evaluate_step(step, values, environment, index == last)
            if not values:
                break
        if expr.keep_singleton_array:
            values = _keeping_singleton(values)
        if expr.group is None:
            return values
        return self.evaluate_group_expression(expr.group, values, environment)

    def _plain_value(self, expr: Any, context: Any, environment: Any) -> Any:
        """Return the value of the path *expr* if it only leads through objects, else *expr* itself.

        Most paths do, and need no sequences.
        """
        names = self._names.get(id(expr), expr)
        if names is expr:
            names = self._names[id(expr)] = _plain_names(expr)
        if names is None:
            return expr
        variable, members = names
        value = context
        if variable is not None:
            value = self.evaluate_variable(variable, context, environment)
        for name in members:
            if type(value) is not dict:
                return expr
            value = value.get(name, expr)
            if value is expr:
                return None
        if value is None:
            return NULL
        return expr if type(value) is Sequence else value

    def evaluate_step(
        self,
        expr: Any,
        context: Any,
        environment: Any,
        last_step: bool,
    ) -> Any:
        """Return the values of the step *expr* for all values in *context*, flattened."""
        if expr.type == "sort":
            return super().evaluate_step(expr, context, environment, last_step)
        filters = [self._filter(stage.expr, environment) for stage in expr.stages or ()]
        results: list[Any] = []
        for value in context:
            result = self.eval(expr, NULL if value is None else value, environment)
            for apply_filter in filters:
                result = apply_filter(result)
            if result is not None:
                results.append(result)
        if last_step and len(results) == 1:
            single = results[0]
            if isinstance(single, list) and not is_sequence(single):
                return single
        values = sequence()
        for result in results:
            # `cons` marks an array that the expression constructs: it stays one value.
            if not isinstance(result, list) or getattr(result, "cons", False):
                values.append(result)
            else:
                values.extend(result)
        return values

    def evaluate_name(self, expr: Any, context: Any, environment: Any) -> Any:
        """Return the member with the name *expr* in *context*."""
        return _member(context, expr.value)

    def evaluate_filter(self, predicate: Any, context: Any, environment: Any) -> Any:
        """Return the values in *context* that *predicate* selects, by its truth or by position."""
        chosen = self._filter(predicate, environment)(context)
        if isinstance(chosen, list):
            return chosen
        if chosen is None:
            return sequence()
        return sequence([chosen])

    def _filter(self, predicate: Any, environment: Any) -> Callable[[Any], Any]:
        """Return a function from a context to those of its values that *predicate* selects.

        One value is returned without a list; None stands for no value. A step applies the function
        to the result for each of its values, which is mostly one value: lists would take half of
        the time.
        """
        if predicate.type == "number":
            return partial(at_position, math.floor(predicate.value))
        get = self._getter(predicate, environment)

        def chosen_in_stream(item: Any) -> Any:
            return self.eval(predicate, item["@"], Frame(environment, dict(item)))

        return partial(chosen_values, get, chosen_in_stream)

    def _getter(self, expr: Any, environment: Any) -> Callable[[Any], Any]:
        """Return a function from a context to the value of *expr*. Comparisons are fast."""
        if expr.predicate is not None or expr.group is not None:
            return lambda context: self.eval(expr, context, environment)
        if expr.type in ("string", "number", "value"):
            literal = self._literal(expr, None, None)
            return lambda _context: literal
        if expr.type == "path":
            return lambda context: self._at_end_of(expr, context, environment)
        if expr.type != "binary":
            return lambda context: self.eval(expr, context, environment)
        operator = expr.value
        left, right = self._getter(expr.lhs, environment), self._getter(expr.rhs, environment)
        if operator == "and":
            return lambda context: boolean(left(context)) and boolean(right(context))
        if operator == "or":
            return lambda context: boolean(left(context)) or boolean(right(context))
        operate = OPERATORS[operator]
        return lambda context: operate(operator, left(context), right(context))

    def _at_end_of(self, path: Any, context: Any, environment: Any) -> Any:
        value = self._plain_value(path, context, environment)
        if value is path:
            return self.eval(path, context, environment)
        return value

    def evaluate_sort_expression(
        self,
        expr: Any,
        context: Any,
        environment: Any,
    ) -> Any:
        """Return *context* in the order of the terms; the sort is stable."""
        is_stream = type(context) is Sequence and context.tuple_stream

        def keys(item: Any) -> list[Any]:
            own = item["@"] if is_stream else existing(item)
            scope = environment
            if is_stream:
                scope = Frame(environment, dict(item))
            return [self.eval(term.expression, own, scope) for term in expr.terms]

        if len(context) <= 1:
            return context
        ordered = in_order(
            [(keys(item), item) for item in context], lambda a, b: comes_after(expr, a[0], b[0])
        )
        result = sequence(item for _, item in ordered)
        result.tuple_stream = is_stream
        return result

    def evaluate_group_expression(
        self,
        expr: Any,
        context: Any,
        environment: Any,
    ) -> Any:
        """Return an object of the values in *context*, grouped by the names from *expr*."""
        # For an empty list the library appends to it, and the list may belong to the data.
        if isinstance(context, list) and not context:
            if getattr(context, "tuple_stream", False):
                return {}
            context = [None]
        return super().evaluate_group_expression(expr, context, environment)

    # Operators

    def evaluate_binary(self, expr: Any, context: Any, environment: Any) -> Any:
        """Return the value of an operator between two operands."""
        operator = expr.value
        left = self.eval(expr.lhs, context, environment)
        if operator == "and":
            return boolean(left) and boolean(self.eval(expr.rhs, context, environment))
        if operator == "or":
            return boolean(left) or boolean(self.eval(expr.rhs, context, environment))
        right = self.eval(expr.rhs, context, environment)
        return OPERATORS[operator](operator, left, right)

    def evaluate_unary(self, expr: Any, context: Any, environment: Any) -> Any:
        """Return a negated number, an array or an object."""
        if expr.value == "[":
            return self._array(expr, context, environment)
        if expr.value != "-":
            return self.evaluate_group_expression(expr, context, environment)
        value = self.eval(expr.expression, context, environment)
        if value is None:
            return None
        if not _numbers.is_number(value):
            raise JException("D1002", expr.position, expr.value, value)
        return _numbers.negate(value)

    def _array(self, expr: Any, context: Any, environment: Any) -> Any:
        result = Sequence()
        for item in expr.expressions:
            value = self.eval(item, context, environment)
            if value is None:
                continue
            if item.value == "[" or not isinstance(value, list):
                result.append(value)
            else:
                result.extend(value)
        result.cons = bool(expr.consarray)
        return result

    def _literal(self, expr: Any, context: Any, environment: Any) -> Any:
        if expr.value is None:
            return NULL
        return expr.value

    def _default(self, expr: Any, context: Any, environment: Any) -> Any:
        value = self.eval(expr.lhs, context, environment)
        if boolean(value):
            return value
        return self.eval(expr.rhs, context, environment)

    def _coalesce(self, expr: Any, context: Any, environment: Any) -> Any:
        value = self.eval(expr.lhs, context, environment)
        if value is not None:
            return value
        return self.eval(expr.rhs, context, environment)

    def evaluate_condition(self, expr: Any, context: Any, environment: Any) -> Any:
        """Return the value of one of two branches."""
        holds = boolean(self.eval(expr.condition, context, environment))
        branch = expr.then if holds else expr._else
        if branch is None:
            return None
        return self.eval(branch, context, environment)

    def evaluate_variable(self, expr: Any, context: Any, environment: Any) -> Any:
        """Return the value of a variable; `$` is the context."""
        if expr.value == "":
            if type(context) is Sequence and context.outer_wrapper:
                return context[0]
            return context
        return environment.lookup(expr.value)

    # Functions

    def evaluate_function(
        self,
        expr: Any,
        context: Any,
        environment: Any,
        applied_to: Any = _NOTHING_APPLIED,
    ) -> Any:
        """Return the result of a call; *applied_to* is the left side of `~>`."""
        procedure = expr.procedure
        if procedure.type == "variable" and procedure.value and procedure.predicate is None:
            function = environment.lookup(procedure.value)
        else:
            function = self.eval(procedure, context, environment)
        if function is None:
            raise _no_function(expr, environment)
        args = [self.eval(argument, context, environment) for argument in expr.arguments]
        if applied_to is not _NOTHING_APPLIED:
            args.insert(0, applied_to)
        try:
            if type(function) is Function:
                return function.function(*function.signature.validate(args, context))
            return self.apply(function, args, context, environment)
        except JException as error:
            # The innermost call that knows a position has the best one.
            if error.location < 0:
                error.location = expr.position
            raise

    def apply(
        self,
        proc: Any,
        args: Any,
        context: Any,
        environment: Any,
    ) -> Any:
        """Call the function *proc*; its tail calls run in a loop, not by recursion."""
        result = self.apply_inner(proc, args, context, environment)
        while type(result) is LibraryParser.Symbol and result.thunk:
            call = result.body
            function = self.eval(call.procedure, result.input, result.environment)
            args = [
                self.eval(argument, result.input, result.environment) for argument in call.arguments
            ]
            result = self.apply_inner(function, args, context, environment)
        return result

    def apply_inner(
        self,
        proc: Any,
        args: Any,
        context: Any,
        environment: Any,
    ) -> Any:
        """Call the function *proc* with *args*; a tail call is returned as a thunk."""
        if isinstance(proc, Function):
            return proc.function(*proc.signature.validate(args, context))
        if is_lambda(proc):
            if proc.signature is not None:
                args = proc.signature.validate(args, context)
            return self.apply_procedure(proc, args)
        if Library.is_regex(proc):
            if args and isinstance(args[0], str):
                return matched(proc, args[0])
            return None
        raise JException("T1006", -1)

    def apply_procedure(self, proc: Any, args: Any) -> Any:
        """Return the result of *proc*, a function written in JSONata."""
        bindings = {}
        size = len(args)
        for index, parameter in enumerate(proc.arguments):
            bindings[parameter.value] = args[index] if index < size else None
        return self.eval(proc.body, proc.input, Frame(proc.environment, bindings))

    def evaluate_transform_expression(
        self,
        expr: Any,
        context: Any,
        environment: Any,
    ) -> Any:
        """Return a function that changes a copy of its argument."""

        def transform(value: Any) -> Any:
            if value is None:
                return None
            # The input is shared with the rest of the run: it must not change.
            copy = clone(value)
            matches = self.eval(expr.pattern, copy, environment)
            if matches is None:
                return copy
            for match in matches if isinstance(matches, list) else [matches]:
                self._transform(expr, match, environment)
            return copy

        return Function("transform", "<(oa):o>", transform)

    def _transform(self, expr: Any, match: Any, environment: Any) -> None:
        """Change *match*, a value in the copy: merge the update into it, then delete names."""
        update = self.eval(expr.update, match, environment)
        if update is not None:
            if not isinstance(update, dict):
                raise JException("T2011", expr.update.position, update)
            if isinstance(match, dict):
                match.update(update)
        names = None
        if expr.delete is not None:
            names = self.eval(expr.delete, match, environment)
        if names is None:
            return
        names = names if isinstance(names, list) else [names]
        if not all(isinstance(name, str) for name in names):
            raise JException("T2012", expr.delete.position, names)
        if isinstance(match, dict):
            for name in names:
                match.pop(name, None)


def _no_function(expr: Any, environment: Any) -> JException:
    """Return the error that *expr* calls something that is not a function; the `$` of the name may
    be missing.
    """
    procedure = expr.procedure
    name = procedure.steps[0].value if procedure.type == "path" else procedure.value
    missing_sign = procedure.type == "path" and environment.lookup(name) is not None
    return JException("T1005" if missing_sign else "T1006", expr.position, name)


def _plain_names(expr: Any) -> tuple[Any, list[str]] | None:
    """Return the variable (or None) and the names in the path *expr*; None if the path has other
    parts.
    """
    if expr.keep_singleton_array or expr.group is not None or not all(map(_is_plain, expr.steps)):
        return None
    first, *others = expr.steps
    if first.type not in ("name", "variable"):
        return None
    names = expr.steps if first.type == "name" else others
    if not names or any(step.type != "name" for step in names):
        return None
    return None if first.type == "name" else first, [step.value for step in names]


def _is_plain(step: Any) -> bool:
    has_filters = step.stages is not None or step.predicate is not None
    return not has_filters and step.tuple is None and not step.keep_array


def _keeping_singleton(values: Any) -> Any:
    result = values
    if type(values) is not Sequence:
        result = Sequence(values or ())
    if result.cons and not result.sequence:
        result = sequence([result])
    result.keep_singleton = True
    return result


def _member(context: Any, name: Any) -> Any:
    """Return the member *name* of an object; for a list, a sequence of that member of each item."""
    if isinstance(context, dict):
        # The object itself marks a missing name: it cannot be one of its own members.
        value = context.get(name, context)
        return None if value is context else existing(value)
    if not isinstance(context, list):
        return None
    result = sequence()
    for item in context:
        value = _member(item, name)
        if isinstance(value, list):
            result.extend(value)
        elif value is not None:
            result.append(value)
    return result
