"""Convert body fields such as `a.b[].c` to one nested JSON Schema 2020-12.

In the name of a field, `.` stands for a child and `[]` for an array. Parents come before children;
siblings come in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from httptask.importers.reference_pages._fields import Field
from httptask.importers.reference_pages._rows import shortened
from httptask.model.api import Note

MAX_DEPTH = 64
"""The most steps in a name. Nobody documents a field that is nested deeper."""
MAX_NAME = 1024
"""The most characters in a name."""
_MOST_PLACEHOLDERS = 3
"""The most placeholders in a name. More of them make the regular expression backtrack too long."""

_PLACEHOLDER = re.compile(r"%\{[^{}]*\}")
_SYNTAX = re.compile(r"[\^$\\.*+?()\[\]{}|/]")
"""ECMA-262's syntax characters and `/` (21.2.1): with flag `u`, only these may be escaped."""


@dataclass(slots=True)
class _Node:
    """A value in the body: the body itself, a field, or the items of an array."""

    path: str
    """The name as the page would print it."""
    row: Field | None = None
    """The row that documents the value. None if there is none, or for the items of an array."""
    children: dict[str, _Node] = field(default_factory=dict)
    items: _Node | None = None
    line: int = 0
    """The line of the first row for this value or a value in it."""

    def child(self, name: str, line: int) -> _Node:
        if name not in self.children:
            path = f"{self.path}.{name}" if self.path else name
            self.children[name] = _Node(path, line=line)
        return self.children[name]

    def item(self, line: int) -> _Node:
        if self.items is None:
            self.items = _Node(f"{self.path}[]", line=line)
        return self.items


@dataclass(frozen=True, slots=True)
class BodySchema:
    """The schema of a body."""

    schema: dict[str, Any]
    has_required: bool
    """Whether a field at the top level is marked as required."""


def body_schema(
    fields: Iterable[Field],
    notes: list[Note],
    *,
    complete: bool,
) -> BodySchema:
    """Return the schema of the body with *fields*, and add to *notes* what was guessed or skipped.

    If *complete* is False, the page was cut, and objects may have other fields.
    """
    root = _Node("")
    for body_field in fields:
        _insert(root, body_field, notes)
    top = [root, *root.children.values()]
    if root.items:
        top += root.items.children.values()
    has_required = any(node.row is not None and node.row.required for node in top)
    return BodySchema(_Builder(notes, complete).schema(root), has_required)


def steps(name: str) -> tuple[list[str | None], int]:
    """Split the *name* of a field; return its steps and the number of its trailing `[]`.

    A step is the name of a child, or None for the items of an array: `a.b[].c[]` has the steps `a`,
    `b`, None, `c`, and one trailing `[]`.
    """
    path: list[str | None] = []
    trailing = 0
    for part in _parts(name):
        path.extend([None] * trailing)
        key = part
        while key.endswith("[]"):
            key = key.removesuffix("[]")
        # The `[]` of a part are steps only if another part follows.
        trailing = (len(part) - len(key)) // 2
        if key:
            path.append(key)
    return path, trailing


def _parts(name: str) -> list[str]:
    """Split *name* at its dots, except inside brackets: `price[v1.0]` is one part."""
    parts = [""]
    depth = 0
    for character in name:
        depth += (character in "[{") - (character in "]}")
        if character == "." and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    if depth == 0:
        return parts
    return name.split(".")


def _insert(root: _Node, body_field: Field, notes: list[Note]) -> None:
    """Add *body_field* to the tree of nodes below *root*."""
    name = shortened(body_field.name)
    path, trailing = steps(body_field.name[: MAX_NAME + 1])
    if len(path) + trailing > MAX_DEPTH or len(body_field.name) > MAX_NAME:
        limits = f"{MAX_NAME} characters or {MAX_DEPTH} levels"
        notes.append(Note("skipped", f"{name} is longer than {limits}", body_field.line))
        return
    if "" in _parts(body_field.name):
        notes.append(
            Note(
                "guessed",
                f"{name} is taken as one name: a part of it is empty",
                body_field.line,
            )
        )
        path = [body_field.name]
        trailing = 0
    node = root
    for step in path:
        node = node.item(body_field.line) if step is None else node.child(step, body_field.line)
    if node.row is not None:
        notes.append(
            Note(
                "skipped",
                f"{name} stands twice in the body; the one in line {node.row.line} counts",
                body_field.line,
            )
        )
        return
    node.row = body_field
    for _ in range(trailing):
        node = node.item(body_field.line)


