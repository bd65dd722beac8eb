"""JSONPath (RFC 9535), the default language."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, ClassVar

from httptask._core.nearest import nearest
from httptask.expressions._result import (
    MOST_KNOWN,
    MOST_LISTED,
    SHORTHAND,
    Expected,
    ExpectedList,
    NoSuchNameError,
    RefusedError,
    with_dicts,
)
from httptask.expressions._singular import follow

if TYPE_CHECKING:
    from httptask._schema.value_types import ValueType
    from httptask.expressions._renaming import Renamed
    from httptask.expressions._typed import Typed

_MOST_SELECTORS = 4
"""In a linear query, how many times a value may be selected: the product of its selector counts."""

_LONGEST_FILTER = 200
"""Characters of a filter in a linear query: a short filter makes only a few comparisons."""


@dataclass(frozen=True, slots=True)
class _Query:
    """A parsed query with its properties."""

    compiled: Any
    steps: tuple[str | int, ...] | None
    """Names and indices of a singular query (RFC 9535, section 2.3.5.1); None for other queries."""
    leading: tuple[str | int, ...]
    """The names and indices with which the query begins."""
    linear: bool
    """Whether its cost is bounded by the size of the data."""
    reads: tuple[str, ...] | None
    """The names from the root below which it reads; None: it reads everything."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """Queries of RFC 9535. A singular query yields its value, any other query a list."""

    name: str = "jsonpath"
    prefix: str = ""
    reads_mappings: ClassVar[bool] = True
    """A singular query follows names through any mapping, so it needs no copy of `$.tasks`."""

    def check(self, source: str) -> None:
        """Raise `ValueError` if *source* is not a query of RFC 9535."""
        _query(source)

    def steps(self, source: str) -> tuple[str | int, ...] | None:
        """Return the names and indices of a singular query; None for any other query.

        Raises `ValueError` if *source* is not a query of RFC 9535.
        """
        return _query(source).steps

    def is_cheap(self, source: str) -> bool:
        """Say whether *source* is a singular query, which looks up one value for each name."""
        return self._is(source, lambda query: query.steps is not None)

    def is_linear(self, source: str) -> bool:
        """Say whether *source* takes at most a fixed time for each value in the data.

        Then it may run in this process if the data are small. Filters may only compare; there is at
        most one descendant segment, and few selectors in a segment.
        """
        return self._is(source, lambda query: query.linear)

    def reads(self, source: str) -> Collection[tuple[str, ...]] | None:
        """Return the paths of names below which *source* reads; None: everything."""
        reads = _query(source).reads
        return None if reads is None else [reads]

    def missing(self, source: str, shape: Any) -> NoSuchNameError | None:
        """Return the error that *source* has over data of *shape*, or None.

        A shape is nested objects, in which None stands for any value, and lists of one item, which
        stands for all items. A name missing in an `Expected` object or an `ExpectedList` is not
        certainly missing.
        """
        query = _query(source)
        value = shape
        is_certain = True
        for index, step in enumerate(query.leading):
            if value is None or (isinstance(value, ExpectedList) and step == value.name):
                return None
            # Once a documented response is on the way, a missing name only differs from its
            # description.
            is_certain = is_certain and not isinstance(value, Expected | ExpectedList)
            if isinstance(step, int) and isinstance(value, list):
                value = value[0]
            elif isinstance(step, str) and isinstance(value, dict) and step in value:
                value = value[step]
            else:
                error = no_such_name(query.leading[:index], step, value)
                error.is_certain = is_certain
                return error
        return None

    def task_renamed(self, source: str, before: str, after: str) -> Renamed:
        """Return *source* with the task *before* renamed to *after*."""
        from httptask.expressions._jsonpath_tasks import renamed

        return renamed(source, before, after)

    def typed(self, source: str, data: ValueType) -> Typed:
        """Return the `Typed` of *source* over data of the type *data*."""
        from httptask.expressions._jsonpath_types import typed

        return typed(source, data)

    def _is(self, source: str, holds: Any) -> bool:
        """Say whether *holds* is true for the query *source*."""
        try:
            return bool(holds(_query(source)))
        except ValueError:
            return True  # there is nothing to evaluate

    def evaluate(self, source: str, data: Any) -> Any:
        """Return the value that a singular query selects, or the list of values of any other
        query.
        """
        query = _query(source)
        if query.steps is not None:
            value, count = follow(query.steps, data)
            if count < len(query.steps):
                raise no_such_name(query.steps[:count], query.steps[count], value)
            return with_dicts(value)
        from jsonpath_rfc9535 import JSONPathError

        try:
            return [node.value for node in query.compiled.finditer(data)]
        except JSONPathError as error:
            raise RefusedError("expression-jsonpath-failed", jsonpathMessage=str(error)) from error


def no_such_name(
    before: Sequence[str | int],
    step: str | int,
    value: Any,
) -> NoSuchNameError:
    """Return the error that *step* selects nothing from *value*, which is at the path *before*."""
    is_index = isinstance(step, int)
    params: dict[str, Any] = {"path": normalised(before), "item" if is_index else "name": step}
    if isinstance(value, Mapping):
        names = [str(name) for name in islice(value, MOST_KNOWN)]
        near = nearest(step, names) if isinstance(step, str) else ()
        return NoSuchNameError(
            "expression-item-of-object" if is_index else "expression-no-name",
            params,
            known=names,
            more=len(value) - MOST_LISTED if len(value) > MOST_LISTED else None,
            near=near[0] if near else None,
        )
    if isinstance(value, list) and is_index:
        return NoSuchNameError("expression-no-item", params, count=len(value))
    if isinstance(value, list):
        first = normalised([*before, 0, step])
        all_items = normalised(before) + "[*]" + normalised([step])[1:]
        return NoSuchNameError("expression-name-of-list", params, first=first, each=all_items)
    value_type = _TYPE_NAMES.get(type(value), "a number")
    return NoSuchNameError("expression-no-members", params, found=value_type)


_TYPE_NAMES = {
    str: "a string",
    bool: "true or false",
    type(None): "null",
}


def compiled_query(source: str) -> Any:
    """Return the library's query for *source*. Raises `ValueError` if *source* is no query."""
    return _query(source).compiled


