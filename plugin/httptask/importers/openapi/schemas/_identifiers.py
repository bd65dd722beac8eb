"""The targets of references in schemas: JSON Pointers, `$id`, anchors and dynamic anchors.

JSON Schema 2020-12, Core, sections 8.2 and 9.2. The schemas of a description end up in one
document, where identifiers would mean something else: they are resolved here, and dropped from the
result.
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
"""The start of a reference to a bound dynamic anchor; no URI has this character."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_COMPONENT = re.compile(r"(?:/components)?/(?:parameters|headers|responses|requestBodies)/[^/]+")
"""The pointer of a component that contains a schema but is none."""


@dataclass(frozen=True, slots=True)
class _Subschema:
    """A schema in a schema resource, by its JSON Pointer from there."""

    pointer: str
    raw: Any


@dataclass(frozen=True, slots=True)
class _Index:
    """The identifiers in a schema resource, without those of resources inside it."""

    anchors: dict[str, _Subschema] = field(default_factory=dict)
    dynamic: dict[str, _Subschema] = field(default_factory=dict)
    resources: dict[str, _Subschema] = field(default_factory=dict)


_NOTHING = _Index()


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The context in which references of a schema are resolved."""

    base: str
    """The URI that references without identifiers are resolved from."""
    root: Any
    """The schema resource, unconverted."""
    uri: str
    """The URI of the resource: its file, `#` and a JSON Pointer."""
    schema_id: str
    """Its `$id`, resolved as far as possible; "" when it has none."""
    bindings: Mapping[str, Target]
    """Dynamic anchor -> the outermost schema of that name (2020-12, Core, section 8.2.3.2)."""
    index: _Index

    @property
    def bound(self) -> frozenset[tuple[str, str]]:
        """The bindings as a value that can be compared."""
        if not self.bindings:
            return frozenset()
        return frozenset((name, target.uri) for name, target in self.bindings.items())

    @property
    def key(self) -> Any:
        """A value that is equal for scopes in which every reference means the same."""
        return (
            (self.uri, self.bound)
            if self.schema_id or self.bindings
            else self.base.partition("#")[0]
        )

    def inner(self, raw: Mapping[str, Any], uri: str) -> Scope:
        """Return the scope of *raw*, at *uri*, a schema of this resource that may have an `$id`."""
        if _identifier(raw) is None:
            return self
        return scope_of(raw, self.base, uri, self.bindings, identified=True, outer=self.schema_id)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The target of a reference."""

    uri: str
    raw: Any
    scope: Scope
    depends_on_root: bool = False
    """Whether the same reference has another target elsewhere in the document."""


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

    *outer* is the URI that its `$id` is relative to. *identified* says whether identifiers count.
    """
    if not identified or not isinstance(raw, dict):
        return Scope(base, raw, uri, "", bindings, _NOTHING)
    identifier = _identifier(raw)
    schema_id = _joined(outer, identifier) if identifier else ""
    index = _indexed(raw, schema_id)
    scope = Scope(base, raw, uri, schema_id, bindings, index)
    if not index.dynamic.keys() - bindings.keys():
        return scope
    own = {
        name: Target(uri + subschema.pointer, subschema.raw, scope)
        for name, subschema in index.dynamic.items()
    }
    return Scope(base, raw, uri, schema_id, {**own, **bindings}, index)


def _identifier(raw: Mapping[str, Any]) -> str | None:
    value = raw.get("$id")
    return value if isinstance(value, str) and value and not value.startswith("#") else None


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference).removesuffix("#")
    except ValueError:  # a bracket where an IPv6 address would stand
        return reference


def _indexed(root: Mapping[str, Any], schema_id: str) -> _Index:
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
        for keyword in ("$id", "id"):  # drafts 4 and 6 write an anchor like this
            if isinstance(raw.get(keyword), str) and raw[keyword].startswith("#"):
                index.anchors.setdefault(raw[keyword][1:], _Subschema(pointer_of(path), raw))
        pending.extend((schema, (*path, *tokens)) for tokens, schema in _children(raw))
    return index


def _children(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
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

    *resolve* opens documents: it takes a reference and a base URI, and returns the URI and the
    value of the target. *identified* says whether identifiers count.
    """

    def __init__(self, resolve: Callable[[str, str], tuple[str, Any]], *, identified: bool) -> None:
        self._resolve = resolve
        self._identified = identified
        self._resources: dict[str, Scope] | None = None

    def target(self, reference: str, scope: Scope) -> Target:
        """Return the target of *reference* in *scope*. Raises `LookupError` with a sentence."""
        if reference.startswith(_DYNAMIC):
            bound = scope.bindings[reference.removeprefix(_DYNAMIC)]
            inner = bound.scope
            return Target(
                bound.uri,
                bound.raw,
                Scope(
                    inner.base, inner.root, inner.uri, inner.schema_id, scope.bindings, inner.index
                ),
            )
        if reference == "#" and not scope.schema_id:
            return Target(scope.uri, scope.root, scope, depends_on_root=True)
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
            uri, raw, scope_of(raw, uri, uri, scope.bindings, identified=self._identified)
        )

    def value(self, reference: str, scope: Scope) -> Any:
        """Return what stands at *reference*, a schema or not. Raises `LookupError`."""
        return self._resolve(reference, scope.base)[1]

    def bound(self, reference: str, scope: Scope) -> str:
        """Return a static reference to where the dynamic *reference* leads from *scope*."""
        name = reference.partition("#")[2]
        return _DYNAMIC + name if name in scope.bindings else reference

    def _identified_by(self, reference: str, scope: Scope) -> Target | None:
        if not reference:
            return None
        address, _, fragment = reference.partition("#")
        schema_id = _joined(scope.schema_id, address) if address else scope.schema_id
        inner = scope if schema_id == scope.schema_id else self._resource(schema_id, scope)
        if inner is None:
            return None
        fragment = unquote(fragment)
        if not fragment:
            return Target(inner.uri, inner.root, inner)
        if fragment.startswith("/"):
            return _at_pointer(fragment, inner, depends_on_root=False)
        return _at_anchor(fragment, inner) or next(
            (
                target
                for resource in self._resources_of(scope).values()
                if not resource.schema_id and (target := _at_anchor(fragment, resource))
            ),
            None,
        )

    def _resource(self, schema_id: str, scope: Scope) -> Scope | None:
        near = scope.index.resources.get(schema_id)
        if near is not None:
            return scope_of(
                near.raw,
                scope.base,
                scope.uri + near.pointer,
                scope.bindings,
                identified=True,
                outer=scope.schema_id,
            )
        far = self._resources_of(scope).get(schema_id)
        if far is None:
            return None
        if not scope.bindings:
            return far
        return scope_of(far.root, far.base, far.uri, scope.bindings, identified=True)

    def _resources_of(self, scope: Scope) -> dict[str, Scope]:
        """Return the schema resources among the components: by `$id`, or by URI without one."""
        if self._resources is None:
            self._resources = {}
            try:
                uri, schemas = self._resolve("#/components/schemas", scope.base)
            except LookupError:
                return self._resources
            for name, raw in schemas.items() if isinstance(schemas, Mapping) else ():
                resource = scope_of(
                    raw, f"{uri}/{name}", pointer_of([name], uri), {}, identified=True
                )
                self._resources.setdefault(resource.schema_id or resource.uri, resource)
                for schema_id, subschema in resource.index.resources.items():
                    inner = scope_of(
                        subschema.raw,
                        resource.base,
                        resource.uri + subschema.pointer,
                        {},
                        identified=True,
                        outer=resource.schema_id,
                    )
                    self._resources.setdefault(schema_id, inner)
        return self._resources


def _at_anchor(name: str, scope: Scope) -> Target | None:
    subschema = scope.index.anchors.get(name) or scope.index.dynamic.get(name)
    return (
        Target(scope.uri + subschema.pointer, subschema.raw, scope)
        if subschema is not None
        else None
    )


def _at_pointer(pointer: str, scope: Scope, *, depends_on_root: bool) -> Target | None:
    raw = scope.root
    tokens = parts_of(pointer)
    for token in tokens:
        raw = child(raw, token)
    if not isinstance(raw, dict | bool):
        return None
    return Target(scope.uri + pointer_of(tokens), raw, scope, depends_on_root)


def _local(reference: str, scope: Scope) -> Target | None:
    # `#/definitions/x` and `#/$defs/x` of a JSON Schema that was pasted into a description: they
    # are relative to that schema.
    if not reference.startswith("#/"):
        return None
    return _at_pointer(unquote(reference[1:]), scope, depends_on_root=True)


def _schema_at(raw: Any, uri: str, reference: str) -> tuple[Any, str]:
    """Return the schema that *raw*, at *uri*, is or contains, and its URI."""
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
