"""The variables of a JSONata expression: which it reads, and which of them nothing binds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_ROOTS = ("", "$")
"""The names of the context, `$`, and of the document, `$$`."""


def variables(tree: Any) -> Iterator[str]:
    """Yield the name of every variable in the syntax *tree*, with repetitions."""
    for symbol in _symbols(tree):
        if symbol.type == "variable":
            yield str(symbol.value)


def unbound(tree: Any) -> list[tuple[str, bool]]:
    """Return the variables that neither the expression binds nor the language has, and for each
    variable whether it is called as a function.

    A name that is bound anywhere in the expression counts as bound everywhere.
    """
    # Not at the top: the library raises the recursion limit while it is imported.
    from httptask.expressions._jsonata_functions import FUNCTIONS

    symbols = [*_symbols(tree)]
    bound = {*FUNCTIONS, *_ROOTS}
    called: set[str] = set()
    for symbol in symbols:
        bound.update(filter(None, (symbol.focus, symbol.index)))
        if symbol.type == "bind":
            bound.add(str(symbol.lhs.value))
        elif symbol.type == "lambda":
            bound.update(str(argument.value) for argument in symbol.arguments)
        elif symbol.type in ("function", "partial") and symbol.procedure.type == "variable":
            called.add(str(symbol.procedure.value))
        elif symbol.type == "apply" and symbol.rhs.type == "variable":
            called.add(str(symbol.rhs.value))
    names = (str(symbol.value) for symbol in symbols if symbol.type == "variable")
    return [(name, name in called) for name in dict.fromkeys(names) if name not in bound]


def _symbols(tree: Any) -> Iterator[Any]:
    """Yield every symbol in *tree*. No recursion, and each symbol is visited once."""
    visited: set[int] = set()
    pending = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, list | tuple):
            pending += item
        elif hasattr(item, "_outer_instance") and id(item) not in visited:
            visited.add(id(item))
            yield item
            pending += [part for name, part in vars(item).items() if name != "_outer_instance"]
