"""Infer pagination from an endpoint's description. It is offered, and never switched on
automatically.

- `_suggestion`: the rules
- `_listing`: reads an endpoint
- `_fields`: reads the response's schema
- `_names`: names that descriptions use
- `_extensions`: vendors' extensions
- `_confirmation`: compares a suggestion with a first response
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask.model.pagination import SuggestedPagination
from httptask.settings.paging._confirmation import confirmed_by, suggestion_after
from httptask.settings.paging._names import (
    is_about_pages,
    is_number_of_items,
    is_number_of_pages,
    is_page_size,
    is_sign_of_end,
)
from httptask.settings.paging._suggestion import suggested_pagination

__all__ = [
    "confirmed_by",
    "is_about_pages",
    "is_number_of_items",
    "is_number_of_pages",
    "is_page_size",
    "is_sign_of_end",
    "suggested_pagination",
    "suggestion_after",
    "with_pagination",
]


def with_pagination(task: Mapping[str, Any], suggestion: SuggestedPagination) -> dict[str, Any]:
    """Return a copy of *task* with the `pagination` of *suggestion*, placed before `end`."""
    before = {name: value for name, value in task.items() if name != "end"}
    after = {name: value for name, value in task.items() if name == "end"}
    return {
        **before,
        "pagination": dict(suggestion.setting),
        **after,
    }
