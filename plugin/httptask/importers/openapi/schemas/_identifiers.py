"""What a reference in a schema points at: a place in a document, an `$id`, an anchor, or a dynamic
anchor.

JSON Schema 2020-12, Core, sections 8.2 and 9.2. The schemas of a description end up in one
document, where identifiers would mean something else: they are resolved here and left out of the
result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urljoin

from httptask._core.pointers import parts as parts_of
from httptask._core.pointers import pointer as pointer_of
from httptask._schema.subschemas import BY_NAME, IN_LIST, IN_ONE

_BY_NAME = BY_NAME | {"definitions", "dependencies"}
_ONE_OR_LIST = IN_ONE | IN_LIST | {"additionalItems"}
_DYNAMIC = "\0dynamic "
"""What a reference to a dynamic anchor that is bound starts with; no URI holds that character."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_COMPONENT = re.compile(r"(?:/components)?/(?:parameters|headers|responses|requestBodies)/[^/]+")
"""The place of a named thing that holds a schema and is none."""


@dataclass(frozen=True, slots=True)
class _Found:
    pointer: str
    raw: Any


@dataclass(frozen=True, slots=True)
class _Index:
    """The identifiers in a schema resource; those of a resource inside of it belong to that."""

    anchors: dict[str, _Found] = field(default_factory=dict)
    dynamic: dict[str, _Found] = field(default_factory=dict)
    resources: dict[str, _Found] = field(default_factory=dict)


_NOTHING = _Index()


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What references in a schema are relative to."""

    base: str
    """The place that plain references are resolved from."""
    root: Any
    """The schema resource they stand in, as it was written."""
    place: str
    """Where that stands."""
    uri: str
    """Its `$id`, as far as it is known; "" when it has none."""
    bindings: Mapping[str, Target]
    """Dynamic anchor -> the outermost schema of that name on the way here (2020-12, Core, section
    8.2.3.2).
    """
    index: _Index

    @property
    def bound(self) -> frozenset[tuple[str, str]]:
        """Return what tells one set of bindings from another."""
        return (
            frozenset((name, target.place) for name, target in self.bindings.items())
            if self.bindings
            else frozenset()
        )

    @property
    def key(self) -> Any:
        """Return what tells scopes from each other in which one reference means different
        things.
        """
        return (
            (self.place, self.bound) if self.uri or self.bindings else self.base.partition("#")[0]
        )

    def inner(self, raw: Mapping[str, Any], place: str) -> Scope:
        """Return the scope of *raw*, at *place*, which stands in this resource and has an `$id`."""
        if _identifier(raw) is None:
            return self
        return scope_of(raw, self.base, place, self.bindings, identified=True, outer=self.uri)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What a reference points at."""

    place: str
    raw: Any
    scope: Scope
    depends_on_root: bool = False
    """Whether the same reference, elsewhere in the document, may point at something else."""


def scope_of(
    raw: Any,
    base: str,
    place: str,
    bindings: Mapping[str, Target],
    *,
    identified: bool,
    outer: str = "",
) -> Scope:
    """Return the scope of the schema resource *raw*, at *place*; *outer* is the URI its `$id` is
    relative to.
    """
    if not identified or not isinstance(raw, dict):
        return Scope(base, raw, place, "", bindings, _NOTHING)
    identifier = _identifier(raw)
    uri = _joined(outer, identifier) if identifier else ""
    index = _indexed(raw, uri)
    scope = Scope(base, raw, place, uri, bindings, index)
    if not index.dynamic.keys() - bindings.keys():
        return scope
    own = {
        name: Target(place + found.pointer, found.raw, scope)
        for name, found in index.dynamic.items()
    }
    return Scope(base, raw, place, uri, {**own, **bindings}, index)


def _identifier(raw: Mapping[str, Any]) -> str | None:
    value = raw.get("$id")
    return value if isinstance(value, str) and value and not value.startswith("#") else None


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference).removesuffix("#")
    except ValueError:  # a bracket where an IPv6 address would stand
        return reference


def _indexed(root: Mapping[str, Any], uri: str) -> _Index:
    index = _Index()
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(root, ())]
    while waiting:
        raw, path = waiting.pop()
        if not isinstance(raw, dict):
            continue
        identifier = _identifier(raw) if raw is not root else None
        if identifier:
            index.resources.setdefault(_joined(uri, identifier), _Found(pointer_of(path), raw))
            continue
        for keyword, found in (("$anchor", index.anchors), ("$dynamicAnchor", index.dynamic)):
            if isinstance(raw.get(keyword), str):
                found.setdefault(raw[keyword], _Found(pointer_of(path), raw))
        for keyword in ("$id", "id"):  # drafts 4 and 6 write an anchor like this
            if isinstance(raw.get(keyword), str) and raw[keyword].startswith("#"):
                index.anchors.setdefault(raw[keyword][1:], _Found(pointer_of(path), raw))
        waiting.extend((each, (*path, *tokens)) for tokens, each in _children(raw))
    return index


