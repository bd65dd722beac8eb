"""The pins next to a definition: read them, and change one at a time without overwriting others."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.strict_json import JsonError, deeper_than, parse
from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._problems import Refused
from httptask.designer._side_files import SideFile, is_link
from httptask.designer._wording import all_shown
from httptask.designer._workflows import Stored, file_bytes
from httptask.errors import DefinitionError
from httptask.task import PinFault, pinned_answer
from httptask.workflow import new_pin, pin_file_problems, pin_problems, pins_path

if TYPE_CHECKING:
    from httptask.designer._catalogue import CatalogueEntry
    from httptask.designer._test_requests import TestRequests
    from httptask.designer._workflows import Workflows
    from httptask.errors import Problem
    from httptask.model.workflow import WorkflowDefinition
    from httptask.task import Runtime

_DEEPEST = 200
"""Maximum nesting of a pinned body."""

Change = Callable[[dict[str, Any]], None]
"""A function that changes the pins by task, in place."""


class Pins:
    """The pins of the definitions in *workflows*.

    *tests* has the bodies of test requests; *entry* returns an endpoint of the catalogue.
    """

    def __init__(
        self,
        workflows: Workflows,
        tests: TestRequests,
        entry: Callable[[str], Awaitable[CatalogueEntry]],
    ) -> None:
        self._workflows = workflows
        self._tests = tests
        self._entry = entry

    # Routes

    async def list(self, request: Request) -> Response:
        """Answer with the pins of a definition, by task."""
        return _answer(await in_thread(self._file(request).read))

    async def put(self, request: Request) -> Response:
        """Pin a task with the body's `{"pin", "endpoint"?}`, or with the `{"response"}` of a test
        request.
        """
        value = await json_object(request)
        path, task = self._file(request).path, request.path_params["task"]
        pin = value["pin"] if "pin" in value else self._of_response(member(value, "response", dict))
        problems = pin_problems(pin, path)
        if problems:
            message = "; ".join(str(problem) for problem in problems[:3])
            listed = all_shown(problems)
            raise Refused("pins", f"{message}. Nothing was changed", problems=listed)
        await self._check_example(pin, value.get("endpoint"))
        return await self._changed(request, lambda pins: pins.update({task: pin}))

    async def remove(self, request: Request) -> Response:
        """Remove the pin of a task."""
        task = request.path_params["task"]
        return await self._changed(request, lambda pins: pins.pop(task, None))

    async def _check_example(self, pin: Any, endpoint_id: Any) -> None:
        """Raise `Refused` if *pin* names a documented example that does not exist."""
        if not isinstance(pin, dict) or not pin.get("example"):
            return
        endpoint = (await self._entry(endpoint_id)).endpoint if endpoint_id else None
        try:
            pinned_answer(pin, endpoint)
        except PinFault as fault:
            detail = f"There is no such example: {fault}. Nothing was changed"
            raise Refused("pins", detail) from fault

    def _of_response(self, response: Mapping[str, Any]) -> dict[str, Any]:
        """Return a pin for *response*, in the page's form.

        `{"status", "headers", "decodedAs"?, "text"?, "test"?, "endpoint"?}`
        """
        decoded_as, text = response.get("decodedAs"), response.get("text")
        body: dict[str, Any] = {}
        if decoded_as == "json" and isinstance(text, str) and text:
            try:
                body = {"body": parse(text, unique_names=False)}
            except JsonError as error:
                raise Refused("bad-request", f"the body of the response: {error}") from error
            if deeper_than(body, _DEEPEST):
                raise Refused("pins", f"the body is nested more than {_DEEPEST} levels deep")
        elif isinstance(text, str):
            body = {"body": text} if text else {}
        elif "test" in response:
            saved = self._tests.body(member(response, "test", str))
            if len(saved.raw) < saved.size:
                raise Refused(
                    "too-large",
                    f"this body has {saved.size:,} bytes, more than a pin holds: name it in the pin"
                    " as a bodyFile",
                )
            encoded = base64.b64encode(saved.raw).decode("ascii")
            body = {"bodyBase64": encoded} if encoded else {}
        pairs = member(response, "headers", list, list)
        headers = [(str(name), str(line)) for name, line in pairs]
        endpoint = response.get("endpoint")
        endpoint_id = endpoint if isinstance(endpoint, str) else None
        return new_pin(member(response, "status", int), headers, body, endpoint_id)

    # The file

    def _file(self, request: Request) -> SideFile:
        """Return the file of pins for the definition in the path of *request*. Raises `Refused`."""
        path = pins_path(self._workflows.placed(request.path_params["id"]))
        if path is None:
            raise AssertionError("a definition that is placed has a path")
        return SideFile(path, "pins", "pins", "pins-changed")

    async def _changed(self, request: Request, change: Change) -> Response:
        """Apply *change* to the file of pins, and answer with all of them."""
        file = self._file(request)

        def changed(stored: Stored | None) -> bytes:
            document = _document(stored, file.path)
            change(document.setdefault("tasks", {}))
            more = ": name a large body in its pin as a bodyFile"
            return file_bytes(document, "a file of pins", more)

        return _answer(await file.changed(request, changed))


def pin_fit(
    definition: WorkflowDefinition, nested: Mapping[str, WorkflowDefinition], runtime: Runtime
) -> list[Problem]:
    """Return the problems of the pins next to *definition*, as `validate` reports them.

    There are none without such a file, or if it cannot be read, which the list of pins reports.
    """
    path = pins_path(definition)
    if path is None or is_link(path) or not path.is_file():
        return []
    try:
        return pin_file_problems(definition, path, nested, runtime)
    except DefinitionError:
        return []


def _document(stored: Stored | None, path: Path) -> dict[str, Any]:
    """Return the document of pins in *stored*.

    Raises `Refused`, so that a broken file is not replaced.
    """
    if stored is None:
        return {}
    try:
        document = parse(stored.data)
    except JsonError as error:
        raise Refused("pins", f"{path.name}: {error}. Mend the file, or remove it") from error
    if not isinstance(document, dict) or not isinstance(document.get("tasks") or {}, dict):
        raise Refused("pins", f"{path.name} holds no pins by task. Mend the file, or remove it")
    document["tasks"] = document.get("tasks") or {}
    return document


def _answer(stored: Stored | None) -> Response:
    """Answer with the pins in *stored*. If they cannot be read, `broken` says why."""
    if stored is None:
        return as_json({"tasks": {}})
    headers = {"ETag": stored.etag}
    try:
        tasks = _document(stored, Path("the file of pins"))["tasks"]
    except Refused as refusal:
        return as_json({"tasks": {}, "broken": refusal.detail}, headers=headers)
    return as_json({"tasks": tasks}, headers=headers)
