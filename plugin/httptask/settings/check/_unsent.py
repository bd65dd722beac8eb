"""Empty arrays and objects in settings: in a query, a header or a form they have no form, and
nothing is sent for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import Path, pointer
from httptask._http.media_types import essence
from httptask._schema.views import View, Views
from httptask.building import unsent
from httptask.errors import Problem
from httptask.model.api import PARAMETER_GROUPS, Endpoint

_WHERE = {"query": "a query", "headers": "a header", "cookies": "a cookie"}


def unsent_problems(
    request: Mapping[str, Any], endpoint: Endpoint | None, media_type: str, at: str
) -> Iterator[Problem]:
    """Refuse what is required and not sent, warn of what is not; *request* are normalised
    settings.
    """
    for path in unsent(request, endpoint, media_type):
        what = "an empty array" if isinstance(_at(request, path), list) else "an empty object"
        where = _WHERE.get(str(path[0]), f"a body of {essence(media_type)}")
        # What holds nothing but empty values is not sent either, and may be what is required.
        outer = (path[: length + 1] for length in range(1, len(path)))
        nothing = (steps for steps in outer if _is_nothing(_at(request, steps)))
        missing = (steps for steps in nothing if _is_required(steps, endpoint, media_type))
        required: dict[str, Any] = next(({"name": steps[-1]} for steps in missing), {})
        severity = "error" if required else "warning"
        yield Problem.of(
            "unsent", pointer(path, at), severity=severity, found=what, where=where, **required
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
    """Say whether *endpoint* requires the value at *path*, and whatever it stands in."""
    if endpoint is None:
        return False
    views, name = Views({"$defs": endpoint.definitions}), path[1]
    if path[0] == "body":
        content = endpoint.request_body.content.items() if endpoint.request_body is not None else ()
        schema = next(
            (each.schema for kind, each in content if essence(kind) == essence(media_type)), {}
        )
        return all(_steps_required(views.view(schema), path[1:], views))
    known = (each for each in endpoint.parameters if PARAMETER_GROUPS.get(each.location) == path[0])
    parameter = next((each for each in known if each.name == name), None)
    if parameter is None or not parameter.required:
        return False
    return all(_steps_required(views.view(parameter.schema), path[2:], views))


def _steps_required(view: View, path: Path, views: Views) -> Iterator[bool]:
    for step in path:
        yield step in view.required
        view = views.view(view.properties.get(str(step), {}))
