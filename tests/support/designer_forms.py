"""Filling in forms automatically, and schemas for forms."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from httptask.designer._form import field_at
from httptask.model.api import Endpoint


class Filled:
    """Fills in a form with the first choice of every field; *generous* includes optional fields."""

    def __init__(self, endpoint: Endpoint, schema: Any, *, generous: bool) -> None:
        self._endpoint = endpoint
        self._schema = schema
        self._generous = generous

    def value(self, part: Any, depth: int = 0) -> Any:
        if "link" in part:
            part = field_at(self._endpoint, self._schema, part["link"])
        return getattr(self, "_" + part["kind"])(part, depth + 1)

    def _wants(self, part: Any, depth: int) -> bool:
        return bool(part.get("required")) or (self._generous and depth < 6)

    def _object(self, part: Any, depth: int) -> Any:
        return {
            field["name"]: self.value(field, depth)
            for field in part["fields"]
            if self._wants(field, depth)
        }

    def _map(self, part: Any, depth: int) -> Any:
        return {
            f"k{number}": self.value(part["values"], depth)
            for number in range(part.get("minimum", 0))
        }

    def _array(self, part: Any, depth: int) -> Any:
        least = max(part.get("minimum", 0), int(self._generous and depth < 6))
        first = [self.value(item, depth) for item in part.get("prefix", [])]
        more = (
            [self.value(part["items"], depth) for _ in range(least - len(first))]
            if "items" in part
            else []
        )
        return first + more

    def _union(self, part: Any, depth: int) -> Any:
        return self.value(part["options"][0], depth)

    def _enum(self, part: Any, depth: int) -> Any:
        return part["values"][0]

    def _const(self, part: Any, depth: int) -> Any:
        return part["value"]

    def _string(self, part: Any, depth: int) -> Any:
        return "x" * part.get("minimum", 1)

    def _number(self, part: Any, depth: int) -> Any:
        least = part.get("minimum", 0)
        if least == part.get("exclusiveMinimum"):
            return least + 1
        return least

    def _boolean(self, part: Any, depth: int) -> Any:
        return True

    def _file(self, part: Any, depth: int) -> Any:
        return "eA=="

    def _any(self, part: Any, depth: int) -> Any:
        if "options" in part:  # a union of scalars is one text box
            return self._union(part, depth)
        return {
            "string": "x",
            "number": 1,
            "integer": 1,
            "boolean": True,
            "null": None,
            "array": [],
            "object": {},
        }[part.get("types", ["string"])[0]]


_LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "minLength": 3},
        {"type": "integer", "minimum": 4},
        {"type": "number"},
        {"type": "boolean"},
        {"type": ["string", "null"]},
        {"type": ["integer", "string"]},
        {"enum": ["a", "b"]},
        {"const": 7},
        {"type": "null"},
        {},
        {"$ref": "#/$defs/Thing"},
        {"$ref": "#/$defs/Tree"},
        {"type": "object"},
        {"type": "array"},
    ]
)
SHARED = {
    "Thing": {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer"}, "note": {"type": "string"}},
    },
    "Tree": {
        "type": "object",
        "properties": {"leaves": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
    },
}


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    properties = st.dictionaries(st.sampled_from("abcdef"), inner, max_size=4)
    objects = st.builds(
        lambda found, count, closed: {
            "type": "object",
            "properties": found,
            "required": sorted(found)[:count],
            **({"additionalProperties": False} if closed else {}),
        },
        properties,
        st.integers(0, 4),
        st.booleans(),
    )
    return st.one_of(
        objects,
        st.builds(
            lambda items, least: {"type": "array", "items": items, "minItems": least},
            inner,
            st.integers(0, 2),
        ),
        st.builds(
            lambda values: {"type": "object", "additionalProperties": values, "minProperties": 1},
            inner,
        ),
        st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"allOf": [part, {"description": "more"}]}, inner),
    )


SCHEMAS = st.recursive(_LEAVES, _larger, max_leaves=12)
