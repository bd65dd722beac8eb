"""What changed between two versions of an endpoint, as sentences for whoever wrote tasks for the
old one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from httptask._http.media_types import essence, is_json, range_of
from httptask.changes._schemas import Change, SchemaChanges, listed
from httptask.model.api import PARAMETER_GROUPS, Endpoint, MediaType, Parameter, Response, Server

_MOST = 200
"""Changes of one endpoint that are listed."""


def changes(old: Endpoint, new: Endpoint) -> list[Change]:
    """Return what changed from *old* to *new*; a change of descriptions, titles and examples is
    none.
    """
    found = _Comparison(old, new).changes()
    kept = list(dict.fromkeys(change for change, _ in zip(found, range(_MOST), strict=False)))
    return kept if len(kept) < _MOST else [*kept, Change("endpoint", "more changes are not listed")]


class _Comparison:
    def __init__(self, old: Endpoint, new: Endpoint) -> None:
        self._old = old
        self._new = new
        definitions = old.definitions, new.definitions
        self._requests = SchemaChanges(*definitions, is_answer=False)
        self._answers = SchemaChanges(*definitions, is_answer=True)

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
        yield from self._responses()

    def _security(self) -> Iterator[Change]:
        old, new = _credentials(self._old), _credentials(self._new)
        if set(old) != set(new) and {*(old or [_NOTHING]), *(new or [_NOTHING])} != {_NOTHING}:
            yield Change("security", f"was {listed(old)}, is {listed(new)}", not self._suffices())
        schemes = self._new.security_schemes
        for name, scheme in self._old.security_schemes.items():
            if name in schemes and _scheme(scheme) != _scheme(schemes[name]):
                yield Change(
                    f"security.{name}",
                    "another kind of credential, or sent in another place",
                    narrows=True,
                )

    def _suffices(self) -> bool:
        """Say whether whatever was enough to be let in still is; who described nothing asked for
        nothing.
        """
        names = {
            name: (
                {
                    other
                    for other, scheme in self._new.security_schemes.items()
                    if other == name
                    or _scheme(scheme) == _scheme(self._old.security_schemes.get(name, {}))
                }
                | {name}
            )
            for each in self._old.security or ()
            for name in each
        }
        return all(
            any(
                _is_enough(requirement, given, names) for requirement in self._new.security or ({},)
            )
            for given in self._old.security or ({},)
        )

    def _servers(self) -> Iterator[Change]:
        old, new = self._old.servers, self._new.servers
        before, after = ([server.address for server in servers] for servers in (old, new))
        gone = [each for each in before if new and not any(_is_at(each, server) for server in new)]
        if before[:1] != after[:1]:
            was, now = before[0] if before else "", after[0] if after else ""
            yield Change(
                "url",
                f"the first server was {was or 'not described'}, is {now or 'not described'}",
                narrows=was in gone,
            )
        for address in gone:
            if address != before[0] or before[:1] == after[:1]:
                yield Change("url", f"no more at {address}", narrows=True)

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
            if other.deprecated and not parameter.deprecated:
                yield Change(place, "now deprecated")
            yield from self._requests.changes(parameter.schema, other.schema, place)
        for place, parameter in new.items():
            if place not in old:
                yield Change(
                    place,
                    f"added{', required' if parameter.required else ''}",
                    narrows=parameter.required,
                )

    def _body(self) -> Iterator[Change]:
        old, new = self._old.request_body, self._new.request_body
        if old is None or new is None:
            if old is not None:
                yield Change("body", "removed", narrows=True)
            if new is not None:
                yield Change(
                    "body", f"added{', required' if new.required else ''}", narrows=new.required
                )
            return
        yield from _requirement("body", old.required, new.required)
        yield from self._content(old.content, new.content, "body", self._requests)

    def _responses(self) -> Iterator[Change]:
        old, new = _by_status(self._old.responses), _by_status(self._new.responses)
        for status, response in old.items():
            place = f"responses.{status}"
            if status in new:
                yield from self._response(response, new[status], place)
                continue
            successors = _successors(status, old, new)
            if successors:
                yield Change(place, f"now described as {', '.join(successors)}")
            else:
                yield Change(place, "removed", narrows=_is_success(status, old))
            for name in successors:
                yield from self._response(response, new[name], place)
        yield from (Change(f"responses.{status}", "added") for status in new if status not in old)

    def _response(self, old: Response, new: Response, place: str) -> Iterator[Change]:
        before, after = _by_name(old.headers), _by_name(new.headers)
        for name, header in before.items():
            inner = f"{place}.headers.{name}"
            if name not in after:
                yield Change(inner, "removed", narrows=True)
                continue
            was, now = (each.get("required") is True for each in (header, after[name]))
            if was != now:
                yield Change(
                    inner, "now always sent" if now else "no more always sent", narrows=was
                )
            schemas = header.get("schema", {}), after[name].get("schema", {})
            yield from self._answers.changes(*schemas, inner)
        yield from (
            Change(f"{place}.headers.{name}", "added") for name in after if name not in before
        )
        yield from self._content(old.content, new.content, place, self._answers)

    def _content(
        self,
        old: Mapping[str, MediaType],
        new: Mapping[str, MediaType],
        place: str,
        schemas: SchemaChanges,
    ) -> Iterator[Change]:
        before, after = _by_media_type(old), _by_media_type(new)
        is_answer = schemas is self._answers
        if not before and after and is_answer:
            yield Change(place, "now with a body")
        for key, (name, media_type) in before.items():
            names = [key] if key in after else _covering(key, after, is_answer=is_answer)
            if not names:
                yield Change(place, f"no more as {name}", narrows=True)
            for other in names:
                successor = after[other][1]
                if media_type.encoding != successor.encoding:
                    message = f"its fields are written in another way, as {name}"
                    yield Change(place, message, narrows=True)
                yield from schemas.changes(media_type.schema, successor.schema, place)
        for key, (name, _) in after.items():
            if key not in before:
                yield Change(place, f"now also as {name}")


def _requirement(place: str, was: bool, now: bool) -> Iterator[Change]:
    if was != now:
        yield Change(place, "now required" if now else "no more required", narrows=now)


def _by_place(parameters: Iterable[Parameter]) -> dict[str, Parameter]:
    """Return *parameters* by their place in a task's settings; header names have no case (RFC 9110,
    section 5.1).
    """
    found = {}
    for parameter in parameters:
        name = parameter.name.lower() if parameter.location == "header" else parameter.name
        found[f"{PARAMETER_GROUPS.get(parameter.location, 'query')}.{name}"] = parameter
    return found


_STYLES = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
"""The style of a parameter that names none, by its place (OpenAPI 3.0.4, section 4.7.12:
`style`).
"""


def _writing(parameter: Parameter) -> tuple[Any, ...]:
    style = parameter.style or _STYLES.get(parameter.location)
    explode = style in ("form", "cookie") if parameter.explode is None else parameter.explode
    return parameter.media_type or (style, explode), parameter.allow_reserved, parameter.encoding


_NOTHING = "nothing"


def _credentials(endpoint: Endpoint) -> list[str]:
    """Return the alternatives that let a request in, as words; none when they are not described."""
    if endpoint.security is None:
        return []
    return [_credential(requirement) for requirement in endpoint.security] or [_NOTHING]


def _credential(requirement: Mapping[str, tuple[str, ...]]) -> str:
    schemes = [
        f"{name} ({', '.join(sorted(scopes))})" if scopes else name
        for name, scopes in requirement.items()
    ]
    return " and ".join(sorted(schemes)) or _NOTHING


def _is_enough(
    requirement: Mapping[str, tuple[str, ...]],
    given: Mapping[str, tuple[str, ...]],
    names: Mapping[str, set[str]],
) -> bool:
    """Say whether the credentials *given*, which may have other *names* now, satisfy
    *requirement*.
    """
    return all(
        any(name in names[one] and set(scopes) <= set(held) for one, held in given.items())
        for name, scopes in requirement.items()
    )


def _scheme(scheme: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of *scheme* decides how a request is authorised.

    Names of headers and of HTTP schemes have no case (RFC 9110, sections 5.1 and 11.1).
    """
    parts = {name: scheme.get(name) for name in ("type", "in", "name", "scheme")}
    if scheme.get("in") == "header":
        parts["name"] = str(parts["name"]).lower()
    if parts["scheme"] is not None:
        parts["scheme"] = str(parts["scheme"]).lower()
    return parts