class _Builder:
    """Converts nodes to schemas."""

    def __init__(self, notes: list[Note], complete: bool) -> None:
        self._notes = notes
        self._complete = complete

    def schema(self, node: _Node) -> dict[str, Any]:
        """Return the schema of *node* with its children and items."""
        # Children and `[]` in names overrule the printed type.
        schema = dict(node.row.schema) if node.row else {}
        if node.row and node.row.description:
            schema["description"] = node.row.description
        if node.children and node.items and (node.items.children or node.items.items):
            return schema | self._either(node)
        if node.children and (node.items or schema.get("type") == "array"):
            return schema | self._array_of_children(node)
        if node.children:
            self._check_type(node, schema, "object")
            return schema | self._object(node)
        if node.items:
            self._check_type(node, schema, "array")
            return schema | self._array(node, schema)
        return schema

    def _object(self, node: _Node) -> dict[str, Any]:
        """Return the object schema of *node*. Names with placeholders become patterns."""
        properties: dict[str, Any] = {}
        patterns: dict[str, Any] = {}
        required: list[str] = []
        for name, child in node.children.items():
            if child.row is None:
                self._guess(child, "has fields but no row of its own; it is taken as not required")
            is_required = child.row is not None and child.row.required
            if _PLACEHOLDER.search(name) is None:
                properties[name] = self.schema(child)
                if is_required:
                    required.append(name)
                continue
            patterns[_pattern(name)] = self.schema(child)
            if is_required:
                self._guess(
                    child,
                    "is marked as required, which nothing can check: its name is a pattern",
                )
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        if patterns:
            schema["patternProperties"] = patterns
        if required:
            schema["required"] = required
        if self._complete:
            schema["additionalProperties"] = False
        return schema

    def _array(self, node: _Node, schema: dict[str, Any]) -> dict[str, Any]:
        items = self.schema(node.items) if node.items else {}
        printed = schema.get("type")
        if not items and printed not in (None, "array"):
            items = {"type": printed}  # `tags[] String`: this must be the type of the items
            if "enum" in schema:
                items["enum"] = schema.pop("enum")
        return {"type": "array"} | ({"items": items} if items else {})

    def _array_of_children(self, node: _Node) -> dict[str, Any]:
        self._guess(node, "is an Array and has fields; they are taken as those of its items")
        return {"type": "array", "items": self._object(node)}

    def _either(self, node: _Node) -> dict[str, Any]:
        self._guess(
            node, "has fields both of its own and of items; an object and an array are allowed"
        )
        array = {"type": "array", "items": self.schema(node.item(node.line))}
        return {"anyOf": [self._object(node), array]}

    def _check_type(self, node: _Node, schema: dict[str, Any], type_: str) -> None:
        printed = schema.get("type")
        if printed not in (None, type_):
            evidence = "has fields" if node.children else "is written with []"
            type_name = str(printed).capitalize()
            self._guess(node, f"is printed as {type_name} but {evidence}; it is read as an {type_}")

    def _guess(self, node: _Node, predicate: str) -> None:
        name = shortened(node.path) if node.path else "the body"
        line = node.row.line if node.row else node.line or None
        self._notes.append(Note("guessed", f"{name} {predicate}", line))


def _pattern(name: str) -> str:
    """Return a regular expression for a *name* with placeholders. Each matches any text."""
    first, *others = [_SYNTAX.sub(r"\\\g<0>", part) for part in _PLACEHOLDER.split(name)]
    if len(others) > _MOST_PLACEHOLDERS:
        others = [""]  # match any text from the first placeholder on
    return "^" + ".+".join([first, *others]) + "$"
