"""An endpoint's settings: their JSON Schema, prefilled settings, and the problems in settings."""

from httptask.model.nulls import normalised, without_nulls
from httptask.settings._derive import (
    any_settings_schema,
    refine,
    settings_schema,
    undescribed_settings_schema,
)
from httptask.settings._differences import differences
from httptask.settings._prepare import prepare, still_to_fill
from httptask.settings._request_schema import READ_ONLY, called, requested_value
from httptask.settings.check import (
    EVERY_GROUP,
    RequestCheck,
    content_type_of,
    focused,
    foreseen,
    header_names,
    input_problems,
    request_problems,
    schema_document_problems,
    schema_problems,
    secrets_below,
    task_warnings,
    with_media_type,
)
from httptask.settings.paging import (
    confirmed_by,
    is_about_pages,
    is_number_of_items,
    is_number_of_pages,
    is_page_size,
    is_sign_of_end,
    suggested_pagination,
    suggestion_after,
    with_pagination,
)

__all__ = [
    "EVERY_GROUP",
    "READ_ONLY",
    "RequestCheck",
    "any_settings_schema",
    "called",
    "confirmed_by",
    "content_type_of",
    "differences",
    "focused",
    "foreseen",
    "header_names",
    "input_problems",
    "is_about_pages",
    "is_number_of_items",
    "is_number_of_pages",
    "is_page_size",
    "is_sign_of_end",
    "normalised",
    "prepare",
    "refine",
    "request_problems",
    "requested_value",
    "schema_document_problems",
    "schema_problems",
    "secrets_below",
    "settings_schema",
    "still_to_fill",
    "suggested_pagination",
    "suggestion_after",
    "task_warnings",
    "undescribed_settings_schema",
    "with_media_type",
    "with_pagination",
    "without_nulls",
]
