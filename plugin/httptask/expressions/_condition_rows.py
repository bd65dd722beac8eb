"""Show a condition in the platform's form as rows (value, operator, value) that must all hold."""

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
    """One comparison of a condition. Its values are written as in a condition."""

    left: str
    """`$`, or one of its members."""
    operator: str = ""
    """The sign of a comparison.

    Without a right side: `!` if *left* must be false, "" if it must be true.
    """
    right: str | None = None
    text: str | None = None
    """The text, if *right* is a quoted text."""


def condition_rows(condition: str) -> list[ConditionRow] | None:
    """Return the rows that together mean the same as *condition*.

    None if rows cannot express it, or if it is not a condition in the platform's form.
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
    """Return the row for *node*, or None if a row cannot express it."""
    if isinstance(node, Path):
        return ConditionRow(_written(node))
    if isinstance(node, Not) and isinstance(node.operand, Path):
        return ConditionRow(_written(node.operand), "!")
    if not isinstance(node, Comparisons) or len(node.others) != 1:
        return None
    operator, right = node.others[0]
    if not isinstance(node.first, Path) or not isinstance(right, Path | Literal):
        return None
    text = None
    if isinstance(right, Literal) and isinstance(right.value, str):
        text = right.value
    return ConditionRow(
        _written(node.first),
        operator,
        _written(right),
        text,
    )


def _written(node: Path | Literal) -> str:
    """Return *node* in the syntax of a condition."""
    if isinstance(node, Path):
        return "$" + "".join(map(_step, node.keys))
    if isinstance(node.value, str):
        return _quoted(node.value)
    if node.value is UNDEFINED:
        return "undefined"
    return dump(node.value)


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if key.isidentifier() else f"[{_quoted(key)}]"


def _quoted(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    # An unescaped `${` would turn the condition into an expression.
    return "'" + escaped.replace("${", "$\\{") + "'"
