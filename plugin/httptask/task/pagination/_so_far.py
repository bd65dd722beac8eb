"""What a round has learned of its list, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from httptask._core.strict_json import dump
from httptask.expressions import Query
from httptask.task.pagination._identities import Identities, digest_of
from httptask.task.pagination._start import Earlier

if TYPE_CHECKING:
    from httptask.task.pagination._outline import Outline


@dataclass(slots=True)
class SoFar:
    """What the pages so far said. As JSON it lets a round in another process go on as if it had
    read them itself; what they brought is not in it.
    """

    earlier: Earlier | None = None
    """The items before the first page; None until it is there."""
    total: int | None = None
    """The number of items in the list, as the last page with one says."""
    more: bool | None = None
    """Whether there is more, as the last page with content says."""
    items_query: Query | None = None
    """Query of the items in a page; None until a page with content was read."""
    outline: Outline | None = None
    """That of the first page that was read."""
    has_until_value: bool = False
    """Whether `until` had a value on a page."""
    attempts: int = 0
    seconds: float = 0.0
    """The time of earlier processes, the waits between them included."""
    identities: Identities = field(default_factory=Identities)
    """Of the items that were kept."""
    requests: Identities = field(default_factory=Identities)
    """Of those that were made."""
    count: int | None = None
    """The number of items on the last page."""
    note: str | None = None
    """The first sign that items may be missing."""
    _items: Sequence[Any] = ()
    """Those of the last page."""
    _digest: int | None = None
    """Stands for `_items` where another process read that page."""

    def read(self, items: Sequence[Any]) -> None:
        """Note the *items* of the last page."""
        self._items, self._digest = items, None
        self.count = len(items)

    def has_them_again(self, items: Sequence[Any]) -> bool:
        """Say whether *items* are those of the last page. Numbers and texts may well come twice."""
        if not any(isinstance(item, dict | list) for item in items):
            return False
        return items == self._items if self._digest is None else _digest(items) == self._digest

    def to_json(self) -> dict[str, Any]:
        """Return all fields, sets as digests."""
        earlier, query, outline = self.earlier, self.items_query, self.outline
        return {
            "earlier": None if earlier is None else [earlier.at_least, earlier.at_most],
            "total": self.total,
            "more": self.more,
            "itemsQuery": None if query is None else query.text,
            "outline": None if outline is None else [sorted(names) for names in outline],
            "hasUntilValue": self.has_until_value,
            "attempts": self.attempts,
            "seconds": self.seconds,
            "identities": self.identities.to_text(),
            "requests": self.requests.to_text(),
            "count": self.count,
            "note": self.note,
            "lastItems": _digest(self._items) if self._digest is None else self._digest,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the object of which `to_json` made *value*."""
        earlier, query, outline = value["earlier"], value["itemsQuery"], value["outline"]
        return cls(
            None if earlier is None else Earlier(*earlier),
            value["total"],
            value["more"],
            None if query is None else Query.of(query),
            None if outline is None else tuple(map(frozenset, outline)),
            value["hasUntilValue"],
            value["attempts"],
            value["seconds"],
            Identities.from_text(value["identities"]),
            Identities.from_text(value["requests"]),
            value.get("count"),  # older states have neither
            value.get("note"),
            _digest=value["lastItems"],
        )


def _digest(items: Sequence[Any]) -> int:
    return digest_of(dump(list(items), compact=True).encode("utf-8"))
