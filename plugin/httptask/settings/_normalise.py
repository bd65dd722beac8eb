"""Settings as they are checked and sent: null means absent, header names have the endpoint's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask.model.api import PARAMETER_GROUPS


def normalised(request: Mapping[str, Any], header_names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return *request* (an `httpRequest`) without its nulls: an unset field is never sent.

    Nulls inside `body` are values and stay. Header names are matched whatever their case (RFC 9110, section 5.1):
    *header_names* maps lower case to the endpoint's spelling.
    """
    result: dict[str, Any] = {}
    for name, value in request.items():
        if value is None:
            continue
        if name in _GROUPS and isinstance(value, dict):
            value = {key: item for key, item in value.items() if item is not None}
            if name == "headers" and header_names:
                value = {header_names.get(key.lower(), key): item for key, item in value.items()}
        result[name] = value
    return result


_GROUPS = frozenset(PARAMETER_GROUPS.values())
