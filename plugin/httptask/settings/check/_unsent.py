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
        value: Any = request
        for step in path:
            value = value[step]
        what = "an empty array" if isinstance(value, list) else "an empty object"
        where = _WHERE.get(str(path[0]), f"a body of {essence(media_type)}")
        required: dict[str, Any] = (
            {"name": path[-1]} if _is_required(path, endpoint, media_type) else {}
        )
        severity = "error" if required else "warning"
        yield Problem.of(
            "unsent", pointer(path, at), severity=severity, found=what, where=where, **required
        )


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
