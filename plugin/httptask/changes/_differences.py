"""Pair the endpoints of two versions of a description, and collect their differences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask.changes._endpoints import changes, same_shape

if TYPE_CHECKING:
    from httptask.changes._schemas import Change
    from httptask.model.api import Endpoint

Pair = tuple["Endpoint | None", "Endpoint | None"]
"""(old version, new version) of an endpoint. One is None if the endpoint was added or removed."""


@dataclass(frozen=True, slots=True)
class Differences:
    """The differences between two versions of a description."""

    added: tuple[Endpoint, ...]
    removed: tuple[Endpoint, ...]
    changed: tuple[tuple[Endpoint, list[Change]], ...]
    """(new version, changes) of the endpoints that changed."""
    unchanged: int
    """The number of endpoints that did not change."""

    @classmethod
    def of(cls, pairs: list[Pair]) -> Differences:
        """Return the differences between the versions in *pairs*, the result of `paired`."""
        added: list[Endpoint] = []
        removed: list[Endpoint] = []
        changed: list[tuple[Endpoint, list[Change]]] = []
        unchanged = 0
        for before, after in pairs:
            if before is None and after is not None:
                added.append(after)
            elif before is not None and after is None:
                removed.append(before)
            elif before and after and (endpoint_changes := changes(before, after)):
                changed.append((after, endpoint_changes))
            else:
                unchanged += 1
        return cls(
            tuple(added),
            tuple(removed),
            tuple(changed),
            unchanged,
        )

    @property
    def any(self) -> bool:
        """Whether there is any difference."""
        return bool(self.added or self.removed or self.changed)

    def to_json(self) -> dict[str, Any]:
        """Return `{"added", "removed", "changed", "unchanged"}`."""
        changed = [
            {**_named(endpoint), "changes": [change.to_json() for change in endpoint_changes]}
            for endpoint, endpoint_changes in self.changed
        ]
        return {
            "added": [_named(endpoint) for endpoint in self.added],
            "removed": [_named(endpoint) for endpoint in self.removed],
            "changed": changed,
            "unchanged": self.unchanged,
        }


def paired(old: Iterable[Endpoint], new: Iterable[Endpoint]) -> Iterator[Pair]:
    """Yield each endpoint of *old* with its version in *new*, then the endpoints only in *new*.

    Endpoints are paired by method and path, or else by method and `same_shape`, if only names of
    path parameters changed. A missing version is None.
    """
    unmatched = {(endpoint.method, endpoint.path): endpoint for endpoint in new}
    pending: list[Endpoint] = []
    for endpoint in old:
        successor = unmatched.pop((endpoint.method, endpoint.path), None)
        if successor is None:
            pending.append(endpoint)
        else:
            yield endpoint, successor
    by_shape = {
        (endpoint.method, same_shape(endpoint.path)): key for key, endpoint in unmatched.items()
    }
    for endpoint in pending:
        key = by_shape.pop((endpoint.method, same_shape(endpoint.path)), None)
        yield endpoint, unmatched.pop(key) if key is not None else None
    for endpoint in unmatched.values():
        yield None, endpoint


def _named(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "method": endpoint.method,
        "path": endpoint.path,
        "title": endpoint.title,
    }
