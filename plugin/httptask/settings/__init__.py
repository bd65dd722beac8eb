"""From an endpoint to settings: the schema they must satisfy, the prefilled ones, and everything wrong with given ones."""

from httptask.model.nulls import normalised, without_nulls
from httptask.settings._changes import changes, same_shape
from httptask.settings._check import focused, header_names, request_problems
from httptask.settings._derive import any_settings_schema, refine, settings_schema, undescribed_settings_schema
from httptask.settings._differences import differences
from httptask.settings._media_type import foreseen, with_media_type
from httptask.settings._prepare import prepare, still_to_fill
from httptask.settings._requested import requested_value
from httptask.settings._schema_changes import Change
from httptask.settings._secrets import secrets_below
from httptask.settings._validate import schema_problems
from httptask.settings._warnings import task_warnings

__all__ = [
    "Change",
    "any_settings_schema",
    "changes",
    "differences",
    "focused",
    "foreseen",
    "header_names",
    "normalised",
    "prepare",
    "refine",
    "request_problems",
    "requested_value",
    "same_shape",
    "schema_problems",
    "secrets_below",
    "settings_schema",
    "still_to_fill",
    "task_warnings",
    "undescribed_settings_schema",
    "with_media_type",
    "without_nulls",
]
