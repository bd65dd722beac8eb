"""Which forms need a raw-JSON field: because a schema says something that no kind of field can
express.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask.designer._places import Place, Places
from httptask.model.api import Endpoint

_DEEPEST = 100


def needs_raw_json(
    schema: Mapping[str, Any], endpoint: Endpoint | None = None, most: int = 20_000
) -> tuple[bool, bool]:
    """Say whether the form of a settings *schema* needs a raw-JSON field: for any field, and for a
    required one.

    *endpoint* is the schema's. *most* is how many places are looked at; where there are more, the
    answer is yes.
    """
    return needs(Places(endpoint, schema), most, beyond=True)


def needs(places: Places, most: int, *, beyond: bool) -> tuple[bool, bool]:
    """Look at *most* of *places*; *beyond* is the answer where there are more."""
    groups = list(places.groups())
    required = [group for group in groups if group.required]
    looked = _Looked(places, most, beyond)
    return _anywhere(places, groups, most, beyond=beyond), any(
        looked.needed(group, 0) for group in required
    )


def _anywhere(places: Places, waiting: list[Place], most: int, *, beyond: bool) -> bool:
    seen: set[int] = set()
    while waiting:
        place = waiting.pop()
        if place.kind == "raw":
            return True
        if len(seen) > most:
            return beyond
        if id(place.view) not in seen:
            seen.add(id(place.view))
            waiting.extend(places.children(place))
    return False


@dataclass(slots=True)
class _Looked:
    """What is known of required places: whether somebody who fills them in needs raw JSON."""

    places: Places
    left: int
    beyond: bool
    known: dict[int, bool] = field(default_factory=dict)

    def needed(self, place: Place, depth: int) -> bool:
        """Say whether *place* cannot be filled in without raw JSON."""
        if place.kind == "raw":
            return True
        key = id(place.view)
        if key not in self.known:
            if self.left <= 0 or depth > _DEEPEST:
                return self.beyond
            self.left -= 1
            self.known[key] = False  # what holds itself needs what else is in it
            self.known[key] = self._needed_below(place, depth + 1)
        return self.known[key]

    def _needed_below(self, place: Place, depth: int) -> bool:
        children = self.places.children(place)
        if place.kind == "union":  # one option that can be filled in will do
            options = list(children)
            return bool(options) and all(self.needed(option, depth) for option in options)
        if place.kind == "object":
            return any(self.needed(child, depth) for child in children if child.required)
        if place.view.keywords.get("minItems") or place.view.keywords.get("minProperties"):
            return any(self.needed(child, depth) for child in children)
        return False