def is_shorthand(name: str) -> bool:
    """Say whether *name* can follow a dot without quotes."""
    return SHORTHAND.fullmatch(name) is not None


def normalised(steps: Sequence[str | int]) -> str:
    """Return the query for *steps*, with names in shorthand where RFC 9535 allows it:
    `$.tasks['Look up'].output`.
    """
    return "$" + "".join(_written(step) for step in steps)


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if is_shorthand(step):
        return f".{step}"
    from jsonpath_rfc9535.serialize import canonical_string

    return f"[{canonical_string(step)}]"


@lru_cache(maxsize=1024)
def _query(source: str) -> _Query:
    from jsonpath_rfc9535 import JSONPathError

    from httptask.expressions._jsonpath_filters import compile_query

    try:
        compiled = compile_query(source)
    except JSONPathError as error:
        character = None
        if error.token:
            character = error.token.index + 1
        raise _no_query(source, jsonpathMessage=str(error.args[0]), character=character) from error
    except RecursionError as error:
        raise RefusedError("expression-nested") from error
    except Exception as error:  # for broken text the library also raises other errors
        raise _no_query(source) from error
    leading = _leading(compiled.segments)
    return _Query(
        compiled,
        _steps(compiled),
        leading,
        _is_linear(compiled),
        _reads(compiled, leading),
    )


def _no_query(source: str, **params: Any) -> RefusedError:
    if source.startswith("$"):
        return RefusedError("expression-jsonpath", params)
    example = f"$.{source}" if SHORTHAND.match(source) else None
    return RefusedError("expression-jsonpath-start", params, example=example)


def _steps(query: Any) -> tuple[str | int, ...] | None:
    if query.singular_query():
        return _leading(query.segments)
    return None


def list_steps(source: str) -> tuple[str | int, ...] | None:
    """Return the names and indices of the list from which the query *source* selects items, or a
    member of each item: `d` in `$.d[?@.a > 1].b`. None for a query of another form.
    """
    from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment

    segments = compiled_query(source).segments
    leading = _leading(segments)
    if len(leading) == len(segments):
        return None
    selecting, *after = segments[len(leading) :]
    is_plain = not isinstance(selecting, JSONPathRecursiveDescentSegment)
    is_one = is_plain and len(selecting.selectors) == 1
    if is_one and len(_leading(after)) == len(after):
        return leading
    return None


def _leading(segments: Sequence[Any]) -> tuple[str | int, ...]:
    """Return the names and indices with which *segments* begin."""
    from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment
    from jsonpath_rfc9535.selectors import IndexSelector, NameSelector

    steps: list[str | int] = []
    for segment in segments:
        selector = None
        if len(segment.selectors) == 1:
            selector = segment.selectors[0]
        if isinstance(segment, JSONPathRecursiveDescentSegment):
            break
        if not isinstance(selector, NameSelector | IndexSelector):
            break
        steps.append(selector.name if isinstance(selector, NameSelector) else selector.index)
    return tuple(steps)


def _reads(query: Any, leading: Sequence[str | int]) -> tuple[str, ...] | None:
    """Return the names with which *query* begins; None if one of its filters reads from the
    root.
    """
    names = tuple(str(step) for step in takewhile(lambda step: isinstance(step, str), leading))
    if names and "$" not in str(query)[1:]:
        return names
    return None


def _is_linear(query: Any) -> bool:
    """Say whether *query* is linear: see `JsonPath.is_linear`."""
    from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment

    from httptask.expressions._jsonpath_filters import Filter, compares_within

    descendants = sum(
        isinstance(segment, JSONPathRecursiveDescentSegment) for segment in query.segments
    )
    selectors = [selector for segment in query.segments for selector in segment.selectors]
    filters = [selector for selector in selectors if isinstance(selector, Filter)]
    if any(
        filter_selector.test is None or len(str(filter_selector)) > _LONGEST_FILTER
        for filter_selector in filters
    ):
        return False
    if descendants > 1:
        return False
    # Values compared below a descendant would be compared once more for each level above them.
    if descendants and any(
        compares_within(filter_selector.expression.expression) for filter_selector in filters
    ):
        return False
    return math.prod(len(segment.selectors) for segment in query.segments) <= _MOST_SELECTORS
