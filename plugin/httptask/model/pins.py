"""Pins: responses that stand for those of servers, by the name of the task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from httptask._core.strict_json import parse
from httptask.model.exchange import OutgoingRequest, StreamedBody

Pin = Any
"""JSON, as in `schemas/pins.schema.json`: an object answers every request of a task, a list one
request after another, or, of a task with `forEach`, those of each item.
"""

ANSWER_FORMS = ("body", "bodyBase64", "bodyFile", "error")
"""What a pin can hold one of."""


@dataclass(frozen=True, slots=True)
class PinnedRequest:
    """A request that was not sent: a pin answered it, or it was refused for want of one."""

    task: str
    request: OutgoingRequest
    """As it would have gone out, without credentials."""
    item: int | None = None
    """The index of the item that it was made for, of a task with `forEach`."""
    refusal: str | None = None
    """Why nothing answered it; None: a pin did."""

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
        """Its body. A few words stand for the bytes of files that are sent from a folder."""
        body = self.request.body
        return body.shown if isinstance(body, StreamedBody) else body

    def header(self, name: str) -> str | None:
        """Return the first value of the header *name*, whatever its case, or None."""
        return self.request.header(name)

    def json(self) -> Any:
        """Return its body, read as JSON. Raises `ValueError` where it is none."""
        return parse(self.body)


Listener = Callable[[PinnedRequest], None]


@dataclass(frozen=True, slots=True)
class TaskPin:
    """What answers the requests of one visit of a task."""

    pin: Pin | None
    """None: the task is not pinned, and nothing may be sent."""
    position: int = 0
    """How many requests of the task were answered in the run before."""
    listener: Listener | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return pin and position, without who is told."""
        return {"pin": self.pin, "position": self.position}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the pin of which `to_json` made *value*."""
        return cls(value["pin"], value["position"])

    def of_item(self, index: int) -> Self:
        """Return the pin with what the item *index* needs of it: the pins of others are empty."""
        pin = self.pin
        if not isinstance(pin, list):
            return self
        return replace(self, pin=[one if at == index else {} for at, one in enumerate(pin)])


@dataclass(frozen=True, slots=True)
class Pins:
    """The pins of a definition, and of those that it runs."""

    tasks: Mapping[str, Pin] = field(default_factory=dict)
    """By the name of the task."""
    definitions: Mapping[str, Mapping[str, Pin]] = field(default_factory=dict)
    """By the id of a definition, those of its tasks."""
    is_offline: bool = False
    """Whether a task without a pin is refused; else its requests are sent."""
    listener: Listener | None = field(default=None, compare=False)
    """Told of every request that is not sent. It must not raise."""

    def of(self, task: str, position: int = 0) -> TaskPin | None:
        """Return what answers the *task*, *position* of whose requests were answered before; None:
        its requests are sent.
        """
        pin = self.tasks.get(task)
        if pin is None and not self.is_offline:
            return None
        return TaskPin(pin, position, self.listener)

    def inside(self, definition_id: str) -> Pins:
        """Return the pins for a run of the definition *definition_id*."""
        return replace(self, tasks=self.definitions.get(definition_id, {}))

    def to_json(self) -> dict[str, Any]:
        """Return the pins, without who is told."""
        return {
            "tasks": dict(self.tasks),
            "definitions": {name: dict(pins) for name, pins in self.definitions.items()},
            "offline": self.is_offline,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the pins of which `to_json` made *value*."""
        return cls(value["tasks"], value["definitions"], value["offline"])
