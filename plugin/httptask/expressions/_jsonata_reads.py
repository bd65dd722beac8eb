"""Find the data that a JSONata expression reads, and whether these bound its cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from httptask.expressions._jsonata_functions import FUNCTIONS
from httptask.expressions._jsonata_syntax import COALESCE, DEFAULT

Reads = frozenset[tuple[str, ...]]
"""Paths of names from the document's root; everything below the last name may be read."""

_MOST_SYMBOLS = 64
"""Symbols in an expression of bounded cost. Each of them may look at all data once."""

_WITHOUT_CONTEXT = {"lookup": 2, "sift": 2, "each": 2}
"""Function -> the number of arguments with which the function does not use the context.

For any other function this number is 1.
"""

_MOST_PRODUCTS = 4
"""Products in an expression of bounded cost.

Integers may have thousands of digits, and a product has the digits of both factors.
"""

_SCALAR_FUNCTIONS = frozenset(
    (
        "abs",
        "average",
        "boolean",
        "ceil",
        "contains",
        "count",
        "exists",
        "floor",
        "length",
        "lowercase",
        "max",
        "min",
        "not",
        "number",
        "string",
        "substring",
        "substringAfter",
        "substringBefore",
        "sum",
        "trim",
        "type",
        "uppercase",
    )
)
"""Functions that look at their arguments once and return no more than these."""

_YES_OR_NO = frozenset(("=", "!=", "<", "<=", ">", ">=", "and", "or"))
_BOUNDED_OPERATORS = _YES_OR_NO | {"in", "+", "-", "*", "/", "%", "&"}

_BOUNDED_TYPES = frozenset(
    ("name", "string", "number", "value", "condition", "filter", DEFAULT, COALESCE)
)
"""Types of symbols whose own cost is bounded, whatever their parts are."""

_INNER_PARTS = ("predicate", "stages", "group", "expr")
"""Attributes of a symbol that hold symbols whose context is a value of this symbol.

The symbols in any other attribute have the same context as the symbol itself.
"""


class _EverythingError(Exception):
    """The expression may read the whole document."""


def reads(tree: Any) -> Reads | None:
    """Return the paths of names that the syntax *tree* can read; None: the whole document.

    A path begins at the document and continues as long as only names follow. Deeper parts of the
    expression see only what was read already, unless they refer to the document (`$$`) or to a
    parent (`%`).
    """
    names: set[tuple[str, ...]] = set()
    try:
        _collect(tree, names, at_document=True)
    except _EverythingError:
        return None
    return frozenset(names)


def _collect(
    node: Any,
    names: set[tuple[str, ...]],
    *,
    at_document: bool,
    supplied: int = 0,
) -> None:
    """Add the paths that *node* reads to *names*.

    *supplied* is 1 for a function that gets its first argument from `~>`.
    """
    node_type = node.type
    if node.focus is not None or node.index is not None:
        # `@$name` and `#$name` pass the whole context on with the values.
        raise _EverythingError
    if node_type == "parent" or (at_document and node_type in ("wildcard", "descendant")):
        raise _EverythingError
    if node_type == "variable" and _is_document(node, at_document=at_document):
        raise _EverythingError
    if node_type == "name" and at_document:
        names.add((str(node.value),))
    if node_type == "path":
        _collect_path(node, names, at_document=at_document)
    else:
        if node_type in ("function", "partial", "variable", "lambda"):
            _refuse_context(node, supplied, at_document=at_document)
        for child in _children(node, inner=False):
            if not (node_type == "function" and _is_builtin(child)):
                piped = int(node_type == "apply" and child is node.rhs)
                _collect(child, names, at_document=at_document, supplied=piped)
    for child in _children(node, inner=True):
        _collect(child, names, at_document=False)


def _collect_path(node: Any, names: set[tuple[str, ...]], *, at_document: bool) -> None:
    """Add the paths that *node*, a path, reads to *names*.

    The leading names after the document form one path; filters and later steps are collected apart.
    """
    steps = list(node.steps)
    first = steps[0]
    is_root = first.type == "variable" and _is_document(first, at_document=at_document)
    if is_root and _has_more(first):
        raise _EverythingError
    steps_below = steps[1:] if is_root else steps
    if is_root or (at_document and first.type == "name"):
        leading: list[str] = []
        for step in steps_below:
            if step.type != "name":
                break
            leading.append(str(step.value))
            if _has_more(step):
                break
        if not leading:
            raise _EverythingError
        names.add(tuple(leading))
    elif steps_below:
        _collect(first, names, at_document=at_document)
        steps_below = steps_below[1:]
    for step in steps_below:
        _collect(step, names, at_document=False)


