"""List the changes between two versions of an endpoint, as sentences for the authors of tasks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from httptask._http.media_types import essence, is_json, range_of
from httptask.changes._schemas import Change, SchemaChanges, listed
from httptask.model.api import PARAMETER_GROUPS, Endpoint, MediaType, Parameter, Response, Server

_MOST = 200
"""The most changes of one endpoint that are listed."""


def changes(old: Endpoint, new: Endpoint) -> list[Change]:
    """Return the changes from *old* to *new*, except in descriptions, titles and examples."""
    differences = islice(_Comparison(old, new).changes(), _MOST)
    listed_changes = list(dict.fromkeys(differences))
    if len(listed_changes) == _MOST:
        listed_changes.append(Change("endpoint", "more changes are not listed"))
    return listed_changes


class _Comparison:
    def __init__(self, old: Endpoint, new: Endpoint) -> None:
        self._old = old
        self._new = new
        definitions = old.definitions, new.definitions
        self._requests = SchemaChanges(*definitions, is_answer=False)
        self._answers = SchemaChanges(*definitions, is_answer=True)

    def changes(self) -> Iterator[Change]:
        old = self._old
        new = self._new
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
        """Yield the changes of the security requirements, and of schemes in both versions."""
        old = _credentials(self._old)
        new = _credentials(self._new)
        # A version without described security requires nothing, like one that says so.
        neither_asks = {*old, *new} <= {_NOTHING}
        if set(old) != set(new) and not neither_asks:
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
        """Say whether any credentials that were enough for the old version are still enough.

        A version without described security requires nothing.
        """
        names: dict[str, set[str]] = {}
        for requirement in self._old.security or ():
            names |= {name: self._new_names(name) for name in requirement}
        requirements = self._new.security or ({},)
        return all(
            any(_is_enough(requirement, credentials, names) for requirement in requirements)
            for credentials in self._old.security or ({},)
        )

    def _new_names(self, name: str) -> set[str]:
        """Return the names that the security scheme *name* of the old version may have now."""
        old_scheme = _scheme(self._old.security_schemes.get(name, {}))
        same = {
            new_name
            for new_name, scheme in self._new.security_schemes.items()
            if _scheme(scheme) == old_scheme
        }
        return same | {name}

    def _servers(self) -> Iterator[Change]:
        """Yield a change of the first server, and the servers whose addresses no longer exist."""
        old = self._old.servers
        new = self._new.servers
        before = [server.address for server in old]
        after = [server.address for server in new]
        # A version that describes no server has not taken any away.
        gone_addresses = [
            address
            for address in before
            if new and not any(_is_at(address, server) for server in new)
        ]
        if before[:1] != after[:1]:
            was = before[0] if before else ""
            now = after[0] if after else ""
            yield Change(
                "url",
                f"the first server was {was or 'not described'}, is {now or 'not described'}",
                narrows=was in gone_addresses,
            )
        for address in gone_addresses:
            # The sentence above already tells of the first server.
            if address != before[0] or before[:1] == after[:1]:
                yield Change("url", f"no more at {address}", narrows=True)

    def _parameters(self) -> Iterator[Change]:
        """Yield the changes of parameters. A new required parameter narrows."""
        old = _by_location(self._old.parameters)
        new = _by_location(self._new.parameters)
        for location, parameter in old.items():
            if location not in new:
                yield Change(location, "removed", narrows=True)
                continue
            successor = new[location]
            yield from _requirement(location, parameter.required, successor.required)
            if _serialisation(parameter) != _serialisation(successor):
                yield Change(location, "written in another style", narrows=True)
            if successor.deprecated and not parameter.deprecated:
                yield Change(location, "now deprecated")
            yield from self._requests.changes(parameter.schema, successor.schema, location)
        for location, parameter in new.items():
            if location not in old:
                yield Change(
                    location,
                    f"added{', required' if parameter.required else ''}",
                    narrows=parameter.required,
                )

    def _body(self) -> Iterator[Change]:
        old = self._old.request_body
        new = self._new.request_body
        if old is None or new is None:
            if old is not None:
                yield Change("body", "removed", narrows=True)
            if new is not None:
                yield Change(
                    "body",
                    f"added{', required' if new.required else ''}",
                    narrows=new.required,
                )
            return
        yield from _requirement("body", old.required, new.required)
        yield from self._content(
            old.content,
            new.content,
            "body",
            self._requests,
        )

    def _responses(self) -> Iterator[Change]:
        """Yield the changes of responses. Another status may replace one: see `_successors`."""
        old = _by_status(self._old.responses)
        new = _by_status(self._new.responses)
        for status, response in old.items():
            location = f"responses.{status}"
            if status in new:
                yield from self._response(response, new[status], location)
                continue
            successors = _successors(status, old, new)
            if successors:
                yield Change(location, f"now described as {', '.join(successors)}")
            else:
                yield Change(location, "removed", narrows=_is_success(status, old))
            for name in successors:
                yield from self._response(response, new[name], location)
        yield from (Change(f"responses.{status}", "added") for status in new if status not in old)

    def _response(
        self,
        old: Response,
        new: Response,
        location: str,
    ) -> Iterator[Change]:
        before = _by_name(old.headers)
        after = _by_name(new.headers)
        for name, header in before.items():
            inner = f"{location}.headers.{name}"
            if name not in after:
                yield Change(inner, "removed", narrows=True)
                continue
            successor = after[name]
            was = header.get("required") is True
            now = successor.get("required") is True
            if was != now:
                yield Change(
                    inner,
                    "now always sent" if now else "no more always sent",
                    narrows=was,
                )
            yield from self._answers.changes(
                header.get("schema", {}),
                successor.get("schema", {}),
                inner,
            )
        yield from (
            Change(f"{location}.headers.{name}", "added") for name in after if name not in before
        )
        yield from self._content(
            old.content,
            new.content,
            location,
            self._answers,
        )

    def _content(
        self,
        old: Mapping[str, MediaType],
        new: Mapping[str, MediaType],
        location: str,
        schemas: SchemaChanges,
    ) -> Iterator[Change]:
        """Yield the changes of media types and their schemas, in a body or a response."""
        before = _by_media_type(old)
        after = _by_media_type(new)
        is_answer = schemas is self._answers
        if not before and after and is_answer:
            yield Change(location, "now with a body")
        for key, (name, media_type) in before.items():
            names = [key] if key in after else _covering(key, after, is_answer=is_answer)
            if not names:
                yield Change(location, f"no more as {name}", narrows=True)
            for other in names:
                successor = after[other][1]
                if media_type.encoding != successor.encoding:
                    message = f"its fields are written in another way, as {name}"
                    yield Change(location, message, narrows=True)
                yield from schemas.changes(media_type.schema, successor.schema, location)
        for key, (name, _) in after.items():
            if key not in before:
                yield Change(location, f"now also as {name}")


def _requirement(location: str, was: bool, now: bool) -> Iterator[Change]:
    if was != now:
        yield Change(location, "now required" if now else "no more required", narrows=now)


def _by_location(parameters: Iterable[Parameter]) -> dict[str, Parameter]:
    """Return location in a task's settings (`query.limit`) -> parameter.

    Header names are case-insensitive (RFC 9110, section 5.1).
    """
    parameters_by_location = {}
    for parameter in parameters:
        name = parameter.name.lower() if parameter.location == "header" else parameter.name
        group = PARAMETER_GROUPS.get(parameter.location, "query")
        parameters_by_location[f"{group}.{name}"] = parameter
    return parameters_by_location


_STYLES = {
    "path": "simple",
    "query": "form",
    "header": "simple",
    "cookie": "form",
}
"""`in` of a parameter -> its default style (OpenAPI 3.0.4, section 4.7.12)."""


def _serialisation(parameter: Parameter) -> tuple[Any, ...]:
    """Return how *parameter* is serialised, with defaults filled in."""
    style = parameter.style or _STYLES.get(parameter.location)
    explode = parameter.explode
    if explode is None:
        explode = style in ("form", "cookie")
    # `content` replaces `style` and `explode` (OpenAPI 3.0.4, section 4.7.12).
    form = parameter.media_type or (style, explode)
    return form, parameter.allow_reserved, parameter.encoding


_NOTHING = "nothing"


def _credentials(endpoint: Endpoint) -> list[str]:
    """Return the security alternatives as words, or [] if they are not described."""
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
    credentials: Mapping[str, tuple[str, ...]],
    names: Mapping[str, set[str]],
) -> bool:
    """Say whether *credentials* (scheme -> scopes) satisfy *requirement*.

    *names* maps each scheme of *credentials* to the names that it may have in the new version.
    """
    return all(
        any(
            required_name in names[name] and set(scopes) <= set(granted)
            for name, granted in credentials.items()
        )
        for required_name, scopes in requirement.items()
    )


def _scheme(scheme: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of *scheme* that decide how a request is authorised.

    Names of headers and HTTP schemes are case-insensitive (RFC 9110, sections 5.1 and 11.1).
    """
    parts = {name: scheme.get(name) for name in ("type", "in", "name", "scheme")}
    if scheme.get("in") == "header":
        parts["name"] = str(parts["name"]).lower()
    if parts["scheme"] is not None:
        parts["scheme"] = str(parts["scheme"]).lower()
    return parts


