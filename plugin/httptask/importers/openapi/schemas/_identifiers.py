"""Find the targets of references in schemas: JSON Pointers, `$id`, anchors and dynamic anchors.

See JSON Schema 2020-12, Core, sections 8.2 and 9.2. The converted schemas are all in one document,
where identifiers would have another meaning. So references are resolved here, and the conversion
drops the identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urljoin

from httptask._core.pointers import child
from httptask._core.pointers import parts as parts_of
from httptask._core.pointers import pointer as pointer_of
from httptask._schema.subschemas import BY_NAME, IN_LIST, IN_ONE

_BY_NAME = BY_NAME | {"definitions", "dependencies"}
_ONE_OR_LIST = IN_ONE | IN_LIST | {"additionalItems"}
_DYNAMIC = "\0dynamic "
"""The beginning of a reference to a bound dynamic anchor. No URI contains `\0`."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_COMPONENT = re.compile(r"(?:/components)?/(?:parameters|headers|responses|requestBodies)/[^/]+")
"""The pointer of a component that is not a schema, but contains one."""


@dataclass(frozen=True, slots=True)
class _Subschema:
    """A schema in a schema resource."""

    pointer: str
    """Its JSON Pointer from the resource."""
    raw: Any


@dataclass(frozen=True, slots=True)
class _Index:
    """The identifiers in a schema resource, but not those in the resources inside it."""

    anchors: dict[str, _Subschema] = field(default_factory=dict)
    dynamic: dict[str, _Subschema] = field(default_factory=dict)
    resources: dict[str, _Subschema] = field(default_factory=dict)


_NOTHING = _Index()


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The context in which references of a schema are resolved."""

    base: str
    """The URI against which references are resolved that use no identifier."""
    root: Any
    """The schema resource, not converted."""
    uri: str
    """The URI of the resource: file name, `#` and JSON Pointer."""
    schema_id: str
    """The `$id` of the resource, resolved if possible. "" if it has none."""
    bindings: Mapping[str, Target]
    """Dynamic anchor -> the outermost schema with it (2020-12, Core, section 8.2.3.2)."""
    index: _Index

    @property
    def bound(self) -> frozenset[tuple[str, str]]:
        """The bindings in a hashable form."""
        if not self.bindings:
            return frozenset()
        return frozenset((name, target.uri) for name, target in self.bindings.items())

    @property
    def key(self) -> Any:
        """A cache key: equal keys mean that every reference has the same target in both scopes."""
        if self.schema_id or self.bindings:
            return (self.uri, self.bound)
        return self.base.partition("#")[0]

    def inner(self, raw: Mapping[str, Any], uri: str) -> Scope:
        """Return the scope of *raw*, at *uri*, a schema in this resource that may have an `$id`."""
        if _identifier(raw) is None:
            return self
        return scope_of(
            raw,
            self.base,
            uri,
            self.bindings,
            identified=True,
            outer=self.schema_id,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The target of a reference."""

    uri: str
    raw: Any
    scope: Scope
    depends_on_root: bool = False
    """Whether the reference is relative to the scope's root: elsewhere it has another target."""


def scope_of(
    raw: Any,
    base: str,
    uri: str,
    bindings: Mapping[str, Target],
    *,
    identified: bool,
    outer: str = "",
) -> Scope:
    """Return the scope of the schema resource *raw*, at *uri*.

    *identified* says whether identifiers count. The `$id` of *raw* is relative to the URI *outer*.
    """
    if not identified or not isinstance(raw, dict):
        return Scope(base, raw, uri, "", bindings, _NOTHING)
    identifier = _identifier(raw)
    schema_id = _joined(outer, identifier) if identifier else ""
    index = _indexed(raw, schema_id)
    scope = Scope(base, raw, uri, schema_id, bindings, index)
    if not index.dynamic.keys() - bindings.keys():
        return scope
    own_bindings = {
        name: Target(uri + subschema.pointer, subschema.raw, scope)
        for name, subschema in index.dynamic.items()
    }
    # The outermost binding wins (2020-12, Core, section 8.2.3.2).
    return Scope(base, raw, uri, schema_id, {**own_bindings, **bindings}, index)


