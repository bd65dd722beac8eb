"""Serialising values as XML, by the XML Objects in their schemas.

See OpenAPI 3.2, XML Object; `attribute` and `wrapped` of 3.0 and 3.1 are understood, too. XML is
only written, never read. Where the specifications leave a choice:

- described elements come first, in the order of the description, as an `xs:sequence` needs them;
  the others follow;
- null is an element with `xsi:nil="true"`; a null attribute or text is left out;
- an item of an array has the name in its own schema, else the name of the wrapper, or without a
  wrapper the name of the array's property;
- a root that the description does not name, neither by a hint nor as a component, must be an object
  with one member: the member's name becomes the name of the root.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from httptask._schema.subschemas import definition_name
from httptask.building._escaping import UnwritableError
from httptask.building._styles import scalar

_DEEPEST = 64
_MOST_FOLLOWED = 100
"""The most schemas that are followed for one value: references in a description may be circular."""
_START = (
    r"A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff"
    r"\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = re.compile(rf"[{_START}][{_START}0-9.\-\xb7\u0300-\u036f\u203f\u2040]*")
"""A name in XML 1.0 (fifth edition, section 2.3) without a colon.

Colons are for prefixes (Namespaces in XML, section 3).
"""
_NO_CHARACTER = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XML = "http://www.w3.org/XML/1998/namespace"
_COMPOSED = ("allOf", "anyOf", "oneOf")

Path = tuple[str | int, ...]


def xml_text(
    value: Any,
    schema: Mapping[str, Any],
    definitions: Mapping[str, Any],
    name: str = "",
) -> str:
    """Serialise *value* as one XML element, described by *schema* with *definitions*.

    *name* is the default name of the element, if the value is a property. Raises `UnwritableError`
    for a value that XML cannot represent, and for a root without a name.
    """
    writer = _Writer(definitions)
    node = writer.node(schema)
    name = node.hints.get("name") or name or node.component or ""
    path = Path()
    if not isinstance(name, str) or not name:
        if not isinstance(value, Mapping) or len(value) != 1:
            raise UnwritableError("unwritable-xml-root")
        ((name, value),) = value.items()
        node = writer.node(node.child(name))
        path = (name,)
    if isinstance(value, list):
        if not node.is_element:
            raise UnwritableError("unwritable-xml-roots", *path)
        return "".join(writer.array(name, value, node, _Scope({"xml": _XML}), path))
    return writer.element(name, value, node, _Scope({"xml": _XML}), path)


def member_schema(
    schema: Mapping[str, Any],
    name: str,
    definitions: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Return the schema of the member *name* in a value of *schema*, or {}.

    References and compositions in *schema* are followed.
    """
    member = _Writer(definitions).node(schema).child(name)
    if isinstance(member, Mapping):
        return member
    return {}


