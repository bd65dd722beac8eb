"""A call from outside that may complete a waiting task, and the answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from httptask.model.workflow import Signal

CALLBACK_URL, CALLBACK_TOKEN = "callbackUrl", "callbackToken"
"""The names by which expressions read the callback URL of a visit, and its last segment."""
OTHER_CALLBACK_TOKEN = "otherCallbackToken"  # noqa: S105 - a name
"""The name of a second token that the same callback URL accepts; expressions cannot read it."""
TOKENS = (CALLBACK_TOKEN, OTHER_CALLBACK_TOKEN)
"""The names of the values that must be masked."""


@dataclass(frozen=True, slots=True)
class Received:
    """A call to a callback URL, as it arrived. None of it is trusted."""

    headers: Mapping[str, str]
    """Names are in lower case; several fields of one name are joined with `, `."""
    content: bytes = field(repr=False)
    query: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a call to a callback URL."""

    status: int
    message: str = ""
    """Why the call was refused, for the caller."""
    signal: Signal | None = None
    """The signal that completes the task; None: the task keeps waiting."""
    note: str = ""
    """A remark on the call for readers of the run's history."""
