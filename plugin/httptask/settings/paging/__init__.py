"""Pagination inferred from an endpoint's description: offered, and never switched on by itself.

`_suggestion` has the rules · `_listing` reads an endpoint · `_fields` the response's schema ·
`_names` what descriptions call things · `_extensions` vendors' own words · `_confirmation` what a
first answer says of a suggestion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask.model.pagination import SuggestedPagination
from httptask.settings.paging._confirmation import confirmed_by, suggestion_after
from httptask.settings.paging._suggestion import suggested_pagination

__all__ = ["confirmed_by", "suggested_pagination", "suggestion_after", "with_pagination"]


def with_pagination(task: Mapping[str, Any], suggestion: SuggestedPagination) -> dict[str, Any]:
    """Return a copy of *task* that reads its list as *suggestion* says."""
    before = {name: value for name, value in task.items() if name != "end"}
    after = {name: value for name, value in task.items() if name == "end"}
    return {**before, "pagination": dict(suggestion.setting), **after}
