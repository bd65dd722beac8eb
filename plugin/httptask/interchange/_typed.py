"""Convert the texts of a request to values of the types that an endpoint's schemas describe.

This is the inverse of the serialisation in `building`. It may guess: callers only use a value if it
is serialised to the original text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, unquote_plus

from httptask._core.strict_json import JsonError, parse
from httptask._schema.subschemas import definition_name
from httptask._schema.views import Views
from httptask.interchange._blanks import Blanks
from httptask.model.api import Endpoint, Parameter

Pair = tuple[str, str]
"""(name, value), percent-encoded as in a query."""

_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,400})")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,400})(?:\.\d{1,400})?(?:[eE][-+]?\d{1,3})?")
_DELIMITERS = {
    "form": ",",
    "simple": ",",
    "label": ",",
    "matrix": ",",
    "spaceDelimited": "%20|\\+| ",
    "pipeDelimited": "\\||%7[Cc]",
    "tabDelimited": "%09|\t",
}
"""Style -> a regular expression for the delimiter of an array that does not explode."""
_BRACKETED = re.compile(r"\[([^\[\]]*)\]")
_MOST_FOLLOWED = 20


class Typing:
    """Converts texts to values by the schemas of *endpoint*."""

    def __init__(self, endpoint: Endpoint, blanks: Blanks) -> None:
        self._endpoint = endpoint
        self._blanks = blanks
        self._views = Views({"$defs": dict(endpoint.definitions)})

    def scalar(self, text: str, schema: Any) -> Any:
        """Parse *text* as the type that *schema* names; return it unchanged if that fails."""
        view = self._views.view(schema)
        types = view.types
        if types is None or "string" in types or self._blanks.in_text(text):
            return text
        if "boolean" in types and text in ("true", "false"):
            return text == "true"
        if "integer" in types and _INTEGER.fullmatch(text):
            return int(text)
        if "number" in types and _NUMBER.fullmatch(text):
            return parse(text)
        return text

    def is_of(self, schema: Any, type_name: str) -> bool:
        """Say whether *schema* allows the type *type_name*, but no strings."""
        types = self._views.view(schema).types
        return types is not None and type_name in types and "string" not in types

    def items(self, schema: Any) -> Any:
        """Return the schema of the items of an array with *schema*."""
        for _ in range(_MOST_FOLLOWED):
            if not isinstance(schema, Mapping):
                break
            if "items" in schema:
                return schema["items"]
            name = definition_name(schema.get("$ref"))
            schema = None
            if name is not None:
                schema = self._views.definition(name)
        return {}

    def members(self, schema: Any) -> Mapping[str, Any]:
        """Return name -> schema of the members of an object with *schema*."""
        return self._views.view(schema).properties

    def listed(self, text: str, schema: Any, delimiter: str = ",") -> list[Any]:
        """Split *text*, a percent-encoded array with *schema*, into its items."""
        items = self.items(schema)
        pieces = re.split(delimiter, text)
        return [self.scalar(unquote(piece), items) for piece in pieces]

    # Parameters

    def query(self, pairs: Sequence[Pair]) -> dict[str, Any]:
        """Convert the query *pairs* to the endpoint's parameters. Other pairs stay text."""
        remaining = [(unquote_plus(name), value) for name, value in pairs]
        query: dict[str, Any] = {}
        for parameter in self._endpoint.parameters:
            if parameter.location != "query":
                continue
            parameter_pairs = [
                pair for pair in remaining if self._is_of_parameter(pair[0], parameter)
            ]
            if parameter_pairs:
                remaining = [pair for pair in remaining if pair not in parameter_pairs]
                query[parameter.name] = self._parameter(parameter, parameter_pairs)
        for name, value in remaining:
            text: Any = unquote_plus(value)
            if name in query:
                before = query[name]
                texts = before if isinstance(before, list) else [before]
                text = [*texts, text]
            query[name] = text
        return query

    def _is_of_parameter(self, name: str, parameter: Parameter) -> bool:
        """Say whether the query pair *name* belongs to *parameter*, or to a member of its value."""
        if name == parameter.name:
            return True
        if (parameter.style or "form") == "deepObject":
            return name.startswith(f"{parameter.name}[")
        spread = parameter.explode is not False and self.is_of(parameter.schema, "object")
        return spread and name in self.members(parameter.schema)

    def _parameter(self, parameter: Parameter, pairs: Sequence[Pair]) -> Any:
        """Return the value of *parameter* in its query *pairs*, by media type, style and schema."""
        schema = parameter.schema
        style = parameter.style or "form"
        values = [value for _, value in pairs]
        if parameter.media_type is not None:
            return self._json(unquote_plus(values[0]))
        if style == "deepObject":
            return self._nested(parameter, pairs)
        if self.is_of(schema, "object") and parameter.explode is not False:
            members = self.members(schema)
            return {
                name: self.scalar(unquote_plus(value), members.get(name, {}))
                for name, value in pairs
            }
        explodes = parameter.explode if parameter.explode is not None else style == "form"
        if self.is_of(schema, "array"):
            if explodes or len(values) > 1:
                items = self.items(schema)
                return [self.scalar(unquote_plus(value), items) for value in values]
            return self.listed(values[0], schema, _DELIMITERS.get(style, ","))
        texts = [self.scalar(unquote_plus(value), schema) for value in values]
        if len(texts) == 1:
            return texts[0]
        return texts

    def _nested(self, parameter: Parameter, pairs: Sequence[Pair]) -> Any:
        """Return the value of *pairs* with names such as `name[member]` (deepObject)."""
        value: dict[str, Any] = {}
        for name, text in pairs:
            steps = _BRACKETED.findall(name[len(parameter.name) :])
            holder: Any = value
            schema: Any = parameter.schema
            for step, following in zip(steps, [*steps[1:], None], strict=True):
                schema = (
                    self.items(schema)
                    if isinstance(holder, list)
                    else self.members(schema).get(step)
                )
                if following is None:
                    item = self.scalar(unquote_plus(text), schema)
                    if isinstance(holder, list):
                        holder.append(item)
                    else:
                        holder[step] = item
                elif isinstance(holder, dict):
                    # `name[]` is an item of an array.
                    holder = holder.setdefault(step, [] if following == "" else {})
                else:
                    break
        return value

    def _json(self, text: str) -> Any:
        try:
            return parse(text)
        except JsonError:
            return text

    def path(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Convert *texts*, the percent-encoded values of path parameters."""
        by_name = {
            parameter.name: parameter
            for parameter in self._endpoint.parameters
            if parameter.location == "path"
        }
        return {name: self._of_path(text, by_name.get(name)) for name, text in texts.items()}

    def _of_path(self, text: str, parameter: Parameter | None) -> Any:
        if parameter is None:
            return unquote(text)
        if self.is_of(parameter.schema, "array") and (parameter.style or "simple") == "simple":
            return self.listed(text, parameter.schema)
        return self.scalar(unquote(text), parameter.schema)

    def named(self, location: str, name: str, value: str) -> tuple[str, Any]:
        """Return (name as the endpoint spells it, converted value) of a header or cookie."""
        for parameter in self._endpoint.parameters:
            if parameter.location != location:
                continue
            # Only header names are case-insensitive (RFC 9110, section 5.1).
            if location == "header":
                is_same = parameter.name.lower() == name.lower()
            else:
                is_same = parameter.name == name
            if is_same:
                return parameter.name, self._of_named(value, parameter.schema)
        return name, value

    def _of_named(self, value: str, schema: Any) -> Any:
        if not self.is_of(schema, "array"):
            return self.scalar(value, schema)
        items = self.items(schema)
        texts = [item.strip() for item in value.split(",")]
        return [self.scalar(text, items) for text in texts]

    def form(self, pairs: Sequence[Pair], schema: Any) -> dict[str, Any]:
        """Convert the decoded *pairs* of a form to an object with *schema*."""
        members = self.members(schema)
        value: dict[str, Any] = {}
        for name, texts in _grouped(pairs):
            member = members.get(name, {})
            if self.is_of(member, "array"):
                items = self.items(member)
                value[name] = [self.scalar(text, items) for text in texts]
            else:
                typed = [self.scalar(text, member) for text in texts]
                value[name] = typed[0] if len(typed) == 1 else typed
        return value


def _grouped(pairs: Sequence[Pair]) -> Iterator[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for name, text in pairs:
        groups.setdefault(name, []).append(text)
    yield from groups.items()
