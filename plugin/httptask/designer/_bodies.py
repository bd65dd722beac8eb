"""Read the bodies of requests, with a size limit and strict JSON, and write JSON responses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from httptask._core.json_types import name_of
from httptask._core.strict_json import JsonError, deeper_than, dump, parse
from httptask._core.threads import in_thread
from httptask._http.media_types import essence
from httptask.designer._problems import Refused

T = TypeVar("T")

MOST_JSON = 8 * 1024 * 1024
"""Maximum size of a JSON body in bytes: enough for a workflow definition and more."""
_LONG = 128 * 1024
"""Bytes. Longer JSON is parsed in a thread, so that streams and cancelling are not held up."""
_DEEPEST = 200
_MOST_DRAINED = 64 * 1024 * 1024
"""Maximum bytes of an oversized body that are read and discarded.

Closing a connection while they arrive resets it, and the response is lost (RFC 9112, section 9.6).
"""


def as_json(
    value: Any,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return *value* as a JSON response."""
    return Response(dump(value), status, headers, "application/json")


async def pieces(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body of *request* as it arrives.

    Raises `Refused` if it has more than *limit* bytes.
    """
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
    # This also blocks forms of other sites: without CORS they cannot send this media type.
    if media_type != "application/json":
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
    document: Mapping[str, Any],
    name: str,
    expected_type: type[T],
    default: Callable[[], T] | None = None,
) -> T:
    """Return the member *name* of the JSON object *document*.

    Raises `Refused` if it has another type, or if it is missing and there is no *default*.
    """
    value = document.get(name)
    if value is None and default is not None:
        return default()
    # bool is a subclass of int in Python, but not a number in JSON.
    if isinstance(value, expected_type) and (expected_type is bool or not isinstance(value, bool)):
        return value
    expected = name_of(expected_type)
    raise Refused(
        "bad-request",
        f"{name!r} must be {expected}",
        problems=[{"pointer": f"/{name}", "message": f"expected {expected}", "severity": "error"}],
    )
