"""What an HTTP task returns, and what its expressions read."""

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
    """How the body of a task's response is read."""

    body: str = "auto"
    """`responseBody`: `json`, `text` or `file` for any media type; `auto`: by the media type."""
    charset: str = ""
    """`responseCharset`: the charset of a response that names none."""

    @classmethod
    def of_task(cls, definition: Mapping[str, Any]) -> Reading:
        """Read both fields of a task's *definition*; an unset or null one has its default."""
        names = {"body": "responseBody", "charset": "responseCharset"}
        fields = {
            field: definition[name]
            for field, name in names.items()
            if definition.get(name) is not None
        }
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The data of a run when a task starts: everything an expression of the task may name."""

    input: Any = None
    """The run's input: `$.input`."""
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Finished tasks: `$.tasks['Name'].input` and `$.tasks['Name'].output`."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """`$.variables`."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """The `swf:` names.

    `workflowId`, `sequenceNumber`, `workflowDefinitionId`, `workflowDefinitionVersion`, `now`,
    `uuid`; of a task that waits for a callback also `callbackUrl` and `callbackToken`.
    """
    environment: Environment | None = None
    """Where requests go, and with which credentials; None: as the task says."""
    previous: Any = None
    """The output of the task before, `$` in a condition without `${…}`; at the start of a run, its
    input.
    """
    item: Item | None = None
    """The item that the task is done for, when it has `forEach`."""
    pin: TaskPin | None = None
    """What answers the requests of the task instead of a server; None: they are sent. It stays in
    this process.
    """
    item_index: int = 0
    """The index of the item that a test or a shown request is for, where `item` is not given."""

    def document(self) -> dict[str, Any]:
        """Return the value of `$` in `inputParameters` and conditions."""
        document = {"input": self.input, "tasks": self.tasks, "variables": self.variables}
        return document if self.item is None else {**document, **self.item.names()}

    def to_json(self) -> dict[str, Any]:
        """Return everything, with the tasks copied: tasks that complete later do not change it."""
        tasks = {name: dict(ends) for name, ends in self.tasks.items()}
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
        """Return the inputs of which `to_json` made *value*."""
        environment, item = value.get("environment"), value.get("item")
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
    """Return the `swf:` names of a test request of the workflow definition *definition_id*.

    Each test request is a run of its own: an idempotency key that it makes is new, so that no
    server replays the answer to an earlier one.
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
    """How a test request is made."""

    __test__ = False  # a noun of ours, not a test class for pytest to collect

    send_anyway: bool = False
    """Send even if the settings do not satisfy the endpoint's schema."""
    files: Path | None = None
    """The folder for a body that is neither JSON nor text.

    None: the body is only described, and nothing is stored.
    """
    callbacks: Callbacks | None = None
    """Where calls are received that the task waits for, in this process; None: a task that waits
    for one is refused.
    """
