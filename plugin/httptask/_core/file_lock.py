"""A lock between processes. The operating system releases it when the process ends."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        # flock, not lockf: its locks belong to the open file, so they exclude other threads, too.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

except ImportError:  # Windows
    import msvcrt

    _FAR = 1 << 30  # locks on Windows also forbid reading, so lock a byte that nobody reads

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True


_held: set[int] = set()
"""The descriptors of all locks that this process holds."""


def _release_in_child() -> None:
    """After a fork, close the parent's locks in the child, which would otherwise hold them, too."""
    for descriptor in [*_held]:
        unlock(descriptor)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_in_child)


def try_lock(path: Path) -> int | None:
    """Create and lock the file *path*, and return its descriptor; None if it is already locked.

    The lock ends with `unlock`, or with the process. A lock on a file that has been removed or
    replaced does not count: then the new file is locked.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _try_lock(descriptor):
                os.close(descriptor)
                return None
            with contextlib.suppress(FileNotFoundError):
                # Between `open` and the lock, the holder before may have removed the file.
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    _held.add(descriptor)
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def unlock(descriptor: int) -> None:
    """Release the lock with *descriptor*, from `try_lock`, unless it was released before."""
    if descriptor in _held:
        _held.discard(descriptor)
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, seconds: float = 10.0) -> Iterator[None]:
    """Hold the lock *path* in the block. Raises `OSError` if it is not free after *seconds*."""
    deadline = time.monotonic() + seconds
    while (descriptor := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise OSError(f"{path} has been locked by another process for {seconds:g} s")
        time.sleep(0.005)
    try:
        yield
    finally:
        unlock(descriptor)
