"""What changed between two versions of an endpoint, as sentences for whoever wrote tasks for the old one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._subschemas import BY_NAME, IN_LIST, IN_ONE, definition_name, definition_names
from httptask.model.api import PARAMETER_GROUPS, Endpoint, MediaType, Parameter

_MOST = 200
"""Changes of one endpoint that are listed."""
_MOST_SCHEMAS = 5_000
"""Pairs of schemas of one endpoint that are compared."""
_ANNOTATIONS = frozenset(
    (
        "$comment",
        "default",
        "deprecated",
        "description",
        "discriminator",
        "examples",
        "title",
        "xml",
        "readOnly",
        "writeOnly",
    )
)
"""Keywords that say nothing of which values are valid (JSON Schema 2020-12, section 9 of Validation)."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions of an endpoint."""

    place: str
    """`query.limit`, `body.email.subject`, `responses.200.id`; `endpoint` for the whole."""
    message: str
    narrows: bool = False
    """Whether a request that was valid may not be any more, or a response may not be what whoever reads it is used to."""

    def to_json(self) -> dict[str, Any]:
        """Return `{"place", "message", "narrows"}`."""
        return {"place": self.place, "message": self.message, "narrows": self.narrows}


def changes(old: Endpoint, new: Endpoint) -> list[Change]:
    """Return what changed from *old* to *new*; a change of descriptions, titles and examples is none."""
    found = _Comparison(old, new).changes()
    kept = list(dict.fromkeys(change for change, _ in zip(found, range(_MOST), strict=False)))
    return kept if len(kept) < _MOST else [*kept, Change("endpoint", "more changes are not listed")]


