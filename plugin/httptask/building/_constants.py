"""Finding constant values that cannot be sent, before any expression is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from httptask._core.pointers import pointer
from httptask._http.syntax import PLACEHOLDER
from httptask.building._bodies import is_text
from httptask.building._references import is_pairs, is_reference
from httptask.building._request import written_body, written_cookies, written_headers
from httptask.building._url_template import UrlTemplate
from httptask.building._writer import Writer
from httptask.errors import Problem, SettingsError
from httptask.model.api import Endpoint

_STAND_IN = "x"
"""The value used for a path parameter that is an expression."""


def unwritable_constants(
    request: Mapping[str, Any],
    endpoint: Endpoint | None,
    at: str,
    *,
    is_open: Callable[[Any], bool],
    media_type: str | None,
) -> Iterator[Problem]:
    """Yield the problems of constant values in *request* (normalised settings): the first problem
    of each group.

    *is_open* says whether a value contains an expression; such values are left out. *media_type* is
    the media type of the body, None if it is not known yet. For *endpoint* and *at* see `build`.
    """
    writer = Writer(endpoint, at)
    constant = {
        name: value
        for name, value in ((name, _constant(value, is_open)) for name, value in request.items())
        if value is not None
    }
    body, body_pointer = constant.get("body"), pointer(["body"], at)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: writer.query(constant.get("query", {})),
        lambda: written_headers(constant.get("headers", {}), writer),
        lambda: written_cookies(constant.get("cookies", {}), writer),
        lambda: _write_address(request, endpoint, writer, is_open),
        lambda: (
            body is not None
            and media_type
            and written_body(body, media_type, endpoint, body_pointer)
        ),
    )
    # One by one: the first problem of a group must not hide those of the other groups.
    for attempt in attempts:
        try:
            attempt()
        except SettingsError as error:
            yield from error.problems


def _constant(value: Any, is_open: Callable[[Any], bool]) -> Any:
    """Return the constant part of *value*, a group of the settings; None when nothing is
    constant.
    """
    if not is_open(value):
        return value
    if isinstance(value, Mapping) and not (is_text(value) or is_reference(value)):
        return {name: item for name, item in value.items() if not is_open(item)}
    if is_pairs(value):  # null is not sent, and the indices of the other pairs stay the same
        return [[name, None if is_open(item) else item] for name, item in value]
    return None


def _write_address(
    request: Mapping[str, Any],
    endpoint: Endpoint | None,
    writer: Writer,
    is_open: Callable[[Any], bool],
) -> None:
    """Write the URL of *request*, or its constant parts. Raises `SettingsError`."""
    values = request.get("pathParameters", {})
    url = request["url"]
    if not isinstance(values, Mapping):
        return
    filled = {name: _STAND_IN if is_open(value) else value for name, value in values.items()}
    if is_open(url):
        # The text beside the placeholders is not known: put each placeholder in its own segment.
        names = [name for name in PLACEHOLDER.findall(url) if name in values]
        url = "".join(f"/a{{{name}}}" for name in names)
    template = UrlTemplate({"url": url, "pathParameters": filled}, endpoint, writer)
    if any(is_open(values.get(name)) for name in PLACEHOLDER.findall(template.server)):
        url = url.removeprefix(template.server)
        template = UrlTemplate({"url": url, "pathParameters": filled}, endpoint, writer)
    template.address()
