"""Bodies in and out: read up to a limit, JSON strictly, answered as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from httptask._core.strict_json import JsonError, deeper_than, dump, parse
from httptask._core.threads import in_thread
from httptask._http.media_types import essence
from httptask.designer._problems import Refused

T = TypeVar("T")

MOST_JSON = 8 * 1024 * 1024
"""Bytes of a JSON body: a workflow definition with room to spare."""
_LONG = 128 * 1024
"""Bytes. Longer JSON is read and written in a thread, so that streams and cancelling go on."""
_DEEPEST = 200
_MOST_DRAINED = 64 * 1024 * 1024
"""Bytes of a body over the limit that are read and thrown away: a connection that is closed while
they come is reset, and the answer lost with it (RFC 9112, section 9.6)."""


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return *value* as a JSON response."""
    return Response(dump(value), status, headers, "application/json")


async def pieces(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body of *request* as it comes. Raises `Refused` when it is over *limit* bytes."""
    declared = request.headers.get("content-length", "")
    too_large = declared.isascii() and declared.isdigit() and int(declared) > limit
    received = 0
    try:
        async for piece in request.stream():
            received += len(piece)
            too_large = too_large or received > limit
            if not too_large:
                yield piece
            elif received > limit + _MOST_DRAINED:
                break
    except ClientDisconnect as error:
        raise Refused(
            "bad-request", "the body ended early: the client closed the connection"
        ) from error
    if too_large:
        raise Refused(
            "too-large",
            f"at most {limit:,} bytes are taken here",
            limit=limit,
            headers={"Connection": "close"},
        )


async def json_object(request: Request, limit: int = MOST_JSON) -> dict[str, Any]:
    """Return the JSON object in the body of *request*. Raises `Refused`."""
    media_type = essence(request.headers.get("content-type", ""))
    if (
        media_type != "application/json"
    ):  # also what keeps forms of other sites out: they cannot send it unasked
        raise Refused(
            "unsupported-media-type",
            f"expected Content-Type: application/json, found {media_type or 'none'}",
        )
    data = b"".join([piece async for piece in pieces(request, limit)])
    value = await in_thread(lambda: _parsed(data)) if len(data) > _LONG else _parsed(data)
    if not isinstance(value, dict):
        raise Refused("bad-request", "expected a JSON object")
    return value


def _parsed(data: bytes) -> Any:
    try:
        value = parse(data)
    except JsonError as error:
        raise Refused("not-json", str(error), line=error.line, column=error.column) from error
    if deeper_than(value, _DEEPEST):
        raise Refused("bad-request", f"the JSON is nested more than {_DEEPEST} levels deep")
    return value


def member(
    value: Mapping[str, Any], name: str, kind: type[T], default: Callable[[], T] | None = None
) -> T:
    """Return the member *name* of a request's *value*. Raises `Refused` when it is of another type,
    or missing without *default*.
    """
    found = value.get(name)
    if found is None and default is not None:
        return default()
    if isinstance(found, kind) and (kind is bool or not isinstance(found, bool)):
        return found
    wanted = {dict: "an object", str: "a string", bool: "true or false", list: "an array"}[kind]
    raise Refused(
        "bad-request",
        f"{name!r} must be {wanted}",
        problems=[{"pointer": f"/{name}", "message": f"expected {wanted}", "severity": "error"}],
    )
