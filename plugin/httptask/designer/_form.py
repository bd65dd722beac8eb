"""Turn a settings schema into a form: fields of eleven kinds in which a person enters the settings.

A form is bounded, whatever its schema. Required fields come first. A field that is recursive, or
exceeds the budget, is a stub with a link, which is expanded when somebody opens it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from httptask._core import packaged
from httptask._core.pointers import parts, pointer
from httptask._core.strict_json import dump
from httptask.designer._form_tree import BELOW, GROUPS, FormTree, Node
from httptask.designer._kinds import MOST_OF_ONE, add_members, is_secret, json_of, type_text
from httptask.designer._markdown import rendered
from httptask.designer._raw_json import needs
from httptask.model.api import Endpoint
from httptask.task.pagination import settings_by_mode

MOST_FIELDS = 600
"""Maximum number of fields in one response. The rest are links."""
_MOST_STEPS = 200
"""Maximum number of steps in a link."""
_LONGEST_TEXT = 4_000
"""Maximum characters of a field's description."""
_LONGEST_VALUE = 2_000
"""Maximum characters of a default or an example, as JSON."""
_MOST_EXAMPLES = 5
_MOST_NAMED = 3
"""Maximum number of fields in the generated title of an option."""

_UNTYPED = {"kind": "any", "type": "any value"}


