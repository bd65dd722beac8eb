"""Progress of long work, on stderr.

On a terminal one line is rewritten; elsewhere a line is printed from time to time.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

_BAR = 24
"""Characters of the bar."""


class Progress:
    """Shows the progress of work that takes more than a second; a context manager."""

    def __init__(self, *, total: int | None = None) -> None:
        self._total = total
        """Bytes of all work, when they are known."""
        self._started = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._next = self._started + 1.0
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown and self._terminal:
            print(
                "\r\x1b[K",
                end="",
                file=sys.stderr,
                flush=True,
            )

    def show(self, done: int, text: str) -> None:
        """Show *text*, and that *done* bytes of the work are done."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (0.1 if self._terminal else 10.0)
        self._shown = True
        line = f"{self._bar(done)}{text}, {now - self._started:.0f} s"
        print(
            f"\r\x1b[K{line}" if self._terminal else line,
            end="" if self._terminal else "\n",
            file=sys.stderr,
            flush=True,
        )

    def show_size(self, size: int, text: str) -> None:
        """Show that *size* bytes of *text* have been received; the total is unknown."""
        self.show(0, f"{text}, {size / 1_000_000:.1f} MB")

    def _bar(self, done: int) -> str:
        if not self._total or not done:
            return ""
        share = min(1.0, done / self._total)
        full = round(share * _BAR)
        return f"[{'#' * full}{'.' * (_BAR - full)}] {share:4.0%} "
