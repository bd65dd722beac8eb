"""Find every problem in given settings, and warn of probable mistakes."""

from httptask.settings.check._authored import input_problems, schema_document_problems
from httptask.settings.check._headers import header_names
from httptask.settings.check._media_type import content_type_of, foreseen, with_media_type
from httptask.settings.check._request import (
    EVERY_GROUP,
    RequestCheck,
    focused,
    request_problems,
)
from httptask.settings.check._secrets import secrets_below
from httptask.settings.check._validate import schema_problems
from httptask.settings.check._warnings import task_warnings

__all__ = [
    "EVERY_GROUP",
    "RequestCheck",
    "content_type_of",
    "focused",
    "foreseen",
    "header_names",
    "input_problems",
    "request_problems",
    "schema_document_problems",
    "schema_problems",
    "secrets_below",
    "task_warnings",
    "with_media_type",
]
