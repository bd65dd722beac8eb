"""The places of page numbers, tokens and sizes in the settings of a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from httptask._core.pointers import child, parts
from httptask._core.pointers import index as index_of
from httptask._core.pointers import pointer as pointer_of
from httptask.building import is_pairs
from httptask.errors import CodedError, Problem
from httptask.model.pagination import Pagination, Place


def put(settings: Mapping[str, Any], parameter: Place, value: Any) -> dict[str, Any]:
    """Return a copy of *settings*, an `httpRequest`, with *value* at *parameter*."""
    group = parameter.group
    old = settings.get(group)
    if parameter.location == "body":
        return {**settings, group: _put_at(old, _tokens(parameter.name), value, None)}
    if isinstance(old, list):  # pairs of names and values
        pairs = [pair for pair in old if not _is_called(pair, parameter.name)]
        return {**settings, group: [*pairs, [parameter.name, value]]}
    if not isinstance(old, Mapping | None):
        return dict(settings)  # the checks of a request refuse it
    others = dict(old or {})
    if parameter.location == "header":
        lower = parameter.name.lower()
        others = {name: item for name, item in others.items() if name.lower() != lower}
    others[parameter.name] = value
    return {**settings, group: others}


def written(settings: Any, parameter: Place) -> Any:
    """Return the value at *parameter* in *settings*, or in the query of their URL; None without."""
    value = _in_group(settings, parameter)
    if value is None and parameter.location == "query" and isinstance(settings, Mapping):
        query = str(settings.get("url")).partition("#")[0].partition("?")[2]
        return dict(parse_qsl(query)).get(parameter.name)
    return value


def _in_group(settings: Any, parameter: Place) -> Any:
    value = settings.get(parameter.group) if isinstance(settings, Mapping) else None
    names = _tokens(parameter.name) if parameter.location == "body" else (parameter.name,)
    for name in names:
        pairs = value if isinstance(value, list) and is_pairs(value) else None
        if pairs is None:
            value = child(value, name)
        else:
            value = next((pair[1] for pair in pairs if _is_called(pair, name)), None)
    return value


def _is_called(pair: Any, name: str) -> bool:
    return isinstance(pair, list) and pair[:1] == [name]


def path_of(parameter: Place) -> tuple[str, ...]:
    """Return the path of *parameter* in an `httpRequest`."""
    if parameter.location == "body":
        return (parameter.group, *_tokens(parameter.name))
    return (parameter.group, parameter.name)


def first_page(settings: Any, pagination: Pagination) -> Any:
    """Return *settings* with the size of a page, and, for counting modes, the first number.

    Without `start`, a number that the author wrote in *settings* stays.
    """
    if not isinstance(settings, Mapping):
        return settings
    changed: Mapping[str, Any] = settings
    if pagination.size is not None:
        changed = put(changed, pagination.size, pagination.size_value)
    parameter = pagination.parameter
    if pagination.counts and parameter is not None:
        is_written = pagination.start is None and written(settings, parameter) is not None
        if not is_written:
            changed = put(changed, parameter, pagination.first_number)
    return changed


_ABOUT_NAMES = frozenset(
    ("unknown-name", "path-parameter-unused", "header-name", "header-framing", "header-not-sent")
)
"""Codes of problems that are about the name of a value."""


def placed(
    problems: Iterable[Problem],
    pagination: Pagination | None,
    request_pointer: str,
    pointer: str,
) -> list[Problem]:
    """Return the *problems* of a first page's settings, with corrected pointers.

    A problem of a value that *pagination* put into the request gets the pointer of the setting that
    the author wrote. *pointer* is the pointer of the task.
    """
    if pagination is None:
        return list(problems)
    fields = {"size": (pagination.size, "size/value")}
    if pagination.counts:
        value = "start" if pagination.start is not None else "parameter"
        fields["parameter"] = (pagination.parameter, value)
    setting_pointer = f"{pointer}/pagination"
    moved: dict[str, tuple[str, str]] = {}
    for name, (parameter, value) in fields.items():
        if parameter is not None:
            target = pointer_of(path_of(parameter), request_pointer)
            moved[target] = f"{setting_pointer}/{name}/name", f"{setting_pointer}/{value}"
    placed_problems = []
    for problem in problems:
        name_pointer, value_pointer = moved.get(problem.pointer, (problem.pointer, problem.pointer))
        target = name_pointer if problem.code in _ABOUT_NAMES else value_pointer
        placed_problems.append(replace(problem, pointer=target))
    return placed_problems


def _tokens(name: str) -> tuple[str, ...]:
    if name.startswith("/"):
        return parts(name)
    return (name,)


def _put_at(
    value: Any,
    tokens: tuple[str, ...],
    new: Any,
    own_name: str | None,
) -> Any:
    """Return a copy of *value* with *new* at *tokens*; *value* has the name *own_name*, for errors.

    Missing objects on the path are created, and a missing list before the token `0`:
    `/search_after/0` adds the list `search_after` to a body. Raises `CodedError` if a value on the
    path can have no member.
    """
    if not tokens:
        return new
    token = tokens[0]
    remaining = tokens[1:]
    if isinstance(value, list) and not is_pairs(value):
        index = index_of(token, len(value) or 1)
        if index is None:
            raise CodedError("page-body-no-item", at=own_name, name=token)
        item = value[index] if index < len(value) else None
        return [*value[:index], _put_at(item, remaining, new, token), *value[index + 1 :]]
    if isinstance(value, list):
        return [*(pair for pair in value if pair[0] != token), [token, new]]
    if value is not None and not isinstance(value, Mapping):
        raise CodedError("page-body-no-object", at=own_name, name=token)
    value = value or {}
    member = value.get(token)
    if member is None and remaining[:1] == ("0",):
        member = []
    return {**value, token: _put_at(member, remaining, new, token)}
