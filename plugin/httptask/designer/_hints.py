"""What to do about a response that refuses a request: where to look, and how long to wait."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import child, parts, pointer
from httptask._http.media_types import essence
from httptask._visible import in_line
from httptask.errors import Problem
from httptask.sending import server_limit

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.model.exchange import RawResponse, SentRequest

_MOST = 50
_LONGEST = 300
_DEEPEST = 32
"""Steps to a field."""
_PLACES = {
    "body": "body",
    "query": "query",
    "querystring": "query",
    "params": "query",
    "path": "pathParameters",
    "header": "headers",
    "headers": "headers",
    "cookie": "cookies",
    "cookies": "cookies",
}
"""What services call the parts of a request, and the settings of those parts."""
_STEP = re.compile(r"[^.\[\]/]+")
_OPEN_PART = re.compile(r"\{[^{}]*\}|%7[Bb](?:(?!%7[Bb]).)*?%7[Dd]")
"""A placeholder that went out as it is."""
_TEXTS = ("detail", "msg", "message", "reason", "description", "title", "error", "code")
"""Members that say what is wrong, the most telling first."""
_FIELDS = ("field", "loc", "path", "param", "parameter", "property", "propertyPath", "name", "key")
"""Members that say where."""
_LISTS = ("errors", "invalid-params", "invalidParams", "violations", "fieldViolations", "detail")
"""Members that list what is wrong."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """A response that refuses, and what was asked."""

    response: RawResponse
    sent: SentRequest
    settings: Mapping[str, Any]
    """The task's `httpRequest`."""
    endpoint: Endpoint | None


def hints(
    response: RawResponse,
    sent: SentRequest | None,
    definition: Mapping[str, Any],
    endpoint: Endpoint | None,
) -> dict[str, Any]:
    """Return the members `hint` and `problems` of the last event of a test request, those that
    *response* to *sent* gives reason for.

    A hint is `{"message", "pointer"?, "seconds"?}`: what to do, the setting to look at, and the
    time to wait. A problem is what the server says of one setting.
    """
    settings = definition.get("httpRequest")
    if sent is None or not isinstance(settings, Mapping):
        return {}
    refused = _Refused(response, sent, settings, endpoint)
    status = response.status_code
    found: dict[str, Any] = {}
    hint = _HINTS[status](refused) if status in _HINTS else {}
    if hint:
        found["hint"] = hint
    if status in (400, 409, 422) and response.decoded_as == "json":
        problems = [problem.to_json() for problem in _problems(refused)]
        if problems:
            found["problems"] = problems
    return found


# One status each


def _not_found(refused: _Refused) -> dict[str, Any]:
    open_part = _OPEN_PART.search(refused.sent.url)
    if open_part:
        name = open_part[0].replace("%7B", "{").replace("%7b", "{")
        name = name.replace("%7D", "}").replace("%7d", "}")
        return _look(f"nothing filled in {name} of the address", "url")
    values = refused.settings.get("pathParameters")
    values = values if isinstance(values, Mapping) else {}
    names = list(values)
    empty = next((name for name, value in values.items() if value in ("", None)), None)
    if empty is not None:
        return _look(f"the path has no value for {empty}", "pathParameters", empty)
    if names:
        told = " and ".join(names[:3])
        return _look(f"nothing is there: is {told} what you mean?", "pathParameters", names[0])
    return _look("nothing is at this address: is the server the right one?", "url")


def _other_method(refused: _Refused) -> dict[str, Any]:
    allowed = _header(refused.response.headers, "allow")
    if not allowed:
        return {}
    return _look(f"the server takes {allowed} here", "method")


def _other_media_type(refused: _Refused) -> dict[str, Any]:
    sent = essence(_header(refused.sent.headers, "content-type"))
    body = refused.endpoint.request_body if refused.endpoint is not None else None
    documented = ", ".join(body.content) if body is not None else ""
    accepted = documented or _header(refused.response.headers, "accept-post")
    message = f"the body went out as {sent or 'no media type at all'}"
    if accepted:
        message += f"; {'documented' if documented else 'accepted'} are {accepted}"
    headers = refused.settings.get("headers")
    names = list(headers) if isinstance(headers, Mapping) else []
    name = next((each for each in names if each.lower() == "content-type"), None)
    return _look(message, "headers", name) if name else _look(message, "body")


def _too_many(refused: _Refused) -> dict[str, Any]:
    limit = server_limit(refused.response.status_code, refused.response.headers)
    if limit is None or limit.remaining or limit.seconds <= 0:
        return {}
    message = f"the server takes the next request after a while ({limit.source})"
    return {"message": message, "seconds": round(limit.seconds, 3)}


_HINTS = {
    404: _not_found,
    405: _other_method,
    415: _other_media_type,
    429: _too_many,
    503: _too_many,
}


