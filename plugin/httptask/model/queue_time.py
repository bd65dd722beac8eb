"""A sentence about the time that a request spent in the queue."""

from __future__ import annotations

from collections.abc import Mapping

_NO_PLACE = "as many requests were under way as the operator allows"


def queue_sentence(
    phases: Mapping[str, float],
    reason: str,
    *,
    is_answered: bool,
) -> str:
    """Return a sentence on the queue's effect on a request that spent *phases*; "" if there was
    none.

    *reason* names the origin's limit that held the request back; "" if it only waited for a
    connection.
    """
    seconds = phases.get("queue")
    cause = reason or _NO_PLACE
    if not is_answered and not phases.keys() - {"queue"}:  # it never left the queue
        if seconds is not None:
            return f"Not sent, after waiting {seconds:.3f} s for its turn: {cause}."
        return f"Not sent: {cause}." if reason else ""
    return f"Waited {seconds:.3f} s for its turn: {cause}." if seconds is not None else ""
