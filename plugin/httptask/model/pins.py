"""Pins: prepared responses that answer a task's requests in place of a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from httptask._core.strict_json import parse
from httptask.model.exchange import OutgoingRequest, StreamedBody

Pin = Any
"""A pin as JSON (`schemas/pins.schema.json`).

An object answers every request of the task. The entries of a list answer its requests in turn; in a
task with `forEach`, entry *n* answers the requests of item *n*.
"""

ANSWER_FORMS = ("body", "bodyBase64", "bodyFile", "error")
"""A pin may have only one of these members."""


@dataclass(frozen=True, slots=True)
class PinnedRequest:
    """A request that was not sent: a pin answered it, or it was refused for lack of a pin."""

    task: str
    request: OutgoingRequest
    """The request as it would have been sent, without credentials."""
    item: int | None = None
    """The index of its item, in a task with `forEach`."""
    refusal: str | None = None
    """Why the request was refused; None if a pin answered it."""

    @property
    def method(self) -> str:
        """Its method."""
        return self.request.method

    @property
    def url(self) -> str:
        """Its URL, percent-encoded."""
        return self.request.url

    @property
    def body(self) -> bytes:
        """Its body. A placeholder stands for the bytes of each file in it."""
        body = self.request.body
        if isinstance(body, StreamedBody):
            return body.shown
        return body

    def header(self, name: str) -> str | None:
        """Return the first value of the header *name*, whatever its case, or None."""
        return self.request.header(name)

    def json(self) -> Any:
        """Parse its body as JSON. Raises `ValueError` if it is not JSON."""
        return parse(self.body)


Listener = Callable[[PinnedRequest], None]


@dataclass(frozen=True, slots=True)
class TaskPin:
    """The pin for one visit of a task."""

    pin: Pin | None
    """None: the task has no pin, and its requests are refused."""
    position: int = 0
    """How many of the task's requests were already answered earlier in the run."""
    listener: Listener | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return the pin and the position; the listener is not JSON."""
        return {"pin": self.pin, "position": self.position}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the pin that `to_json` wrote as *value*."""
        return cls(value["pin"], value["position"])

    def of_item(self, index: int) -> Self:
        """Return the pin for the item *index* alone: the entries of other items are emptied."""
        pin = self.pin
        if not isinstance(pin, list):
            return self
        # Emptied and not removed: an entry belongs to an item by its position.
        entries = [entry if position == index else {} for position, entry in enumerate(pin)]
        return replace(self, pin=entries)


@dataclass(frozen=True, slots=True)
class Pins:
    """The pins for the tasks of a definition, and of the definitions that it runs."""

    tasks: Mapping[str, Pin] = field(default_factory=dict)
    """Task name -> pin."""
    definitions: Mapping[str, Mapping[str, Pin]] = field(default_factory=dict)
    """Id of a nested definition -> the pins of its tasks."""
    is_offline: bool = False
    """Whether requests of a task without a pin are refused; otherwise they are sent."""
    listener: Listener | None = field(default=None, compare=False)
    """Called with every request that is not sent. It must not raise."""

    def of(self, task: str, position: int = 0) -> TaskPin | None:
        """Return the pin for a visit of *task*, or None if its requests are to be sent.

        *position* is the number of its requests that were answered before.
        """
        pin = self.tasks.get(task)
        if pin is None and not self.is_offline:
            return None
        return TaskPin(pin, position, self.listener)

    def inside(self, definition_id: str) -> Pins:
        """Return the pins for a run of the definition *definition_id*."""
        return replace(self, tasks=self.definitions.get(definition_id, {}))

    def to_json(self) -> dict[str, Any]:
        """Return the pins; the listener is not JSON."""
        return {
            "tasks": dict(self.tasks),
            "definitions": {name: dict(pins) for name, pins in self.definitions.items()},
            "offline": self.is_offline,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the pins that `to_json` wrote as *value*."""
        return cls(value["tasks"], value["definitions"], value["offline"])
