"""Suggest what to do about a refusing response: the setting to check, the time to wait."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import child, parts, pointer
from httptask._http.header_fields import value_of
from httptask._http.media_types import essence
from httptask._visible import in_line
from httptask.designer._wording import all_shown
from httptask.errors import Problem
from httptask.sending import server_limit

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.model.exchange import RawResponse, SentRequest

_MOST = 50
"""Maximum problems for one response."""
_LONGEST = 300
"""Characters of a hint, and of a server's message about one setting."""
_DEEPEST = 32
"""Maximum steps in the path to a field."""
_GROUPS = {
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
"""Name that services give to a part of a request -> the group of settings for it."""
_STEP = re.compile(r"[^.\[\]/]+")
"""A name in `user.address[0].zip`."""
_OPEN_PART = re.compile(r"\{[^{}]*\}|%7[Bb](?:(?!%7[Bb]).)*?%7[Dd]")
"""A placeholder that was sent unfilled."""
_TEXTS = ("detail", "msg", "message", "reason", "description", "title", "error", "code")
"""Members with the message, the most informative first."""
_FIELDS = ("field", "loc", "path", "param", "parameter", "property", "propertyPath", "name", "key")
"""Members with the place of the fault."""
_LISTS = ("errors", "invalid-params", "invalidParams", "violations", "fieldViolations", "detail")
"""Members with a list of faults."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """A response that refuses a request, and that request."""

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
    """Return the members `hint` and `problems` for the last event of a test request, if there are
    any.

    *response* is the response to *sent*; *definition* is the task's definition. A hint is
    `{"message", "pointer"?, "seconds"?}`: what to do, the JSON Pointer of the setting to check,
    and the seconds to wait. A problem is the server's message about one setting, with the code
    `server-says`.
    """
    settings = definition.get("httpRequest")
    if sent is None or not isinstance(settings, Mapping):
        return {}
    refused = _Refused(response, sent, settings, endpoint)
    status = response.status_code
    members: dict[str, Any] = {}
    hint = _HINTS[status](refused) if status in _HINTS else {}
    if hint:
        members["hint"] = hint
    if status in (400, 409, 422) and response.decoded_as == "json":
        problems = all_shown(_problems(refused))
        if problems:
            members["problems"] = problems
    return members


# One function for each status


def _not_found(refused: _Refused) -> dict[str, Any]:
    """Suggest the part of the URL to check: an open placeholder, an empty value, a path
    parameter.
    """
    open_part = _OPEN_PART.search(refused.sent.url)
    if open_part:
        # Braces are escaped when the URL is written; people know the name as they typed it.
        name = open_part[0].replace("%7B", "{").replace("%7b", "{")
        name = name.replace("%7D", "}").replace("%7d", "}")
        return _look(f"the URL still contains {name}, without a value", "url")
    values = refused.settings.get("pathParameters")
    values = values if isinstance(values, Mapping) else {}
    names = list(values)
    empty = next((name for name, value in values.items() if value in ("", None)), None)
    if empty is not None:
        return _look(f"the path has no value for {empty}", "pathParameters", empty)
    if names:
        asked = " and ".join(names[:3])
        return _look(f"nothing is at this URL: check {asked}", "pathParameters", names[0])
    return _look("nothing is at this URL: check the server", "url")


def _other_method(refused: _Refused) -> dict[str, Any]:
    allowed = value_of(refused.response.headers, "Allow") or ""
    if not allowed:
        return {}
    return _look(f"the server allows {allowed} here", "method")


def _other_media_type(refused: _Refused) -> dict[str, Any]:
    """Suggest the documented or accepted media types."""
    sent = essence(value_of(refused.sent.headers, "Content-Type") or "")
    body = refused.endpoint.request_body if refused.endpoint is not None else None
    documented = ", ".join(body.content) if body is not None else ""
    accepted = documented or value_of(refused.response.headers, "Accept-Post") or ""
    message = f"the body was sent {f'as {sent}' if sent else 'without a media type'}"
    if accepted:
        message += f"; {'documented' if documented else 'accepted'}: {accepted}"
    headers = refused.settings.get("headers")
    names = list(headers) if isinstance(headers, Mapping) else []
    name = next((name for name in names if name.lower() == "content-type"), None)
    if name:
        return _look(message, "headers", name)
    return _look(message, "body")


def _too_many(refused: _Refused) -> dict[str, Any]:
    limit = server_limit(refused.response.status_code, refused.response.headers)
    if limit is None or limit.remaining or limit.seconds <= 0:
        return {}
    message = f"the server asks for a wait before the next request ({limit.source})"
    return {"message": message, "seconds": round(limit.seconds, 3)}


_HINTS = {
    404: _not_found,
    405: _other_method,
    415: _other_media_type,
    429: _too_many,
    503: _too_many,
}


def _look(message: str, *path: str) -> dict[str, Any]:
    """Return the hint to check the setting at *path* below `httpRequest`."""
    shown = in_line(message[:_LONGEST])[:_LONGEST]
    return {"message": shown, "pointer": pointer(["httpRequest", *path])}


# The server's messages about single settings


def _problems(refused: _Refused) -> Iterator[Problem]:
    """Yield the response's messages about settings, in the forms of RFC 9457, JSON:API and
    frameworks.
    """
    reported: set[tuple[str, str]] = set()
    for names, text in _faults(refused.response.decoded):
        if (
            len(names) > _DEEPEST or sum(map(len, names)) > _LONGEST
        ):  # too long for the name of a field
            continue
        setting_pointer = pointer(["httpRequest", *_setting(names, refused)])
        message = in_line(text[:_LONGEST])[:_LONGEST]
        if (setting_pointer, message) not in reported and len(reported) < _MOST:
            reported.add((setting_pointer, message))
            yield Problem.of(
                "server-says",
                setting_pointer,
                severity="warning",
                serverMessage=message,
            )


def _faults(body: Any) -> Iterator[tuple[list[str], str]]:
    """Yield each fault in the JSON *body* of a response: path of names to the field, message."""
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
    if all(
        isinstance(value, list) for value in body.values()
    ):  # the body itself maps names to faults
        yield from _of_names(body)


def _items(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, list):
        return [item for item in value if isinstance(item, Mapping)]
    return []


def _of_list(listed: Any) -> Iterator[tuple[list[str], str]]:
    for item in _items(listed)[:_MOST]:
        message = next((item[name] for name in _TEXTS if isinstance(item.get(name), str)), "")
        names = _names(item)
        if message and names:
            yield names, message


def _names(item: Mapping[str, Any]) -> list[str]:
    """Return the path of names to the field of the fault *item*; empty if *item* names none."""
    source = item.get("source")
    if isinstance(source, Mapping):  # JSON:API 1.1, error objects
        if isinstance(source.get("pointer"), str):
            return ["body", *_steps(source["pointer"])]
        for name, part in (("parameter", "query"), ("header", "header")):
            if isinstance(source.get(name), str):
                return [part, source[name]]
    if isinstance(item.get("pointer"), str):  # RFC 9457, section 3.1
        return ["body", *_steps(item["pointer"])]
    field: Any = next(
        (item[name] for name in _FIELDS if isinstance(item.get(name), str | list)), ""
    )
    steps = [str(step) for step in field] if isinstance(field, list) else _steps(field)
    location = item.get("in") or item.get("location")
    if steps and isinstance(location, str) and location in _GROUPS:
        return [location, *steps]
    return steps


def _of_names(named: Mapping[str, Any]) -> Iterator[tuple[list[str], str]]:
    """Yield the faults in *named*: name of a field -> one text, or several."""
    for name, faults in list(named.items())[:_MOST]:
        texts = [faults] if isinstance(faults, str) else faults if isinstance(faults, list) else []
        message = "; ".join(text for text in texts if isinstance(text, str))
        steps = _steps(name)
        if message and steps:
            yield steps, message


def _steps(text: str) -> list[str]:
    """Return the names in *text*: a JSON Pointer, `user.address[0].zip`, or `$.age`."""
    text = text.removeprefix("#")
    if text.startswith("/"):
        return [str(step) for step in parts(text)]
    return [step for step in _STEP.findall(text) if step != "$"]


def _setting(names: Sequence[str], refused: _Refused) -> list[str]:
    """Return the path below `httpRequest` of the setting that a server calls *names*.

    If the first name is a part of the request, that part is used; else the group of settings that
    has the name; else the documented parameter; else the body.
    """
    group = _GROUPS.get(names[0].lower())
    if group is not None and (len(names) > 1 or group == "body"):
        return _within(refused.settings, [group, *names[1:]])
    for group in ("body", "query", "pathParameters", "headers", "cookies"):
        values = refused.settings.get(group)
        if isinstance(values, Mapping) and _key(values, names[0]) in values:
            return _within(refused.settings, [group, *names])
    endpoint = refused.endpoint
    for parameter in endpoint.parameters if endpoint is not None else ():
        if parameter.name.lower() == names[0].lower():
            return [_GROUPS.get(parameter.location, "query"), parameter.name]
    return ["body", *names]


def _within(settings: Any, path: Sequence[str]) -> list[str]:
    """Return *path* with its names spelt as in *settings*, as far as they exist there."""
    written: list[str] = []
    value = settings
    for step in path:
        key: Any = _key(value, step) if isinstance(value, Mapping) else step
        written.append(str(key))
        value = child(value, str(key))
    return written


def _key(values: Mapping[str, Any], name: str) -> str:
    """Return the name in *values* that equals *name*, or equals it ignoring case; else *name*."""
    if name in values:
        return name
    return next((key for key in values if key.lower() == name.lower()), name)