def _children(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    for keyword, value in raw.items():
        if keyword in _BY_NAME and isinstance(value, dict):
            yield from (((keyword, name), each) for name, each in value.items())
        elif keyword in _ONE_OR_LIST:
            if isinstance(value, list):
                yield from (((keyword, number), each) for number, each in enumerate(value))
            else:
                yield (keyword,), value


class Identifiers:
    """Finds the targets of references; *resolve* knows the documents, and *identified* says whether
    identifiers count.
    """

    def __init__(self, resolve: Callable[[str, str], tuple[str, Any]], *, identified: bool) -> None:
        self._resolve = resolve
        self._identified = identified
        self._resources: dict[str, Scope] | None = None

    def target(self, reference: str, scope: Scope) -> Target:
        """Return what *reference*, in *scope*, points at. Raises `LookupError` with a sentence."""
        if reference.startswith(_DYNAMIC):
            bound = scope.bindings[reference.removeprefix(_DYNAMIC)]
            inner = bound.scope
            return Target(
                bound.place,
                bound.raw,
                Scope(inner.base, inner.root, inner.place, inner.uri, scope.bindings, inner.index),
            )
        if reference == "#" and not scope.uri:
            return Target(scope.place, scope.root, scope, depends_on_root=True)
        likely = self._identified and bool(
            scope.uri
            or _SCHEME.match(reference)
            or (reference.startswith("#") and not reference.startswith("#/"))
        )
        found = self._identified_by(reference, scope) if likely else None
        if found is not None:
            return found
        try:
            place, raw = self._resolve(reference, scope.base)
        except LookupError:
            found = (
                self._identified_by(reference, scope) if self._identified and not likely else None
            ) or _local(reference, scope)
            if found is None:
                raise
            return found
        raw, place = _schema_at(raw, place, reference)
        return Target(
            place, raw, scope_of(raw, place, place, scope.bindings, identified=self._identified)
        )

    def bound(self, reference: str, scope: Scope) -> str:
        """Return the reference that leads where the dynamic *reference* leads from *scope*."""
        name = reference.partition("#")[2]
        return _DYNAMIC + name if name in scope.bindings else reference

    def _identified_by(self, reference: str, scope: Scope) -> Target | None:
        if not reference:
            return None
        address, _, fragment = reference.partition("#")
        uri = _joined(scope.uri, address) if address else scope.uri
        inner = scope if uri == scope.uri else self._resource(uri, scope)
        if inner is None:
            return None
        fragment = unquote(fragment)
        if not fragment:
            return Target(inner.place, inner.root, inner)
        if fragment.startswith("/"):
            return _at_pointer(fragment, inner, depends_on_root=False)
        return _at_anchor(fragment, inner) or next(
            (
                found
                for each in self._known(scope).values()
                if not each.uri and (found := _at_anchor(fragment, each))
            ),
            None,
        )

    def _resource(self, uri: str, scope: Scope) -> Scope | None:
        near = scope.index.resources.get(uri)
        if near is not None:
            return scope_of(
                near.raw,
                scope.base,
                scope.place + near.pointer,
                scope.bindings,
                identified=True,
                outer=scope.uri,
            )
        far = self._known(scope).get(uri)
        if far is None:
            return None
        return (
            scope_of(far.root, far.base, far.place, scope.bindings, identified=True)
            if scope.bindings
            else far
        )

    def _known(self, scope: Scope) -> dict[str, Scope]:
        """Return the schema resources among the description's components: by `$id`, or by place
        without one.
        """
        if self._resources is None:
            self._resources = {}
            try:
                place, schemas = self._resolve("#/components/schemas", scope.base)
            except LookupError:
                return self._resources
            for name, raw in schemas.items() if isinstance(schemas, Mapping) else ():
                each = scope_of(
                    raw, f"{place}/{name}", pointer_of([name], place), {}, identified=True
                )
                self._resources.setdefault(each.uri or each.place, each)
                for uri, found in each.index.resources.items():
                    inner = scope_of(
                        found.raw,
                        each.base,
                        each.place + found.pointer,
                        {},
                        identified=True,
                        outer=each.uri,
                    )
                    self._resources.setdefault(uri, inner)
        return self._resources


def _at_anchor(name: str, scope: Scope) -> Target | None:
    found = scope.index.anchors.get(name) or scope.index.dynamic.get(name)
    return Target(scope.place + found.pointer, found.raw, scope) if found is not None else None


def _at_pointer(pointer: str, scope: Scope, *, depends_on_root: bool) -> Target | None:
    raw = scope.root
    tokens = parts_of(pointer)
    for token in tokens:
        if isinstance(raw, dict) and token in raw:
            raw = raw[token]
        elif (
            isinstance(raw, list)
            and token.isascii()
            and token.isdigit()
            and len(token) < 9
            and int(token) < len(raw)
        ):
            raw = raw[int(token)]
        else:
            return None
    if not isinstance(raw, dict | bool):
        return None
    return Target(scope.place + pointer_of(tokens), raw, scope, depends_on_root)


def _local(reference: str, scope: Scope) -> Target | None:
    # `#/definitions/x` and `#/$defs/x` of a JSON Schema that was pasted into a description, where
    # they point at nothing.
    if not reference.startswith("#/"):
        return None
    return _at_pointer(unquote(reference[1:]), scope, depends_on_root=True)


def _schema_at(raw: Any, place: str, reference: str) -> tuple[Any, str]:
    """Return the schema that *raw*, at *place*, is or holds, and its place."""
    if (
        isinstance(raw, dict)
        and "$ref" not in raw
        and _COMPONENT.fullmatch(place.partition("#")[2])
    ):
        if "schema" in raw:
            return raw["schema"], f"{place}/schema"
        content = raw.get("content")
        for name, each in content.items() if isinstance(content, dict) else ():
            if isinstance(each, dict) and "schema" in each:
                return each["schema"], pointer_of(["content", name, "schema"], place)
    if not isinstance(raw, dict | bool):
        raise LookupError(f"{reference!r} points at something that is no schema")
    return raw, place
