"""The JSONPath library, version 1.0.1, corrected where it departs from RFC 9535.

Numbers are exact: literals keep their digits, and comparisons use the decimal value. `$.名前` needs
no quotes (the library has U+10FF where U+10FFFF is meant), and descendants are not limited to 100
levels. A filter evaluates only the operands it needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathQuery, JSONPathSyntaxError, Lexer, lex
from jsonpath_rfc9535.filter_expressions import (
    NOTHING,
    ComparisonExpression,
    FilterExpressionLiteral,
    IntegerLiteral,
    LogicalExpression,
    PrefixExpression,
    RelativeFilterQuery,
    _is_truthy,
)
from jsonpath_rfc9535.node import JSONPathNodeList
from jsonpath_rfc9535.parse import Parser
from jsonpath_rfc9535.selectors import FilterSelector, NameSelector
from jsonpath_rfc9535.tokens import TokenStream, TokenType

from httptask.expressions import _numbers
from httptask.expressions._equality import same
from httptask.expressions._result import DEEPEST, SHORTHAND
from httptask.expressions._singular import follow


def compile_query(query: str) -> Any:
    """Compile *query*. Raises the library's errors."""
    lexer = _Lexer(query)
    lexer.run()
    last = lexer.tokens[-1]
    if last.type_ == TokenType.ERROR:
        raise JSONPathSyntaxError(last.message, token=last)
    if lexer.bracket_stack:
        raise JSONPathSyntaxError(f"unbalanced {lexer.bracket_stack[-1][0]}", token=last)
    segments = tuple(_ENVIRONMENT.parser.parse(TokenStream(lexer.tokens)))
    return JSONPathQuery(env=_ENVIRONMENT, segments=segments)


class _Lexer(Lexer):  # type: ignore[misc, unused-ignore]
    """The library's lexer with the correct range of characters for names."""

    __slots__ = ()

    def accept_match(self, pattern: Any) -> bool:
        return bool(super().accept_match(SHORTHAND if pattern is lex.RE_PROPERTY else pattern))


class _Comparison(ComparisonExpression):  # type: ignore[misc, unused-ignore]
    """A comparison that uses exact numbers."""

    __slots__ = ()

    def evaluate(self, context: Any) -> bool:
        return _COMPARISONS[self.operator](_value(self.left, context), _value(self.right, context))


class _Logical(LogicalExpression):  # type: ignore[misc, unused-ignore]
    """`&&` or `||` that evaluates its right side only if needed."""

    __slots__ = ()

    def evaluate(self, context: Any) -> bool:
        left = _is_truthy(self.left.evaluate(context))
        if left is (self.operator == "||"):
            return left
        return bool(_is_truthy(self.right.evaluate(context)))


class Filter(FilterSelector):  # type: ignore[misc, unused-ignore]
    """A filter. If it only compares parts of a value with literals, it creates no library nodes."""

    __slots__ = ("test",)

    def __init__(self, selector: FilterSelector) -> None:
        super().__init__(
            env=selector.env,
            token=selector.token,
            expression=selector.expression,
        )
        self.test = _test(selector.expression.expression)
        """Says whether a value is selected; None: only the library can."""

    def resolve(self, node: Any) -> Iterator[Any]:
        """Yield the children of *node* that are selected."""
        test = self.test
        value = node.value
        if test is None:
            yield from super().resolve(node)
        elif isinstance(value, dict):
            yield from [
                node.new_child(child, name, node) for name, child in value.items() if test(child)
            ]
        elif isinstance(value, list):
            selected = [(index, child) for index, child in enumerate(value) if test(child)]
            yield from [node.new_child(child, index, node) for index, child in selected]


def _test(expression: Any) -> Callable[[Any], bool] | None:
    """Return a function that says whether *expression* holds for a value.

    None if the result does not depend on the value alone.
    """
    if isinstance(expression, _Logical):
        left, right = _test(expression.left), _test(expression.right)
        if left is None or right is None:
            return None
        if expression.operator == "&&":
            return lambda value: left(value) and right(value)
        return lambda value: left(value) or right(value)
    if isinstance(expression, PrefixExpression):
        negated = _test(expression.right)
        if negated is None:
            return None
        return lambda value: not negated(value)
    if isinstance(expression, RelativeFilterQuery):
        get = None
        if not expression.query.empty():
            get = _getter(expression)
        if get is None:
            return None
        return lambda value: get(value) is not NOTHING
    if isinstance(expression, _Comparison):
        return _comparison(expression)
    return None


