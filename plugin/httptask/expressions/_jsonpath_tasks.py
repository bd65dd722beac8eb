"""Rename a task in a JSONPath query (RFC 9535)."""

from __future__ import annotations

import json
from typing import Any

from httptask.expressions._jsonpath import compiled_query, is_shorthand
from httptask.expressions._renaming import Renamed, Renaming, Sight, not_understood


def renamed(source: str, before: str, after: str) -> Renamed:
    """Return the query *source* with the task *before* renamed to *after*."""
    try:
        query = compiled_query(source)
    except ValueError:
        return not_understood(source, before)
    walk = _Walk(source, before, after)
    return walk.renaming.result(source, walk.query(query, Sight.DOCUMENT))


class _Walk:
    """Follows a query and collects the edits that rename the task."""

    def __init__(self, source: str, before: str, after: str) -> None:
        self.renaming = Renaming(before)
        self._source = source
        self._after = after

    def query(self, query: Any, sight: Sight) -> Sight:
        """Follow *query* from a node of *sight*; return the sight of its selection."""
        from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment

        for segment in query.segments:
            if isinstance(segment, JSONPathRecursiveDescentSegment) and sight.exposes_tasks:
                sight = Sight.EITHER
            selected = [self._selected(selector, sight) for selector in segment.selectors]
            sight = Sight.of_all(selected)
        return sight

    def _selected(self, selector: Any, sight: Sight) -> Sight:
        """Rename the task if *selector* names it; return the sight of the selected values."""
        from jsonpath_rfc9535.selectors import FilterSelector, NameSelector

        if isinstance(selector, NameSelector):
            if self.renaming.meet(sight, selector.name):
                self._rewrite(selector.token)
            return sight.member(selector.name)
        if isinstance(selector, FilterSelector):
            self._filter(selector.expression, sight.members)
        return sight.members

    def _filter(self, expression: Any, current: Sight) -> None:
        """Follow the queries in a filter, whose `@` has the sight *current*."""
        from jsonpath_rfc9535.filter_expressions import FilterQuery, RootFilterQuery

        if isinstance(expression, FilterQuery):
            is_absolute = isinstance(expression, RootFilterQuery)
            self.query(expression.query, Sight.DOCUMENT if is_absolute else current)
            return
        inner = [getattr(expression, name, None) for name in ("expression", "left", "right")]
        for part in [*inner, *getattr(expression, "args", ())]:
            if part is not None:
                self._filter(part, current)

    def _rewrite(self, token: Any) -> None:
        start = token.index
        end = token.index + len(token.value)
        quote = self._source[start - 1]
        if quote in "'\"":
            self.renaming.edits[start - 1, end + 1] = _quoted(self._after, quote)
        elif is_shorthand(self._after):
            self.renaming.edits[start, end] = self._after
        else:  # the dot belongs to the shorthand (RFC 9535, section 2.5.1.1)
            self.renaming.edits[start - 1, end] = f"[{_quoted(self._after, chr(39))}]"


def _quoted(name: str, quote: str) -> str:
    """Return *name* as a string literal (RFC 9535, section 2.3.1.1)."""
    double = json.dumps(name, ensure_ascii=False)
    if quote == '"':
        return double
    inside = double[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inside}'"
