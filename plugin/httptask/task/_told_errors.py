"""Find an error that a response with a status of success reports in its JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from httptask._core.strict_json import dump

_OK = 200
_ERROR = re.compile("(?:error|fault|exception)(?:s|codes?|messages?|details?|description)?")
"""Names of errors, in lower case, letters and digits only."""
_PARTS = ("errors", "faults", "exceptions")
_OUTCOME = ("ok", "success", "issuccess", "successful", "issuccessful")
_STATE = ("status", "state", "result", "outcome")
_FAILED = ("error", "fail", "failed", "failure")
_NOTHING = ("", "0", "200", "ok", "none", "null", "false", "no", "success", "no error", "noerror")


def error_in(value: Any, *, counts_parts: bool = True) -> str | None:
    """Return the error that *value* reports, `error: ratelimited`; None without one.

    Without *counts_parts*, a member such as `errors` does not count: it may be about parts of an
    otherwise successful response.
    """
    members = value.items() if isinstance(value, Mapping) else ()
    for name, member in members:
        if _is_error(str(name), member, counts_parts=counts_parts):
            return f"{name}: {dump(member, compact=True)[:200]}"
    return None


def _is_error(name: str, value: Any, *, counts_parts: bool) -> bool:
    word = "".join(filter(str.isalnum, name)).lower()
    if _ERROR.fullmatch(word) and (counts_parts or word not in _PARTS):
        return _says_something(value)
    if word in _OUTCOME:
        return value is False
    return word in _STATE and isinstance(value, str) and value.strip().lower() in _FAILED


def _says_something(value: Any) -> bool:
    """Say whether *value*, a member named like an error, reports an error.

    Null, 0, `OK` and similar values report none, and neither do lists and objects of such values.
    """
    if isinstance(value, Mapping):
        return any(map(_says_something, value.values()))
    if isinstance(value, list):
        return any(map(_says_something, value))
    if isinstance(value, str):
        return value.strip().lower() not in _NOTHING
    return bool(value) and value != _OK
