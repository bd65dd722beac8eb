"""Heirs: schemas with another one in their `allOf`, which may stand wherever that one may.

OpenAPI 3.0.3, section 4.7.25: where a schema with a discriminator is referred to, a value may be of
any schema that has it in its `allOf`; the discriminating value says which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

MOST_HEIRS = 100
"""The most heirs of one schema: a schema that everything is built on says little about a value."""


@dataclass(frozen=True, slots=True)
class Heir:
    """A component that is built on another one."""

    reference: str
    """A reference to it from the description itself."""
    uri: str
    tag: str
    """Its discriminating value, unless a mapping has another one."""


class Heirs:
    """Knows the heirs of schemas.

    *components* yields (name, reference, raw schema) for each component of the description.
    *resolve* returns the URI and the value of a reference's target.
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
        """Return the heirs of the schema *raw*, at *uri*, and their heirs.

        There is none if it has no discriminator, or lists its alternatives itself.
        """
        if not isinstance(raw, Mapping) or not isinstance(raw.get("discriminator"), str | Mapping):
            return []
        if "oneOf" in raw or "anyOf" in raw:  # it lists its alternatives itself
            return []
        if uri not in self._heirs:
            self._heirs[uri] = self._reached(uri)
        return self._heirs[uri]

    def _reached(self, uri: str) -> list[Heir]:
        heirs: dict[str, Heir] = {}
        pending = [uri]
        while pending:
            for heir in self._children.get(pending.pop(), ()):
                if heir.uri not in heirs and heir.uri != uri:
                    heirs[heir.uri] = heir
                    pending.append(heir.uri)
        return list(heirs.values()) if len(heirs) <= MOST_HEIRS else []

    def is_built_on(self, uri: str, parent: str) -> bool:
        """Say whether the component at *uri* has the schema at *parent* in its `allOf`."""
        return any(heir.uri == uri for heir in self._children.get(parent, ()))

    @cached_property
    def _children(self) -> dict[str, list[Heir]]:
        children: dict[str, list[Heir]] = {}
        for name, reference, component in self._components():
            uri, raw = self._resolved(reference, component)
            parts = raw.get("allOf") if isinstance(raw, Mapping) else None
            for part in parts if isinstance(parts, list) else ():
                parent = self._uri_of(part, uri)
                if parent is not None:
                    heir = Heir(reference, uri, tag_of(name, raw))
                    children.setdefault(parent, []).append(heir)
        return children

    def _resolved(self, reference: str, raw: Any) -> tuple[str, Any]:
        """Return the URI and the value of a component, which may be in another file."""
        target = raw.get("$ref") if isinstance(raw, Mapping) else None
        if isinstance(target, str):
            try:
                return self._resolve(target, "#")
            except LookupError:
                return reference, None
        return reference, raw

    def _uri_of(self, part: Any, base: str) -> str | None:
        reference = part.get("$ref") if isinstance(part, Mapping) else None
        if not isinstance(reference, str):
            return None
        try:
            return self._resolve(reference, base)[0]
        except LookupError:
            return None


def tag_of(name: str, raw: Mapping[str, Any]) -> str:
    """Return the discriminating value of the component *name*: its name, or Azure's own field."""
    value = raw.get("x-ms-discriminator-value")
    return value if isinstance(value, str) else name


def chosen_by_tag(
    schema: Mapping[str, Any],
    name: str,
    own: dict[str, str],
    tag: str,
    heirs: Mapping[Heir, str],
    field: Any,
) -> dict[str, Any]:
    """Return a choice between *schema* and its *heirs*, which map to their references.

    *name* is the reference to *schema* in the result, *own* a reference to *schema* without its
    heirs, *tag* its discriminating value, *field* the schema of the discriminating property.
    """
    discriminator = schema["discriminator"]
    described: Mapping[str, str] = discriminator.get("mapping", {})
    mapping = {value: reference for value, reference in described.items() if reference != name}
    for heir, reference in heirs.items():
        if reference not in mapping.values():
            mapping.setdefault(heir.tag, reference)
    tags = [value for value, reference in described.items() if reference == name] or [tag]
    values = (
        field.get("enum", [field["const"]] if "const" in field else None)
        if isinstance(field, dict)
        else None
    )
    if values is not None:  # the schema itself has the values that no heir has
        tags = [value for value in values if value not in mapping]
    alternatives: list[dict[str, Any]] = [
        {"$ref": reference} for reference in dict.fromkeys(mapping.values())
    ]
    if tags:
        alternatives.append(
            {
                "title": str(tags[0]),
                **own,
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
