"""The sample input next to a definition, `inputs/<id>.json`, without its secrets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.strict_json import JsonError, parse
from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json, json_object
from httptask.designer._secret_inputs import without_secrets
from httptask.designer._side_files import SideFile
from httptask.designer._workflows import MOST_BYTES, file_bytes

if TYPE_CHECKING:
    from httptask.designer._workflows import Stored, Workflows

FOLDER = "inputs"
"""The folder next to a definition."""


class SampleInputs:
    """The sample inputs of the definitions in *workflows*."""

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows

    async def show(self, request: Request) -> Response:
        """Answer with the sample input of a definition."""
        return _answer(await in_thread(self._file(request).read))

    async def save(self, request: Request) -> Response:
        """Store the body's `{"input"?, "inputSchema"?}`; without an input, the file is removed.

        The answer has the input as it was stored.
        """
        value = await json_object(request, MOST_BYTES)
        data = b""
        if "input" in value:
            stored_input = without_secrets(value.get("inputSchema"), value["input"])
            more = " as a file; nothing was changed"
            data = file_bytes(stored_input, "a sample input", more)
        return _answer(await self._file(request).changed(request, lambda _: data))

    def _file(self, request: Request) -> SideFile:
        """Return the file for the definition in the path of *request*. Raises `Refused`."""
        source = Path(self._workflows.placed(request.path_params["id"]).source or "")
        path = source.parent / FOLDER / f"{source.stem}.json"
        return SideFile(path, "sample input", "sample-input", "sample-input-changed")


def _answer(stored: Stored | None) -> Response:
    """Answer with the input in *stored*. If it cannot be read, `broken` says why."""
    if stored is None:
        return as_json({})
    value: dict[str, Any]
    try:
        value = {"input": parse(stored.data)}
    except JsonError as error:
        value = {"broken": f"the file of the sample input: {error}"}
    return as_json(value, headers={"ETag": stored.etag})
