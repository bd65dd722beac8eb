"""The library for JSONPath, version 1.0.1, with what it does not do as RFC 9535 says set right.

Numbers are exact: literals keep their digits, and comparisons compare what is written. `$.名前` needs no quotes (it writes
U+10FF where it means U+10FFFF), and descending does not end at 100 levels. A filter looks only at what it needs.
"""

from __future__ import annotations

import re
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathQuery, JSONPathSyntaxError, Lexer, lex
from jsonpath_rfc9535.filter_expressions import (
    NOTHING,
    ComparisonExpression,
    FilterExpressionLiteral,
    IntegerLiteral,
    LogicalExpression,
    _is_truthy,
)
from jsonpath_rfc9535.node import JSONPathNodeList
from jsonpath_rfc9535.parse import Parser
from jsonpath_rfc9535.tokens import TokenStream, TokenType

from httptask.expressions import _numbers
from httptask.expressions._result import DEEPEST, SHORTHAND


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
    __slots__ = ()

    def accept_match(self, pattern: Any) -> bool:
        return bool(super().accept_match(SHORTHAND if pattern is lex.RE_PROPERTY else pattern))


class _Comparison(ComparisonExpression):  # type: ignore[misc, unused-ignore]
    __slots__ = ()

    def evaluate(self, context: Any) -> bool:
        left, right = _value(self.left, context), _value(self.right, context)
        operator = self.operator
        if operator == "==":
            return _equal(left, right)
        if operator == "!=":
            return not _equal(left, right)
        if operator in ("<=", ">=") and _equal(left, right):
            return True
        return _less(left, right) if operator[0] == "<" else _less(right, left)


class _Logical(LogicalExpression):  # type: ignore[misc, unused-ignore]
    __slots__ = ()

    def evaluate(self, context: Any) -> bool:
        left = _is_truthy(self.left.evaluate(context))
        if left is (self.operator == "||"):
            return left
        return bool(_is_truthy(self.right.evaluate(context)))


class _Parser(Parser):  # type: ignore[misc, unused-ignore]
    def parse_integer_literal(self, stream: Any) -> Any:
        token = stream.current
        if re.fullmatch(r"-?0[0-9].*", token.value):
            raise JSONPathSyntaxError("invalid integer literal", token=token)
        return IntegerLiteral(token, value=_literal(token))

    def parse_float_literal(self, stream: Any) -> Any:
        return self.parse_integer_literal(stream)

    def parse_infix_expression(self, stream: Any, left: Any) -> Any:
        made: Any = super().parse_infix_expression(stream, left)
        kind = _Comparison if isinstance(made, ComparisonExpression) else _Logical
        return kind(made.token, made.left, made.operator, made.right)


class _Environment(JSONPathEnvironment):  # type: ignore[misc, unused-ignore]
    parser_class = _Parser
    max_recursion_depth = DEEPEST


_ENVIRONMENT = _Environment()


def _literal(token: Any) -> Any:
    try:
        return _numbers.plain(_numbers.from_text(token.value))
    except (ValueError, OverflowError) as error:
        raise JSONPathSyntaxError(f"invalid number: {error}", token=token) from error


def _value(expression: Any, context: Any) -> Any:
    """Return the value of one side of a comparison, `NOTHING` where a query selects none (RFC 9535, section 2.3.5.2.2)."""
    if isinstance(expression, FilterExpressionLiteral):
        return expression.value
    value = expression.evaluate(context)
    if isinstance(value, JSONPathNodeList):
        return value[0].value if value else NOTHING
    return value


def _equal(left: Any, right: Any) -> bool:
    kind, other = type(left), type(right)
    if kind in _numbers.NUMBERS:
        return other in _numbers.NUMBERS and _numbers.equal(left, right)
    if kind is not other:
        return False
    if kind is list:
        return len(left) == len(right) and all(map(_equal, left, right))
    if kind is dict:
        return left.keys() == right.keys() and all(_equal(left[name], right[name]) for name in left)
    return bool(left == right)


def _less(left: Any, right: Any) -> bool:
    if type(left) is str:
        return type(right) is str and left < right
    return type(left) in _numbers.NUMBERS and type(right) in _numbers.NUMBERS and _numbers.compare(left, right) < 0