def items_schema(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of the items of an array described by *schema*, or {}."""
    items = _Writer(definitions).node(schema).items
    if isinstance(items, Mapping):
        return items
    return {}


def member_names(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    """Return the names of the members that *schema* describes, in its order."""
    return list(_Writer(definitions).node(schema).properties)


@dataclass(frozen=True, slots=True)
class _Node:
    """A schema for XML, with its references and compositions merged."""

    hints: Mapping[str, Any] = field(default_factory=dict)
    """The XML Object."""
    component: str | None = None
    """The name of the definition that the schema refers to."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    others: Any = None
    """The schema of additional properties."""
    items: Any = None

    def child(self, name: str) -> Any:
        """Return the schema of the member *name*."""
        return self.properties.get(name, self.others)

    @property
    def kind(self) -> str:
        """The kind of node: `attribute`, `text`, `cdata`, `none`, or by default `element`."""
        node_type = self.hints.get("nodeType")
        if node_type in ("attribute", "text", "cdata", "none"):
            return str(node_type)
        if self.hints.get("attribute") is True:
            return "attribute"
        # `x-text` is a widespread extension, from before 3.2.
        if self.hints.get("x-text") is True:
            return "text"
        return "element"

    @property
    def is_element(self) -> bool:
        """Whether an array is written as an element around the elements of its items."""
        return self.hints.get("wrapped") is True or self.hints.get("nodeType") == "element"


class _Writer:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def node(self, schema: Any) -> _Node:
        """Merge *schema* with its references and compositions; outer schemas take precedence."""
        hints: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        component = None
        additional = None
        items = None
        pending = [(schema, True)]
        for _ in range(_MOST_FOLLOWED):
            if not pending:
                break
            part, is_same = pending.pop(0)
            if not isinstance(part, Mapping):
                continue
            # A part of a composition describes members; only some parts may name the whole value
            # (`_names_the_whole`).
            own_hints = part.get("xml")
            if isinstance(own_hints, Mapping) and is_same:
                hints = {**own_hints, **hints}
            own_properties = part.get("properties")
            properties = {
                **(own_properties if isinstance(own_properties, Mapping) else {}),
                **properties,
            }
            additional = part.get("additionalProperties") if additional is None else additional
            items = part.get("items") if items is None else items
            name = definition_name(part.get("$ref"))
            if name is not None:
                component = component or (name if is_same else None)
                pending.append((self._definitions.get(name), is_same))
            for keyword in _COMPOSED:
                parts = part.get(keyword)
                if isinstance(parts, list):
                    pending += [
                        (member, is_same and _names_the_whole(member, parts, keyword))
                        for member in parts
                    ]
        return _Node(hints, component, properties, additional, items)

    def element(
        self,
        name: str,
        value: Any,
        node: _Node,
        scope: _Scope,
        path: Path,
    ) -> str:
        """Serialise *value* as the element *name*; *scope* is the scope of its parent."""
        if len(path) > _DEEPEST:
            raise UnwritableError("unwritable-depth", *path, limit=_DEEPEST)
        scope = _Scope(scope.known)
        tag = scope.qualified(name, node.hints, path)
        if value is None:
            nil = scope.qualified("nil", {"prefix": "xsi", "namespace": _XSI}, path)
            return _element(tag, scope, [f' {nil}="true"'], [])
        return _element(tag, scope, *self._attributes_and_content(value, node, scope, path))

    def array(
        self,
        name: str,
        values: list[Any],
        node: _Node,
        scope: _Scope,
        path: Path,
    ) -> Iterator[str]:
        """Yield the XML of the array *values*: one element around all items, or one per item."""
        item = self.node(node.items)
        if not node.is_element:
            yield from self._items(item.hints.get("name") or name, values, item, scope, path)
            return
        scope = _Scope(scope.known)
        outer = node.hints.get("name") or name
        tag = scope.qualified(outer, node.hints, path)
        yield _element(
            tag,
            scope,
            [],
            self._items(item.hints.get("name") or outer, values, item, scope, path),
        )

    def _items(
        self,
        name: str,
        values: list[Any],
        node: _Node,
        scope: _Scope,
        path: Path,
    ) -> Iterator[str]:
        for index, value in enumerate(values):
            yield from self._child(name, value, node, scope, (*path, index))

    def _child(
        self,
        name: str,
        value: Any,
        node: _Node,
        scope: _Scope,
        path: Path,
    ) -> Iterator[str]:
        if len(path) > _DEEPEST:
            raise UnwritableError("unwritable-depth", *path, limit=_DEEPEST)
        if isinstance(value, list):
            yield from self.array(name, value, node, scope, path)
        else:
            yield self.element(name, value, node, scope, path)

    def _attributes_and_content(
        self,
        value: Any,
        node: _Node,
        scope: _Scope,
        path: Path,
    ) -> tuple[list[str], list[str]]:
        """Return the attributes and the content of the element for *value*."""
        if not isinstance(value, Mapping):
            return [], [_text(value, path)]
        attributes: list[str] = []
        content: list[str] = []
        for name in [
            # In the order of the description: `xs:sequence` accepts no other.
            *(name for name in node.properties if name in value),
            *(name for name in value if name not in node.properties),
        ]:
            child = self.node(node.child(name))
            item = value[name]
            item_path = (*path, name)
            hinted_name = None
            if not isinstance(item, list):
                hinted_name = child.hints.get("name")
            if child.kind == "attribute":
                attributes += _attribute(hinted_name or name, item, child.hints, scope, item_path)
            elif child.kind == "text":
                content.append(_text(item, item_path))
            elif child.kind == "cdata":
                content.append(_cdata(item, item_path))
            elif child.kind == "none" and isinstance(item, Mapping):
                inner_attributes, inner_content = self._attributes_and_content(
                    item, child, scope, item_path
                )
                attributes += inner_attributes
                content += inner_content
            else:
                content += self._child(hinted_name or name, item, child, scope, item_path)
        return attributes, content


def _names_the_whole(part: Any, parts: list[Any], keyword: str) -> bool:
    """Say whether *part*, one of *parts* of a composition, may name the whole value.

    The only part of a composition may, and in `allOf` any inline part: its hints are about this
    value. A reference beside other parts may not, because the reference only adds members, unless
    the other parts have only hints and annotations: OpenAPI 3.0 annotates a reference in this way.
    """
    if len(parts) == 1:
        return True
    if keyword != "allOf":
        return False
    is_reference = isinstance(part, Mapping) and "$ref" in part
    others = (other for other in parts if other is not part)
    return not is_reference or all(
        isinstance(other, Mapping) and other.keys() <= _BESIDE for other in others
    )


_BESIDE = frozenset(
    (
        "xml",
        "description",
        "title",
        "deprecated",
        "example",
        "examples",
        "default",
        "externalDocs",
        "nullable",
        "readOnly",
        "writeOnly",
    )
)
"""Keywords that do not describe the shape of a value."""


class _Scope:
    """The namespaces in scope of one element, and the declarations on the element itself."""

    def __init__(self, outer: Mapping[str, str]) -> None:
        self.known = dict(outer)
        """Prefix -> namespace; "" is the prefix of the default namespace."""
        self.declared: list[str] = []
        self._used: dict[str, str] = {}

    def qualified(
        self,
        name: Any,
        hints: Mapping[str, Any],
        path: Path,
        *,
        is_attribute: bool = False,
    ) -> str:
        """Return *name* with the prefix in *hints*, and declare the prefix's namespace if
        necessary.

        Raises `UnwritableError`.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise UnwritableError("unwritable-xml-name", *path, name=name)
        prefix, namespace = (str(hints.get(hint) or "") for hint in ("prefix", "namespace"))
        # An attribute without a prefix has no namespace (Namespaces in XML, section 6.2).
        if is_attribute and namespace and not prefix:
            prefixes = (
                known_prefix
                for known_prefix, other in self.known.items()
                if known_prefix and other == namespace
            )
            prefix = next(prefixes, f"ns{len(self.known)}")
        if prefix and not _NAME.fullmatch(prefix):
            raise UnwritableError("unwritable-xml-prefix", *path, found=prefix)
        namespace = namespace or self.known.get(prefix, "")
        if prefix and not namespace:
            raise UnwritableError("unwritable-xml-prefix-unbound", *path, found=prefix)
        if self._used.setdefault(prefix, namespace) != namespace:
            raise UnwritableError("unwritable-xml-prefix-twice", *path, found=prefix)
        if self.known.get(prefix, "") != namespace:
            self.known[prefix] = namespace
            self.declared.append(
                f" xmlns{':' if prefix else ''}{prefix}={_quoted(namespace, path)}"
            )
        return f"{prefix}:{name}" if prefix else name


def _element(
    tag: str,
    scope: _Scope,
    attributes: Iterable[str],
    content: Iterable[str],
) -> str:
    inner = "".join(content)
    start = f"<{tag}{''.join(scope.declared)}{''.join(attributes)}"
    return f"{start}>{inner}</{tag}>" if inner else f"{start}/>"


def _attribute(
    name: str,
    value: Any,
    hints: Mapping[str, Any],
    scope: _Scope,
    path: Path,
) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, list | Mapping):
        raise UnwritableError("unwritable-xml-attribute", *path)
    qualified = scope.qualified(name, hints, path, is_attribute=True)
    yield f" {qualified}={_quoted(_scalar(value, path), path)}"


def _text(value: Any, path: Path) -> str:
    if isinstance(value, list | Mapping):
        raise UnwritableError("unwritable-xml-text", *path)
    return escape(_characters(_scalar(value, path), path), {"\r": "&#13;"})


def _scalar(value: Any, path: Path) -> str:
    try:
        return scalar(value)
    except UnwritableError as error:
        raise error.below(*path) from error


def _cdata(value: Any, path: Path) -> str:
    _text(value, path)
    text = scalar(value)
    if "\r" in text:
        raise UnwritableError("unwritable-xml-cdata", *path)
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>" if text else ""


def _quoted(text: str, path: Path) -> str:
    return quoteattr(_characters(text, path))


def _characters(text: str, path: Path) -> str:
    wrong = _NO_CHARACTER.search(text)
    if wrong:
        raise UnwritableError("unwritable-xml-character", *path, character=wrong[0])
    return text
