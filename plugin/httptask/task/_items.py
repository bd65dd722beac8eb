"""Where the items of a task with `forEach` come from: a list, or a file of JSON lines."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from httptask._core.json_types import type_name
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import JsonError, parse
from httptask._core.threads import in_thread
from httptask.building import REFERENCE, is_reference, reference_problems
from httptask.errors import Problem, SettingsError
from httptask.expressions import Prepared
from httptask.model.exchange import FilePiece
from httptask.model.for_each import Item, ItemNumber

if TYPE_CHECKING:
    from httptask.building import Files
    from httptask.model.for_each import ForEach
    from httptask.model.task import Inputs
    from httptask.task._http_task import HttpTask
    from httptask.task._runtime import Runtime

_LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one item in a file."""


class ItemSource(Protocol):
    """The items of one visit."""

    @property
    def count(self) -> int:
        """Return how many there are."""
        ...

    @property
    def is_file(self) -> bool:
        """Return whether they come from a file."""
        ...

    async def item(self, index: int) -> Any:
        """Return the item *index*. Each is asked for once, and about in order."""
        ...


async def item_source(
    setting: ForEach, inputs: Inputs, runtime: Runtime, pointer: str
) -> ItemSource:
    """Return the items of the task at *pointer*, which starts with *inputs*.

    A file is read to its end before the first item is taken from it: raises `SettingsError` when a
    line of it is no JSON, when there are more items than `maxItems`, and when there is no list.
    What an expression raises goes on.
    """
    at = pointer_of(["forEach", "items"], pointer)
    value = await runtime.evaluator.evaluate(
        Prepared.of(setting.items), inputs.document(), pointer=at, run=inputs.run
    )
    if is_reference(value):
        return await in_thread(lambda: _LinesSource(runtime.readable, value, setting, at))
    if not isinstance(value, list):
        found = "null" if value is None else type_name(value)
        raise SettingsError([Problem.of("for-each-no-list", at, found=found)])
    if len(value) > setting.max_items:
        raise _too_many(setting, at, len(value))
    return _ListSource(value)


def _too_many(setting: ForEach, at: str, count: int | None = None) -> SettingsError:
    problem = Problem.of("for-each-too-many", at, limit=setting.max_items, found=count)
    return SettingsError([problem])


async def tested_item(task: HttpTask, inputs: Inputs) -> tuple[Inputs, ItemNumber | None]:
    """Return *inputs* with the item of *task* that is tested, and which of how many it is: that at
    their `item_index`, or the last one where there are fewer.

    A task without `forEach`, and inputs that have an item, stay as they are. Raises a `TaskError`
    where there is no item.
    """
    setting = task.plan.for_each
    if setting is None or inputs.item is not None:
        return inputs, None
    source = await item_source(setting, inputs, task.runtime, task.pointer)
    if not source.count:
        at = pointer_of(["forEach", "items"], task.pointer)
        raise SettingsError([Problem.of("for-each-empty", at)])
    index = min(inputs.item_index, source.count - 1)
    item = Item(await source.item(index), index, setting.name)
    return replace(inputs, item=item), ItemNumber(index, source.count)


class _ListSource:
    is_file = False

    def __init__(self, values: list[Any]) -> None:
        self._values = values
        self.count = len(values)

    async def item(self, index: int) -> Any:
        return self._values[index]


class _LinesSource:
    """The lines of a file, an item each; empty ones are left out."""

    is_file = True

    def __init__(
        self, files: Files, reference: Mapping[str, Any], setting: ForEach, at: str
    ) -> None:
        for steps, code, params in reference_problems(reference):
            raise SettingsError([Problem.of(code, pointer_of(steps, at), **params)])
        settings = reference[REFERENCE]
        name = str(settings.get("path") or settings.get("name") or "the file")
        self._piece = FilePiece(name, settings, at)
        self._files = files
        self._at = at
        self.count = 0
        for _ in self._items():
            self.count += 1
            if self.count > setting.max_items:
                raise _too_many(setting, at)
        self._iterator = self._items()
        self._ahead: dict[int, Any] = {}
        """Items that were read before the ones that asked for them."""
        self._read = 0
        self._lock = asyncio.Lock()

    async def item(self, index: int) -> Any:
        async with self._lock:
            while index not in self._ahead:
                # A block of lines at once: the disk may be slow.
                for value in await in_thread(self._some):
                    self._ahead[self._read] = value
                    self._read += 1
            return self._ahead.pop(index)

    def _some(self) -> list[Any]:
        values = list(islice(self._iterator, _AT_ONCE))
        if not values:
            raise SettingsError([Problem.of("for-each-file-changed", self._at)])
        return values

    def _items(self) -> Iterator[Any]:
        for number, line in enumerate(self._lines(), 1):
            if not line.strip():
                continue
            try:
                yield parse(line)
            except JsonError as error:
                raise self._bad_line("for-each-line", number, jsonMessage=error.message) from error

    def _lines(self) -> Iterator[bytes]:
        file = self._files.find(self._piece)
        rest, start, number = b"", 0, 1
        lines: deque[bytes] = deque()
        while start < file.size:
            data = file.read(start)
            start += len(data)
            lines.extend((rest + data).split(b"\n"))
            rest = lines.pop()
            if len(rest) > _LONGEST_LINE:
                limit = _LONGEST_LINE // 2**20
                raise self._bad_line("for-each-line-length", number + len(lines), limit=limit)
            while lines:
                yield lines.popleft()
                number += 1
        if rest:
            yield rest

    def _bad_line(self, code: str, number: int, **params: Any) -> SettingsError:
        name = self._piece.name
        problem = Problem.of(code, self._at, name=name, number=number, **params)
        return SettingsError([problem])


_AT_ONCE = 16
"""Items that are read together."""