def _is_at(address: str, server: Server) -> bool:
    """Say whether *address* is one of *server*, whose variables have other values, too."""
    if address == server.address:
        return True
    parts = re.split(r"\{([^{}]+)\}", server.url)
    for position in range(1, len(parts), 2):
        values = server.variables.get(parts[position], {}).get("enum")
        names = "|".join(re.escape(str(value)) for value in values) if values else "[^/?#]+"
        parts[position] = f"(?:{names})"
    parts[::2] = [re.escape(text) for text in parts[::2]]
    return re.fullmatch("".join(parts), address) is not None


def _by_name(headers: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return response *headers* by their names, which have no case (RFC 9110, section 5.1)."""
    return {name.lower(): header for name, header in headers.items()}


def _by_status(responses: Mapping[str, Response]) -> dict[str, Response]:
    return {
        status if status == "default" else status.upper(): response
        for status, response in responses.items()
    }


def _is_success(status: str, responses: Iterable[str]) -> bool:
    """Say whether *status* is one of success; `default` is where no other of *responses* is."""
    others = any(name.startswith("2") for name in responses)
    return status.startswith("2") or (status == "default" and not others)


def _successors(status: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return which of the *new* responses stand for *status*, which only *old* has.

    An exact status comes before its range, and this before `default` (OpenAPI 3.0.4, section
    4.7.16).
    """
    if status == "default":
        return (
            [name for name in new if name not in old and _is_success(name, new)]
            if (_is_success(status, old))
            else []
        )
    if status.endswith("XX"):
        exact = [name for name in new if name not in old and name[:1] == status[:1]]
        return exact or [name for name in new if name == "default"]
    return [name for name in (f"{status[:1]}XX", "default") if name in new and name not in old][:1]


def _by_media_type(content: Mapping[str, MediaType]) -> dict[str, tuple[str, MediaType]]:
    """Return *content* by what its names mean, each with the name as it was written."""
    return {_media_type(name): (name, media_type) for name, media_type in content.items()}


def _media_type(name: str) -> str:
    """Return the media type *name* without what does not tell it from others.

    Neither has it a case, nor do parameters have an order (RFC 9110, section 8.3.1). UTF-8 is what
    is meant without a `charset`, and JSON has no other (RFC 8259, sections 8.1 and 11).
    """
    pairs = [parameter.partition("=") for parameter in name.split(";")[1:] if parameter.strip()]
    kept = sorted(
        f"{key.strip().lower()}={value.strip().strip(chr(34))}"
        for key, _, value in pairs
        if not _is_usual_charset(name, key.strip(), value.strip().strip('"'))
    )
    return ";".join((essence(name), *kept))


def _is_usual_charset(media_type: str, key: str, value: str) -> bool:
    return key.lower() == "charset" and (value.lower() in ("utf-8", "utf8") or is_json(media_type))


def _covering(
    key: str, content: Mapping[str, tuple[str, MediaType]], *, is_answer: bool
) -> list[str]:
    """Return the media types of *content*, the new version's, that stand for *key*, of the old one.

    A request may be in any that a range of the new version has. A response of the new version has
    to be in a range that the old one had.
    """
    if is_answer:
        return [name for name in content if _is_in_range(name, key)]
    return [name for name in content if _is_in_range(key, name)][:1]


def _is_in_range(name: str, media_range: str) -> bool:
    return "*" in media_range and range_of(media_range).fullmatch(essence(name)) is not None


def same_shape(path: str) -> str:
    """Return the path template *path* without the names of its parameters: two of one shape are the
    same place.
    """
    return re.sub(r"\{[^{}]*\}", "{}", path)
