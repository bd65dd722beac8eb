"""The problems of a task's `pagination` that are found before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import child, parts
from httptask._core.pointers import index as index_of
from httptask._core.pointers import pointer as pointer_of
from httptask._http.syntax import TOKEN
from httptask.building import is_pairs
from httptask.errors import Problem, reason
from httptask.expressions import Query, condition_problems, has_expression
from httptask.model.pagination import COUNTING
from httptask.model.task import TaskResult
from httptask.task._over_parameters import over_parameters
from httptask.task._queries import refusal_of
from httptask.task.pagination._modes import TotalName

if TYPE_CHECKING:
    from httptask.expressions import Evaluator

_QUERIES = ("items", "next", "total", "more", "identity")
_SHAPE = dict.fromkeys(TaskResult(0, "", {}, None, "").to_json())
_FRAMING = ("host", "content-length", "transfer-encoding", "connection")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

_NEEDED: Mapping[str, Mapping[str, str]] = {
    "nextUrl": {"next": "page-needs-url"},
    "link": {},
    "cursor": {"next": "page-needs-token", "parameter": "page-needs-place-of-token"},
    "page": {"parameter": "page-needs-place-of-number"},
    "offset": {"parameter": "page-needs-place-of-offset"},
    "lastItem": {"parameter": "page-needs-place-of-item"},
}
"""Mode -> the settings that it needs -> the code of the reason."""

_URL = "page-has-url"
_COUNTS = "page-counts"
_NO_NUMBER = "page-counts-nothing"
_REPEATS = "page-repeats-request"
_REFUSED: Mapping[str, Mapping[str, str]] = {
    "nextUrl": {"parameter": _URL, "start": _URL, "step": _URL},
    "link": {"parameter": _URL, "start": _URL, "step": _URL, "next": "page-has-link"},
    "cursor": {"start": _NO_NUMBER, "step": _NO_NUMBER, "nextMethod": _REPEATS},
    "page": {"next": _COUNTS, "nextMethod": _REPEATS},
    "offset": {"next": _COUNTS, "nextMethod": _REPEATS},
    "lastItem": {"start": _NO_NUMBER, "step": _NO_NUMBER, "nextMethod": _REPEATS},
}
"""Mode -> the settings without a meaning in it -> the code of the reason."""


def settings_by_mode() -> dict[str, dict[str, list[str]]]:
    """Return the names of the settings that each mode needs, and of those that it refuses."""
    return {
        "needed": {mode: list(names) for mode, names in _NEEDED.items()},
        "refused": {mode: list(names) for mode, names in _REFUSED.items()},
    }


def pagination_problems(
    definition: Mapping[str, Any],
    evaluator: Evaluator,
    pointer: str,
    *,
    is_sound: bool = True,
) -> list[Problem]:
    """Return the problems of the `pagination` of the task *definition* that its schema cannot find.

    *pointer* is the pointer of the task. If the schema has found problems (not *is_sound*), only
    the queries are checked, because the other checks need a valid setting.
    """
    setting = definition.get("pagination")
    if not isinstance(setting, Mapping):
        return []
    setting_pointer = pointer_of(["pagination"], pointer)
    if not is_sound:
        return list(_query_problems(setting, setting_pointer))
    problems = [
        *_mode_problems(setting, setting_pointer),
        *_query_problems(setting, setting_pointer),
        *_end_problems(setting, setting_pointer),
        *_total_problems(setting, setting_pointer),
        *_place_problems(setting, definition.get("httpRequest"), setting_pointer),
        *_resume_problems(definition, setting, evaluator, setting_pointer),
        *_reading_problems(definition, pointer),
    ]
    until = setting.get("until")
    if until is not None:
        problems += condition_problems(
            until,
            pointer_of(["until"], setting_pointer),
            lambda value, value_pointer: evaluator.check(value, value_pointer, _SHAPE),
        )
    return problems


def _mode_problems(setting: Mapping[str, Any], setting_pointer: str) -> Iterator[Problem]:
    """Yield the settings that the mode needs and that are missing, and those that it refuses."""
    mode = setting["mode"]
    for name, code in _NEEDED[mode].items():
        if name not in setting:
            yield Problem.of(
                "pagination-needs",
                setting_pointer,
                mode=mode,
                name=name,
                reason=reason(code),
            )
    if mode == "lastItem" and not setting.keys() & {"next", "identity"}:
        needed = reason("page-needs-identity")
        yield Problem.of(
            "pagination-needs",
            setting_pointer,
            mode=mode,
            name="identity",
            reason=needed,
        )
    for name, code in _REFUSED[mode].items():
        if name in setting:
            name_pointer = pointer_of([name], setting_pointer)
            yield Problem.of(
                "pagination-refuses",
                name_pointer,
                mode=mode,
                name=name,
                reason=reason(code),
            )


def _query_problems(setting: Mapping[str, Any], setting_pointer: str) -> Iterator[Problem]:
    """Yield the queries that cannot be parsed, or cannot select items."""
    for name in _QUERIES:
        text = setting.get(name)
        if not isinstance(text, str) or not text:  # the schema reports it
            continue
        query_pointer = pointer_of([name], setting_pointer)
        cause = refusal_of(text)
        if cause is None and name == "items" and re.match(r"\$\.headers(?![^.\[])", text):
            cause = reason("page-headers")
        if cause is not None:
            yield Problem.of("pagination-query", query_pointer, found=text[:200], reason=cause)


def _end_problems(setting: Mapping[str, Any], setting_pointer: str) -> Iterator[Problem]:
    """Yield a problem if `onEmpty: continue` would never end."""
    if setting.get("onEmpty") != "continue":
        return
    mode = setting["mode"]
    if mode == "lastItem":
        code = "page-without-items"
    elif mode in COUNTING and not setting.keys() & {"total", "more", "until"}:
        code = "page-without-end"
    elif mode == "offset" and not setting.keys() & {"size", "step"}:
        code = "page-without-step"
    else:
        return
    yield Problem.of(
        "pagination-endless",
        pointer_of(["onEmpty"], setting_pointer),
        reason=reason(code),
    )


def _total_problems(setting: Mapping[str, Any], setting_pointer: str) -> Iterator[Problem]:
    """Yield a warning if the name of the total is that of a number of pages, or of a position."""
    text = setting.get("total")
    if text is None or refusal_of(text) is not None:
        return
    if TotalName.of(Query.of(text)).is_about_pages:
        total_pointer = pointer_of(["total"], setting_pointer)
        yield Problem.of("pagination-total", total_pointer, severity="warning", found=text)


def _place_problems(
    setting: Mapping[str, Any],
    request: Any,
    setting_pointer: str,
) -> Iterator[Problem]:
    """Yield the problems of `parameter` and `size`."""
    parameter = setting.get("parameter")
    size = setting.get("size")
    if parameter is not None:
        location = parameter["in"]
        name = parameter["name"]
        yield from _problems_of_place(location, name, request, f"{setting_pointer}/parameter")
    if size is None:
        return
    location = size.get("in") or (parameter or {}).get("in", "query")
    if location == "path":
        location = "query"
    yield from _problems_of_place(location, size["name"], request, f"{setting_pointer}/size")
    if parameter is not None and (location, size["name"]) == (parameter["in"], parameter["name"]):
        size_pointer = f"{setting_pointer}/size/name"
        yield Problem.of("pagination-same-name", size_pointer, name=size["name"])


def _problems_of_place(
    location: str,
    name: str,
    request: Any,
    place_pointer: str,
) -> Iterator[Problem]:
    """Yield the problems of the parameter *name* at *location* of *request*."""
    name_pointer = f"{place_pointer}/name"
    if location == "header" and not TOKEN.fullmatch(name):
        yield Problem.of("header-name", name_pointer, name=name)
    elif location == "header" and name.lower() in _FRAMING:
        yield Problem.of("header-framing", name_pointer, name=name)
    if not isinstance(request, Mapping):
        return
    url = request.get("url")
    if location == "path" and isinstance(url, str) and not has_expression(url):
        names = _PLACEHOLDER.findall(url)
        if name not in names:
            near = names[0] if len(names) == 1 else None
            yield Problem.of(
                "pagination-path",
                name_pointer,
                suggestion=near,
                name=name,
                url=url,
            )
    if location == "body":
        cause = _why_no_body(request.get("body"), name)
        if cause is not None:
            yield Problem.of("pagination-body", name_pointer, reason=cause)
    query = request.get("query")
    if location == "query" and isinstance(query, str) and not has_expression(query):
        yield Problem.of("pagination-body", name_pointer, reason=reason("page-query-text"))


def _why_no_body(body: Any, name: str) -> dict[str, Any] | None:
    """Return the reason why *body* cannot have a value at *name*; None: it can."""
    tokens = parts(name) if name.startswith("/") else (name,)
    value = body
    parent_name = None
    for token in tokens:
        if value is None or (isinstance(value, str) and has_expression(value)):
            return None
        if isinstance(value, Mapping) and value.keys() & {"$file", "$text"}:
            return reason("page-body-as-it-is", at=parent_name)
        if not isinstance(value, Mapping | list):
            return reason("page-body-no-object", at=parent_name, name=token)
        is_list = isinstance(value, list) and not is_pairs(value)
        if is_list and index_of(token, len(value) or 1) is None:  # an empty list can get an item 0
            return reason("page-body-no-item", at=parent_name, name=token)
        value = child(value, token)
        parent_name = token
    return None


def _resume_problems(
    definition: Mapping[str, Any],
    setting: Mapping[str, Any],
    evaluator: Evaluator,
    setting_pointer: str,
) -> Iterator[Problem]:
    resume = setting.get("resume")
    if resume is None:
        return
    resume_pointer = pointer_of(["resume"], setting_pointer)
    yield from over_parameters(definition, resume, resume_pointer, evaluator)
    is_number = not isinstance(resume, str) or has_expression(resume) or resume.isdecimal()
    if setting["mode"] in COUNTING and not is_number:
        expected = "the number of a page, or an expression for it"
        yield Problem.of("type", resume_pointer, expected=expected, found=repr(resume)[:60])


def _reading_problems(definition: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    reading = definition.get("responseBody")
    if reading in ("text", "file"):
        reading_pointer = pointer_of(["responseBody"], pointer)
        yield Problem.of("pagination-unread", reading_pointer, found=reading)
