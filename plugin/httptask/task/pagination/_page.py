"""One page of a list: its items, its token for the next page, and its statements about the end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from httptask._core.json_types import shown, type_name
from httptask._core.numbers import number_from_1, without_point
from httptask._core.strict_json import decimal_text
from httptask._http.media_types import received_essence
from httptask._http.sequences import SEQUENCES
from httptask._http.syntax import WITHOUT_CONTENT
from httptask.building import references
from httptask.errors import PaginationError, TaskResult
from httptask.expressions import ABSENT, Query
from httptask.model.pagination import Place
from httptask.task._queries import reads_headers, values_of
from httptask.task.pagination._outline import Outline, error_told, why_no_page
from httptask.task.pagination._statements import AT_LEAST, is_at_least

_IN_RANGE = re.compile(r"(?:.*/)?\s*([0-9]{1,15})\s*")
"""Matches a number in text, or the complete length in `Content-Range: items 0-24/319`."""
_FALSE, _TRUE = ("0", "false", "no"), ("1", "true", "yes")


@dataclass(slots=True)
class Page:
    """A page that was read. Not frozen, because frozen objects are slower to make."""

    number: int
    """The number of the page, from 1."""
    cursor: Any
    """The token, number or URL by which the page was requested; None for a first page without."""
    result: TaskResult
    url: str = field(repr=False)
    """The URL that responded, unmasked: the base of a relative next URL."""
    size: int = 0
    """The size of its decoded body, in bytes."""
    count: int = 0
    """The number of its items, including those that the query does not select, once read."""

    def values(self, query: Query) -> list[Any]:
        """Return the values *query* selects, from the headers or the body: see `values_of`."""
        return values_of(query, self.result)

    def value(self, query: Query) -> Any:
        """Return the first value that *query* selects, or `ABSENT`."""
        if not reads_headers(query):
            return query.value(self.result.body)
        return next(iter(self.values(query)), ABSENT)

    def error(self, message: str) -> PaginationError:
        """Return an error about this page."""
        message = f"page {self.number}: {message}"
        return PaginationError(message, page=self.number, maybe_delivered=True)

    @property
    def has_content(self) -> bool:
        """Whether its response has a body; `null` is a body, too."""
        return self.size > 0 or self.result.body is not None

    @property
    def _is_sequence(self) -> bool:
        """Whether its body is a sequence of items (JSON lines), which is empty without items."""
        media_type = received_essence(str(self.result.headers.get("content-type", "")))
        return SEQUENCES.fullmatch(media_type or "") is not None

    def check_end(self, *, is_named: bool) -> None:
        """Raise `PaginationError` if the page has no content, and may not be the end of the list.

        An empty body with the status 200 may be cut off, unless the format writes no items so, as
        JSON lines do. A 204 means that there are no items; that is wrong if *is_named*: the page
        before named this page.
        """
        if self.has_content or self._is_sequence:
            return
        status = self.result.status_code
        if status not in WITHOUT_CONTENT:
            reason = f"its body is empty, with the status {status}"
        elif is_named:
            reason = f"the page before names it, and it has no content ({status})"
        else:
            return
        raise self.error(f"{reason}; the list may go on behind it")

    def check_no_error(self, query: Query) -> None:
        """Raise `PaginationError` if the page, without items at *query*, reports an error.

        Some servers send errors with the status 200.
        """
        error_text = None if reads_headers(query) else error_told(self.result.body, query)
        if error_text is not None:
            raise self.error(f"it has no items, and tells of an error ({error_text})")

    def left_out(self, query: Query, items: Sequence[Any]) -> int:
        """Return how many items of the page *query* does not select, if it selects among them."""
        length = None if reads_headers(query) else query.list_length(self.result.body)
        if length is None:
            return 0
        return max(0, length - len(items))

    def items(self, query: Query, first: Outline | None = None) -> list[Any]:
        """Return the items at *query*. Raises `PaginationError` if there is no list.

        *first* is the outline of the first page, to recognise an empty page.
        """
        if query.steps is None:
            values = self.values(query)
            if not values and not reads_headers(query):
                self._check_is_page(query, None)
            return values
        value = self.value(query)
        if value is None or (value is ABSENT and self.number > 1):
            if not reads_headers(query):
                self._check_is_page(query, first)
            return []  # servers may leave an empty list out
        if isinstance(value, list):
            return value
        if value is ABSENT:
            if self.result.body is None:
                return []
            self.check_no_error(query)
            raise self.error(
                _as_json(self.result.body)
                or f"there is nothing at {query.text}, where its items should be"
                f"{_lists_in(self.result.body)}; {query.text}[*] takes a missing list for an"
                " empty one"
            )
        raise self.error(
            f"{query.text} is {type_name(value)}, and the items are to be a list"
            f"{_lists_in(self.result.body)}"
        )

    def _check_is_page(self, query: Query, first: Outline | None) -> None:
        """Raise `PaginationError` if this is not an empty page: see `why_no_page`."""
        reason = None
        if query.steps is not None or not isinstance(self.result.body, list):
            reason = why_no_page(self.result.body, query, first)
        if reason is not None:
            raise self.error(f"{reason}; the list may go on behind it")

    def items_query(self) -> Query:
        """Return the query of the items if the setting has none: the body, or the only list in it.

        Raises `PaginationError` if there is no list, or more than one.
        """
        body = self.result.body
        if isinstance(body, list) or body is None:
            return Query("$", ())
        if isinstance(body, Mapping):
            names = [name for name, value in body.items() if isinstance(value, list)]
            if len(names) == 1 and "$file" not in body:
                return Query(f"$[{names[0]!r}]", (names[0],))
            if names:
                raise self.error(
                    f"it is not clear which list has its items{_lists_in(body)}; name it in 'items'"
                )
        raise self.error(
            _as_json(body)
            or f"its body is {type_name(body)} without a list; name in 'items' where its items are"
        )

    def total(self, query: Query | None) -> int | None:
        """Return the number of items in the whole list; None if the page does not name it."""
        value = self.value(query) if query is not None else ABSENT
        if value is ABSENT or value is None or value == "":
            return None
        if isinstance(value, str) and (match := _IN_RANGE.fullmatch(value)) is not None:
            return int(match[1])
        if isinstance(value, str) and (match := AT_LEAST.fullmatch(value)) is not None:
            return int(match[1] or match[2])
        if isinstance(value, str) and value.rstrip().endswith("/*"):
            return None  # RFC 9110, section 14.4: the complete length is unknown
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise self.error(f"'total' is {shown(value)}, and should be a number of items")
        return int(value)

    def is_total_at_least(self, query: Query | None) -> bool:
        """Say whether the total at *query* is only a lower bound."""
        return query is not None and is_at_least(query, self.value(query), self.result.body)

    def more(self, query: Query | None) -> bool | None:
        """Return whether there are more items, according to the page; None: it does not say.

        Empty text says nothing, and neither does a header that cannot be read as true or false:
        gateways add and empty headers. Raises `PaginationError` for such a member of the body.
        """
        value = self.value(query) if query is not None else ABSENT
        if value is ABSENT or value is None:
            return None
        if isinstance(value, bool | int | float):
            return bool(value)
        word = value.strip().lower() if isinstance(value, str) else None
        if word in (*_FALSE, *_TRUE):
            return word in _TRUE
        if word == "" or (query is not None and reads_headers(query)):
            return None
        raise self.error(f"'more' is {shown(value)}, and should be true or false")

    def unread_more(self, query: Query | None) -> str | None:
        """Return a note about a header at *query* with text that is neither true nor false; None:
        there is no such text.
        """
        if query is None or not reads_headers(query) or self.more(query) is not None:
            return None
        value = self.value(query)
        if value is ABSENT or not str(value).strip():
            return None
        return (
            f"page {self.number}: {query.text} ('more') is {shown(value)}, neither true nor false,"
            " and was ignored"
        )

    def token(self, query: Query, parameter: Place | None = None) -> Any:
        """Return the token at *query*; None if it is null, false, empty or missing.

        A token is text or a number. If *parameter* is in the body, the token may also be an object
        (DynamoDB's last key) or a list (Elasticsearch's sort values).
        """
        value = self.value(query)
        if value is ABSENT or value is None or value is False:
            return None
        if isinstance(value, str) and not value.strip():
            return None
        if isinstance(value, str | int | float) and value is not True:
            return value
        if isinstance(value, Decimal):
            return decimal_text(value)
        is_in_body = parameter is not None and parameter.location == "body"
        if not is_in_body or not isinstance(value, dict | list):
            raise self.error(_no_token(query, value, parameter))
        # A server must not make us send one of our files.
        if next(references(value), None) is not None:
            raise self.error(f"what follows, {query.text}, contains a file reference")
        return value or None


def _no_token(query: Query, value: Any, parameter: Place | None) -> str:
    """Return the message about *value*, at *query*, which is no token for *parameter*."""
    target = "a URL"
    if parameter is not None:
        target = f"the {_LOCATIONS[parameter.location]} {parameter.name!r}"
    hint = ""
    if isinstance(value, Mapping) and value:
        names = ", ".join(map(str, list(value)[:5]))
        hint = f"; it has the names {names}: name one of them, {query.text}.{next(iter(value))}"
    return f"what follows, {query.text}, is {shown(value)}, and {target} takes text{hint}"


_LOCATIONS = {
    "query": "query parameter",
    "header": "header",
    "path": "path parameter",
    "body": "place in the body",
}


def whole_number(value: Any) -> int | None:
    """Return *value*, a number or text, as a whole number from 0; None if it is no such number."""
    if isinstance(value, str):
        return 0 if value == "0" else number_from_1(value)
    value = without_point(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None


def _as_json(body: Any) -> str:
    """Return advice for the user if *body* is text that looks like JSON; else ""."""
    if not isinstance(body, str) or not body.lstrip().startswith(("[", "{")):
        return ""
    return 'its body was read as text, and looks like JSON: set "responseBody": "json"'


def _lists_in(body: Any) -> str:
    """Return the end of an error's message: the lists in *body*, or its names."""
    if not isinstance(body, Mapping):
        return f"; the body is {type_name(body)}"
    names = [str(name) for name, value in body.items() if isinstance(value, list)][:5]
    if names:
        return f"; lists are {', '.join(f'$.{name}' for name in names)}"
    known = ", ".join(map(str, list(body)[:8]))
    return f"; known names: {known}" if known else "; the body is an empty object"
