"""What an error still holds when it leaves: local variables of the frames it came through, and the
texts of its causes.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def discreet_errors(mask: Callable[[str], str]) -> Iterator[None]:
    """Let errors out without secrets that a crash reporter could find in them; *mask* masks the
    known ones.

    Tracebacks keep their lines, and lose the local variables of what has ended: requests and tokens
    are among them. A cause that quotes a secret goes; one that was put aside with `from None` too,
    for reporters look there all the same.
    """
    handled = sys.exception()  # what the caller is handling belongs to the caller
    try:
        yield
    except BaseException as error:
        _clear(error, handled, mask)
        raise


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
