"""Check that pins still fit their tasks and the documentation of the endpoints."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import pointer as pointer_of
from httptask._http.media_types import is_json, received_essence
from httptask._http.syntax import WITHOUT_CONTENT
from httptask.errors import CatalogueError, Problem
from httptask.sending import PinnedError
from httptask.settings import differences, secrets_below
from httptask.task import PinFault, pinned_answer
from httptask.workflow._definition import iter_tasks

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.model.exchange import Difference
    from httptask.model.pins import Pins
    from httptask.model.workflow import WorkflowDefinition
    from httptask.task import Runtime
    from httptask.workflow._nested import Definitions

_MOST = 20
"""The number of reported differences of one pin."""


def pin_fit_problems(
    pins: Pins,
    definition: WorkflowDefinition,
    definitions: Definitions,
    runtime: Runtime,
) -> Iterator[Problem]:
    """Yield the problems of well-formed *pins* with the tasks of *definition* and *definitions*.

    *definitions* are nested definitions by id. A pin that cannot answer a request is an error;
    everything else is a warning, because the server might really send such a response.
    """
    yield from _of_tasks(
        pins.tasks,
        definition,
        pointer_of(["tasks"]),
        runtime,
    )
    for name, tasks in pins.definitions.items():
        if name in definitions:
            pointer = pointer_of(["definitions", name])
            yield from _of_tasks(tasks, definitions[name], pointer, runtime)


def _of_tasks(
    pins: Mapping[str, Any],
    definition: WorkflowDefinition,
    pointer: str,
    runtime: Runtime,
) -> Iterator[Problem]:
    tasks = {name: task for _, name, task in iter_tasks(definition)}
    for name, pin in pins.items():
        endpoint_id = tasks[name].get("endpoint")
        endpoint = None
        if isinstance(endpoint_id, str):
            with contextlib.suppress(CatalogueError):  # the definition's problems report it
                endpoint = runtime.endpoint(endpoint_id)
        for pin_pointer, lone_pin in _single_pins(pin, pointer_of([name], pointer)):
            yield from _fit_problems(lone_pin, pin_pointer, endpoint_id, endpoint)


def pin_secrets(pin: Any, pointer: str) -> Iterator[Problem]:
    """Warn of each literal secret in *pin*, an answer or a list of them, at *pointer*."""
    for pin_pointer, lone_pin in _single_pins(pin, pointer):
        yield from _response_secrets(lone_pin, pin_pointer)


def _response_secrets(pin: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    yield from secrets_below(pin.get("headers"), pointer_of(["headers"], pointer), "headers")
    yield from secrets_below(pin.get("body"), pointer_of(["body"], pointer))


def _single_pins(pin: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield pointer and pin for *pin*, or for each pin in it if it is a (nested) list."""
    if not isinstance(pin, list):
        yield pointer, pin
        return
    for index, inner in enumerate(pin):
        yield from _single_pins(inner, pointer_of([index], pointer))


def _fit_problems(
    pin: Mapping[str, Any],
    pointer: str,
    endpoint_id: Any,
    endpoint: Endpoint | None,
) -> Iterator[Problem]:
    """Yield the problems of *pin*, a single response: its endpoint, its secrets, its body."""
    pinned_id = pin.get("endpoint")
    if pinned_id is not None and pinned_id != endpoint_id:
        problem_pointer = pointer_of(["endpoint"], pointer)
        yield Problem.of(
            "pin-endpoint",
            problem_pointer,
            severity="warning",
            found=pinned_id,
            expected=endpoint_id,
        )
    yield from _response_secrets(pin, pointer)
    try:
        answer = pinned_answer(pin, endpoint)
    except PinFault as fault:
        problem_pointer = pointer_of([fault.at] if fault.at else [], pointer)
        yield Problem.of("pin-unfit", problem_pointer, reason=fault.reason)
        return
    if endpoint is None or isinstance(answer, PinnedError) or pin.get("example"):
        return
    headers = {name.lower(): value for name, value in answer.headers}
    content_type = headers.get("content-type", "")
    deviations = differences(
        endpoint,
        answer.status,
        received_essence(content_type),
        pin.get("body"),
        is_json=is_json(content_type) and "body" in pin,
        missing=not answer.body and answer.status not in WITHOUT_CONTENT,
    )
    for difference in deviations[:_MOST]:
        problem_pointer = pointer + _pointer_in_pin(difference, pin)
        params: dict[str, Any] = {"kind": difference.kind, "differenceMessage": difference.message}
        yield Problem.of("pin-response", problem_pointer, severity="warning", **params)


def _pointer_in_pin(difference: Difference, pin: Mapping[str, Any]) -> str:
    """Return the pointer in *pin* of the *difference*."""
    if difference.kind == "status":
        return "/status" if "status" in pin else ""
    if difference.kind == "media-type" and "headers" in pin:
        return "/headers"
    return f"/body{difference.pointer}" if "body" in pin else ""
