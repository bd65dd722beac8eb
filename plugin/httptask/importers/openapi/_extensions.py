"""Read the vendor extensions of an operation that describe its pagination. Others are dropped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from httptask.importers.openapi._references import OBJECT

_PAGING = ("x-ms-pageable", "x-speakeasy-pagination", "x-fern-pagination")
_LONGEST = 4_096
"""The most characters of an extension's JSON. Longer extensions mean something else."""


def paging_extensions(operation: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extensions of *operation* that describe its pagination.

    `x-fern-pagination: true` refers to the extension of the same name at the description's *root*.
    """
    extensions = {}
    for name in _PAGING:
        value = operation.get(name)
        if value is True:
            value = root.get(name)
        if isinstance(value, OBJECT) and (plain := _plain(value)) is not None:
            extensions[name] = plain
    return extensions


def _plain(value: Any) -> Any:
    """Return *value* as plain JSON, or None if it is too long or contains anything but JSON."""
    try:
        text = json.dumps(value, default=_members)
    except (TypeError, ValueError, RecursionError):
        return None
    if len(text) <= _LONGEST:
        return json.loads(text)
    return None


def _members(value: Any) -> Any:
    if isinstance(value, OBJECT):
        return dict(value)
    raise TypeError
