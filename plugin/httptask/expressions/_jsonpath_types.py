"""The type of a JSONPath query (RFC 9535), given the type of its data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from httptask._schema.value_types import ANY, NOTHING, ValueType, any_of, typed_by
from httptask.expressions._jsonpath import compiled_query, normalised
from httptask.expressions._typed import MissingName, Reading, Typed

_MOST_SELECTORS = 500
"""How many selectors of one query are followed."""


def typed(source: str, data: ValueType) -> Typed:
    """Return the `Typed` of the query *source* over data of the type *data*.

    Raises `ValueError` if *source* is not a query.
    """
    query = compiled_query(source)
    walk = _Walk(data)
    selected = walk.document_query(query)
    if not query.singular_query():
        selected = typed_by({"type": "array", "items": selected})
    return Typed(selected, tuple(walk.missing), tuple(walk.readings))


class _Walk:
    """Follows a query through *root*, the type of `$`."""

    def __init__(self, root: ValueType) -> None:
        self.missing: list[MissingName] = []
        self.readings: list[Reading] = []
        self._root = root
        self._remaining = _MOST_SELECTORS

    def document_query(self, query: Any) -> ValueType:
        """Return the type of what *query* selects from the root."""
        self._read(query)
        return self._query(query, self._root, "$")

    def _query(self, query: Any, start: ValueType, path: str) -> ValueType:
        """Return the type of what *query* selects from *start*, whose path is *path*."""
        from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment

        current = start
        for segment in query.segments:
            # A query may have thousands of selectors, and each multiplies the work: then nothing is
            # said.
            self._remaining -= len(segment.selectors)
            if self._remaining < 0:
                return ANY
            if isinstance(segment, JSONPathRecursiveDescentSegment):
                current = current.descendants()
                path = f"{path}.."
            selected = [self._selected(selector, current, path) for selector in segment.selectors]
            following = any_of(selected)
            if following.is_nothing and not current.is_nothing:
                self._miss(segment.selectors, current, path)
                return NOTHING
            current = following
            path += _written(segment.selectors, after=path)
        return current

    def _read(self, query: Any) -> None:
        """Record the path of names and indices with which *query* begins."""
        from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment

        steps: list[str | int] = []
        for segment in query.segments:
            step = _step(segment.selectors)
            if step is None or isinstance(segment, JSONPathRecursiveDescentSegment):
                break
            steps.append(step)
        is_first = not self.readings  # readings in filters come later
        self.readings.append(Reading(tuple(steps), is_first and bool(query.singular_query())))

    def _selected(self, selector: Any, current: ValueType, path: str) -> ValueType:
        """Return the type of what *selector* selects from *current* at *path* (RFC 9535,
        section 2.3).
        """
        from jsonpath_rfc9535.selectors import (
            FilterSelector,
            IndexSelector,
            NameSelector,
            SliceSelector,
        )

        if isinstance(selector, NameSelector):
            return current.member(selector.name).type
        if isinstance(selector, IndexSelector):
            return current.item(selector.index)
        if isinstance(selector, SliceSelector):
            return current.items()
        members = current.members()
        if isinstance(selector, FilterSelector):
            self._filter(selector.expression, members, f"{path}[*]")
        return members

    def _filter(self, expression: Any, current: ValueType, path: str) -> None:
        """Follow the queries in a filter, whose `@` has the type *current* and the path *path*."""
        from jsonpath_rfc9535.filter_expressions import FilterQuery, RootFilterQuery

        if isinstance(expression, RootFilterQuery):
            self.document_query(expression.query)
        elif isinstance(expression, FilterQuery):
            self._query(expression.query, current, path)
        else:
            inner = [getattr(expression, name, None) for name in ("expression", "left", "right")]
            for part in [*inner, *getattr(expression, "args", ())]:
                if part is not None:
                    self._filter(part, current, path)

    def _miss(self, selectors: Sequence[Any], current: ValueType, path: str) -> None:
        """Record that a name or an index does not exist in *current*."""
        step = _step(selectors)
        if step is None:
            return
        is_certain = isinstance(step, int) or current.member(step).is_certain
        self.missing.append(MissingName(path, step, current, is_certain))


def _step(selectors: Sequence[Any]) -> str | int | None:
    """Return the name or index in *selectors* if it is the only selector; else None."""
    from jsonpath_rfc9535.selectors import IndexSelector, NameSelector

    selector = None
    if len(selectors) == 1:
        selector = selectors[0]
    if isinstance(selector, NameSelector):
        return str(selector.name)
    if isinstance(selector, IndexSelector):
        return int(selector.index)
    return None


def _written(selectors: Sequence[Any], *, after: str) -> str:
    """Return *selectors* as they are written after a path that ends with *after*."""
    step = _step(selectors)
    if step is None:
        return f"[{', '.join(str(selector) for selector in selectors)}]"
    written = normalised([step])[1:]
    if after.endswith(".."):
        return written.removeprefix(".")
    return written
