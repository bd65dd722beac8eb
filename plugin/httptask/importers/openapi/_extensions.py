"""The vendor extensions of an operation that are kept: those that say how its list is paged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from httptask.importers.openapi._references import OBJECT

_PAGING = ("x-ms-pageable", "x-speakeasy-pagination", "x-fern-pagination")
_LONGEST = 4_096
"""Characters of an extension's JSON: longer ones say something else, and are left out."""


def paging_extensions(operation: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Return those extensions of *operation* that say how its list is paged.

    `x-fern-pagination: true` stands for the object at the description's *root*.
    """
    kept = {}
    for name in _PAGING:
        value = operation.get(name)
        if value is True:
            value = root.get(name)
        if isinstance(value, OBJECT) and (plain := _plain(value)) is not None:
            kept[name] = plain
    return kept


def _plain(value: Any) -> Any:
    """Return *value* as plain JSON; None where it is too long, or holds what JSON has not."""
    try:
        text = json.dumps(value, default=_members)
    except (TypeError, ValueError, RecursionError):
        return None
    return json.loads(text) if len(text) <= _LONGEST else None


def _members(value: Any) -> Any:
    if isinstance(value, OBJECT):
        return dict(value)
    raise TypeError
