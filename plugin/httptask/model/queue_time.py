"""The time that a request spent in the queue, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

_NO_PLACE = "as many requests were under way as the operator allows"


def queue_sentence(phases: Mapping[str, float], reason: str, *, is_answered: bool) -> str:
    """Return what the queue did to a request that spent *phases*; "" when it did nothing.

    *reason* is what a limit of its origin said, "" where only a connection had to become free.
    """
    seconds = phases.get("queue")
    why = reason or _NO_PLACE
    if not is_answered and not phases.keys() - {"queue"}:  # it never left the queue
        if seconds is not None:
            return f"Not sent, after waiting {seconds:.3f} s for its turn: {why}."
        return f"Not sent: {why}." if reason else ""
    return f"Waited {seconds:.3f} s for its turn: {why}." if seconds is not None else ""