class _Comparison:
    def __init__(self, old: Endpoint, new: Endpoint) -> None:
        self._old = old
        self._new = new
        self._room = _MOST_SCHEMAS
        self._compared: set[tuple[str, str]] = set()
        self._is_answer = False
        """Whether what is compared comes from the API: what a wider schema lets come is what a reader may not know."""

    def changes(self) -> Iterator[Change]:
        old, new = self._old, self._new
        if old.path != new.path:
            yield Change("endpoint", f"the path was {old.path} and is {new.path}", narrows=True)
        if new.deprecated and not old.deprecated:
            yield Change("endpoint", "now deprecated")
        yield from self._servers()
        yield from self._parameters()
        yield from self._body()
        yield from self._security()
        self._is_answer = True
        self._compared.clear()
        yield from self._responses()

    def _security(self) -> Iterator[Change]:
        old, new = _alternatives(self._old), _alternatives(self._new)
        if set(old) != set(new):
            narrows = not set(old) <= set(new) and _NOTHING not in new
            yield Change("security", f"was {_listed(old)}, is {_listed(new)}", narrows=narrows)
        schemes = self._new.security_schemes
        for name, scheme in self._old.security_schemes.items():
            if name in schemes and _scheme(scheme) != _scheme(schemes[name]):
                yield Change(f"security.{name}", "another kind of credential, or sent in another place", narrows=True)

    def _servers(self) -> Iterator[Change]:
        old, new = ([server.address for server in each.servers] for each in (self._old, self._new))
        if old[:1] != new[:1]:
            yield Change(
                "url", f"the first server was {_first(old)}, is {_first(new)}", narrows=bool(old) and old[0] not in new
            )

    def _parameters(self) -> Iterator[Change]:
        old, new = _by_place(self._old.parameters), _by_place(self._new.parameters)
        for place, parameter in old.items():
            if place not in new:
                yield Change(place, "removed", narrows=True)
                continue
            other = new[place]
            yield from _requirement(place, parameter.required, other.required)
            if _writing(parameter) != _writing(other):
                yield Change(place, "written in another style", narrows=True)
            yield from self._schemas(parameter.schema, other.schema, place)
        for place, parameter in new.items():
            if place not in old:
                yield Change(place, f"added{', required' if parameter.required else ''}", narrows=parameter.required)

    def _body(self) -> Iterator[Change]:
        old, new = self._old.request_body, self._new.request_body
        if old is None or new is None:
            if old is not None:
                yield Change("body", "removed", narrows=True)
            if new is not None:
                yield Change("body", f"added{', required' if new.required else ''}", narrows=new.required)
            return
        yield from _requirement("body", old.required, new.required)
        yield from self._content(old.content, new.content, "body")

    def _responses(self) -> Iterator[Change]:
        old, new = self._old.responses, self._new.responses
        for status, response in old.items():
            place = f"responses.{status}"
            if status not in new:
                yield Change(place, "removed")
                continue
            yield from (
                Change(f"{place}.headers.{name}", "removed", narrows=True)
                for name in _lower(response.headers) - _lower(new[status].headers)
            )
            yield from self._content(response.content, new[status].content, place)
        yield from (Change(f"responses.{status}", "added") for status in new if status not in old)

    def _content(self, old: Mapping[str, MediaType], new: Mapping[str, MediaType], place: str) -> Iterator[Change]:
        for name, media_type in old.items():
            if name not in new:
                yield Change(place, f"no more as {name}", narrows=True)
                continue
            if media_type.encoding != new[name].encoding:
                yield Change(place, f"its fields are written in another way, as {name}", narrows=True)
            yield from self._schemas(media_type.schema, new[name].schema, place)
        yield from (Change(place, f"now also as {name}") for name in new if name not in old)

    def _schemas(self, old: Any, new: Any, place: str) -> Iterator[Change]:
        """Yield what is different between the schemas *old* and *new*; each pair of definitions is compared once."""
        names = definition_name(_reference(old)), definition_name(_reference(new))
        if None not in names:
            pair = (f"{names[0]}", f"{names[1]}")
            if pair in self._compared:
                return
            self._compared.add(pair)
        self._room -= 1
        old, new = _resolved(old, self._old.definitions), _resolved(new, self._new.definitions)
        if old == new and next(definition_names(old), None) is None:
            return
        if self._room < 0 or not isinstance(old, Mapping) or not isinstance(new, Mapping):
            return
        yield from self._keywords(old, new, place)

    def _keywords(self, old: Mapping[str, Any], new: Mapping[str, Any], place: str) -> Iterator[Change]:
        before, after = set(_texts(old.get("required"))), set(_texts(new.get("required")))
        narrows = not self._is_answer
        yield from (Change(f"{place}.{name}", "now required", narrows=narrows) for name in sorted(after - before))
        yield from (Change(f"{place}.{name}", "no more required", not narrows) for name in sorted(before - after))
        for keyword in dict.fromkeys((*old, *new)):
            was, now = _plain(keyword, old.get(keyword)), _plain(keyword, new.get(keyword))
            if keyword in BY_NAME and isinstance(was or {}, Mapping) and isinstance(now or {}, Mapping):
                yield from self._named(was or {}, now or {}, place)
            elif keyword in IN_ONE and isinstance(was, Mapping) and isinstance(now, Mapping):
                yield from self._schemas(was, now, f"{place}[]" if keyword == "items" else f"{place} ({keyword})")
            elif keyword in IN_LIST and isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
                for number, (one, other) in enumerate(zip(was, now, strict=True), 1):
                    yield from self._schemas(one, other, f"{place} ({keyword} {number})")
            elif was != now and keyword not in _ANNOTATIONS and keyword != "required":
                narrows = _narrows(keyword, now, was) if self._is_answer else _narrows(keyword, was, now)
                yield Change(place, _said(keyword, was, now), narrows)

    def _named(self, old: Mapping[str, Any], new: Mapping[str, Any], place: str) -> Iterator[Change]:
        for name in old:
            if name not in new:
                yield Change(f"{place}.{name}", "removed", narrows=True)
            else:
                yield from self._schemas(old[name], new[name], f"{place}.{name}")
        yield from (Change(f"{place}.{name}", "added") for name in new if name not in old)


def _said(keyword: str, was: Any, now: Any) -> str:
    if keyword == "enum" and isinstance(was, list) and isinstance(now, list):
        gone, come = _without(was, now), _without(now, was)
        said = [f"no more {_listed(gone)}"] * bool(gone) + [f"now also {_listed(come)}"] * bool(come)
        return "; ".join(said) or "its values are in another order"
    if was is None:
        return f"now with {keyword} {_shown(now)}"
    if now is None:
        return f"no more with {keyword} {_shown(was)}"
    return f"{keyword} was {_shown(was)}, is {_shown(now)}"