def _identifier(raw: Mapping[str, Any]) -> str | None:
    value = raw.get("$id")
    if isinstance(value, str) and value and not value.startswith("#"):
        return value
    return None


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference).removesuffix("#")
    except ValueError:  # brackets without an IPv6 address
        return reference


def _indexed(root: Mapping[str, Any], schema_id: str) -> _Index:
    """Collect the identifiers in the resource *root*, but not inside the resources in it."""
    index = _Index()
    pending: list[tuple[Any, tuple[str | int, ...]]] = [(root, ())]
    while pending:
        raw, path = pending.pop()
        if not isinstance(raw, dict):
            continue
        identifier = _identifier(raw) if raw is not root else None
        if identifier:
            index.resources.setdefault(
                _joined(schema_id, identifier), _Subschema(pointer_of(path), raw)
            )
            continue
        for keyword, subschemas in (("$anchor", index.anchors), ("$dynamicAnchor", index.dynamic)):
            if isinstance(raw.get(keyword), str):
                subschemas.setdefault(raw[keyword], _Subschema(pointer_of(path), raw))
        for keyword in ("$id", "id"):  # drafts 4 and 6 have no `$anchor`, but `$id: "#name"`
            if isinstance(raw.get(keyword), str) and raw[keyword].startswith("#"):
                index.anchors.setdefault(raw[keyword][1:], _Subschema(pointer_of(path), raw))
        pending.extend((schema, (*path, *tokens)) for tokens, schema in _children(raw))
    return index


