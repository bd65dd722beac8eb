"""What a run takes along when its history becomes too long and a new one begins."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from httptask._core.strict_json import dump, parse
from httptask.engines._unjournalled import Unjournalled
from httptask.engines.temporal._pages import PagesSoFar
from httptask.model.workflow import TaskRun

Key = tuple[str, int]

_MOST = 1_500_000
"""Characters, compressed: a server takes 2 MB with everything else."""


class ItemsSoFar(Unjournalled):
    """The items of visits that have ended; see `RunJournal`."""

    def __init__(self, carried: Iterable[Any] = ()) -> None:
        self._ended: dict[Key, dict[int, dict[str, Any]]] = {}
        for name, visit, index, outcome in carried:
            self._ended.setdefault((name, visit), {})[index] = outcome

    async def items(self, key: Key) -> dict[int, dict[str, Any]]:
        """Return how the items of the visit *key* ended that have."""
        return dict(self._ended.get(key, {}))

    def note_item(self, key: Key, index: int, outcome: Mapping[str, Any]) -> None:
        """Take the end of the item *index*."""
        self._ended.setdefault(key, {})[index] = dict(outcome)

    def forget(self, key: Key) -> None:
        """Let go of the items of the visit *key*, which has ended."""
        self._ended.pop(key, None)

    def to_json(self) -> list[Any]:
        """Return the items of all visits that are under way."""
        return [
            [*key, index, outcome]
            for key, ended in self._ended.items()
            for index, outcome in ended.items()
        ]


def packed(
    began_at: str,
    entries: Iterable[TaskRun],
    items: ItemsSoFar,
    pages: PagesSoFar,
    signals: list[Any],
    *,
    may_be_large: bool,
) -> dict[str, Any] | None:
    """Return what the new history begins with; None where it would be too large, unless it
    *may_be_large*.
    """
    value = {
        "entries": [entry.to_json() for entry in entries],
        "items": items.to_json(),
        "pages": pages.to_json(),
        "signals": signals,
    }
    data = zlib.compress(dump(value, compact=True).encode(), 6)
    text = base64.b64encode(data).decode()
    is_too_large = len(text) > _MOST and not may_be_large
    return None if is_too_large else {"began_at": began_at, "packed": text}


def unpacked(
    carried: Mapping[str, Any],
) -> tuple[list[TaskRun], ItemsSoFar, PagesSoFar, list[Any]]:
    """Return the entries, items, pages and signals of *carried*, which `packed` made."""
    value = parse(zlib.decompress(base64.b64decode(carried["packed"])).decode())
    entries = [TaskRun.from_json(entry) for entry in value["entries"]]
    pages = PagesSoFar(value.get("pages", ()))  # some histories are older than these
    return entries, ItemsSoFar(value["items"]), pages, value["signals"]
