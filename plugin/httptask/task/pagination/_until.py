"""Evaluate the author's `until` for each page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httptask.task._conditions import Truth
    from httptask.task.pagination._page import Page


class Until:
    """Decides by `until` which page is the last.

    *truth* evaluates the condition over a result's JSON; None: there is no condition.
    """

    def __init__(
        self,
        truth: Callable[[Any], Awaitable[Truth]] | None,
        *,
        had_value: bool = False,
    ) -> None:
        self._truth = truth
        self.had_value = had_value
        """Whether the condition had a value on a page so far."""
        self.note: str | None = None
        """A note if the condition had no value on any page so far: a name in it may be wrong."""

    async def holds(self, page: Page) -> bool:
        """Say whether *page* is the last page.

        Raises `ExpressionError` if the condition cannot be evaluated.
        """
        if self._truth is None:
            return False
        truth = await self._truth(page.result.to_json())
        self.had_value = self.had_value or truth.absent is None
        self.note = None if self.had_value else f"until had no value on any page: {truth.absent}"
        return truth.holds
