"""The values of a task: its inputs, its response settings, and the options of a test request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from httptask.errors import TaskResult
from httptask.model.environment import Environment
from httptask.model.for_each import Item
from httptask.model.pins import TaskPin

if TYPE_CHECKING:
    from httptask.engines.callbacks import Callbacks

__all__ = ["Inputs", "Reading", "TaskResult", "TestOptions"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the body of a task's response is decoded."""

    body: str = "auto"
    """`responseBody`: `json`, `text` or `file` for any media type; `auto`: by the media type."""
    charset: str = ""
    """`responseCharset`: the charset of a response that names none."""

    @classmethod
    def of_task(cls, definition: Mapping[str, Any]) -> Reading:
        """Read both settings from a task's *definition*; unset or null means the default."""
        names = {"body": "responseBody", "charset": "responseCharset"}
        fields = {
            field: definition[name]
            for field, name in names.items()
            if definition.get(name) is not None
        }
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The data of a run when a task starts: every value that the task's expressions can read."""

    input: Any = None
    """The run's input: `$.input`."""
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Finished tasks: `$.tasks['Name'].input` and `$.tasks['Name'].output`."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """`$.variables`."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """The `swf:` values by name.

    `workflowId`, `sequenceNumber`, `workflowDefinitionId`, `workflowDefinitionVersion`, `now`,
    `uuid`; for a task that waits for a callback also `callbackUrl` and `callbackToken`.
    """
    environment: Environment | None = None
    """Maps server addresses and credential names; None: use those in the task."""
    previous: Any = None
    """The output of the preceding task, at the start of a run its input.

    A condition without `${…}` reads it as `$`.
    """
    item: Item | None = None
    """The current item of a task with `forEach`."""
    pin: TaskPin | None = None
    """Answers the task's requests in place of a server; None: they are sent.

    Not included in the JSON.
    """
    item_index: int = 0
    """The index of the item that a test request or a preview is for, if `item` is not given."""

    def document(self) -> dict[str, Any]:
        """Return the value of `$` in `inputParameters` and conditions."""
        document = {
            "input": self.input,
            "tasks": self.tasks,
            "variables": self.variables,
        }
        if self.item is None:
            return document
        return {**document, **self.item.names()}

    def to_json(self) -> dict[str, Any]:
        """Return the inputs as JSON.

        The tasks are copied, so that later results do not change the copy.
        """
        # Each result, too: a map of the same results would still change with them.
        tasks = {name: dict(result) for name, result in self.tasks.items()}
        value = {
            "input": self.input,
            "tasks": tasks,
            "variables": dict(self.variables),
            "run": dict(self.run),
            "previous": self.previous,
        }
        if self.environment is not None:
            value["environment"] = self.environment.to_json()
        if self.item is not None:
            value["item"] = self.item.to_json()
        if self.item_index:
            value["itemIndex"] = self.item_index
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the inputs that `to_json` wrote as *value*."""
        environment = value.get("environment")
        item = value.get("item")
        return cls(
            value.get("input"),
            value["tasks"],
            value["variables"],
            value["run"],
            Environment.from_json(environment) if environment is not None else None,
            value.get("previous"),
            Item.from_json(item) if item is not None else None,
            item_index=value.get("itemIndex", 0),
        )


def run_of_test(definition_id: str) -> dict[str, Any]:
    """Return the `swf:` values for a test request of the workflow definition *definition_id*.

    Each test request counts as a new run. An idempotency key made from these values is therefore
    new, and no server replays its response to an earlier test request.
    """
    import uuid  # not needed for a run, and `import httptask` is to stay quick
    from datetime import UTC, datetime

    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {
        "workflowId": f"test-request-{uuid.uuid4()}",
        "sequenceNumber": 1,
        "workflowDefinitionId": definition_id,
        "workflowDefinitionVersion": 1,
        "now": now.replace("+00:00", "Z"),
        "uuid": str(uuid.uuid4()),
    }


@dataclass(frozen=True, slots=True)
class TestOptions:
    """Options for a test request."""

    __test__ = False  # a noun of ours, not a test class for pytest to collect

    send_anyway: bool = False
    """Send even if the settings do not satisfy the endpoint's schema."""
    files: Path | None = None
    """The folder in which a response body that is neither JSON nor text is stored.

    None: the body is only described, and nothing is stored.
    """
    callbacks: Callbacks | None = None
    """Receives the callbacks that the task waits for, in this process; None: a task that waits for
    a callback is refused.
    """
