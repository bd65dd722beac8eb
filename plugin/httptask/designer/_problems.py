"""Problem details (RFC 9457): every failure that the server reports to a page."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from httptask._core.strict_json import dump
from httptask.designer._wording import all_shown, shown
from httptask.errors import (
    CatalogueError,
    CredentialError,
    DefinitionError,
    EngineError,
    ExpressionError,
    HttpTaskError,
    InterchangeError,
    JournalError,
    SettingsError,
    TaskError,
    UnknownEndpointError,
)

_log = logging.getLogger("httptask")

MEDIA_TYPE = "application/problem+json"

TITLES = {
    "bad-request": (400, "The request is not understood"),
    "not-a-request": (422, "This cannot be read as requests"),
    "not-json": (400, "The body is not JSON"),
    "unauthorised": (401, "The token is missing or wrong"),
    "wrong-host": (403, "This address is not the designer's"),
    "wrong-origin": (403, "Another page may not use the designer"),
    "not-allowed": (403, "This is not allowed here"),
    "not-found": (404, "There is nothing here"),
    "unknown-endpoint": (404, "No such endpoint"),
    "unknown-workflow": (404, "No such workflow definition"),
    "unknown-test-request": (404, "No such test request"),
    "unknown-run": (404, "No such run"),
    "unknown-upload": (404, "No such upload"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "importing": (409, "An import is under way"),
    "run": (409, "The run is not in that state"),
    "changed-meanwhile": (412, "The definition was changed meanwhile"),
    "pins-changed": (412, "The pins were changed meanwhile"),
    "sample-input-changed": (412, "The sample input was changed meanwhile"),
    "too-large": (413, "Too large"),
    "unsupported-media-type": (415, "The media type is not understood"),
    "broken-definition": (422, "The file is not a workflow definition"),
    "definition": (422, "The workflow cannot run as it is"),
    "pins": (422, "The pin cannot be kept"),
    "input": (422, "The run does not take this input"),
    "sample-input": (422, "The sample input cannot be kept"),
    "settings": (422, "The settings are not valid"),
    "expression": (422, "An expression cannot be evaluated"),
    "credential": (422, "The credential cannot be used"),
    "precondition-required": (428, "Say which version is replaced"),
    "too-many": (429, "Too many at once"),
    "internal": (500, "Something unexpected failed"),
    "not-saved": (500, "It could not be saved"),
    "runs": (503, "The runs cannot be kept"),
    "engine": (503, "The engine cannot be used"),
    "catalogue": (503, "The catalogue cannot be used"),
}
"""Slug -> status and title. The type of a problem is `urn:httptask:problem:<slug>`."""


class Refused(Exception):  # noqa: N818 - an answer, not an accident
    """A request is answered with the problem *slug*.

    *detail* says what happened and what to do; *extensions* are further members of the problem.
    """

    def __init__(
        self, slug: str, detail: str, *, headers: Mapping[str, str] | None = None, **extensions: Any
    ) -> None:
        super().__init__(detail)
        self.slug = slug
        self.detail = detail
        self.headers = headers
        self.extensions = extensions

    def response(self) -> Response:
        """Return the problem as a response."""
        status, title = TITLES[self.slug]
        body = {
            "type": f"urn:httptask:problem:{self.slug}",
            "title": title,
            "status": status,
            "detail": self.detail,
            **{name: value for name, value in self.extensions.items() if value is not None},
        }
        return Response(dump(body), status, self.headers, MEDIA_TYPE)


def refused(error: HttpTaskError) -> Refused:
    """Return the problem for *error*, an error of another part of httptask."""
    if isinstance(error, UnknownEndpointError):
        return Refused("unknown-endpoint", str(error), nearest=list(error.nearest))
    if isinstance(error, CatalogueError):
        return Refused("catalogue", str(error))
    if isinstance(error, JournalError):
        return Refused("runs", str(error))
    if isinstance(error, EngineError):
        return Refused("engine", str(error))
    if isinstance(error, SettingsError):
        return Refused("settings", str(error), problems=all_shown(error.problems))
    if isinstance(error, ExpressionError):
        problem, known_names = shown(error.problem()), list(error.known)
        return Refused(
            "expression",
            str(error),
            problems=[problem],
            pointer=error.pointer,
            expression=error.expression,
            known=known_names,
        )
    if isinstance(error, CredentialError):
        return Refused(
            "credential",
            str(error),
            problems=[shown(error.problem("/credentials"))],
        )
    if isinstance(error, InterchangeError):
        return Refused("not-a-request", str(error))
    if isinstance(error, DefinitionError):
        return Refused("broken-definition", str(error))
    slug = "settings" if isinstance(error, TaskError) else "internal"
    return Refused(slug, str(error))


async def answer_refused(request: Request, error: Exception) -> Response:
    """Answer a `Refused`."""
    if not isinstance(error, Refused):
        raise error
    return error.response()


async def answer_httptask(request: Request, error: Exception) -> Response:
    """Answer an error of another part of httptask."""
    if not isinstance(error, HttpTaskError):
        raise error
    return refused(error).response()


async def answer_http(request: Request, error: Exception) -> Response:
    """Answer the router's errors: an unknown path or method."""
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == 405:
        allowed = headers.get("Allow", "")
        return Refused(
            "method-not-allowed",
            f"{request.method} is not allowed here; use {allowed}",
            headers=headers,
        ).response()
    if error.status_code == 404:
        return Refused("not-found", f"there is nothing at {request.url.path}").response()
    return Refused("bad-request", str(error.detail), headers=headers).response()


async def answer_unexpected(request: Request, error: Exception) -> Response:
    """Answer an unforeseen error with a sentence, and write the traceback to the log."""
    _log.error(
        "the designer failed to answer %s %s", request.method, request.url.path, exc_info=error
    )
    return Refused(
        "internal", f"{type(error).__name__}; the designer's log says where. Nothing was changed"
    ).response()
