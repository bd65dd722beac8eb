"""Requests of other tools, pasted into the page: turn them into tasks, and store their secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.threads import in_thread
from httptask.catalogue import Catalogue
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._problems import Refused
from httptask.designer._wording import all_shown
from httptask.errors import InterchangeError
from httptask.interchange import Imported, ImportedTask, form_of, read_requests

if TYPE_CHECKING:
    from httptask.designer._credentials import Credentials
    from httptask.model.api import Endpoint

MOST_PASTED = 16 * 1024 * 1024
"""Maximum size of a body with a pasted text, in bytes. The command line reads larger documents."""


class Pasted:
    """The handlers. No text is kept: to store one of its secrets, the page sends the text again.

    Each reading opens the catalogue at *path* separately, because a large text takes time.
    """

    def __init__(self, path: str | os.PathLike[str] | None, credentials: Credentials) -> None:
        self._path = path
        self._credentials = credentials

    async def read(self, request: Request) -> Response:
        """Answer with the tasks in a text, without its secrets. Nothing is stored."""
        imported = await self._imported(await _body(request))
        tasks = [_task(task) for task in imported.tasks]
        return as_json(imported.to_json() | {"tasks": tasks, "losses": all_shown(imported.losses)})

    async def keep(self, request: Request) -> Response:
        """Store one of the credentials in a text, under a name that the person chooses."""
        value = await _body(request)
        credential_name = member(value, "credential", str)
        name = member(value, "name", str)
        credential = (await self._imported(value)).credentials.get(credential_name)
        if credential is None:
            raise Refused("not-found", f"the text holds no credential {credential_name[:200]!r}")
        return await self._credentials.keep(name, credential)

    async def _imported(self, value: Mapping[str, Any]) -> Imported:
        """Read the text in *value*, for the endpoint that *value* names, or for none if that
        is null.
        """
        text, endpoint_id = member(value, "text", str), value.get("endpoint")
        is_own = "endpoint" in value and endpoint_id is None
        if endpoint_id is not None and not isinstance(endpoint_id, str):
            raise Refused("bad-request", "'endpoint' must be an endpoint's id, or null for none")

        def read() -> Imported:
            with Catalogue.open(self._path) as catalogue:
                endpoint = catalogue.get(endpoint_id) if endpoint_id is not None else None
                try:
                    return read_requests(
                        text,
                        catalogue=None if is_own else catalogue,
                        endpoint=endpoint,
                    )
                except InterchangeError as error:
                    recognised = _is_recognised(text)
                    raise Refused("not-a-request", str(error), recognised=recognised) from error

        return await in_thread(read)


async def _body(request: Request) -> dict[str, Any]:
    try:
        return await json_object(request, MOST_PASTED)
    except Refused as error:
        if error.slug == "too-large":
            error.detail += "; larger documents are read by: httptask import-request"
        raise


def _is_recognised(text: str) -> bool:
    """Say whether *text* has the form of a known tool, although it cannot be read."""
    try:
        return form_of(text) is not None
    except InterchangeError:
        return False


def _task(task: ImportedTask) -> dict[str, Any]:
    return task.to_json() | {
        "endpoint": None if task.endpoint is None else _shown(task.endpoint),
        "others": [_shown(endpoint) for endpoint in task.others],
        "losses": all_shown(task.losses),
        "problems": all_shown(task.problems),
    }


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "provider": endpoint.provider,
        "method": endpoint.method,
        "path": endpoint.path,
        "title": endpoint.title,
    }
