"""Finding empty arrays and objects: these are undefined values and not sent (RFC 6570, 2.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from httptask._http.media_types import FORM, carries_files, essence
from httptask.building._fields import STYLED
from httptask.building._references import Path
from httptask.building._styles import DEFAULTS, STYLES
from httptask.model.api import PARAMETER_GROUPS, Endpoint, Parameter


def unsent(
    request: Mapping[str, Any],
    endpoint: Endpoint | None,
    media_type: str,
) -> Iterator[Path]:
    """Yield the path of each value in *request* (normalised settings) that is not sent.

    *media_type* is the media type of the body. Path parameters are left out: an empty path
    parameter is an error when the URL is built.
    """
    parameters = endpoint.parameters if endpoint is not None else ()
    for location, group in PARAMETER_GROUPS.items():
        values = request.get(group)
        for name, value in (
            values.items() if isinstance(values, Mapping) and location != "path" else ()
        ):
            if not isinstance(value, list | dict | Mapping):
                continue
            matching = (
                candidate
                for candidate in reversed(parameters)
                if (candidate.location, candidate.name) == (location, name)
            )
            parameter = next(matching, None) or Parameter(name, location)
            if parameter.media_type is None:
                style = parameter.style or DEFAULTS[location]
                yield from ((group, name, *path) for path in _empty(value, style))
    body = request.get("body")
    if isinstance(body, Mapping) and (essence(media_type) == FORM or carries_files(media_type)):
        encodings = _encodings(endpoint, media_type)
        for name, value in body.items():
            encoding = encodings.get(name, {})
            if any(encoding.get(keyword) is not None for keyword in STYLED):
                yield from (
                    ("body", name, *path) for path in _empty(value, encoding.get("style") or "form")
                )
            elif value == []:  # an empty object is sent, as JSON
                yield "body", name


def _encodings(endpoint: Endpoint | None, media_type: str) -> Mapping[str, Mapping[str, Any]]:
    body = endpoint.request_body if endpoint is not None else None
    content = body.content.items() if body is not None else ()
    return next(
        (described.encoding for name, described in content if essence(name) == essence(media_type)),
        {},
    )


def _empty(value: Any, style: str) -> Iterator[Path]:
    """Yield the path of each empty array or object in *value*.

    Only a *style* that nests, such as `deepObject`, is searched below the top level.
    """
    if value in ([], {}):
        yield ()
    elif style in STYLES and STYLES[style].nested and isinstance(value, list | Mapping):
        members = value.items() if isinstance(value, Mapping) else enumerate(value)
        yield from ((step, *path) for step, member in members for path in _empty(member, style))
