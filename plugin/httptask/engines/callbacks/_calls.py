"""Limits, headers and answers of calls, for every server that receives callbacks."""

from __future__ import annotations

from collections.abc import Iterable

from httptask._core.strict_json import dump
from httptask.model.callback import Answer

MOST_BYTES = 1024 * 1024
"""The size limit of a call's body, in bytes."""
SECONDS = 30.0
"""The time limit for reading and answering a call."""
METHODS = ("POST", "PUT")
RETRY_SECONDS = 5
"""The `Retry-After` of an answer with the status 503."""

REPEATED = Answer(200, "it was called before: the first call counts")
GONE = Answer(410, "nobody waits for this call any more")
UNKNOWN = Answer(404, "there is nothing here")
LATER = Answer(503, "it cannot be taken now")


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return *headers* by lower-case name; several values are joined (RFC 9110, section 5.3)."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(parts) for name, parts in values.items()}


def response_of(answer: Answer) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of *answer*."""
    body = dump({"message": answer.message}).encode() if answer.message else b""
    return {
        **({"Content-Type": "application/json"} if body else {}),
        **({"Allow": ", ".join(METHODS)} if answer.status == 405 else {}),
        **({"Retry-After": str(RETRY_SECONDS)} if answer.status == 503 else {}),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }, body
