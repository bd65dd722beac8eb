"""What a JSONata expression can read of its document, and whether its cost is bounded by what it
reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from httptask.expressions._jsonata_functions import FUNCTIONS
from httptask.expressions._jsonata_syntax import COALESCE, DEFAULT

Reads = frozenset[tuple[str, ...]]
"""Names from the document's root downwards; below the last one anything may be read."""

_MOST_SYMBOLS = 64
"""Symbols of an expression whose cost counts as bounded: each of them may look at all data once."""

_GIVEN = {"lookup": 2, "sift": 2, "each": 2}
"""Arguments of these functions that keep them from taking the context instead; any other function
needs one.
"""

_MOST_PRODUCTS = 4
"""Of a bounded expression: integers have thousands of digits, and a product has those of both."""

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
"""Functions that look at what they are given once, and whose result is no larger."""

_YES_OR_NO = frozenset(("=", "!=", "<", "<=", ">", ">=", "and", "or"))
_BOUNDED_OPERATORS = _YES_OR_NO | {"in", "+", "-", "*", "/", "%", "&"}

_INNER_PARTS = ("predicate", "stages", "group", "expr")
"""Attributes of a symbol that hold symbols whose context is a value of this one; those in any other
see its own context.
"""


class _EverythingError(Exception):
    """The expression may read the whole document."""


def reads(tree: Any) -> Reads | None:
    """Return what the syntax *tree* of an expression can read; None for the whole document.

    A name is followed from the document as long as nothing but names follows it. What lies deeper
    in the expression sees what was read already, unless it goes back to the document (`$$`) or up
    (`%`).
    """
    names: set[tuple[str, ...]] = set()
    try:
        _collect(tree, names, at_document=True)
    except _EverythingError:
        return None
    return frozenset(names)


def _collect(node: Any, names: set[tuple[str, ...]], *, at_document: bool, given: int = 0) -> None:
    """Add what *node* reads to *names*. *given* is 1 for a function that `~>` gives its first
    argument.
    """
    kind = node.type
    if (
        node.focus is not None or node.index is not None
    ):  # the whole context goes along with the values
        raise _EverythingError
    if kind == "parent" or (at_document and kind in ("wildcard", "descendant")):
        raise _EverythingError
    if kind == "variable" and (node.value == "$" or (at_document and node.value == "")):
        raise _EverythingError
    if kind == "name" and at_document:
        names.add((str(node.value),))
    if kind == "path":
        _collect_path(node, names, at_document=at_document)
    else:
        if kind in ("function", "partial", "variable", "lambda"):
            _refuse_context(node, given, at_document=at_document)
        for child in _children(node, inner=False):
            if not (kind == "function" and _is_builtin(child)):
                piped = int(kind == "apply" and child is node.rhs)
                _collect(child, names, at_document=at_document, given=piped)
    for child in _children(node, inner=True):
        _collect(child, names, at_document=False)


def _collect_path(node: Any, names: set[tuple[str, ...]], *, at_document: bool) -> None:
    steps = list(node.steps)
    first = steps[0]
    is_root = first.type == "variable" and (
        first.value == "$" or (at_document and first.value == "")
    )
    if is_root and _has_more(first):
        raise _EverythingError
    rest = steps[1:] if is_root else steps
    if is_root or (at_document and first.type == "name"):
        leading: list[str] = []
        for step in rest:
            if step.type != "name":
                break
            leading.append(str(step.value))
            if _has_more(step):
                break
        if not leading:
            raise _EverythingError
        names.add(tuple(leading))
    elif rest:
        _collect(first, names, at_document=at_document)
        rest = rest[1:]
    for step in rest:
        _collect(step, names, at_document=False)


def _has_more(step: Any) -> bool:
    return any(getattr(step, part, None) is not None for part in ("predicate", "stages", "group"))


def _refuse_context(node: Any, given: int, *, at_document: bool) -> None:
    """Raise where a function may take the document because it is given too little."""
    if not at_document:
        return
    if node.type == "lambda":
        if node.signature is not None:
            raise _EverythingError
    elif node.type == "variable":
        if _is_builtin(node) and not given:
            raise _EverythingError
    elif not _is_builtin(node.procedure):
        if len(node.arguments) + given == 0:
            raise _EverythingError
    elif len(node.arguments) + given < _GIVEN.get(str(node.procedure.value), 1):
        raise _EverythingError


def _is_builtin(node: Any) -> bool:
    return node.type == "variable" and str(node.value) in FUNCTIONS


def _children(node: Any, *, inner: bool) -> Iterator[Any]:
    waiting = [part for name, part in vars(node).items() if (name in _INNER_PARTS) is inner]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list | tuple):
            waiting += item
        elif hasattr(item, "_outer_instance"):
            yield item


def is_bounded(tree: Any) -> bool:
    """Say whether the syntax *tree* costs at most a fixed time for each value and character in what
    it reads.

    Paths of names, filters that compare, operators, and functions of a scalar; nothing that names a
    value, repeats or multiplies.
    """
    waiting = [(tree, False, False)]
    symbols = products = 0
    while waiting:
        node, in_filter, in_text = waiting.pop()
        symbols += 1
        products += node.type == "binary" and node.value == "*"
        if symbols > _MOST_SYMBOLS or products > _MOST_PRODUCTS:
            return False
        if not _is_bounded(node, in_filter=in_filter, in_text=in_text):
            return False
        writes = in_text or _writes_json(node)
        waiting += [
            (child, in_filter, writes)
            for child in _children(node, inner=False)
            if not _is_called(node, child)
        ]
        waiting += [(child, True, in_text) for child in _children(node, inner=True)]
    return True


def _is_called(node: Any, child: Any) -> bool:
    return node.type == "function" and child is node.procedure


def _writes_json(node: Any) -> bool:
    """Say whether *node* makes text of its operands: a text in an array gets longer by it, each
    time.
    """
    sign = {"binary": node.value, "function": getattr(node.procedure, "value", None)}.get(node.type)
    return sign in ("&", "string")


def _is_bounded(node: Any, *, in_filter: bool, in_text: bool) -> bool:
    if node.group is not None or node.index is not None or node.focus is not None:
        return False
    filters = [*(node.predicate or ()), *(node.stages or ())]
    if filters and (in_filter or not all(_chooses_once(item.expr) for item in filters)):
        return False
    kind = node.type
    if kind == "path":
        return all(
            step.type == "name" for step in node.steps[1:]
        )  # any other is evaluated for each value before it
    if kind == "binary":
        return str(node.value) in _BOUNDED_OPERATORS and not (in_filter and node.value == "in")
    if kind == "unary":
        return node.value == "-" or (node.value == "[" and not in_filter and not in_text)
    if kind == "function":
        return not in_filter and _is_scalar_function(node)
    if kind == "variable":
        return node.value in ("", "$") and not (in_filter and node.value == "$")
    return kind in ("name", "string", "number", "value", "condition", "filter", DEFAULT, COALESCE)


def _is_scalar_function(node: Any) -> bool:
    if node.procedure.type != "variable" or str(node.procedure.value) not in _SCALAR_FUNCTIONS:
        return False
    return bool(
        node.procedure.value != "string" or len(node.arguments) < 2
    )  # more indents, by the depth of each value


def _chooses_once(expr: Any) -> bool:
    """Say whether a filter by *expr* chooses a value once at most; a list of positions chooses it
    as often as it names it.
    """
    return bool(expr.type == "number" or (expr.type == "binary" and str(expr.value) in _YES_OR_NO))
