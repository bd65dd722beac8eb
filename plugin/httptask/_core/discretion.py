"""Removing secrets from errors, their tracebacks and their causes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from types import TracebackType


class DiscreetErrors:
    """A context manager that removes secrets from an error, so that no crash reporter finds them.

    *mask* masks the known secrets. The texts of a `TaskError` are masked. Tracebacks keep their
    lines, but lose the local variables of finished frames, which hold requests and tokens. A cause
    or context that quotes a secret is removed, and so is a context that `from None` hides: crash
    reporters show it anyway.
    """

    # A class and not a generator, because it is faster, and every call enters it.
    __slots__ = ("_handled", "_mask")

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask

    def __enter__(self) -> None:
        self._handled = sys.exception()  # an exception that the caller handles is left alone

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            return
        masks_itself = getattr(error, "mask", None)  # only a `TaskError` has this method
        if masks_itself is not None:
            masks_itself(self._mask)
        _remove_secrets(error, self._handled, self._mask)


def _remove_secrets(
    error: BaseException,
    handled: BaseException | None,
    mask: Callable[[str], str],
) -> None:
    """Remove secrets from *error*, its causes and its contexts; stop at *handled*."""
    queued = [error]
    seen = {id(handled)}
    while queued:
        current = queued.pop()
        if id(current) in seen:
            continue
        # Causes may form a cycle.
        seen.add(id(current))
        # Local variables of the frames may hold secrets, and error reporters send them.
        traceback.clear_frames(current.__traceback__)
        if current.__suppress_context__ or _quotes(current.__context__, mask):
            current.__context__ = None
        if _quotes(current.__cause__, mask):
            current.__cause__ = None
        queued += [other for other in (current.__cause__, current.__context__) if other is not None]
        if isinstance(current, BaseExceptionGroup):
            queued += current.exceptions


def _quotes(error: BaseException | None, mask: Callable[[str], str]) -> bool:
    if error is None:
        return False
    text = "\n".join((str(error), repr(error), *getattr(error, "__notes__", ())))
    return mask(text) != text
