"""Keeps secrets out of errors: out of the variables of their frames and of their causes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from types import TracebackType


class DiscreetErrors:
    """Removes secrets that a reader or a crash reporter could find in an error; *mask* masks the
    known ones.

    A `TaskError` masks its texts. Tracebacks keep their lines, and lose the local variables of
    frames that have ended: requests and tokens are among them. A cause that quotes a secret is
    removed; so is one that `from None` hides, for reporters look there all the same.
    """

    # A class, not a generator: it is around every call.
    __slots__ = ("_handled", "_mask")

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask

    def __enter__(self) -> None:
        self._handled = sys.exception()  # what the caller is handling belongs to the caller

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            return
        masks_itself = getattr(error, "mask", None)  # a `TaskError`: it may quote data
        if masks_itself is not None:
            masks_itself(self._mask)
        _clear(error, self._handled, self._mask)


def _clear(error: BaseException, handled: BaseException | None, mask: Callable[[str], str]) -> None:
    queued, seen = [error], {id(handled)}
    while queued:
        current = queued.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
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
