"""Conditions of the platform's form as rows of value, operator and value that must all hold."""

from __future__ import annotations

import json
from dataclasses import dataclass

from httptask._core.strict_json import dump
from httptask.expressions._comparison_syntax import (
    UNDEFINED,
    Comparisons,
    ConditionError,
    Literal,
    Logic,
    Node,
    Not,
    Path,
    parsed,
)
from httptask.expressions._template import has_expression


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One comparison of a condition; its values are as a condition writes them."""

    left: str
    """`$`, or a member of it."""
    operator: str = ""
    """A comparison's sign; `!` where *left* must not be true, and nothing where it must be."""
    right: str | None = None
    text: str | None = None
    """The value of *right*, where that is a text in quotes."""


def condition_rows(condition: str) -> list[ConditionRow] | None:
    """Return the rows that together say what *condition* says; None where rows cannot, and where
    it is no condition of the platform's form.
    """
    if has_expression(condition):
        return None
    try:
        tree = parsed(condition)
    except ConditionError:
        return None
    rows = []
    for node in tree.operands if isinstance(tree, Logic) and tree.is_and else (tree,):
        row = _row(node)
        if row is None:
            return None
        rows.append(row)
    return rows


def _row(node: Node) -> ConditionRow | None:
    if isinstance(node, Path):
        return ConditionRow(_written(node))
    if isinstance(node, Not) and isinstance(node.operand, Path):
        return ConditionRow(_written(node.operand), "!")
    if not isinstance(node, Comparisons) or len(node.others) != 1:
        return None
    operator, right = node.others[0]
    if not isinstance(node.first, Path) or not isinstance(right, Path | Literal):
        return None
    text = right.value if isinstance(right, Literal) and isinstance(right.value, str) else None
    return ConditionRow(_written(node.first), operator, _written(right), text)


def _written(node: Path | Literal) -> str:
    """Return *node* as a condition writes it."""
    if isinstance(node, Path):
        return "$" + "".join(map(_step, node.keys))
    if isinstance(node.value, str):
        return _quoted(node.value)
    return "undefined" if node.value is UNDEFINED else dump(node.value)


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if key.isidentifier() else f"[{_quoted(key)}]"


def _quoted(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    # A `${` would make an expression of the condition.
    return "'" + escaped.replace("${", "$\\{") + "'"