def _plain(keyword: str, value: Any) -> Any:
    """Return the *value* of *keyword*; None for the schema that allows everything, as for none."""
    return None if keyword in IN_ONE and value in (True, {}) else value


def _types(value: Any) -> set[Any]:
    types = set(value) if isinstance(value, list) else {value}
    return types | {"integer"} if "number" in types else types


def _without(values: list[Any], others: list[Any]) -> list[Any]:
    return [each for each in values if each not in others]


_NARROWS: dict[str, Callable[[Any, Any], bool]] = {
    "enum": lambda was, now: bool(_without(was, now)),
    "type": lambda was, now: not _types(was) <= _types(now),
    **dict.fromkeys(
        ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"),
        lambda was, now: bool(now > was),
    ),
    **dict.fromkeys(
        ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"),
        lambda was, now: bool(now < was),
    ),
    "uniqueItems": lambda was, now: bool(now),
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties", "items"), lambda was, now: was is not False),
}
"""Keyword that both versions have -> whether its new value refuses what the old one accepts; any other may."""


def _narrows(keyword: str, was: Any, now: Any) -> bool:
    if was is None or now is None:
        return now is not None
    try:
        return _NARROWS.get(keyword, lambda was, now: True)(was, now)
    except TypeError:  # a value of another type than the keyword has
        return True


def _requirement(place: str, was: bool, now: bool) -> Iterator[Change]:
    if was != now:
        yield Change(place, "now required" if now else "no more required", narrows=now)


def _by_place(parameters: Iterable[Parameter]) -> dict[str, Parameter]:
    """Return *parameters* by their place in a task's settings; header names have no case (RFC 9110, section 5.1)."""
    found = {}
    for parameter in parameters:
        name = parameter.name.lower() if parameter.location == "header" else parameter.name
        found[f"{PARAMETER_GROUPS.get(parameter.location, 'query')}.{name}"] = parameter
    return found


_STYLES = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
"""The style of a parameter that names none, by its place (OpenAPI 3.0.4, section 4.7.12: `style`)."""


def _writing(parameter: Parameter) -> tuple[Any, ...]:
    style = parameter.style or _STYLES.get(parameter.location)
    explode = style in ("form", "cookie") if parameter.explode is None else parameter.explode
    return parameter.media_type or (style, explode), parameter.allow_reserved, parameter.encoding


_NOTHING = "nothing"


def _alternatives(endpoint: Endpoint) -> list[str]:
    if endpoint.security is None:
        return []
    return [_alternative(each) for each in endpoint.security] or [_NOTHING]


def _alternative(requirement: Mapping[str, tuple[str, ...]]) -> str:
    schemes = [f"{name} ({', '.join(sorted(scopes))})" if scopes else name for name, scopes in requirement.items()]
    return " and ".join(sorted(schemes)) or _NOTHING


def _scheme(scheme: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of *scheme* decides how a request is authorised."""
    return {name: scheme.get(name) for name in ("type", "in", "name", "scheme")}


def _lower(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}


def _reference(schema: Any) -> Any:
    return schema.get("$ref") if isinstance(schema, Mapping) else None


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Any:
    for _ in range(20):
        name = definition_name(_reference(schema))
        if name is None:
            break
        schema = definitions.get(name)
    return schema


def _texts(values: Any) -> list[str]:
    return [each for each in values if isinstance(each, str)] if isinstance(values, list) else []


def _first(values: list[str]) -> str:
    return values[0] if values else "not described"


def _listed(values: list[Any]) -> str:
    shown = ", ".join(each if isinstance(each, str) else _shown(each) for each in values[:10])
    return (shown or "not described") + (f", … ({len(values)} in all)" if len(values) > 10 else "")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:79] + "…"


def same_shape(path: str) -> str:
    """Return the path template *path* without the names of its parameters: two of one shape are the same place."""
    return re.sub(r"\{[^{}]*\}", "{}", path)