def _is_at(address: str, server: Server) -> bool:
    """Say whether *address* is an address of *server*, with any values of its variables."""
    if address == server.address:
        return True
    parts = re.split(r"\{([^{}]+)\}", server.url)
    for position in range(1, len(parts), 2):
        values = server.variables.get(parts[position], {}).get("enum")
        names = "[^/?#]+"
        if values:
            names = "|".join(re.escape(str(value)) for value in values)
        parts[position] = f"(?:{names})"
    parts[::2] = [re.escape(fixed_text) for fixed_text in parts[::2]]
    return re.fullmatch("".join(parts), address) is not None


def _by_name(headers: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return lower-case name -> header: names are case-insensitive (RFC 9110, section 5.1)."""
    return {name.lower(): header for name, header in headers.items()}


def _by_status(responses: Mapping[str, Response]) -> dict[str, Response]:
    return {
        status if status == "default" else status.upper(): response
        for status, response in responses.items()
    }


def _is_success(status: str, responses: Iterable[str]) -> bool:
    """Say whether *status* means success.

    `default` means success if no status in *responses* does.
    """
    is_described = any(name.startswith("2") for name in responses)
    if status == "default":
        return not is_described
    return status.startswith("2")


def _successors(
    status: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
) -> list[str]:
    """Return the statuses in *new* that replace *status*, which is only in *old*.

    An exact status has priority over its range, and the range over `default` (OpenAPI 3.0.4,
    section 4.7.16).
    """
    if status == "default":
        if not _is_success(status, old):
            return []
        return [name for name in new if name not in old and _is_success(name, new)]
    if status.endswith("XX"):
        exact = [name for name in new if name not in old and name[:1] == status[:1]]
        return exact or [name for name in new if name == "default"]
    less_exact = (f"{status[:1]}XX", "default")
    # One in both versions described other statuses before, too, and is compared with itself.
    successors = [name for name in less_exact if name in new and name not in old]
    return successors[:1]


def _by_media_type(content: Mapping[str, MediaType]) -> dict[str, tuple[str, MediaType]]:
    """Return normalised media type -> (media type as written, its description)."""
    return {_media_type(name): (name, media_type) for name, media_type in content.items()}


def _media_type(name: str) -> str:
    """Normalise the media type *name*, so that equal media types are equal texts.

    Case and the order of parameters do not count (RFC 9110, section 8.3.1). `charset=utf-8` is
    dropped, because it is the default, and so is any `charset` of JSON, which is always UTF-8 (RFC
    8259, sections 8.1 and 11).
    """
    parameters = []
    for parameter in name.split(";")[1:]:
        key, _, value = (part.strip() for part in parameter.partition("="))
        value = value.strip('"')
        if parameter.strip() and not _is_usual_charset(name, key, value):
            parameters.append(f"{key.lower()}={value}")
    return ";".join((essence(name), *sorted(parameters)))


def _is_usual_charset(media_type: str, key: str, value: str) -> bool:
    return key.lower() == "charset" and (value.lower() in ("utf-8", "utf8") or is_json(media_type))


def _covering(
    key: str,
    content: Mapping[str, tuple[str, MediaType]],
    *,
    is_answer: bool,
) -> list[str]:
    """Return the media types of *content*, the new version's, that replace *key*, an old one.

    For requests, a range of the new version may include the old media type. For responses, the old
    range must include the media types of the new version.
    """
    if is_answer:
        return [name for name in content if _is_in_range(name, key)]
    return [name for name in content if _is_in_range(key, name)][:1]


def _is_in_range(name: str, media_range: str) -> bool:
    return "*" in media_range and range_of(media_range).fullmatch(essence(name)) is not None


def same_shape(path: str) -> str:
    """Return the path template *path* without the names of its parameters.

    Templates with the same result are the same path.
    """
    return re.sub(r"\{[^{}]*\}", "{}", path)
