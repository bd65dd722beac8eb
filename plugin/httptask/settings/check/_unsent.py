"""Find empty arrays and objects in a query, a header or a form, for which nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import Path
from httptask._core.pointers import pointer as pointer_of
from httptask._http.media_types import essence
from httptask._schema.views import View, Views
from httptask.building import unsent
from httptask.errors import Problem
from httptask.model.api import PARAMETER_GROUPS, Endpoint
from httptask.settings.check._media_type import offered

_WHERE = {"query": "a query", "headers": "a header", "cookies": "a cookie"}


def unsent_problems(
    request: Mapping[str, Any],
    endpoint: Endpoint | None,
    media_type: str,
    base: str,
) -> Iterator[Problem]:
    """Yield an error for each required value that is not sent, and a warning for each optional one.

    *request* are normalised settings; *base* is their JSON Pointer.
    """
    for path in unsent(request, endpoint, media_type):
        description = "an empty object"
        if isinstance(_at(request, path), list):
            description = "an empty array"
        where = _WHERE.get(str(path[0]), f"a body of {essence(media_type)}")
        # A value that contains only empty values is not sent either, and may be the required one.
        enclosing = (path[: length + 1] for length in range(1, len(path)))
        unsent_paths = (steps for steps in enclosing if _is_nothing(_at(request, steps)))
        required_paths = (
            steps for steps in unsent_paths if _is_required(steps, endpoint, media_type)
        )
        required: dict[str, Any] = next(({"name": steps[-1]} for steps in required_paths), {})
        severity = "error" if required else "warning"
        yield Problem.of(
            "unsent",
            pointer_of(path, base),
            severity=severity,
            found=description,
            where=where,
            **required,
        )


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _is_nothing(value: Any) -> bool:
    """Say whether *value* is an empty array or object, or holds nothing else."""
    if not isinstance(value, list | Mapping):
        return False
    members = value.values() if isinstance(value, Mapping) else value
    return all(_is_nothing(member) for member in members)


def _is_required(path: Path, endpoint: Endpoint | None, media_type: str) -> bool:
    """Say whether *endpoint* requires the value at *path* and every value that encloses it."""
    if endpoint is None:
        return False
    views = Views({"$defs": endpoint.definitions})
    group = path[0]
    name = path[1]
    if group == "body":
        content = offered(endpoint)
        equal_names = (key for key in content if essence(key) == essence(media_type))
        described = next(equal_names, None)
        schema = content[described].schema if described is not None else {}
        return all(_steps_required(views.view(schema), path[1:], views))
    for parameter in endpoint.parameters:
        if PARAMETER_GROUPS.get(parameter.location) == group and parameter.name == name:
            steps = _steps_required(views.view(parameter.schema), path[2:], views)
            return parameter.required and all(steps)
    return False


def _steps_required(view: View, path: Path, views: Views) -> Iterator[bool]:
    """Yield for each step of *path* whether the object at this point requires that name."""
    for step in path:
        yield step in view.required
        view = views.view(view.properties.get(str(step), {}))
