"""JSONata's predicates: select values from a context.

One value is returned without a list, and None stands for no value. Most steps yield one value, for
which lists would take half of the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from httptask.expressions import _numbers
from httptask.expressions._jsonata_values import Sequence, boolean, existing, sequence


def at_position(position: int, context: Any) -> Any:
    """Return the value at *position* in *context*; a negative position counts from the end."""
    if not isinstance(context, list):
        if position in (0, -1):
            return context
        return None
    if -len(context) <= position < len(context):
        return existing(context[position])
    return _none_of(context)


def chosen_values(
    get: Callable[[Any], Any],
    get_in_stream: Callable[[Any], Any],
    context: Any,
) -> Any:
    """Return the values in *context* that a predicate selects.

    *get* returns the predicate's value for an item; in a stream of tuples *get_in_stream* does.
    """
    if not isinstance(context, list):
        times = 0
        if context is not None:
            times = _times_chosen(get(context), 0, 1)
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
    """Return an empty sequence, which is a stream of tuples if *context* is."""
    results = sequence()
    results.tuple_stream = type(context) is Sequence and context.tuple_stream
    return results


def _times_chosen(chosen: Any, index: int, size: int) -> int:
    """Return how many times the predicate's value *chosen* selects the item at *index* of
    *size*.
    """
    if chosen is None or type(chosen) is bool:
        return int(chosen is True)
    positions = chosen if isinstance(chosen, list) else [chosen]
    if not all(type(position) in _numbers.NUMBERS for position in positions):
        return int(boolean(chosen))
    return sum(position in (index, index - size) for position in map(math.floor, positions))
