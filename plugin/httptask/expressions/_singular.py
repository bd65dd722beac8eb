"""Singular queries (RFC 9535, section 2.3.5.1): names and indices that lead to one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_OBJECT = (dict, Mapping)
"""`dict` comes first: a check against an abstract class is slow, and filters make many.

A tuple, not a union: a union would be built for every check.
"""


def follow(steps: Sequence[str | int], data: Any) -> tuple[Any, int]:
    """Follow *steps* from *data* as far as possible; return the value reached and the number of
    steps.

    A name selects only from an object, an index only from an array (RFC 9535, sections 2.3.1.2
    and 2.3.3.2).
    """
    value = data
    for count, step in enumerate(steps):
        if isinstance(step, str):
            if not isinstance(value, _OBJECT) or step not in value:
                return value, count
        elif not isinstance(value, list) or not -len(value) <= step < len(value):
            return value, count
        value = value[step]
    return value, len(steps)
