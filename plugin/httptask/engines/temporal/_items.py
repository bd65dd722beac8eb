"""One visit of a task with `forEach` in a workflow: an activity for each item."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from httptask.engines._for_each import Do, ForEachVisit
from httptask.engines._outputs import ListOutputs, Outputs
from httptask.engines.temporal._tasks import written_lines

if TYPE_CHECKING:
    from httptask.engines._record import RunRecord
    from httptask.engines.temporal._arguments import ListedItems
    from httptask.engines.temporal._carried import ItemsSoFar
    from httptask.engines.temporal._tasks import ActivityRunner
    from httptask.model.for_each import ForEach
    from httptask.model.task import Inputs
    from httptask.model.workflow import Step
    from httptask.task import ItemSource


class ItemsVisit(ForEachVisit):
    """The visit *step*, with *inputs*, of a task with *setting*.

    *tasks* lists the items, *so_far* has the ended items, and *do* runs the task for one item.
    """

    _lets_others_end = False  # workers send the requests

    def __init__(
        self,
        step: Step,
        inputs: Inputs,
        setting: ForEach,
        tasks: ActivityRunner,
        record: RunRecord,
        so_far: ItemsSoFar,
        do: Do,
    ) -> None:
        super().__init__(step, inputs, setting, None, record, so_far, do)
        self._tasks = tasks

    async def _source(self) -> ItemSource:
        return _Listed(await self._tasks.items(self._step, self._inputs, self._setting))

    def _outputs(self, source: ItemSource) -> Outputs:
        collect = self._setting.collect or ("file" if source.is_file else "items")
        if collect == "file":
            return _FileOutputs(source.count, lambda values: written_lines(self._step, values))
        return ListOutputs(source.count)


class _Listed:
    """The items that an activity has listed."""

    def __init__(self, listed: ListedItems) -> None:
        self._items = listed.items
        self.count = len(listed.items)
        self.is_file = listed.is_file

    async def item(self, index: int) -> Any:
        """Return the item *index*."""
        return self._items[index]


class _FileOutputs(ListOutputs):
    """Outputs that a worker writes to a file after the last item."""

    def __init__(self, count: int, write: Callable[[list[Any]], Awaitable[Any]]) -> None:
        super().__init__(count)
        self._write = write

    async def value(self) -> Any:
        """Return the reference to the file with all lines."""
        return await self._write(self._values)
