"""Find forms that need a raw-JSON field, because no kind of field can express a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask.designer._form_tree import FormTree, Node
from httptask.model.api import Endpoint

_DEEPEST = 100


def needs_raw_json(
    schema: Mapping[str, Any],
    endpoint: Endpoint | None = None,
    most: int = 20_000,
) -> tuple[bool, bool]:
    """Say whether the form of a settings *schema* needs raw JSON: in any field, in a required
    field.

    *endpoint* is the schema's. At most *most* nodes are searched; if there are more, the answer
    is True.
    """
    return needs(FormTree(endpoint, schema), most, beyond=True)


def needs(tree: FormTree, most: int, *, beyond: bool) -> tuple[bool, bool]:
    """Say whether any field, and whether any required field, needs raw JSON.

    At most *most* nodes are searched. If there are more, the answer is *beyond*.
    """
    groups = list(tree.groups())
    required = [group for group in groups if group.required]
    search = _RequiredNeeds(tree, most, beyond)
    anywhere = _anywhere(tree, groups, most, beyond=beyond)
    return anywhere, any(search.needed(group, 0) for group in required)


def _anywhere(
    tree: FormTree,
    pending: list[Node],
    most: int,
    *,
    beyond: bool,
) -> bool:
    """Say whether any field needs raw JSON: see `needs`."""
    visited: set[int] = set()
    while pending:
        node = pending.pop()
        if node.kind == "raw":
            return True
        if len(visited) > most:
            return beyond
        if id(node.view) not in visited:
            visited.add(id(node.view))
            pending.extend(tree.children(node))
    return False


@dataclass(slots=True)
class _RequiredNeeds:
    """Says whether the required fields of a form can be filled in without raw JSON."""

    tree: FormTree
    remaining: int
    beyond: bool
    answers: dict[int, bool] = field(default_factory=dict)

    def needed(self, node: Node, depth: int) -> bool:
        """Say whether *node* cannot be filled in without raw JSON."""
        if node.kind == "raw":
            return True
        key = id(node.view)
        if key not in self.answers:
            if self.remaining <= 0 or depth > _DEEPEST:
                return self.beyond
            self.remaining -= 1
            # Assumed while its children are looked at: a schema may hold itself.
            self.answers[key] = False
            self.answers[key] = self._needed_below(node, depth + 1)
        return self.answers[key]

    def _needed_below(self, node: Node, depth: int) -> bool:
        """Say whether the children that *node* needs cannot be filled in without raw JSON."""
        children = self.tree.children(node)
        if node.kind == "union":  # it is enough that one option can be filled in
            options = list(children)
            return bool(options) and all(self.needed(option, depth) for option in options)
        if node.kind == "object":
            return any(self.needed(child, depth) for child in children if child.required)
        if node.view.keywords.get("minItems") or node.view.keywords.get("minProperties"):
            return any(self.needed(child, depth) for child in children)
        return False
