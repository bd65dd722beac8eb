"""What is wrong with a task's `pagination`, before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import child, parts
from httptask._core.pointers import index as index_of
from httptask._core.pointers import pointer as pointer_of
from httptask._http.syntax import TOKEN
from httptask.building import is_pairs
from httptask.errors import Problem
from httptask.expressions import condition_problems, has_expression
from httptask.model.pagination import COUNTING
from httptask.model.task import TaskResult
from httptask.task._queries import refusal_of

if TYPE_CHECKING:
    from httptask.expressions import Evaluator

_QUERIES = ("items", "next", "total", "more", "identity")
_SHAPE = dict.fromkeys(TaskResult(0, "", {}, None, "").to_json())
_FRAMING = ("host", "content-length", "transfer-encoding", "connection")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

_NEEDED: Mapping[str, Mapping[str, str]] = {
    "nextUrl": {"next": "where a page has the URL of the next one"},
    "link": {},
    "cursor": {
        "next": "where a page has the token of the next one",
        "parameter": "where a request has it",
    },
    "page": {"parameter": "where a request has the page's number"},
    "offset": {"parameter": "where a request has the offset"},
    "lastItem": {"parameter": "where a request has what the last item says"},
}
"""By mode: what it cannot do without, and why."""

_URL = "the next page's URL says it all"
_COUNTS = "this mode counts by itself; mode cursor takes what a page says"
_NO_NUMBER = "no number is counted in this mode; write the first value into the request"
_REFUSED: Mapping[str, Mapping[str, str]] = {
    "nextUrl": {"parameter": _URL, "start": _URL, "step": _URL},
    "link": {
        "parameter": _URL,
        "start": _URL,
        "step": _URL,
        "next": "the Link header with rel=next says it (RFC 8288)",
    },
    "cursor": {"start": _NO_NUMBER, "step": _NO_NUMBER},
    "page": {"next": _COUNTS},
    "offset": {"next": _COUNTS},
    "lastItem": {"start": _NO_NUMBER, "step": _NO_NUMBER},
}
"""By mode: what has no meaning in it, and why."""


def settings_by_mode() -> dict[str, dict[str, list[str]]]:
    """Return the names of the settings that a mode needs, and of those that it refuses, by mode."""
    return {
        "needed": {mode: list(names) for mode, names in _NEEDED.items()},
        "refused": {mode: list(names) for mode, names in _REFUSED.items()},
    }


def pagination_problems(
    definition: Mapping[str, Any], evaluator: Evaluator, pointer: str, *, is_sound: bool = True
) -> list[Problem]:
    """Return what is wrong with the `pagination` of the task of *definition*, which stands at
    *pointer*. Where it is not *is_sound*, its schema has found something: only what stands alone is
    looked at then.
    """
    setting = definition.get("pagination")
    if not isinstance(setting, Mapping):
        return []
    at = pointer_of(["pagination"], pointer)
    if not is_sound:
        return list(_query_problems(setting, at))
    parameters = definition.get("inputParameters", {})
    shape = dict.fromkeys(parameters) if isinstance(parameters, Mapping) else None
    problems = [
        *_mode_problems(setting, at),
        *_query_problems(setting, at),
        *_end_problems(setting, at),
        *_place_problems(setting, definition.get("httpRequest"), at),
        *_resume_problems(setting, evaluator, shape, at),
        *_reading_problems(definition, pointer),
    ]
    until = setting.get("until")
    if until is not None:
        problems += condition_problems(
            until,
            pointer_of(["until"], at),
            lambda value, where: evaluator.check(value, where, _SHAPE),
        )
    return problems


def _mode_problems(setting: Mapping[str, Any], at: str) -> Iterator[Problem]:
    mode = setting["mode"]
    for name, why in _NEEDED[mode].items():
        if name not in setting:
            yield Problem.of("pagination-needs", at, mode=mode, name=name, reason=why)
    if mode == "lastItem" and not setting.keys() & {"next", "identity"}:
        why = "what of the last item asks for the next page"
        yield Problem.of("pagination-needs", at, mode=mode, name="identity", reason=why)
    for name, why in _REFUSED[mode].items():
        if name in setting:
            where = pointer_of([name], at)
            yield Problem.of("pagination-refuses", where, mode=mode, name=name, reason=why)


def _query_problems(setting: Mapping[str, Any], at: str) -> Iterator[Problem]:
    for name in _QUERIES:
        text = setting.get(name)
        if not isinstance(text, str) or not text:  # the schema says so
            continue
        where = pointer_of([name], at)
        reason = refusal_of(text)
        if reason is None and name == "items" and re.match(r"\$\.headers(?![^.\[])", text):
            reason = "headers hold no items; $['headers'] is the name in a body"
        if reason is not None:
            yield Problem.of("pagination-query", where, found=text[:200], reason=reason)


def _end_problems(setting: Mapping[str, Any], at: str) -> Iterator[Problem]:
    """Yield the problems of a list that would have no end."""
    if setting.get("onEmpty") != "continue":
        return
    mode, where = setting["mode"], pointer_of(["onEmpty"], at)
    if mode == "lastItem":
        reason = "an empty page has no last item to go on from"
        yield Problem.of("pagination-endless", where, reason=reason)
        return
    if mode not in COUNTING:
        return
    if not setting.keys() & {"total", "more", "until"}:
        reason = "nothing else ends the list in this mode: give 'total', 'more' or 'until'"
        yield Problem.of("pagination-endless", where, reason=reason)
    elif mode == "offset" and not setting.keys() & {"size", "step"}:
        reason = "an empty page does not move the offset: give 'size' or 'step'"
        yield Problem.of("pagination-endless", where, reason=reason)


def _place_problems(setting: Mapping[str, Any], request: Any, at: str) -> Iterator[Problem]:
    parameter, size = setting.get("parameter"), setting.get("size")
    if parameter is not None:
        location, name = parameter["in"], parameter["name"]
        yield from _problems_of_place(location, name, request, f"{at}/parameter")
    if size is None:
        return
    location = size.get("in") or (parameter or {}).get("in", "query")
    if location == "path":
        location = "query"
    yield from _problems_of_place(location, size["name"], request, f"{at}/size")
    if parameter is not None and (location, size["name"]) == (parameter["in"], parameter["name"]):
        where = f"{at}/size/name"
        yield Problem.of("pagination-same-name", where, name=size["name"])


def _problems_of_place(location: str, name: str, request: Any, at: str) -> Iterator[Problem]:
    where = f"{at}/name"
    if location == "header" and not TOKEN.fullmatch(name):
        yield Problem.of("header-name", where, name=name)
    elif location == "header" and name.lower() in _FRAMING:
        yield Problem.of("header-framing", where, name=name)
    if not isinstance(request, Mapping):
        return
    url = request.get("url")
    if location == "path" and isinstance(url, str) and not has_expression(url):
        names = _PLACEHOLDER.findall(url)
        if name not in names:
            near = names[0] if len(names) == 1 else None
            yield Problem.of("pagination-path", where, suggestion=near, name=name, url=url)
    if location == "body":
        reason = _why_no_body(request.get("body"), name)
        if reason is not None:
            yield Problem.of("pagination-body", where, reason=reason)
    query = request.get("query")
    if location == "query" and isinstance(query, str) and not has_expression(query):
        reason = "the query is written as one text; write it by its names"
        yield Problem.of("pagination-body", where, reason=reason)


def _why_no_body(body: Any, name: str) -> str | None:
    """Return why nothing can be put at *name* into *body*; None where it can."""
    tokens = parts(name) if name.startswith("/") else (name,)
    value, where = body, "the body"
    for token in tokens:
        if value is None or (isinstance(value, str) and has_expression(value)):
            return None
        if isinstance(value, Mapping) and value.keys() & {"$file", "$text"}:
            return f"{where} is sent as it is; write it as an object"
        if not isinstance(value, Mapping | list):
            return f"{where} is no object: {token!r} cannot be put into it"
        is_list = isinstance(value, list) and not is_pairs(value)
        if is_list and index_of(token, len(value) or 1) is None:  # an empty one takes its first
            return f"{where} is a list without an item {token!r}"
        value, where = child(value, token), f"what stands at {token!r}"
    return None


def _resume_problems(
    setting: Mapping[str, Any], evaluator: Evaluator, shape: Any, at: str
) -> Iterator[Problem]:
    resume = setting.get("resume")
    if resume is None:
        return
    where = pointer_of(["resume"], at)
    yield from evaluator.check(resume, where, shape)
    is_number = not isinstance(resume, str) or has_expression(resume) or resume.isdecimal()
    if setting["mode"] in COUNTING and not is_number:
        expected = "the number of a page, or an expression for it"
        yield Problem.of("type", where, expected=expected, found=repr(resume)[:60])


def _reading_problems(definition: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    reading = definition.get("responseBody")
    if reading in ("text", "file"):
        where = pointer_of(["responseBody"], pointer)
        yield Problem.of("pagination-unread", where, found=reading)
