"""The source of the items of a task with `forEach`: a list, or a file of JSON lines."""

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
"""The longest line of a file, in bytes."""


class ItemSource(Protocol):
    """The items of one visit."""

    @property
    def count(self) -> int:
        """The number of items."""
        ...

    @property
    def is_file(self) -> bool:
        """Whether the items come from a file."""
        ...

    async def item(self, index: int) -> Any:
        """Return the item *index*. Call it once per item, roughly in order."""
        ...


async def item_source(
    setting: ForEach,
    inputs: Inputs,
    runtime: Runtime,
    pointer: str,
) -> ItemSource:
    """Return the items of the task at *pointer*, which starts with *inputs*.

    A file is read to its end first, so that a bad line is found before anything is sent. Raises
    `SettingsError` if a line is not JSON, if there are more items than `maxItems`, or if the value
    is not a list; and the error of an expression.
    """
    items_pointer = pointer_of(["forEach", "items"], pointer)
    value = await runtime.evaluator.evaluate(
        Prepared.of(setting.items),
        inputs.document(),
        pointer=items_pointer,
        run=inputs.run,
    )
    if is_reference(value):
        return await in_thread(
            lambda: _LinesSource(runtime.readable, value, setting, items_pointer)
        )
    if not isinstance(value, list):
        value_type = "null" if value is None else type_name(value)
        raise SettingsError([Problem.of("for-each-no-list", items_pointer, found=value_type)])
    if len(value) > setting.max_items:
        raise _too_many(setting, items_pointer, len(value))
    return _ListSource(value)


def _too_many(
    setting: ForEach,
    items_pointer: str,
    count: int | None = None,
) -> SettingsError:
    problem = Problem.of("for-each-too-many", items_pointer, limit=setting.max_items, found=count)
    return SettingsError([problem])


async def tested_item(task: HttpTask, inputs: Inputs) -> tuple[Inputs, ItemNumber | None]:
    """Return *inputs* with the item to test, and the item's number.

    The item has the index `inputs.item_index`; if there are fewer items, it is the last item.
    Without `forEach`, or if *inputs* already have an item, return *inputs* and None. Raises a
    `TaskError` if there are no items.
    """
    setting = task.plan.for_each
    if setting is None or inputs.item is not None:
        return inputs, None
    source = await item_source(setting, inputs, task.runtime, task.pointer)
    if not source.count:
        items_pointer = pointer_of(["forEach", "items"], task.pointer)
        raise SettingsError([Problem.of("for-each-empty", items_pointer)])
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
    """The lines of a file, one item each; empty lines are skipped."""

    is_file = True

    def __init__(
        self,
        files: Files,
        reference: Mapping[str, Any],
        setting: ForEach,
        items_pointer: str,
    ) -> None:
        for steps, code, params in reference_problems(reference):
            raise SettingsError([Problem.of(code, pointer_of(steps, items_pointer), **params)])
        settings = reference[REFERENCE]
        name = str(settings.get("path") or settings.get("name") or "the file")
        self._piece = FilePiece(name, settings, items_pointer)
        self._files = files
        self._items_pointer = items_pointer
        # The first pass checks and counts the lines, without keeping them in memory.
        self.count = 0
        for _ in self._items():
            self.count += 1
            if self.count > setting.max_items:
                raise _too_many(setting, items_pointer)
        self._iterator = self._items()
        self._ahead: dict[int, Any] = {}
        """Items that were read, but not asked for yet."""
        self._read = 0
        self._lock = asyncio.Lock()

    async def item(self, index: int) -> Any:
        async with self._lock:
            while index not in self._ahead:
                # In a thread, because the disk may be slow; a batch, because a thread costs time.
                for value in await in_thread(self._batch):
                    self._ahead[self._read] = value
                    self._read += 1
            return self._ahead.pop(index)

    def _batch(self) -> list[Any]:
        """Return the next few items. Raises `SettingsError` if the file has become shorter."""
        values = list(islice(self._iterator, _BATCH_SIZE))
        if not values:
            raise SettingsError([Problem.of("for-each-file-changed", self._items_pointer)])
        return values

    def _items(self) -> Iterator[Any]:
        """Yield the file's items. Raises `SettingsError` for a line that is not JSON."""
        for number, line in enumerate(self._lines(), 1):
            if not line.strip():
                continue
            try:
                yield parse(line)
            except JsonError as error:
                raise self._bad_line("for-each-line", number, jsonMessage=error.message) from error

    def _lines(self) -> Iterator[bytes]:
        """Yield the lines of the file; the last one may lack a line feed."""
        file = self._files.find(self._piece)
        incomplete = b""
        start = 0
        number = 1
        lines: deque[bytes] = deque()
        while start < file.size:
            data = file.read(start)
            start += len(data)
            lines.extend((incomplete + data).split(b"\n"))
            # The last piece may lack its end: it is joined with the bytes that follow.
            incomplete = lines.pop()
            # A file without line feeds would otherwise be read into memory as one line.
            if len(incomplete) > _LONGEST_LINE:
                limit = _LONGEST_LINE // 2**20
                raise self._bad_line("for-each-line-length", number + len(lines), limit=limit)
            while lines:
                yield lines.popleft()
                number += 1
        if incomplete:
            yield incomplete

    def _bad_line(self, code: str, number: int, **params: Any) -> SettingsError:
        name = self._piece.name
        problem = Problem.of(
            code,
            self._items_pointer,
            name=name,
            number=number,
            **params,
        )
        return SettingsError([problem])


_BATCH_SIZE = 16
"""The number of items in a batch."""