def compares_within(expression: Any) -> bool:
    """Say whether *expression* compares two values of the data, both of which may be large."""
    if isinstance(expression, _Logical):
        return compares_within(expression.left) or compares_within(expression.right)
    if isinstance(expression, PrefixExpression):
        return compares_within(expression.right)
    return isinstance(expression, _Comparison) and not any(
        isinstance(side, FilterExpressionLiteral) for side in (expression.left, expression.right)
    )


def _comparison(expression: _Comparison) -> Callable[[Any], bool] | None:
    first, second = _getter(expression.left), _getter(expression.right)
    if first is None or second is None:
        return None
    compare = _COMPARISONS[expression.operator]
    return lambda value: compare(first(value), second(value))


def _getter(expression: Any) -> Callable[[Any], Any] | None:
    """Return a function from a value to the value of *expression*, a literal or singular query."""
    if isinstance(expression, FilterExpressionLiteral):
        literal = expression.value
        return lambda _value: literal
    if not isinstance(expression, RelativeFilterQuery) or not expression.query.singular_query():
        return None
    steps: list[Any] = [segment.selectors[0] for segment in expression.query.segments]
    names = [step.name if isinstance(step, NameSelector) else step.index for step in steps]
    if len(names) == 1 and isinstance(names[0], str):
        (name,) = names
        return lambda value: value.get(name, NOTHING) if isinstance(value, dict) else NOTHING
    return lambda value: _value_at(names, value)


def _value_at(steps: list[str | int], data: Any) -> Any:
    value, count = follow(steps, data)
    return value if count == len(steps) else NOTHING


class _Parser(Parser):  # type: ignore[misc, unused-ignore]
    """The library's parser with exact number literals, and with the classes above."""

    def parse_integer_literal(self, stream: Any) -> Any:
        token = stream.current
        if re.fullmatch(r"-?0[0-9].*", token.value):
            raise JSONPathSyntaxError("invalid integer literal", token=token)
        return IntegerLiteral(token, value=_literal(token))

    def parse_float_literal(self, stream: Any) -> Any:
        return self.parse_integer_literal(stream)

    def parse_filter_selector(self, stream: Any) -> Filter:
        return Filter(super().parse_filter_selector(stream))

    def parse_infix_expression(self, stream: Any, left: Any) -> Any:
        infix: Any = super().parse_infix_expression(stream, left)
        class_ = _Comparison if isinstance(infix, ComparisonExpression) else _Logical
        return class_(
            infix.token,
            infix.left,
            infix.operator,
            infix.right,
        )


class _Environment(JSONPathEnvironment):  # type: ignore[misc, unused-ignore]
    """The library's environment with this parser, and with a larger depth for descendants."""

    parser_class = _Parser
    max_recursion_depth = DEEPEST


_ENVIRONMENT = _Environment()


def _literal(token: Any) -> Any:
    try:
        return _numbers.whole_as_int(_numbers.from_text(token.value))
    except (ValueError, OverflowError) as error:
        raise JSONPathSyntaxError(f"invalid number: {error}", token=token) from error


def _value(expression: Any, context: Any) -> Any:
    """Return the value of one side of a comparison; `NOTHING` if a query selects no value.

    RFC 9535, section 2.3.5.2.2.
    """
    if isinstance(expression, FilterExpressionLiteral):
        return expression.value
    value = expression.evaluate(context)
    if isinstance(value, JSONPathNodeList):
        return value[0].value if value else NOTHING
    return value


def _less(left: Any, right: Any) -> bool:
    if type(left) is str:
        return type(right) is str and left < right
    if type(left) not in _numbers.NUMBERS or type(right) not in _numbers.NUMBERS:
        return False
    return _numbers.compare(left, right) < 0


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": same,
    "!=": lambda left, right: not same(left, right),
    "<": _less,
    "<=": lambda left, right: same(left, right) or _less(left, right),
    ">": lambda left, right: _less(right, left),
    ">=": lambda left, right: same(left, right) or _less(right, left),
}
"""RFC 9535, section 2.3.5.2.2."""
