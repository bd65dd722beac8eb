"""The setting `forEach` of a task, one item, and the counts of items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask._core.numbers import without_point

ITEM = "item"
"""The default name of the current item in expressions; `as` changes it."""
INDEX = "index"
"""The name of the current item's index, from 0, in expressions."""
MAX_ITEMS = 10_000
"""The default of `maxItems`."""


@dataclass(frozen=True, slots=True)
class ForEach:
    """The setting `forEach`: a task is done once for each item of a list."""

    items: Any
    """A list, an expression that yields a list, or a reference to a file of JSON lines."""
    name: str = ITEM
    """`as`: the name of the current item in expressions."""
    concurrency: int = 1
    """How many items are under way at once; 1: one after the other, in order."""
    on_error: str = "fail"
    """`fail`, or `collect`: a failed item becomes part of the output."""
    max_items: int = MAX_ITEMS
    collect: str | None = None
    """`items` or `file`; None: a file if the items come from a file."""

    @classmethod
    def of_task(cls, definition: Mapping[str, Any]) -> Self | None:
        """Read the setting from a task's valid *definition*; None if it is not set."""
        value = definition.get("forEach")
        if value is None:
            return None
        names = {
            "name": "as",
            "concurrency": "concurrency",
            "on_error": "onError",
            "max_items": "maxItems",
            "collect": "collect",
        }
        fields = {
            field: without_point(value[name])
            for field, name in names.items()
            if value.get(name) is not None
        }
        return cls(value["items"], **fields)


def item_names(definition: Any) -> tuple[str, ...]:
    """Return the names of the current item and its index in expressions of the task *definition*.

    The result is empty without `forEach`. *definition* may be any value, valid or not.
    """
    setting = definition.get("forEach") if isinstance(definition, Mapping) else None
    if not isinstance(setting, Mapping):
        return ()
    name = setting.get("as")
    return (name if isinstance(name, str) else ITEM, INDEX)


@dataclass(frozen=True, slots=True)
class Item:
    """One item for which a task is done."""

    value: Any
    index: int
    """From 0."""
    name: str = ITEM
    """Its name in expressions."""

    def names(self) -> dict[str, Any]:
        """Return the values that expressions can read in addition to those of `Inputs.document`."""
        return {self.name: self.value, INDEX: self.index}

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        return {
            "value": self.value,
            "index": self.index,
            "name": self.name,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the item that `to_json` wrote as *value*."""
        return cls(value["value"], value["index"], value["name"])


@dataclass(frozen=True, slots=True)
class ItemNumber:
    """The index of an item, and the number of items."""

    index: int
    """From 0."""
    count: int

    def to_json(self) -> dict[str, int]:
        """Return both fields."""
        return {"index": self.index, "count": self.count}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the number that `to_json` wrote as *value*."""
        return cls(value["index"], value["count"])


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """An item that waits for somebody outside."""

    index: int
    """From 0."""
    input: Any = None
    """The evaluated input parameters, if the journal or the server of the run has them."""
    until: str | None = None
    """When it goes on without anybody, RFC 3339; None: never."""

    def to_json(self) -> dict[str, Any]:
        """Return the item; unset fields are left out."""
        fields = {
            "index": self.index,
            "input": self.input,
            "until": self.until,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the item that `to_json` wrote as *value*."""
        return cls(value["index"], value.get("input"), value.get("until"))


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """How many items there are, and how many of them have ended."""

    count: int
    completed: int = 0
    failed: int = 0
    nested_tasks: int = 0
    """Number of tasks executed in the runs that items asked for (Workflow)."""
    waiting: tuple[WaitingItem, ...] = ()
    """The items that wait for somebody outside, in order."""

    @property
    def ended(self) -> int:
        """How many completed or failed."""
        return self.completed + self.failed

    def to_json(self) -> dict[str, Any]:
        """Return the counts; `nestedTasks` and `waiting` are left out when zero or empty."""
        value: dict[str, Any] = {
            "count": self.count,
            "completed": self.completed,
            "failed": self.failed,
        }
        if self.nested_tasks:
            value["nestedTasks"] = self.nested_tasks
        if self.waiting:
            value["waiting"] = [item.to_json() for item in self.waiting]
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the counts that `to_json` wrote as *value*; other members are ignored."""
        nested_tasks = value.get("nestedTasks", 0)
        waiting = tuple(map(WaitingItem.from_json, value.get("waiting", ())))
        return cls(value["count"], value["completed"], value["failed"], nested_tasks, waiting)