def form_of(endpoint: Endpoint, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of *schema*, the settings schema of *endpoint*.

    `{"target", "url", "method", "inputParameters", "groups": [{"name", "title", "required",
    "field"}], "open"}`; see `schemas/designer-api.openapi.json` for the fields.
    """
    return _form(FormTree(endpoint, schema), endpoint, schema)


def form_with_needs(endpoint: Endpoint, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return `{"form", "rawJson": {"any", "required"}}`: `form_of` and `needs_raw_json` together.

    Only as many nodes are searched for raw JSON as a person is likely to see, because a schema may
    be endless.
    """
    tree = FormTree(endpoint, schema)
    form = _form(tree, endpoint, schema)
    anywhere, required = needs(tree, 2 * MOST_FIELDS, beyond=False)
    return {"form": form, "rawJson": {"any": anywhere, "required": required}}


def whole_field(schema: Mapping[str, Any]) -> Field:
    """Return the field for any value of *schema*, with the fields in it."""
    tree = FormTree(None, {"$defs": schema.get("$defs", {}), "properties": {"body": schema}})
    (node,) = tree.groups()
    return _Fields(tree).built(node)


_SHOWN_ELSEWHERE = (
    "type",
    "description",
    "endpoint",
    "inputParameters",
    "credentials",
    "httpRequest",
    "nextTask",
    "end",
    "onError",
)
"""Members of a task that do not concern how it is run, or that a page shows elsewhere."""


@cache
def task_settings() -> list[dict[str, Any]]:
    """Return the fields for how a task is run, from `schemas/http-task.schema.json`."""
    tree = FormTree(None, packaged.schema("http-task"))
    fields = [titled(_Fields(tree).built(node)) for node in tree.properties(_SHOWN_ELSEWHERE)]
    for field in fields:
        if field["name"] == "pagination":
            field["cases"] = {"property": "mode", **settings_by_mode()}
    return fields


def task_form(schema: Mapping[str, Any], *, for_each: bool) -> Field:
    """Return the form for a task, made from the *schema* of its type, without its type and routes.

    With *for_each* the form includes `forEach`. Raises `TypeError` or `AttributeError` if the
    schema is not one.
    """
    properties = dict(schema.get("properties", {}))
    if for_each:
        flow = packaged.schema("workflow-definition")["$defs"]["flow"]
        properties["forEach"] = flow["properties"]["forEach"]
    own = {
        **schema,
        "properties": {name: value for name, value in properties.items() if name not in ROUTES},
        "required": [name for name in schema.get("required", ()) if name not in ROUTES],
    }
    return titled(closed(whole_field(own)))


ROUTES = frozenset(("type", "nextTask", "end", "onError"))
"""Members of a task that a page shows elsewhere."""


def titled(field: Field) -> Field:
    """Return *field* with titles in words for it and the fields directly in it."""
    for item in (field, *field.get("fields", ())):
        if "name" in item:
            item.setdefault("title", _words(item["name"]))
            if item["name"].endswith("Seconds"):
                item["type"] = "seconds"
    return field


def closed(field: Field) -> Field:
    """Return *field* without links: fields that would be loaded later are entered as JSON
    instead.
    """
    pending: list[Any] = [field]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            if value.pop("link", None) is not None:
                value |= {"kind": "any", "raw": True}
            pending += value.values()
    return field


def _words(name: str) -> str:
    """Return a title for the property *name*: `Response charset` for `responseCharset`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]+", " ", name).capitalize()


def field_at(
    endpoint: Endpoint,
    schema: Mapping[str, Any],
    link: str,
) -> dict[str, Any]:
    """Return the field for a stub's *link*, expanded.

    Raises `LookupError` if the link leads nowhere.
    """
    tree = FormTree(endpoint, schema)
    tokens = parts(link)
    node = next((group for group in tree.groups() if group.path == tokens[:1]), None)
    if node is None or len(tokens) > _MOST_STEPS:
        raise LookupError(link)
    steps = deque(tokens[1:])
    while steps:
        node = tree.step(node, steps)
    # Recursion is counted from this field on, since the person who opened it wants to see more.
    return _Fields(tree).built(node.fresh())


def _form(
    tree: FormTree,
    endpoint: Endpoint,
    schema: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the form: see `form_of`. Empty groups are left out, except the body."""
    groups = []
    fields = _Fields(tree)
    for node in tree.groups():
        name = str(node.path[0])
        is_empty = node.kind == "object" and not any(True for _ in tree.children(node))
        if name == "body" or not is_empty:
            group = {
                "name": name,
                "title": GROUPS[name],
                "required": node.required,
                "field": fields.built(node),
            }
            groups.append(group)
    url = schema.get("properties", {}).get("url", {})
    has_default = isinstance(url, Mapping) and "default" in url
    return {
        "target": endpoint.target,
        "url": {"default": url["default"]} if has_default else {},
        "method": endpoint.method,
        "inputParameters": {"kind": "map", "type": "object", "values": _UNTYPED},
        "groups": groups,
        "open": ["headers", "query", "cookies"],
    }


# Fields


Field = dict[str, Any]
"""A field, as JSON."""


class _Fields:
    """Makes the fields of one response within its budget."""

    def __init__(self, tree: FormTree) -> None:
        self._tree = tree
        self._remaining = MOST_FIELDS

    def built(self, root: Node) -> Field:
        """Return the field of *root* with the fields below it, required ones first."""
        result = self._field(root)
        urgent = deque([(root, result)])
        later: deque[tuple[Node, Field]] = deque()
        while urgent or later:
            node, field = urgent.popleft() if urgent else later.popleft()
            if node.kind not in BELOW:
                continue
            # The root is always expanded: a link in its place would lead to the root itself.
            if field is not result and (self._remaining <= 0 or node.recursive):
                field["link"] = pointer(node.path)
                continue
            for child, child_field in self._below(node, field):
                is_urgent = child.required and node.kind == "object"
                (urgent if is_urgent else later).append((child, child_field))
        return result

    def _below(self, node: Node, field: Field) -> list[tuple[Node, Field]]:
        """Add the fields directly below *node* to its *field*, and return them."""
        children = [(child, self._field(child)) for child in self._tree.children(node)]
        self._remaining -= len(children)
        if node.kind == "object":
            children.sort(key=lambda child: not child[0].required)
            field["fields"] = []
        for child, child_field in children:
            _ADD[str(child.path[len(node.path)])](field, child_field)
        if node.kind == "union":
            self._describe_options(node, field, children)
        return children

    def _describe_options(
        self,
        node: Node,
        field: Field,
        options: list[tuple[Node, Field]],
    ) -> None:
        """Add to the options of a union what tells them apart.

        A person tells them apart by title. An existing value is recognised by its shape, or by a
        constant field that acts as a discriminator.
        """
        shapes = [self._shape(option) for option, _ in options]
        names = [list(option.view.required or option.view.properties) for option, _ in options]
        for index, (_, option_field) in enumerate(options):
            others = [
                name
                for option_names in (*names[:index], *names[index + 1 :])
                for name in option_names
            ]
            title = _option_title(option_field, index, names[index], others)
            option_field.setdefault("title", title)
            option_field["shape"] = shapes[index]
        if len(options) > 1:
            declared = node.view.keywords.get("discriminator", {}).get("propertyName")
            _discriminate(field, [shape.get("const", {}) for shape in shapes], declared)

    def _shape(self, option: Node) -> dict[str, Any]:
        """Return the shape by which a value of *option* is recognised: JSON type, required fields,
        constants.
        """
        view = option.view
        constants = {}
        for name, schema in list(view.properties.items())[:MOST_OF_ONE]:
            values = self._tree.views.view(schema).values
            if values is not None and len(values) == 1:
                constants[name] = values[0]
        shape: dict[str, Any] = {"json": json_of(view, option.kind)}
        if view.required:
            shape["required"] = list(view.required)
        return shape | ({"const": constants} if constants else {})

    def _field(self, node: Node) -> Field:
        """Return the field of *node* without the fields below it."""
        view = node.view
        field: Field = {
            "kind": "any" if node.kind == "raw" else node.kind,
            "type": type_text(self._tree.views, view, node.kind),
        }
        if node.name is not None:
            field["name"] = node.name
        if node.required:
            field["required"] = True
        field |= _documentation(node)
        if view.nullable:
            field["nullable"] = True
        if node.kind == "raw":
            field["raw"] = True
        if node.kind == "string" and is_secret(view, node.name, str(node.path[0])):
            field["secret"] = True
        add_members(field, view, node.kind)
        if node.kind == "any" and (types := self._tree.scalar_types(view)):
            field |= self._one_box(node, types)
        if field["kind"] == "any" and node.path[0] in _TEXTUAL:
            field["textual"] = True
        if field.get("encoding") == "upload" and not self._tree.carries_files:
            # JSON and forms are text, so binary content is encoded in base64.
            field["encoding"] = "base64"
        return field

    def _one_box(self, node: Node, types: list[str]) -> Field:
        """Return the members of the field for a union of scalars of these *types*, typed in
        one box.
        """
        options = self._tree.scalar_options(node)
        members: Field = {"type": " or ".join(types), "types": types}
        members["options"] = [self._field(option) for option in options]
        values = [value for option in options for value in option.view.values or ()]
        if values:
            members["keys"] = {
                "kind": "enum",
                "type": "value",
                "values": values[:MOST_OF_ONE],
            }
        return members


def _discriminate(
    field: Field,
    constants: list[dict[str, Any]],
    declared: str | None,
) -> None:
    """Give *field* a discriminator, if a member's *constants* tell its options apart.

    The *declared* member is tried first (OpenAPI: Discriminator Object).
    """
    shared = [name for name in constants[0] if all(name in option for option in constants)]
    for name in sorted(shared, key=lambda name: name != declared):
        values = [option[name] for option in constants]
        if all(isinstance(value, str) for value in values) and len(set(values)) == len(values):
            indices = {value: index for index, value in enumerate(values)}
            field["discriminator"] = {"property": name, "values": indices}
            return


def _documentation(node: Node) -> Field:
    """Return the title, description, default and examples of the field of *node*."""
    keywords = node.view.keywords
    documentation = Field()
    title = (node.title or keywords.get("title", "")).strip()
    if title and title != node.name:
        documentation["title"] = title[:200]
    description = keywords.get("description", "").strip()
    if description:
        documentation["description"] = rendered(_cut(description))
    if keywords.get("deprecated"):
        documentation["deprecated"] = True
    if "default" in keywords and _is_short(keywords["default"]):
        documentation["default"] = keywords["default"]
    first_examples = keywords.get("examples", [])[:_MOST_EXAMPLES]
    examples = [example for example in first_examples if _is_short(example)]
    if examples:
        documentation["examples"] = examples
    return documentation


_TEXTUAL = frozenset(("pathParameters", "headers", "query", "cookies"))
"""Groups whose values are text on the wire.

A typed value that looks like JSON stays text there until a person chooses another type.
"""


def _option_title(
    option: Field,
    index: int,
    names: list[str],
    others: list[str],
) -> str:
    """Return a title for an option without one.

    It lists the fields in *names* that *others* lack, or else the fields in *others* that *names*
    lacks.
    """
    if option["kind"] not in ("object", "union"):
        return str(option["type"])
    for word, some, excluded in (("with", names, set(others)), ("without", others, set(names))):
        distinctive = [name for name in dict.fromkeys(some) if name not in excluded]
        if distinctive:
            more = ", …" if len(distinctive) > _MOST_NAMED else ""
            return f"{word} {', '.join(distinctive[:_MOST_NAMED])}{more}"
    return f"Form {index + 1}"


def _cut(text: str) -> str:
    """Return *text*, cut between words if it is too long for a field."""
    if len(text) <= _LONGEST_TEXT:
        return text
    return text[:_LONGEST_TEXT].rsplit(None, 1)[0] + " …"


def _is_short(value: Any) -> bool:
    try:
        return len(dump(value)) <= _LONGEST_VALUE
    except (ValueError, TypeError, RecursionError):
        return False


# Adding children to their field


def _append(member: str) -> Callable[[Field, Field], None]:
    return lambda field, child: field.setdefault(member, []).append(child)


def _set(member: str) -> Callable[[Field, Field], None]:
    return lambda field, child: field.__setitem__(member, child)


_ADD = {
    "fields": _append("fields"),
    "extra": _set("extra"),
    "values": _set("values"),
    "items": _set("items"),
    "prefix": _append("prefix"),
    "options": _append("options"),
}
"""First step of the path to a child -> a function that adds the child's field to its parent's."""