def _children(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield (path, schema) of the schemas directly in *raw*."""
    for keyword, value in raw.items():
        if keyword in _BY_NAME and isinstance(value, dict):
            yield from (((keyword, name), schema) for name, schema in value.items())
        elif keyword in _ONE_OR_LIST:
            if isinstance(value, list):
                yield from (((keyword, number), schema) for number, schema in enumerate(value))
            else:
                yield (keyword,), value


class Identifiers:
    """Resolves references.

    *resolve* takes a reference without identifiers and a base URI, and returns the URI and the
    value of the target; it may open documents. *identified* says whether identifiers count.
    """

    def __init__(self, resolve: Callable[[str, str], tuple[str, Any]], *, identified: bool) -> None:
        self._resolve = resolve
        self._identified = identified
        self._resources: dict[str, Scope] | None = None

    def target(self, reference: str, scope: Scope) -> Target:
        """Return the target of *reference* in *scope*. Raises `LookupError` with a sentence."""
        if reference.startswith(_DYNAMIC):
            bound = scope.bindings[reference.removeprefix(_DYNAMIC)]
            bound_scope = bound.scope
            return Target(
                bound.uri,
                bound.raw,
                Scope(
                    bound_scope.base,
                    bound_scope.root,
                    bound_scope.uri,
                    bound_scope.schema_id,
                    scope.bindings,
                    bound_scope.index,
                ),
            )
        if reference == "#" and not scope.schema_id:
            return Target(scope.uri, scope.root, scope, depends_on_root=True)
        # References that look like identifiers are first tried as identifiers, all others last.
        likely = self._identified and bool(
            scope.schema_id
            or _SCHEME.match(reference)
            or (reference.startswith("#") and not reference.startswith("#/"))
        )
        target = self._identified_by(reference, scope) if likely else None
        if target is not None:
            return target
        try:
            uri, raw = self._resolve(reference, scope.base)
        except LookupError:
            target = (
                self._identified_by(reference, scope) if self._identified and not likely else None
            ) or _local(reference, scope)
            if target is None:
                raise
            return target
        raw, uri = _schema_at(raw, uri, reference)
        return Target(
            uri,
            raw,
            scope_of(raw, uri, uri, scope.bindings, identified=self._identified),
        )

    def value(self, reference: str, scope: Scope) -> Any:
        """Return the value at *reference*, which need not be a schema. Raises `LookupError`."""
        return self._resolve(reference, scope.base)[1]

    def bound(self, reference: str, scope: Scope) -> str:
        """Return a static reference to the target of the dynamic *reference* in *scope*."""
        name = reference.partition("#")[2]
        if name in scope.bindings:
            return _DYNAMIC + name
        return reference

    def _identified_by(self, reference: str, scope: Scope) -> Target | None:
        """Return the target of *reference* by its `$id` and anchor, or None if there is none."""
        if not reference:
            return None
        address, _, fragment = reference.partition("#")
        schema_id = _joined(scope.schema_id, address) if address else scope.schema_id
        resource_scope = scope if schema_id == scope.schema_id else self._resource(schema_id, scope)
        if resource_scope is None:
            return None
        fragment = unquote(fragment)
        if not fragment:
            return Target(resource_scope.uri, resource_scope.root, resource_scope)
        if fragment.startswith("/"):
            return _at_pointer(fragment, resource_scope, depends_on_root=False)
        return _at_anchor(fragment, resource_scope) or next(
            (
                target
                for resource in self._resources_of(scope).values()
                if not resource.schema_id and (target := _at_anchor(fragment, resource))
            ),
            None,
        )

    def _resource(self, schema_id: str, scope: Scope) -> Scope | None:
        nested = scope.index.resources.get(schema_id)
        if nested is not None:
            return scope_of(
                nested.raw,
                scope.base,
                scope.uri + nested.pointer,
                scope.bindings,
                identified=True,
                outer=scope.schema_id,
            )
        resource = self._resources_of(scope).get(schema_id)
        if resource is None:
            return None
        if not scope.bindings:
            return resource
        return scope_of(
            resource.root,
            resource.base,
            resource.uri,
            scope.bindings,
            identified=True,
        )

    def _resources_of(self, scope: Scope) -> dict[str, Scope]:
        """Return the schema resources in the components: `$id`, or URI without `$id` -> scope."""
        if self._resources is None:
            self._resources = {}
            try:
                uri, schemas = self._resolve("#/components/schemas", scope.base)
            except LookupError:
                return self._resources
            for name, raw in schemas.items() if isinstance(schemas, Mapping) else ():
                resource = scope_of(
                    raw,
                    f"{uri}/{name}",
                    pointer_of([name], uri),
                    {},
                    identified=True,
                )
                self._resources.setdefault(resource.schema_id or resource.uri, resource)
                for schema_id, subschema in resource.index.resources.items():
                    nested_scope = scope_of(
                        subschema.raw,
                        resource.base,
                        resource.uri + subschema.pointer,
                        {},
                        identified=True,
                        outer=resource.schema_id,
                    )
                    self._resources.setdefault(schema_id, nested_scope)
        return self._resources


def _at_anchor(name: str, scope: Scope) -> Target | None:
    subschema = scope.index.anchors.get(name) or scope.index.dynamic.get(name)
    if subschema is not None:
        return Target(scope.uri + subschema.pointer, subschema.raw, scope)
    return None


def _at_pointer(pointer: str, scope: Scope, *, depends_on_root: bool) -> Target | None:
    raw = scope.root
    tokens = parts_of(pointer)
    for token in tokens:
        raw = child(raw, token)
    if not isinstance(raw, dict | bool):
        return None
    return Target(scope.uri + pointer_of(tokens), raw, scope, depends_on_root)


def _local(reference: str, scope: Scope) -> Target | None:
    # A JSON Schema pasted into a description has references such as `#/definitions/x` or
    # `#/$defs/x`, which are relative to this schema, not to the description.
    if not reference.startswith("#/"):
        return None
    return _at_pointer(unquote(reference[1:]), scope, depends_on_root=True)


def _schema_at(raw: Any, uri: str, reference: str) -> tuple[Any, str]:
    """Return (schema, its URI) of *raw*, at *uri*: a schema, or a component that contains one.

    Raises `LookupError` for anything else.
    """
    if isinstance(raw, dict) and "$ref" not in raw and _COMPONENT.fullmatch(uri.partition("#")[2]):
        if "schema" in raw:
            return raw["schema"], f"{uri}/schema"
        content = raw.get("content")
        for name, media_type in content.items() if isinstance(content, dict) else ():
            if isinstance(media_type, dict) and "schema" in media_type:
                return media_type["schema"], pointer_of(["content", name, "schema"], uri)
    if not isinstance(raw, dict | bool):
        raise LookupError(f"{reference!r} points at something that is no schema")
    return raw, uri
