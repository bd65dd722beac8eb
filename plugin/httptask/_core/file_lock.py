"""A lock between processes: the system frees it when its holder dies, however that happens."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        # flock, not lockf: it belongs to what was opened, so that threads exclude each other, too.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

except ImportError:  # Windows
    import msvcrt

    _FAR = 1 << 30  # a lock forbids reading, too: nobody reads there

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True


_held: set[int] = set()
"""The descriptors of the locks that this process holds."""


def _let_go() -> None:
    """Close what a process that was forked has of its parent's locks: it would hold them on, for as
    long as it lives.
    """
    for descriptor in [*_held]:
        unlock(descriptor)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def try_lock(path: Path) -> int | None:
    """Lock the file *path*, which is made, and return its descriptor, or None when it is locked.

    The lock ends with `unlock`, and with the process. Who holds a file that was removed meanwhile
    does not hold the lock.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _try_lock(descriptor):
                os.close(descriptor)
                return None
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    _held.add(descriptor)
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def unlock(descriptor: int) -> None:
    """End the lock that `try_lock` gave *descriptor* for, unless it has ended."""
    if descriptor in _held:
        _held.discard(descriptor)
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, seconds: float = 10.0) -> Iterator[None]:
    """Hold the lock *path*. Raises `OSError` when another holds it for *seconds*."""
    deadline = time.monotonic() + seconds
    while (descriptor := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise OSError(f"{path} has been locked by another process for {seconds:g} s")
        time.sleep(0.005)
    try:
        yield
    finally:
        unlock(descriptor)
