"""Compare a response with its documentation.

Differences are notes: APIs and descriptions drift apart.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import Path
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import dump
from httptask._http.media_types import essence, is_json
from httptask._http.sequences import sequence_of
from httptask._schema.subschemas import definition_name
from httptask._schema.views import View, Views, json_type
from httptask.model.api import Endpoint, MediaType, Response
from httptask.model.exchange import Difference

MOST_DIFFERENCES = 100
_MOST_LOOKED_AT = 50_000
"""Comparisons per body; most of them look at one value, long lists count for more."""
_MOST_ITEMS = 500
"""Items of one array that are compared."""
_DEEPEST = 60
_MOST_OPTIONS = 20
_LONGEST_NAME = 200
"""Characters. Values below a longer name are skipped: a person has to read the pointer."""

_Deviation = tuple[str, Path, str]
"""Kind, path and message of a difference.

The same one often recurs in many items; only the first is reported.
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
    """Return the differences between a response and the documentation of *endpoint*.

    *value* is the decoded body; *missing* means that a body was possible and none came. The result
    is empty if nothing is documented. A difference that recurs in many items is reported once.
    Never raises, and takes bounded time: only parts of a large body are compared.
    """
    if not endpoint.responses:
        return []
    response = documented(endpoint, status)
    if response is None:
        names = ", ".join(endpoint.responses)
        message = f"the status {status} is not documented; documented are {names}"
        return [Difference("status", "", message)]
    names = ", ".join(response.content)
    if missing and response.content:
        message = f"a body is documented for {status} and none came; documented are {names}"
        return [Difference("missing", "", message)]
    if not response.content or not media_type:
        return []
    content = _content(response, media_type)
    if content is None:
        message = f"{media_type} is not documented for {status}; documented are {names}"
        return [Difference("media-type", "", message)]
    if not is_json or not _describes_items(content, media_type, endpoint):
        return []
    return _distinct(_Comparison(Views({"$defs": endpoint.definitions})), content.schema, value)


def _distinct(comparison: _Comparison, schema: Any, value: Any) -> list[Difference]:
    """Return the deviations of *value*, the first of any that differ only in an array index."""
    distinct: dict[tuple[str, Path], Difference] = {}
    # After a RecursionError, the differences reported before it still hold.
    with contextlib.suppress(RecursionError):
        for kind, path, message in comparison.of(schema, value, (), 0):
            key = kind, tuple("*" if isinstance(step, int) else step for step in path)
            if key not in distinct:
                distinct[key] = Difference(kind, pointer_of(path), message)
            if len(distinct) >= MOST_DIFFERENCES:
                break
    return list(distinct.values())


def _describes_items(content: MediaType, media_type: str, endpoint: Endpoint) -> bool:
    """Say whether *content* describes the array of items as which a body of *media_type* is read.

    True for every media type but sequences (such as JSON lines). Before OpenAPI 3.2 nothing says
    whether the schema of a sequence describes one item or the whole.
    """
    if sequence_of(media_type) is None:
        return True
    types = Views({"$defs": endpoint.definitions}).view(content.schema).types
    return types is not None and types <= {"array"}


def _content(response: Response, media_type: str) -> MediaType | None:
    """Return what *response* documents for *media_type*: by name, by range, or as other JSON."""
    contents = {essence(name): content for name, content in response.content.items()}
    main_type = media_type.partition("/")[0]
    for name in (media_type, f"{main_type}/*", "*/*"):
        if name in contents:
            return contents[name]
    if not is_json(media_type):
        return None
    return next((content for name, content in contents.items() if is_json(name)), None)


class _Comparison:
    """Compares one value with its schema until a bound on the work is reached."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._left = _MOST_LOOKED_AT
        self._options: dict[int, tuple[View, list[Any]]] = {}

    def of(
        self,
        schema: Any,
        value: Any,
        path: Path,
        depth: int,
    ) -> Iterator[_Deviation]:
        """Yield the deviations of *value* from *schema*, its members included."""
        # A budget of steps, not of time: the same response has the same differences on every
        # machine.
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            return
        view = self._views.view(schema)
        if view.broken:
            return
        wrong = _wrong_type(view, value)
        if wrong is not None:
            # Its members would all differ as well: the type says it once.
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
                yield from self.of(
                    view.keywords["items"],
                    item,
                    (*path, index),
                    depth + 1,
                )

    def _is_among(self, values: list[Any], value: Any) -> bool:
        self._left -= len(values) // 20
        return value in values

    def _object(
        self,
        view: View,
        value: dict[str, Any],
        path: Path,
        depth: int,
    ) -> Iterator[_Deviation]:
        """Yield the missing, differing and undocumented members of the object *value*."""
        # A long list of required names costs time even if every name is there.
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
                yield from self.of(
                    view.properties[name],
                    item,
                    (*path, name),
                    depth + 1,
                )
            elif isinstance(view.others, Mapping):
                yield from self.of(
                    view.others,
                    item,
                    (*path, name),
                    depth + 1,
                )
            elif view.properties and not open_ended:
                yield "undocumented", (*path, name), f"the field {name!r} is not documented"

    def _best_option(
        self,
        view: View,
        value: Any,
        path: Path,
        depth: int,
    ) -> Iterator[_Deviation]:
        """Yield the deviations from the option that fits best."""
        best: list[_Deviation] | None = None
        for option in self._options_of(view):
            deviations = list(self.of(option, value, path, depth + 1))
            if best is None or _distance(deviations) < _distance(best):
                best = deviations
            if not deviations:
                return
        yield from best or ()

    def _options_of(self, view: View) -> list[Any]:
        """Return the options of the first choice in *view*, each joined with the keywords
        beside it.
        """
        entry = self._options.get(id(view))
        if entry is None:
            keywords = {
                "properties": view.properties,
                "required": list(view.required),
                "additionalProperties": view.others,
            }
            common = {keyword: value for keyword, value in keywords.items() if value}
            options = view.unions[0][:_MOST_OPTIONS]
            if common:
                options = [{"allOf": [option, common]} for option in options]
            # The entry holds the view: were it freed, another view could get its id.
            entry = self._options[id(view)] = (view, options)
        return entry[1]

    def _is_write_only(self, schema: Any) -> bool:
        if not isinstance(schema, Mapping):
            return False
        target = definition_name(schema.get("$ref"))
        own = schema
        if target is not None:
            own = self._views.definition(target)
        return isinstance(own, Mapping) and own.get("writeOnly") is True


def _distance(deviations: list[_Deviation]) -> tuple[int, int]:
    """Return how badly a value fits an option: the number of errors, then of all deviations."""
    return sum(kind != "undocumented" for kind, _, _ in deviations), len(deviations)


def _wrong_type(view: View, value: Any) -> str | None:
    """Return a sentence if *value* has none of the types of *view*, else None."""
    if view.types is None or (value is None and view.nullable):
        return None
    value_type = json_type(value)
    if value_type in view.types or (value_type == "integer" and "number" in view.types):
        return None
    types = view.types - {"integer"} if "number" in view.types else view.types
    return f"documented as {' or '.join(sorted(types))}, found {value_type}"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "this object" if isinstance(value, dict) else "this array"
    text = dump(value[:80] if isinstance(value, str) else value)
    if len(text) <= 80:
        return text
    return text[:77] + "..."
