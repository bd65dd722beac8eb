"""The setting `forEach` of a task, an item of it, and how many items have ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

ITEM = "item"
"""The name of an item, when `as` gives no other."""
INDEX = "index"
"""The name of an item's number, from 0."""
MAX_ITEMS = 10_000
"""The most items, when `maxItems` does not say."""


@dataclass(frozen=True, slots=True)
class ForEach:
    """How a task is done once for each item of a list."""

    items: Any
    """A list, an expression that yields one, or a reference to a file of JSON lines."""
    name: str = ITEM
    """`as`: the name of an item in expressions."""
    concurrency: int = 1
    """Items under way at once; 1: one after the other, in order."""
    on_error: str = "fail"
    """`fail`, or `collect`: an item's failure is data."""
    max_items: int = MAX_ITEMS
    collect: str | None = None
    """`items` or `file`; None: a file where the items come from one."""

    @classmethod
    def of_task(cls, definition: Mapping[str, Any]) -> Self | None:
        """Return the setting of a task's *definition*, which has no problem; None without one."""
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
            field: value[name] for field, name in names.items() if value.get(name) is not None
        }
        return cls(value["items"], **fields)


def item_names(definition: Any) -> tuple[str, ...]:
    """Return the names that expressions of the task *definition* have for an item; none without
    `forEach`, whatever the definition is.
    """
    setting = definition.get("forEach") if isinstance(definition, Mapping) else None
    if not isinstance(setting, Mapping):
        return ()
    name = setting.get("as")
    return (name if isinstance(name, str) else ITEM, INDEX)


@dataclass(frozen=True, slots=True)
class Item:
    """One item that a task is done for."""

    value: Any
    index: int
    """From 0."""
    name: str = ITEM
    """Its name in expressions."""

    def names(self) -> dict[str, Any]:
        """Return what stands next to the input parameters."""
        return {self.name: self.value, INDEX: self.index}

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        return {"value": self.value, "index": self.index, "name": self.name}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the item of which `to_json` made *value*."""
        return cls(value["value"], value["index"], value["name"])


@dataclass(frozen=True, slots=True)
class ItemNumber:
    """Which item of how many."""

    index: int
    """From 0."""
    count: int

    def to_json(self) -> dict[str, int]:
        """Return both."""
        return {"index": self.index, "count": self.count}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the number of which `to_json` made *value*."""
        return cls(value["index"], value["count"])


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """An item that waits for somebody outside."""

    index: int
    """From 0."""
    input: Any = None
    """The evaluated input parameters, where a journal keeps them."""
    until: str | None = None
    """When it goes on without anybody, RFC 3339; None: never."""

    def to_json(self) -> dict[str, Any]:
        """Return the item; unset fields are left out."""
        fields = {"index": self.index, "input": self.input, "until": self.until}
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the item of which `to_json` made *value*."""
        return cls(value["index"], value.get("input"), value.get("until"))


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """How many items there are, and how many have ended."""

    count: int
    completed: int = 0
    failed: int = 0
    nested_tasks: int = 0
    """Tasks that the runs of items executed (Workflow)."""
    waiting: tuple[WaitingItem, ...] = ()
    """Those that wait for somebody outside, in order."""

    @property
    def ended(self) -> int:
        """How many completed or failed."""
        return self.completed + self.failed

    def to_json(self) -> dict[str, Any]:
        """Return the counts; without nested tasks or waiting items, nothing of them."""
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
        """Return the counts of which `to_json` made *value*; what else it holds is left out."""
        nested = value.get("nestedTasks", 0)
        waiting = tuple(map(WaitingItem.from_json, value.get("waiting", ())))
        return cls(value["count"], value["completed"], value["failed"], nested, waiting)
