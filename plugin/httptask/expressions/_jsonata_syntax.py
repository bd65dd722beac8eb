"""The syntax tree of a JSONata expression, by the library's parser with three corrections.

Version 0.7.1 reads number literals as doubles, negates a literal in place, and processes the left
side of `?:` and `??` twice: `a[-1] ?: 0` became `a[1]`, and nested defaults took exponential time.
"""

from __future__ import annotations

import re
from typing import Any

from jsonata.jexception import JException
from jsonata.parser import Parser as LibraryParser
from jsonata.tokenizer import Tokenizer as LibraryTokenizer

from httptask._core.strict_json import Number
from httptask.expressions import _numbers

DEFAULT, COALESCE = "default", "coalesce"
"""Symbol types of `?:` and `??`. Their value is `lhs`, or `rhs` if `lhs` is false or nothing."""

_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?\Z")


class Tokenizer(LibraryTokenizer):  # type: ignore[misc, unused-ignore]
    """A tokenizer that keeps the digits of numbers."""

    def next(self, prefix: bool) -> Any:
        """Return the next token; None at the end."""
        start = self.position
        try:
            token = super().next(prefix)
        except JException as error:
            if error.error != "S0102":
                raise
            raise JException(
                "S0102",
                error.location,
                self.path[error.location :][:40].split()[0],
            ) from error
        if token is not None and token.type == "number":
            match = _NUMBER.search(self.path, start, self.position)
            token.value = _number(match[0], start) if match else token.value
        elif token is not None and token.type == "string":
            # Two escapes that form a surrogate pair (ECMA-262, section 6.1.4) are one character.
            token.value = _SURROGATES.sub(
                lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), token.value
            )
        return token


def _number(text: str, position: int) -> Number:
    try:
        return _numbers.whole_as_int(_numbers.from_text(text))
    except ValueError as error:
        raise JException("S0102", position, text[:40]) from error


class Parser(LibraryParser):  # type: ignore[misc, unused-ignore]
    """Parses an expression with `parse`. Must not be used by several threads at once."""

    def __init__(self) -> None:
        super().__init__()
        for sign, symbol_type in (("?:", DEFAULT), ("??", COALESCE)):
            del self.symbol_table[sign]
            self.register(_Alternative(self, sign, symbol_type))

    def parse(self, jsonata: str, regex_engine: Any = None) -> Any:
        """Return the tree of the expression *jsonata*."""
        self.source = jsonata
        self.lexer = Tokenizer(jsonata, regex_engine)
        self.errors: list[Any] = []
        self.ancestry: list[Any] = []
        self.ancestor_label = self.ancestor_index = 0
        self.advance()
        tree = self.expression(0)
        if self.node.id != "(end)":
            raise JException("S0201", self.node.position, self.node.value)
        tree = self.process_ast(tree)
        if tree.type == "parent" or tree.seeking_parent is not None:
            raise JException("S0217", tree.position, tree.type)
        return tree

    def process_ast(self, expr: Any) -> Any:
        """Return the symbol *expr* of the parser in the form in which it is evaluated."""
        if expr is not None and expr.type in (DEFAULT, COALESCE):
            return self._alternative(expr)
        is_negation = expr is not None and expr.type == "unary" and expr.value == "-"
        if is_negation and expr.expression.type == "number":
            # A copy, because the library negates the literal itself each time it is processed.
            literal = expr.expression.create()
            literal.value = _numbers.negate(literal.value)
            return self._keeping_array(literal, expr)
        return super().process_ast(expr)

    def tail_call_optimize(self, expr: Any) -> Any:
        """Return the body *expr* of a function with its tail calls deferred, which saves stack."""
        if expr.type not in (DEFAULT, COALESCE):
            return super().tail_call_optimize(expr)
        expr.rhs = self.tail_call_optimize(expr.rhs)
        return expr

    def _alternative(self, expr: Any) -> Any:
        result = self.Symbol(self)
        result.type = expr.type
        result.position = expr.position
        result.lhs, result.rhs = self.process_ast(expr.lhs), self.process_ast(expr.rhs)
        self.push_ancestry(result, result.lhs)
        self.push_ancestry(result, result.rhs)
        return self._keeping_array(result, expr)

    def _keeping_array(self, result: Any, expr: Any) -> Any:
        result.keep_array = result.keep_array or expr.keep_array
        return result


class _Alternative(LibraryParser.Infix):  # type: ignore[misc, name-defined, unused-ignore]
    """The operator *sign*, `?:` or `??`, which makes a symbol of the type *symbol_type*."""

    def __init__(self, outer_instance: Any, sign: str, symbol_type: str) -> None:
        super().__init__(outer_instance, sign)
        self._symbol_type = symbol_type

    def led(self, left: Any) -> Any:
        """Return the symbol with *left* on its left side, and all that follows on its right."""
        self.lhs, self.rhs = left, self._outer_instance.expression(0)
        self.type = self._symbol_type
        return self
