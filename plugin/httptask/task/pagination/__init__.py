"""Pagination: a task that reads a list page by page, by a round of calls."""

from httptask.task.pagination._page_round import PageRound
from httptask.task.pagination._places import first_page, placed, put
from httptask.task.pagination._problems import pagination_problems, settings_by_mode

__all__ = [
    "PageRound",
    "first_page",
    "pagination_problems",
    "placed",
    "put",
    "settings_by_mode",
]
