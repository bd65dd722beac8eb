"""Stop a command from outside: Ctrl+C, and the signals that ask a process to end."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that stop a command. Windows has no SIGHUP."""


class Stopped(KeyboardInterrupt):
    """The process was asked to stop by the signal *number*.

    *detail* says what may have been delivered.
    """

    def __init__(self, number: int, detail: str = "") -> None:
        super().__init__(
            f"stopped by {signal.Signals(number).name}" + (f"; {detail}" if detail else "")
        )
        self.number = number

    @property
    def status(self) -> int:
        """The exit status that shells report for this signal: 128 + number."""
        return 128 + self.number


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Make the signals raise `Stopped`, so that everything open is closed.

    A signal that is ignored (nohup) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _raise)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(number: int, _: FrameType | None) -> NoReturn:
    raise Stopped(number)


def run_stoppable(start: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run the coroutine from *start* in a new event loop; return its result.

    The first signal cancels the coroutine and waits for it, so that it can report its progress;
    then `Stopped` is raised. A second signal does not wait.
    """
    import asyncio  # most commands do not need it, and all of them load this module

    received: list[int] = []

    async def run() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def stop(number: int) -> None:
            received.append(number)
            for other in SIGNALS:
                loop.remove_signal_handler(other)
                signal.signal(other, _raise)
            if task is not None:
                task.cancel()

        for number in SIGNALS:
            if signal.getsignal(number) is _raise:
                # On Windows the handler that raises stays.
                with contextlib.suppress(NotImplementedError):
                    loop.add_signal_handler(number, stop, number)
        return await start()

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        if received:
            raise Stopped(received[0]) from None
        raise
