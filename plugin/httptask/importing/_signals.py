"""Hold signals back while other code must not be interrupted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals whose handlers may raise, like that of Ctrl+C. Windows has no SIGHUP."""


class HeldSignals:
    """Holds back the signals of this process inside `with` blocks, and delivers them at their end.

    A signal handler may raise between any two steps of the main thread. Inside the code of a
    process pool, this would leave locks taken for which other threads wait, and file descriptors
    half closed. Between the blocks, signals are delivered at once. If another thread creates this
    object, it does nothing, because Python delivers signals to the main thread only.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._received: list[int] = []
        self._is_holding = False
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._keep)

    def _keep(self, number: int, frame: FrameType | None) -> None:
        if self._is_holding:
            self._received.append(number)
        else:
            self._handlers[number](number, frame)

    def __enter__(self) -> Self:
        self._is_holding = True
        return self

    def __exit__(self, *_: object) -> None:
        self._is_holding = False
        while self._received:
            number = self._received.pop(0)
            self._handlers[number](number, None)

    def end(self) -> None:
        """Restore the handlers of the signals."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
