"""The tree of a value, made from its documentation and from a sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask._core.redaction import MASK, Redactor
from httptask._core.strict_json import dump
from httptask._http.secret_names import is_secret
from httptask._schema.views import Schema, View, Views, json_type
from httptask.designer._kinds import type_of, types_of
from httptask.expressions import ABSENT

MOST_NODES = 500
"""Maximum nodes in one tree."""
_MOST_MEMBERS = 200
_MOST_ITEMS = 3
"""Items of a list that are shown; like further members of an object, the others are only
counted.
"""
_DEEPEST = 8
_LONGEST_VALUE = 80
"""Characters of a value shown in the tree."""
_MOST_SEARCHED = 100
"""Secrets that are masked in every spelling; further ones are only masked as they are written."""
_MOST_LOOKED_AT = 200_000
"""Values in samples that are searched for secrets; if there are more, no text is shown."""
_SHORTEST = 4
"""Minimum length of a secret that is looked for inside other texts: a short one occurs by
chance.
"""

Node = dict[str, Any]


class Secrets:
    """The secrets in samples: values under a secret's name, and values that look like one."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._redactor = Redactor()
        self._remaining = _MOST_LOOKED_AT

    def add(self, text: str) -> None:
        """Mask *text* from now on."""
        if text not in self._values and len(self._values) < _MOST_SEARCHED:
            self._redactor.add(text)
        self._values.add(text)

    def add_from(self, sample: Any) -> None:
        """Mask the secrets in the JSON value *sample* from now on."""
        pending = [("", sample)]
        while pending:
            if not self._remaining:
                return
            self._remaining -= 1
            name, value = pending.pop()
            if isinstance(value, Mapping):
                pending += [(str(key), member) for key, member in value.items()]
            elif isinstance(value, list):
                pending += [(name, item) for item in value]
            elif isinstance(value, str):
                if is_secret(name, value, "headers"):
                    self.add(value)
            elif is_secret(name, value):
                self.add(dump(value))

    def masked(self, value: Any) -> Any:
        """Return the JSON *value* with its secrets masked.

        A secret that is too short to be looked for inside other texts is masked only as a whole
        value.
        """
        text = value if isinstance(value, str) else dump(value)
        if text in self._values or self._may_hold_more(text):
            return MASK
        return self._redactor.value(value)

    def _may_hold_more(self, text: str) -> bool:
        """Say whether *text* may contain a secret that the redactor does not know."""
        if not self._remaining:  # the samples were not searched completely
            return True
        if len(self._values) <= _MOST_SEARCHED:
            return False
        return any(len(secret) >= _SHORTEST and secret in text for secret in self._values)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A node whose members are not yet listed."""

    node: Node
    view: View
    sample: Any
    above: frozenset[str]
    """The names of the enclosing definitions."""
    depth: int


@dataclass(slots=True)
class ValueTree:
    """Makes nodes for values described by *views*, at most *remaining* of them."""

    secrets: Secrets
    views: Views = field(default_factory=lambda: Views({}))
    remaining: int = MOST_NODES

    def node(self, name: str | int, schema: Schema, sample: Any = ABSENT) -> Node:
        """Return the node for the value *name*, described by *schema* (true if nothing does).

        *sample* is a sample of the value, or `ABSENT`.
        """
        root = self._begun(name, schema, sample, frozenset(), 0)
        level = [root]
        for pending in (
            level
        ):  # grows during the loop: level by level, so that a limit cuts all branches alike
            self._list_members(pending, level)
        return root.node

    def _begun(
        self,
        name: str | int,
        schema: Schema,
        sample: Any,
        above: frozenset[str],
        depth: int,
    ) -> _Pending:
        view = self.views.view(schema)
        node: Node = {"name": name, **self._typed(view, schema, sample)}
        if isinstance(sample, dict | list):
            node["count"] = len(sample)
        elif sample is not ABSENT:
            node["value"] = self._shown(sample)
        return _Pending(node, view, sample, above, depth)

    def _list_members(self, pending: _Pending, level: list[_Pending]) -> None:
        """Make nodes for the members of *pending*, and append them to *level*."""
        definitions = pending.view.definitions
        # A recursive schema without a sample is already shown further up.
        is_above = pending.sample is ABSENT and bool(definitions & pending.above)
        if pending.depth >= _DEEPEST or is_above:
            return
        nodes: list[Node] = []
        for name, schema, sample in self._members(pending.view, pending.sample):
            if self.remaining <= 0:
                break
            self.remaining -= 1
            member = self._begun(
                name,
                schema,
                sample,
                pending.above | definitions,
                pending.depth + 1,
            )
            nodes.append(member.node)
            level.append(member)
        if nodes:
            pending.node["nodes"] = nodes

    def _typed(self, view: View, schema: Schema, sample: Any) -> Node:
        """Return the type in words and the JSON types: those of the sample, else the
        documented ones.
        """
        if sample is ABSENT or sample is None:
            return {"type": type_of(self.views, schema), "types": sorted(types_of(view))}
        name = json_type(sample)
        return {"type": name, "types": [name]}

    def _shown(self, sample: Any) -> str:
        text = dump(self.secrets.masked(sample))
        return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"

    def _members(self, view: View, sample: Any) -> Iterator[tuple[str | int, Schema, Any]]:
        """Yield name, schema and sample of the members of a value.

        For an object, the members in the sample come first, then the other documented ones.
        """
        if isinstance(sample, list) or (sample is ABSENT and "items" in view.keywords):
            items = view.keywords.get("items", True)
            values = sample if isinstance(sample, list) and sample else [ABSENT]
            for index, value in enumerate(values[:_MOST_ITEMS]):
                yield index, items, value
            return
        if sample is not ABSENT and sample is not None and not isinstance(sample, dict):
            return
        present = sample if isinstance(sample, dict) else {}
        documented = self._properties(view)
        others = view.others if isinstance(view.others, Mapping) else True
        names = [*present, *(name for name in documented if name not in present)]
        for name in names[:_MOST_MEMBERS]:
            yield name, documented.get(name, others), present.get(name, ABSENT)

    def _properties(self, view: View) -> dict[str, Schema]:
        """Return the documented properties, including those of alternatives."""
        properties = dict(view.properties)
        for options in view.unions:
            for option in options[:10]:
                properties = {**self.views.view(option).properties, **properties}
        return properties
