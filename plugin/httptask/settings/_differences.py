"""A response held against its documentation. What differs is a note: APIs and their descriptions
drift apart.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import Path, pointer
from httptask._core.strict_json import dump
from httptask._http.media_types import essence, is_json
from httptask._http.sequences import sequence_of
from httptask._schema.subschemas import definition_name
from httptask._schema.views import View, Views, json_type
from httptask.model.api import Endpoint, MediaType, Response
from httptask.model.exchange import Difference

MOST_DIFFERENCES = 100
_MOST_LOOKED_AT = 50_000
"""Values of a body that are looked at, and what is documented of them."""
_MOST_ITEMS = 500
"""Items of one array that are looked at."""
_DEEPEST = 60
_MOST_OPTIONS = 20
_LONGEST_NAME = 200
"""Characters. What stands below a longer one is not looked at: a pointer is for a person to
read.
"""

_Found = tuple[str, Path, str]
"""Kind, place and message of a difference: most are found in many items, and only the first of them
is written out.
"""


def documented(endpoint: Endpoint, status: int) -> Response | None:
    """Return the response that *endpoint* documents for *status* (OpenAPI: Responses Object)."""
    for name in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
        if name in endpoint.responses:
            return endpoint.responses[name]
    return None


def differences(
    endpoint: Endpoint,
    status: int,
    media_type: str,
    value: Any,
    *,
    is_json: bool,
    missing: bool = False,
) -> list[Difference]:
    """Return how a response differs from what *endpoint* documents; nothing where it documents
    nothing.

    *value* is its decoded body; *missing* says that there could be one and is none. Places that
    differ alike in many items are named once. Never raises, and ends soon, whatever the two hold:
    large bodies are looked at in part.
    """
    if not endpoint.responses:
        return []
    response = documented(endpoint, status)
    if response is None:
        known = ", ".join(endpoint.responses)
        return [
            Difference(
                "status", "", f"the status {status} is not documented; documented are {known}"
            )
        ]
    if missing and response.content:
        known = ", ".join(response.content)
        return [
            Difference(
                "missing",
                "",
                f"a body is documented for {status} and none came; documented are {known}",
            )
        ]
    if not response.content or not media_type:
        return []
    described = _content(response, media_type)
    if described is None:
        known = ", ".join(response.content)
        return [
            Difference(
                "media-type",
                "",
                f"{media_type} is not documented for {status}; documented are {known}",
            )
        ]
    if not is_json or not _describes_items(described, media_type, endpoint):
        return []
    found: dict[tuple[str, Path], Difference] = {}
    comparison = _Comparison(Views({"$defs": endpoint.definitions}))
    with contextlib.suppress(RecursionError):  # what was found until then is no less true
        for kind, path, message in comparison.of(described.schema, value, (), 0):
            alike = kind, tuple("*" if isinstance(part, int) else part for part in path)
            if alike not in found:
                found[alike] = Difference(kind, pointer(path), message)
            if len(found) >= MOST_DIFFERENCES:
                break
    return list(found.values())


def _describes_items(described: MediaType, media_type: str, endpoint: Endpoint) -> bool:
    """Say whether *described* is about the array of items that a sequence is read as; before
    OpenAPI 3.2 nothing says what the schema of one is about.
    """
    if sequence_of(media_type) is None:
        return True
    types = Views({"$defs": endpoint.definitions}).view(described.schema).types
    return types is not None and types <= {"array"}


def _content(response: Response, media_type: str) -> MediaType | None:
    names = {essence(name): each for name, each in response.content.items()}
    kind = media_type.partition("/")[0]
    for name in (media_type, f"{kind}/*", "*/*"):
        if name in names:
            return names[name]
    if not is_json(media_type):
        return None
    return next((content for name, content in names.items() if is_json(name)), None)


class _Comparison:
    def __init__(self, views: Views) -> None:
        self._views = views
        self._left = _MOST_LOOKED_AT
        self._options: dict[int, tuple[View, list[Any]]] = {}

    def of(self, schema: Any, value: Any, path: Path, depth: int) -> Iterator[_Found]:
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            return
        view = self._views.view(schema)
        if view.broken:
            return
        wrong = _wrong_type(view, value)
        if wrong is not None:
            yield "type", path, wrong
            return
        if view.values is not None and value is not None and not self._is_among(view.values, value):
            yield "value", path, f"{_shown(value)} is not one of the documented values"
        if view.unions and value is not None:
            yield from self._best_option(view, value, path, depth)
        elif isinstance(value, dict):
            yield from self._object(view, value, path, depth)
        elif isinstance(value, list) and "items" in view.keywords:
            for index, item in enumerate(value[:_MOST_ITEMS]):
                yield from self.of(view.keywords["items"], item, (*path, index), depth + 1)

    def _is_among(self, values: list[Any], value: Any) -> bool:
        self._left -= len(values) // 20
        return value in values

    def _object(
        self, view: View, value: dict[str, Any], path: Path, depth: int
    ) -> Iterator[_Found]:
        self._left -= len(view.required) // 5
        for name in view.required:
            if (
                name not in value
                and len(name) <= _LONGEST_NAME
                and not self._is_write_only(view.properties.get(name))
            ):
                yield "missing", (*path, name), f"{name!r} is documented as always there"
        open_ended = bool(view.patterns) or isinstance(view.others, Mapping) or view.others is True
        for name, item in value.items():
            if len(name) > _LONGEST_NAME:
                continue
            if name in view.properties:
                yield from self.of(view.properties[name], item, (*path, name), depth + 1)
            elif isinstance(view.others, Mapping):
                yield from self.of(view.others, item, (*path, name), depth + 1)
            elif view.properties and not open_ended:
                yield "undocumented", (*path, name), f"the field {name!r} is not documented"

    def _best_option(self, view: View, value: Any, path: Path, depth: int) -> Iterator[_Found]:
        """Give what differs from the option that fits best; fields that any option knows are
        documented.
        """
        best: list[_Found] | None = None
        for option in self._options_of(view):
            found = list(self.of(option, value, path, depth + 1))
            if best is None or _distance(found) < _distance(best):
                best = found
            if not found:
                return
        yield from best or ()

    def _options_of(self, view: View) -> list[Any]:
        """Return the options of the first choice in *view*, each with what holds for all of them;
        made once.
        """
        kept = self._options.get(id(view))
        if kept is None:
            base = {
                "properties": view.properties,
                "required": list(view.required),
                "additionalProperties": view.others,
            }
            rest = {name: said for name, said in base.items() if said}
            options = [
                {"allOf": [option, rest]} if rest else option
                for option in view.unions[0][:_MOST_OPTIONS]
            ]
            kept = self._options[id(view)] = (view, options)
        return kept[1]

    def _is_write_only(self, schema: Any) -> bool:
        if not isinstance(schema, Mapping):
            return False
        target = definition_name(schema.get("$ref"))
        own = self._views.definition(target) if target is not None else schema
        return isinstance(own, Mapping) and own.get("writeOnly") is True


def _distance(found: list[_Found]) -> tuple[int, int]:
    """Say how far a value is from an option: what is wrong counts before what is only not
    documented.
    """
    return sum(kind != "undocumented" for kind, _, _ in found), len(found)


def _wrong_type(view: View, value: Any) -> str | None:
    if view.types is None or (value is None and view.nullable):
        return None
    kind = json_type(value)
    if kind in view.types or (kind == "integer" and "number" in view.types):
        return None
    types = view.types - {"integer"} if "number" in view.types else view.types
    return f"documented as {' or '.join(sorted(types))}, found {kind}"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "this object" if isinstance(value, dict) else "this array"
    text = dump(value[:80] if isinstance(value, str) else value)
    return text if len(text) <= 80 else text[:77] + "..."
