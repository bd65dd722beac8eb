"""Find the heirs of a schema with a discriminator, and turn the schema into a choice among them.

An heir is a schema with another schema, its parent, in its `allOf`. Where a description refers to
the parent, a value of any heir is allowed; the discriminating value says which (OpenAPI 3.0.3,
section 4.7.25).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

MOST_HEIRS = 100
"""A schema with more heirs is no choice: a base of everything says little about a value."""


@dataclass(frozen=True, slots=True)
class Heir:
    """A component with another schema in its `allOf`."""

    reference: str
    """The reference to the heir from the description's own file."""
    uri: str
    tag: str
    """The heir's discriminating value, unless a `mapping` has another one."""


class Heirs:
    """Finds the heirs of schemas.

    *components* yields (name, reference, raw schema) of each component. *resolve* takes a reference
    and a base URI, and returns the URI and the value of the target.
    """

    def __init__(
        self,
        components: Callable[[], Iterable[tuple[str, str, Any]]],
        resolve: Callable[[str, str], tuple[str, Any]],
    ) -> None:
        self._components = components
        self._resolve = resolve
        self._heirs: dict[str, list[Heir]] = {}
        """URI of a schema -> its heirs."""

    def of(self, uri: str, raw: Any) -> list[Heir]:
        """Return the heirs of the schema *raw*, at *uri*, and the heirs of these.

        The list is empty if *raw* has no discriminator, lists its alternatives itself, or has more
        than `MOST_HEIRS` heirs.
        """
        if not isinstance(raw, Mapping) or not isinstance(raw.get("discriminator"), str | Mapping):
            return []
        if "oneOf" in raw or "anyOf" in raw:  # it lists its alternatives itself
            return []
        if uri not in self._heirs:
            self._heirs[uri] = self._reached(uri)
        return self._heirs[uri]

    def _reached(self, uri: str) -> list[Heir]:
        """Return the heirs of the schema at *uri*, also indirect; [] if more than `MOST_HEIRS`."""
        heirs: dict[str, Heir] = {}
        pending = [uri]
        while pending:
            for heir in self._children.get(pending.pop(), ()):
                if heir.uri not in heirs and heir.uri != uri:
                    heirs[heir.uri] = heir
                    pending.append(heir.uri)
        if len(heirs) <= MOST_HEIRS:
            return list(heirs.values())
        return []

    def is_built_on(self, uri: str, parent: str) -> bool:
        """Say whether the component at *uri* has the schema at *parent* in its `allOf`."""
        return any(heir.uri == uri for heir in self._children.get(parent, ()))

    @cached_property
    def _children(self) -> dict[str, list[Heir]]:
        """URI of a schema -> its direct heirs."""
        children: dict[str, list[Heir]] = {}
        for name, reference, component in self._components():
            uri, raw = self._resolved(reference, component)
            parts = None
            if isinstance(raw, Mapping):
                parts = raw.get("allOf")
            for part in parts if isinstance(parts, list) else ():
                parent = self._uri_of(part, uri)
                if parent is not None:
                    heir = Heir(reference, uri, tag_of(name, raw))
                    children.setdefault(parent, []).append(heir)
        return children

    def _resolved(self, reference: str, raw: Any) -> tuple[str, Any]:
        """Return (URI, value) of a component. It may be a reference into another file."""
        target = None
        if isinstance(raw, Mapping):
            target = raw.get("$ref")
        if isinstance(target, str):
            try:
                return self._resolve(target, "#")
            except LookupError:
                return reference, None
        return reference, raw

    def _uri_of(self, part: Any, base: str) -> str | None:
        reference = None
        if isinstance(part, Mapping):
            reference = part.get("$ref")
        if not isinstance(reference, str):
            return None
        try:
            return self._resolve(reference, base)[0]
        except LookupError:
            return None


def tag_of(name: str, raw: Mapping[str, Any]) -> str:
    """Return the discriminating value of the component *name*: *name*, or Azure's extension."""
    value = raw.get("x-ms-discriminator-value")
    return value if isinstance(value, str) else name


def chosen_by_tag(
    schema: Mapping[str, Any],
    name: str,
    base_reference: dict[str, str],
    tag: str,
    heirs: Mapping[Heir, str],
    field: Any,
) -> dict[str, Any]:
    """Return a choice between *schema* and its *heirs* (heir -> reference).

    *name* is the reference to the result, *base_reference* is `{"$ref": ...}` to *schema* without
    its heirs, *tag* its discriminating value, *field* the schema of the discriminating property.
    """
    discriminator = schema["discriminator"]
    described: Mapping[str, str] = discriminator.get("mapping", {})
    mapping = {value: reference for value, reference in described.items() if reference != name}
    for heir, reference in heirs.items():
        if reference not in mapping.values():
            mapping.setdefault(heir.tag, reference)
    tags = [value for value, reference in described.items() if reference == name] or [tag]
    values = None
    if isinstance(field, dict):
        values = field.get("enum", [field["const"]] if "const" in field else None)
    if values is not None:  # *schema* itself has the values that belong to no heir
        tags = [value for value in values if value not in mapping]
    alternatives: list[dict[str, Any]] = [
        {"$ref": reference} for reference in dict.fromkeys(mapping.values())
    ]
    if tags:
        alternatives.append(
            {
                "title": str(tags[0]),
                **base_reference,
                "properties": {discriminator["propertyName"]: {"enum": tags}},
            }
        )
    result = {
        keyword: schema[keyword] for keyword in ("title", "description", "xml") if keyword in schema
    }
    if schema.get("type") == "object":
        result["type"] = "object"
    elif "null" in schema.get("type", ()):
        alternatives.append({"type": "null"})
    return result | {"anyOf": alternatives, "discriminator": {**discriminator, "mapping": mapping}}
