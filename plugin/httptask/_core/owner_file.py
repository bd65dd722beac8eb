"""Files that only their owner may read: whatever is secret lies in one."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from httptask._core.file_lock import locked


def read_owner_file(path: Path) -> bytes | None:
    """Return what *path* holds, or None when there is no such file.

    Raises `ValueError` for a file that others can read, and `OSError`.
    """
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError(
                f"{path} can be read by others than its owner (mode {stat.S_IMODE(mode):o}); chmod"
                " 600 it"
            )
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_owner_file(path: Path, data: bytes) -> None:
    """Replace *path*, for who holds its lock; it is on the disk when this returns.

    Whoever is interrupted at any moment leaves the old file, or the new one.
    """
    path = Path(os.path.realpath(path))  # a link stays one
    new = path.with_name(f".{path.name}.new")  # one name: who holds the lock writes it alone
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    if os.name == "posix":  # the rename, too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def locked_owner_file(path: Path) -> Iterator[None]:
    """Hold the lock of *path*, whose folder is made. Raises `OSError` when another holds it."""
    lock = beside(path, "lock")
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(lock):
        yield


def beside(path: Path, suffix: str) -> Path:
    """Return the hidden file of *path* with *suffix*: the same, whatever links lead to *path*."""
    real = Path(os.path.realpath(path))
    return real.with_name(f".{real.name}.{suffix}")
