"""The start of a list: the cursor of its first page, and the number of items before that page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import dump
from httptask.errors import CodedError, Problem, SettingsError
from httptask.task.pagination._modes import BY_URL
from httptask.task.pagination._page import whole_number
from httptask.task.pagination._places import put, written

if TYPE_CHECKING:
    from httptask.model.pagination import Pagination

_BEGINNINGS = (None, "", "*", 0, "0", -1, "-1")
"""Tokens that mean the beginning of a list in some APIs."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The number of items in a list before the first page that is read. The total counts them, too.

    If the number is not known exactly, there are two bounds: the end is decided with the lower one,
    so that no list ends early; and incompleteness with the higher one, so that no complete list is
    called incomplete.
    """

    at_least: int = 0
    at_most: int | None = 0
    """None: unlimited."""


_UNKNOWN = Earlier(0, None)


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a list that is read by *pagination*, the setting at *pointer*.

    *settings* are the task's evaluated settings, with the first number; *resumed* is a cursor that
    replaces the first number. *mask* masks secrets.
    """

    pagination: Pagination
    settings: Mapping[str, Any]
    resumed: Any
    pointer: str
    mask: Callable[[str], str]

    def cursor(self, cursor: Any) -> Any:
        """Return the cursor of the first page: *cursor*, checked, or the number in the settings.

        None: the first page needs no cursor. Raises `SettingsError`.
        """
        pagination = self.pagination
        parameter = self.pagination.parameter
        if parameter is not None:
            self._check_parameter()
        if cursor is None:
            has_number = pagination.counts and parameter is not None
            if has_number:
                return self._number(self._written, "parameter")
            return None
        if pagination.counts:
            return self._number(cursor, "resume")
        is_in_body = parameter is not None and parameter.location == "body"
        is_text = isinstance(cursor, str | int | float) and not isinstance(cursor, bool)
        if not is_text and not (is_in_body and isinstance(cursor, dict | list)):
            raise self._refused(cursor, "a token: text or a number", "resume")
        if pagination.mode in BY_URL and not str(cursor).startswith(("http://", "https://")):
            raise self._refused(cursor, "an absolute URL", "resume")
        return cursor

    def earlier(self, items: int) -> Earlier:
        """Return the number of items before the first page, which has *items* items.

        The number is unknown if the list starts with a token that is not a known beginning.
        """
        pagination = self.pagination
        if not pagination.counts:
            is_start = self.resumed is None and self._written in _BEGINNINGS
            return Earlier() if is_start else _UNKNOWN
        beginning = whole_number(self._written)
        beginning = pagination.first_number if beginning is None else beginning
        number = whole_number(self.resumed)
        number = beginning if number is None else number
        if pagination.mode == "page":
            return self._before_page(number, beginning, items)
        return self._before_offset(number, beginning)

    def _before_page(self, number: int, beginning: int, items: int) -> Earlier:
        """Return the number of items before the page *number*, which has *items* items.

        The pages before have at least as many items, because this page may be a short last page. A
        server may also send shorter pages than the requested size.
        """
        pages = number - min(beginning, 1)
        size = self.pagination.size_value
        if pages <= 0:
            return Earlier()
        return Earlier(pages * items, None if size is None else pages * max(size, items))

    def _before_offset(self, number: int, beginning: int) -> Earlier:
        """Return the number of items before the offset *number*.

        The first number, *beginning*, tells whether offsets count from 0 or 1. If it is larger, and
        the parameter is an index, both are possible: SCIM's `startIndex` counts from 1 (RFC 7644,
        section 3.4.2.4), other indices count from 0.
        """
        if beginning <= 1:
            return _exactly(number - beginning)
        parameter = self.pagination.parameter
        if parameter is not None and "index" in parameter.name.lower():
            return Earlier(max(0, number - 1), number)
        return _exactly(number)

    @property
    def _written(self) -> Any:
        parameter = self.pagination.parameter
        if parameter is None:
            return None
        return written(self.settings, parameter)

    def _check_parameter(self) -> None:
        parameter = self.pagination.parameter
        try:
            if parameter is not None:
                put(self.settings, parameter, "")
        except CodedError as error:
            name_pointer = pointer_of(["parameter", "name"], self.pointer)
            problem = Problem.of("pagination-body", name_pointer, reason=error.reason)
            raise SettingsError([problem]) from None

    def _number(self, cursor: Any, setting: str) -> int:
        number = whole_number(cursor)
        if number is None:
            raise self._refused(cursor, "a whole number from 0", setting)
        return number

    def _refused(self, cursor: Any, expected: str, setting: str) -> SettingsError:
        pointer = pointer_of([setting], self.pointer)
        shown = self.mask(dump(cursor, compact=True)[:60])
        return SettingsError([Problem.of("type", pointer, expected=expected, found=shown)])


def _exactly(items: int) -> Earlier:
    items = max(0, items)
    return Earlier(items, items)
