"""What changed between two versions of a description."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask.changes._endpoints import changes, same_shape

if TYPE_CHECKING:
    from httptask.changes._schemas import Change
    from httptask.model.api import Endpoint

Pair = tuple["Endpoint | None", "Endpoint | None"]
"""An endpoint as it was and as it is. None: it is new, or was removed."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What changed between the two versions of each endpoint in *pairs*."""

    added: tuple[Endpoint, ...]
    removed: tuple[Endpoint, ...]
    changed: tuple[tuple[Endpoint, list[Change]], ...]
    unchanged: int

    @classmethod
    def of(cls, pairs: list[Pair]) -> Differences:
        """Return the differences between the versions in *pairs*: see `paired`."""
        added = tuple(after for before, after in pairs if before is None and after is not None)
        removed = tuple(before for before, after in pairs if after is None and before is not None)
        both = ((after, changes(before, after)) for before, after in pairs if before and after)
        changed = tuple(
            (after, endpoint_changes) for after, endpoint_changes in both if endpoint_changes
        )
        return cls(added, removed, changed, len(pairs) - len(added) - len(removed) - len(changed))

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
    """Yield each endpoint of *old* with its version in *new*, then the endpoints only *new* has.

    Endpoints are matched by method and path; where only the names in a path changed, by its shape.
    The missing version of a pair is None.
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
