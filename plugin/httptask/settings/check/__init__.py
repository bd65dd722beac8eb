"""Everything that is wrong with given settings, and what of them is most likely meant otherwise."""

from httptask.settings.check._media_type import foreseen, with_media_type
from httptask.settings.check._request import focused, header_names, request_problems
from httptask.settings.check._secrets import secrets_below
from httptask.settings.check._validate import schema_problems
from httptask.settings.check._warnings import task_warnings

__all__ = [
    "focused",
    "foreseen",
    "header_names",
    "request_problems",
    "schema_problems",
    "secrets_below",
    "task_warnings",
    "with_media_type",
]