def _look(message: str, *place: str) -> dict[str, Any]:
    shown = in_line(message[:_LONGEST])[:_LONGEST]
    return {"message": shown, "pointer": pointer(["httpRequest", *place])}


def _header(headers: Iterable[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")


# What a server says of single settings


def _problems(refused: _Refused) -> Iterator[Problem]:
    """Yield what the response says of settings, by RFC 9457, JSON:API and what frameworks do."""
    seen: set[tuple[str, str]] = set()
    for where, told in _told(refused.response.decoded):
        if len(where) > _DEEPEST or sum(map(len, where)) > _LONGEST:  # nobody's field
            continue
        place = pointer(["httpRequest", *_place(where, refused)])
        message = in_line(told[:_LONGEST])[:_LONGEST]
        if (place, message) not in seen and len(seen) < _MOST:
            seen.add((place, message))
            yield Problem.of("server-says", place, severity="warning", serverMessage=message)


def _told(body: Any) -> Iterator[tuple[list[str], str]]:
    """Yield where something is wrong, and what."""
    if isinstance(body, list):
        yield from _of_list(body)
    if not isinstance(body, Mapping):
        return
    error = body.get("error")
    for source in (body, error if isinstance(error, Mapping) else {}):
        for name in _LISTS:
            listed = source.get(name)
            if isinstance(listed, list):
                yield from _of_list(listed)
            elif isinstance(listed, Mapping):
                yield from _of_names(listed)
    for detail in _items(error.get("details") if isinstance(error, Mapping) else None):
        yield from _of_list(detail.get("fieldViolations"))
    if all(isinstance(value, list) for value in body.values()):  # only names and their faults
        yield from _of_names(body)


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _of_list(listed: Any) -> Iterator[tuple[list[str], str]]:
    for item in _items(listed)[:_MOST]:
        told = next((item[name] for name in _TEXTS if isinstance(item.get(name), str)), "")
        where = _where(item)
        if told and where:
            yield where, told


def _where(item: Mapping[str, Any]) -> list[str]:
    source = item.get("source")
    if isinstance(source, Mapping):  # JSON:API 1.1, error objects
        if isinstance(source.get("pointer"), str):
            return ["body", *_steps(source["pointer"])]
        for name, place in (("parameter", "query"), ("header", "header")):
            if isinstance(source.get(name), str):
                return [place, source[name]]
    if isinstance(item.get("pointer"), str):  # RFC 9457, section 3.1
        return ["body", *_steps(item["pointer"])]
    found: Any = next(
        (item[name] for name in _FIELDS if isinstance(item.get(name), str | list)), ""
    )
    steps = [str(step) for step in found] if isinstance(found, list) else _steps(found)
    part = item.get("in") or item.get("location")
    return [part, *steps] if steps and isinstance(part, str) and part in _PLACES else steps


def _of_names(named: Mapping[str, Any]) -> Iterator[tuple[list[str], str]]:
    for name, faults in list(named.items())[:_MOST]:
        texts = [faults] if isinstance(faults, str) else faults if isinstance(faults, list) else []
        told = "; ".join(text for text in texts if isinstance(text, str))
        steps = _steps(name)
        if told and steps:
            yield steps, told


def _steps(text: str) -> list[str]:
    """Return the names in *text*: a JSON Pointer, `user.address[0].zip`, or `$.age`."""
    text = text.removeprefix("#")
    if text.startswith("/"):
        return [str(step) for step in parts(text)]
    return [step for step in _STEP.findall(text) if step != "$"]


def _place(where: Sequence[str], refused: _Refused) -> list[str]:
    """Return the setting below `httpRequest` that *where* is about."""
    part = _PLACES.get(where[0].lower())
    if part is not None and (len(where) > 1 or part == "body"):
        return _within(refused.settings, [part, *where[1:]])
    for setting in ("body", "query", "pathParameters", "headers", "cookies"):
        values = refused.settings.get(setting)
        if isinstance(values, Mapping) and _key(values, where[0]) in values:
            return _within(refused.settings, [setting, *where])
    endpoint = refused.endpoint
    for parameter in endpoint.parameters if endpoint is not None else ():
        if parameter.name.lower() == where[0].lower():
            return [_PLACES.get(parameter.location, "query"), parameter.name]
    return ["body", *where]


def _within(settings: Any, path: Sequence[str]) -> list[str]:
    """Return *path* with its names written as they are in *settings*, as far as they are there."""
    written: list[str] = []
    value = settings
    for step in path:
        key: Any = _key(value, step) if isinstance(value, Mapping) else step
        written.append(str(key))
        value = child(value, str(key))
    return written


def _key(values: Mapping[str, Any], name: str) -> str:
    """Return the name in *values* that *name* means: itself, or one in other letters."""
    if name in values:
        return name
    return next((key for key in values if key.lower() == name.lower()), name)