def _is_document(variable: Any, *, at_document: bool) -> bool:
    """Say whether *variable* is the document: `$$`, or `$` if the context is the document."""
    return bool(variable.value == "$" or (at_document and variable.value == ""))


def _has_more(step: Any) -> bool:
    return any(getattr(step, part, None) is not None for part in ("predicate", "stages", "group"))


def _refuse_context(node: Any, supplied: int, *, at_document: bool) -> None:
    """Raise if the function *node* has so few arguments that its context, the document, is used."""
    if not at_document:
        return
    if node.type == "lambda":
        if node.signature is not None:
            raise _EverythingError
    elif node.type == "variable":
        if _is_builtin(node) and not supplied:
            raise _EverythingError
    elif not _is_builtin(node.procedure):
        if len(node.arguments) + supplied == 0:
            raise _EverythingError
    elif len(node.arguments) + supplied < _WITHOUT_CONTEXT.get(str(node.procedure.value), 1):
        raise _EverythingError


def _is_builtin(node: Any) -> bool:
    return node.type == "variable" and str(node.value) in FUNCTIONS


def _children(node: Any, *, inner: bool) -> Iterator[Any]:
    """Yield the symbols in the `_INNER_PARTS` of *node* if *inner*, else in its other parts."""
    pending = [part for name, part in vars(node).items() if (name in _INNER_PARTS) is inner]
    while pending:
        item = pending.pop()
        if isinstance(item, list | tuple):
            pending += item
        elif hasattr(item, "_outer_instance"):
            yield item


def is_bounded(tree: Any) -> bool:
    """Say whether the syntax *tree* takes at most a fixed time for each value it reads.

    A long text counts as several values. Allowed are paths of names, filters that compare,
    operators, and functions of a scalar; not allowed is anything that binds a name, repeats or
    multiplies.
    """
    pending = [(tree, False, False)]
    symbols = products = 0
    while pending:
        node, in_filter, in_text = pending.pop()
        symbols += 1
        products += node.type == "binary" and node.value == "*"
        if symbols > _MOST_SYMBOLS or products > _MOST_PRODUCTS:
            return False
        if not _is_bounded(node, in_filter=in_filter, in_text=in_text):
            return False
        writes = in_text or _writes_json(node)
        pending += [
            (child, in_filter, writes)
            for child in _children(node, inner=False)
            if not _is_called(node, child)
        ]
        pending += [(child, True, in_text) for child in _children(node, inner=True)]
    return True


def _is_called(node: Any, child: Any) -> bool:
    return node.type == "function" and child is node.procedure


def _writes_json(node: Any) -> bool:
    """Say whether *node* converts its operands to text.

    Putting the text of an array into an array makes the text longer each time.
    """
    sign = {"binary": node.value, "function": getattr(node.procedure, "value", None)}.get(node.type)
    return sign in ("&", "string")


def _is_bounded(node: Any, *, in_filter: bool, in_text: bool) -> bool:
    """Say whether the symbol *node* itself has a bounded cost, in a filter or in text."""
    if node.group is not None or node.index is not None or node.focus is not None:
        return False
    filters = [*(node.predicate or ()), *(node.stages or ())]
    if filters and (in_filter or not all(_chooses_once(item.expr) for item in filters)):
        return False
    node_type = node.type
    if node_type == "path":
        # Any further step is evaluated once for each value of the step before.
        return all(step.type == "name" for step in node.steps[1:])
    if node_type == "binary":
        return str(node.value) in _BOUNDED_OPERATORS and not (in_filter and node.value == "in")
    if node_type == "unary":
        return node.value == "-" or (node.value == "[" and not in_filter and not in_text)
    if node_type == "function":
        return not in_filter and _is_scalar_function(node)
    if node_type == "variable":
        return node.value in ("", "$") and not (in_filter and node.value == "$")
    return node_type in _BOUNDED_TYPES


def _is_scalar_function(node: Any) -> bool:
    if node.procedure.type != "variable" or str(node.procedure.value) not in _SCALAR_FUNCTIONS:
        return False
    # With two arguments, `$string` indents each value by its depth.
    return bool(node.procedure.value != "string" or len(node.arguments) < 2)


def _chooses_once(expr: Any) -> bool:
    """Say whether a filter by *expr* selects each value at most once.

    A list of positions selects a value as often as it names its position.
    """
    return bool(expr.type == "number" or (expr.type == "binary" and str(expr.value) in _YES_OR_NO))
