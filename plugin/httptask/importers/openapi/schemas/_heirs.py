"""Schemas that are built on another by `allOf`, and may stand wherever that one is referred to.

OpenAPI 3.0.3, section 4.7.25: where a schema with a discriminator is named, a value may be of any
schema that has it in its `allOf`; the discriminating value says which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

MOST_HEIRS = 100
"""Heirs of one schema: what everything is built on says nothing about a value."""


@dataclass(frozen=True, slots=True)
class Heir:
    """A component that is built on another."""

    reference: str
    """What refers to it, from the description itself."""
    place: str
    tag: str
    """The discriminating value that names it, where no mapping has another."""


class Heirs:
    """Finds heirs. *components* yields the name, the reference and the raw schema of each component
    of the description.
    """

    def __init__(
        self,
        components: Callable[[], Iterable[tuple[str, str, Any]]],
        resolve: Callable[[str, str], tuple[str, Any]],
    ) -> None:
        self._components = components
        self._resolve = resolve
        self._known: dict[str, list[Heir]] = {}
        """Place of a schema -> its heirs."""

    def of(self, place: str, raw: Any) -> list[Heir]:
        """Return the heirs of the schema *raw*, at *place*, theirs included; none when it names no
        discriminator for them.
        """
        if not isinstance(raw, Mapping) or not isinstance(raw.get("discriminator"), str | Mapping):
            return []
        if "oneOf" in raw or "anyOf" in raw:  # it says itself what it may be
            return []
        if place not in self._known:
            self._known[place] = self._reached(place)
        return self._known[place]

    def _reached(self, place: str) -> list[Heir]:
        heirs: dict[str, Heir] = {}
        waiting = [place]
        while waiting:
            for heir in self._children.get(waiting.pop(), ()):
                if heir.place not in heirs and heir.place != place:
                    heirs[heir.place] = heir
                    waiting.append(heir.place)
        return list(heirs.values()) if len(heirs) <= MOST_HEIRS else []

    def is_built_on(self, place: str, parent: str) -> bool:
        """Say whether the component at *place* has the schema at *parent* in its `allOf`."""
        return any(heir.place == place for heir in self._children.get(parent, ()))

    @cached_property
    def _children(self) -> dict[str, list[Heir]]:
        children: dict[str, list[Heir]] = {}
        for name, reference, component in self._components():
            place, raw = self._at(reference, component)
            parts = raw.get("allOf") if isinstance(raw, Mapping) else None
            for part in parts if isinstance(parts, list) else ():
                parent = self._place(part, place)
                if parent is not None:
                    heir = Heir(reference, place, tag_of(name, raw))
                    children.setdefault(parent, []).append(heir)
        return children

    def _at(self, reference: str, raw: Any) -> tuple[str, Any]:
        """Return the place of a component and what stands there, which may be another file."""
        target = raw.get("$ref") if isinstance(raw, Mapping) else None
        if isinstance(target, str):
            try:
                return self._resolve(target, "#")
            except LookupError:
                return reference, None
        return reference, raw

    def _place(self, part: Any, base: str) -> str | None:
        reference = part.get("$ref") if isinstance(part, Mapping) else None
        if not isinstance(reference, str):
            return None
        try:
            return self._resolve(reference, base)[0]
        except LookupError:
            return None


def tag_of(name: str, raw: Mapping[str, Any]) -> str:
    """Return the discriminating value of the component *name*: its name, or what Azure's
    descriptions say instead.
    """
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
    """Return a choice among *heirs*, each with its reference, and the *schema* they are built on,
    which *own* refers to.

    *name* is what the description's own references to *schema* have become, *tag* the
    discriminating value that names it,
    *field* the schema of that value.
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
    if values is not None:  # the schema itself has what none of its heirs has
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
