"""JSONata's predicates: which values of a context they choose.

One value may stand alone, and None is none: most steps yield one value, and a list around it would
take half of the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from httptask.expressions import _numbers
from httptask.expressions._jsonata_values import Sequence, boolean, existing, sequence


def at_position(position: int, context: Any) -> Any:
    """Return the value at *position* of *context*, from its end where it is negative."""
    if not isinstance(context, list):
        return context if position in (0, -1) else None
    if -len(context) <= position < len(context):
        return existing(context[position])
    return _none_of(context)


def chosen_values(
    get: Callable[[Any], Any], get_in_stream: Callable[[Any], Any], context: Any
) -> Any:
    """Return the values of *context* that a predicate chooses: *get* returns its value.

    In a stream of tuples, *get_in_stream* does.
    """
    if not isinstance(context, list):
        times = 0 if context is None else _times_chosen(get(context), 0, 1)
        if times > 1:
            return sequence([context] * times)
        return context if times else None
    results = _none_of(context)
    size = len(context)
    for index, item in enumerate(context):
        value = get_in_stream(item) if results.tuple_stream else get(existing(item))
        if value is True:
            results.append(item)
        else:
            results.extend([item] * _times_chosen(value, index, size))
    return results


def _none_of(context: Any) -> Any:
    results = sequence()
    results.tuple_stream = type(context) is Sequence and context.tuple_stream
    return results


def _times_chosen(chosen: Any, index: int, size: int) -> int:
    """Return how often the value *chosen* of a predicate chooses the item at *index* of *size*."""
    if chosen is None or type(chosen) is bool:
        return int(chosen is True)
    positions = chosen if isinstance(chosen, list) else [chosen]
    if not all(type(position) in _numbers.NUMBERS for position in positions):
        return int(boolean(chosen))
    return sum(position in (index, index - size) for position in map(math.floor, positions))
