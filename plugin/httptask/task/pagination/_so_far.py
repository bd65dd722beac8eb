"""The knowledge of a round about its list, from the pages so far."""

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
    """The knowledge about a list from the pages so far.

    With its JSON, a round in another process can continue as if it had read the pages itself. The
    collected items are not in it.
    """

    earlier: Earlier | None = None
    """The number of items before the first page; None before the first page."""
    total: int | None = None
    """The number of items in the list, from the last page that names it."""
    is_at_least: bool = False
    """Whether the total is only a lower bound."""
    more: bool | None = None
    """Whether there are more items, according to the last page with content."""
    items_query: Query | None = None
    """The query of a page's items; None before the first page with content."""
    outline: Outline | None = None
    """The outline of the first page with content."""
    has_until_value: bool = False
    """Whether `until` had a value on a page."""
    attempts: int = 0
    seconds: float = 0.0
    """The time in earlier processes, including the waits between them."""
    identities: Identities = field(default_factory=Identities)
    """The identities of the kept items."""
    requests: Identities = field(default_factory=Identities)
    """The identities of the requests."""
    count: int | None = None
    """The number of items on the last page."""
    left_out: int = 0
    """Items of all pages that the query of the items does not select."""
    note: str | None = None
    """The first sign that items may be missing; None: no sign."""
    unread_more: str | None = None
    """A note about the first header for `more` that was neither true nor false; None: no header."""
    _items: Sequence[Any] = ()
    """The items of the last page."""
    _digest: int | None = None
    """The digest of the last page's items, if another process read that page."""

    def read(self, items: Sequence[Any], left_out: int = 0) -> None:
        """Record *items*, the selected items of the last page; the query has *left_out* others."""
        self._items = items
        self._digest = None
        self.count = len(items) + left_out

    def has_them_again(self, items: Sequence[Any]) -> bool:
        """Say whether *items* are the items of the last page.

        Pages of only numbers and texts are never the same: such values may really repeat.
        """
        if not any(isinstance(item, dict | list) for item in items):
            return False
        if self._digest is None:
            return items == self._items
        return _digest(items) == self._digest

    def to_json(self) -> dict[str, Any]:
        """Return all fields as JSON; sets and items as digests."""
        earlier = self.earlier
        query = self.items_query
        outline = self.outline
        return {
            "earlier": None if earlier is None else [earlier.at_least, earlier.at_most],
            "total": self.total,
            "isAtLeast": self.is_at_least,
            "more": self.more,
            "itemsQuery": None if query is None else query.text,
            "outline": None if outline is None else [sorted(names) for names in outline],
            "hasUntilValue": self.has_until_value,
            "attempts": self.attempts,
            "seconds": self.seconds,
            "identities": self.identities.to_text(),
            "requests": self.requests.to_text(),
            "count": self.count,
            "leftOut": self.left_out,
            "note": self.note,
            "unreadMore": self.unread_more,
            "lastItems": _digest(self._items) if self._digest is None else self._digest,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the object from *value*, a result of `to_json`."""
        earlier = value["earlier"]
        query = value["itemsQuery"]
        outline = value["outline"]
        return cls(
            None if earlier is None else Earlier(*earlier),
            value["total"],
            value.get("isAtLeast", False),  # states of older versions lack some fields
            value["more"],
            None if query is None else Query.of(query),
            None if outline is None else tuple(map(frozenset, outline)),
            value["hasUntilValue"],
            value["attempts"],
            value["seconds"],
            Identities.from_text(value["identities"]),
            Identities.from_text(value["requests"]),
            value.get("count"),
            value.get("leftOut", 0),
            value.get("note"),
            value.get("unreadMore"),
            _digest=value["lastItems"],
        )


def _digest(items: Sequence[Any]) -> int:
    return digest_of(dump(list(items), compact=True).encode("utf-8"))
