"""A JSONPath query (RFC 9535) in a setting, without `${…}` around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from httptask.expressions._jsonpath import JsonPath, compiled_query, list_steps, normalised
from httptask.expressions._result import RefusedError
from httptask.expressions._singular import follow

ABSENT: Final = object()
"""The value of a query that selects nothing."""

_LANGUAGE = JsonPath()


@dataclass(frozen=True, slots=True)
class Query:
    """A query of RFC 9535 whose cost is bounded by the size of the data."""

    text: str
    steps: tuple[str | int, ...] | None
    """The names and indices of a query that selects at most one value; None for any other query."""

    @classmethod
    def of(cls, text: str) -> Query:
        """Parse the query *text*.

        Raises `ValueError` with a sentence if it cannot be parsed, or could take longer than one
        pass through the data.
        """
        steps = _LANGUAGE.steps(text)
        if steps is None and not _LANGUAGE.is_linear(text):
            raise RefusedError("expression-query-cost")
        return cls(text, steps)

    @classmethod
    def of_steps(cls, steps: tuple[str | int, ...]) -> Query:
        """Return the query for the one value at the names and indices *steps*."""
        return cls(normalised(steps), steps)

    def values(self, data: Any) -> list[Any]:
        """Return all values that the query selects from *data*."""
        if self.steps is None:
            return [node.value for node in compiled_query(self.text).finditer(data)]
        value, count = follow(self.steps, data)
        if count == len(self.steps):
            return [value]
        return []

    def value(self, data: Any) -> Any:
        """Return the first value that the query selects from *data*; `ABSENT` if there is none."""
        if self.steps is not None:
            value, count = follow(self.steps, data)
            if count == len(self.steps):
                return value
            return ABSENT
        values = self.values(data)
        return values[0] if values else ABSENT

    def list_length(self, data: Any) -> int | None:
        """Return the length of the list from which the query selects items: of `$.d` in
        `$.d[?@.a > 1]`. None if there is no list, or the query has another form.
        """
        steps = None
        if self.steps is None:
            steps = list_steps(self.text)
        if steps is None:
            return None
        value, count = follow(steps, data)
        if count == len(steps) and isinstance(value, list):
            return len(value)
        return None
