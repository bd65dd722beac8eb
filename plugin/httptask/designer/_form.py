"""Settings schema -> form: what a page has to know to let a person fill in the settings, in eleven
kinds of field.

A form is bounded whatever the schema is: what is required comes first, and what is recursive or
over the budget is a stub with a link that is expanded when somebody opens it.
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
from httptask.designer._kinds import MOST_OF_ONE, add_members, is_secret, json_of, type_text
from httptask.designer._places import BELOW, GROUPS, Place, Places
from httptask.designer._raw_json import needs
from httptask.designer._text import rendered
from httptask.model.api import Endpoint

MOST_FIELDS = 600
"""Fields of one answer; the rest are links."""
_MOST_STEPS = 200
"""Steps of a link."""
_LONGEST_TEXT = 4_000
"""Characters of a field's description."""
_LONGEST_VALUE = 2_000
"""Characters of a default or an example, as JSON."""
_MOST_EXAMPLES = 5
_MOST_NAMED = 3
"""Names that an option without a title is called by."""

_UNTYPED = {"kind": "any", "type": "any value"}


def form_of(endpoint: Endpoint, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of *schema*, the settings schema of *endpoint*.

    `{"target", "url", "method", "inputParameters", "groups": [{"name", "title", "required",
    "field"}], "open"}`; see `schemas/designer-api.openapi.json` for the fields.
    """
    return _form(Places(endpoint, schema), endpoint, schema)


def form_with_needs(endpoint: Endpoint, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return `{"form", "rawJson": {"any", "required"}}`: `form_of`, and `needs_raw_json` of the
    same places.

    The need is looked for in as many places as somebody is likely to see, not to the end of an
    endless schema.
    """
    places = Places(endpoint, schema)
    form = _form(places, endpoint, schema)
    anywhere, required = needs(places, 2 * MOST_FIELDS, beyond=False)
    return {"form": form, "rawJson": {"any": anywhere, "required": required}}


_ELSEWHERE = (
    "type",
    "description",
    "endpoint",
    "inputParameters",
    "credentials",
    "httpRequest",
    "nextTask",
    "end",
)
"""Properties of a task that are no settings of how it is run, or that a page has a place of its own
for.
"""


@cache
def task_settings() -> list[dict[str, Any]]:
    """Return the fields of everything a task says of how it is run, as
    `schemas/http-task.schema.json` has it.
    """
    places = Places(None, packaged.schema("http-task"))
    fields = [_Fields(places).built(place) for place in places.properties(_ELSEWHERE)]
    for field in fields:
        for each in (field, *field.get("fields", ())):
            each.setdefault("title", _words(each["name"]))
            if each["name"].endswith("Seconds"):
                each["type"] = "seconds"
    return fields


def _words(name: str) -> str:
    """Return what a property is called that has no title: `responseCharset` is `Response
    charset`.
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).capitalize()


def field_at(endpoint: Endpoint, schema: Mapping[str, Any], link: str) -> dict[str, Any]:
    """Return the field that a stub's *link* stands for, expanded. Raises `LookupError` for a link
    that leads nowhere.
    """
    places = Places(endpoint, schema)
    tokens = parts(link)
    place = next((group for group in places.groups() if group.path == tokens[:1]), None)
    if place is None or len(tokens) > _MOST_STEPS:
        raise LookupError(link)
    steps = deque(tokens[1:])
    while steps:
        place = places.step(place, steps)
    # From here on only what is below counts as a repetition.
    return _Fields(places).built(place.fresh())


def _form(places: Places, endpoint: Endpoint, schema: Mapping[str, Any]) -> dict[str, Any]:
    groups = []
    fields = _Fields(places)
    for place in places.groups():
        name = str(place.path[0])
        if name == "body" or place.kind != "object" or any(True for _ in places.children(place)):
            group = {
                "name": name,
                "title": GROUPS[name],
                "required": place.required,
                "field": fields.built(place),
            }
            groups.append(group)
    url = schema.get("properties", {}).get("url", {})
    return {
        "target": endpoint.target,
        "url": {"default": url["default"]} if isinstance(url, Mapping) and "default" in url else {},
        "method": endpoint.method,
        "inputParameters": {"kind": "map", "type": "object", "values": _UNTYPED},
        "groups": groups,
        "open": ["headers"],
    }


# Fields


Made = dict[str, Any]
"""A field, as JSON."""


class _Fields:
    """Makes the fields of one answer, as many as its budget allows."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._left = MOST_FIELDS

    def built(self, root: Place) -> Made:
        """Return the field of *root* with what is below it, required places first."""
        result = self._field(root)
        urgent = deque([(root, result)])
        later: deque[tuple[Place, Made]] = deque()
        while urgent or later:
            place, field = urgent.popleft() if urgent else later.popleft()
            if place.kind not in BELOW:
                continue
            # The root is always expanded: whoever asked for a link wants to see something.
            if field is not result and (self._left <= 0 or place.recursive):
                field["link"] = pointer(place.path)
                continue
            for child, made in self._below(place, field):
                (urgent if child.required and place.kind == "object" else later).append(
                    (child, made)
                )
        return result

    def _below(self, place: Place, field: Made) -> list[tuple[Place, Made]]:
        below = [(child, self._field(child)) for child in self._places.children(place)]
        self._left -= len(below)
        if place.kind == "object":
            below.sort(key=lambda each: not each[0].required)
            field["fields"] = []
        for child, made in below:
            _ADD[str(child.path[len(place.path)])](field, made)
        if place.kind == "union":
            self._describe_options(place, field, below)
        return below

    def _describe_options(
        self, place: Place, field: Made, options: list[tuple[Place, Made]]
    ) -> None:
        """Say how to tell the options of a union apart: by name for a person, by shape for a value
        that is there already.
        """
        shapes = [self._shape(option) for option, _ in options]
        names = [list(option.view.required or option.view.properties) for option, _ in options]
        for index, (_, made) in enumerate(options):
            others = [name for place, each in enumerate(names) if place != index for name in each]
            made.setdefault("title", _called(made, index, names[index], others))
            made["shape"] = shapes[index]
        constants = [shape.get("const", {}) for shape in shapes]
        names = (
            [name for name in constants[0] if all(name in each for each in constants)]
            if len(constants) > 1
            else []
        )
        wanted = place.view.keywords.get("discriminator", {}).get("propertyName")
        for name in sorted(names, key=lambda each: each != wanted):
            values = [each[name] for each in constants]
            if all(isinstance(value, str) for value in values) and len(set(values)) == len(values):
                field["discriminator"] = {
                    "property": name,
                    "values": {value: i for i, value in enumerate(values)},
                }
                return

    def _shape(self, option: Place) -> dict[str, Any]:
        view = option.view
        constants = {}
        for name, schema in list(view.properties.items())[:MOST_OF_ONE]:
            values = self._places.views.view(schema).values
            if values is not None and len(values) == 1:
                constants[name] = values[0]
        shape: dict[str, Any] = {"json": json_of(view, option.kind)}
        if view.required:
            shape["required"] = list(view.required)
        return shape | ({"const": constants} if constants else {})

    def _field(self, place: Place) -> Made:
        view = place.view
        field: Made = {
            "kind": "any" if place.kind == "raw" else place.kind,
            "type": type_text(self._places.views, view, place.kind),
        }
        if place.name is not None:
            field["name"] = place.name
        if place.required:
            field["required"] = True
        field |= _documentation(place)
        if view.nullable:
            field["nullable"] = True
        if place.kind == "raw":
            field["raw"] = True
        if place.kind == "string" and is_secret(view, place.name, str(place.path[0])):
            field["secret"] = True
        add_members(field, view, place.kind)
        if field["kind"] == "any" and place.path[0] in _TEXTUAL:
            field["textual"] = True
        if field.get("encoding") == "upload" and not self._places.carries_files:
            field["encoding"] = (
                "base64"  # a text all the same: what is binary in JSON is written so
            )
        return field


def _documentation(place: Place) -> Made:
    """Return what a description tells a person of the field at *place*: its title, its text, its
    default and examples.
    """
    keywords, told = place.view.keywords, Made()
    title = (place.title or keywords.get("title", "")).strip()
    if title and title != place.name:
        told["title"] = title[:200]
    if description := keywords.get("description", "").strip():
        told["description"] = rendered(_cut(description))
    if keywords.get("deprecated"):
        told["deprecated"] = True
    if "default" in keywords and _is_short(keywords["default"]):
        told["default"] = keywords["default"]
    if examples := [
        each for each in keywords.get("examples", [])[:_MOST_EXAMPLES] if _is_short(each)
    ]:
        told["examples"] = examples
    return told


_TEXTUAL = frozenset(("pathParameters", "headers", "query", "cookies"))
"""Groups whose values are written as text: what reads as JSON there is text until somebody says
that it is not.
"""


def _called(option: Made, index: int, names: list[str], others: list[str]) -> str:
    """Return what an option without a title is called: by the *names* that only it has, or those
    that only *others* have.
    """
    if option["kind"] not in ("object", "union"):
        return str(option["type"])
    for word, some, than in (("with", names, set(others)), ("without", others, set(names))):
        telling = [name for name in dict.fromkeys(some) if name not in than]
        if telling:
            return (
                f"{word}"
                f" {', '.join(telling[:_MOST_NAMED])}{', …' if len(telling) > _MOST_NAMED else ''}"
            )
    return f"Form {index + 1}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT].rsplit(None, 1)[0] + " …"


def _is_short(value: Any) -> bool:
    try:
        return len(dump(value)) <= _LONGEST_VALUE
    except (ValueError, TypeError, RecursionError):
        return False


# Putting children in


def _append(member: str) -> Callable[[Made, Made], None]:
    return lambda field, child: field.setdefault(member, []).append(child)


def _set(member: str) -> Callable[[Made, Made], None]:
    return lambda field, child: field.__setitem__(member, child)


_ADD = {
    "fields": _append("fields"),
    "extra": _set("extra"),
    "values": _set("values"),
    "items": _set("items"),
    "prefix": _append("prefix"),
    "options": _append("options"),
}
"""The first step to a child -> what puts it into its parent's field."""
