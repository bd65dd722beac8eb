"""Files with secrets, which only their owner may read."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from httptask._core.file_lock import locked


def read_owner_file(path: Path) -> bytes | None:
    """Return the content of *path*, or None if there is no such file.

    Raises `ValueError` for a file that others can read, and `OSError`.
    """
    try:
        mode = path.stat().st_mode
        is_open = os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO)
        if is_open and not stat.S_ISDIR(mode):  # a folder cannot be read in any case
            raise ValueError(
                f"{path} can be read by others than its owner (mode {stat.S_IMODE(mode):o}); chmod"
                " 600 it"
            )
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_owner_file(path: Path, data: bytes) -> None:
    """Replace the content of *path* by *data*, and wait until it is on the disk.

    The caller holds the lock of *path*. An interruption leaves either the old or the new content.
    """
    path = Path(os.path.realpath(path))  # if *path* is a link, replace its target
    new = path.with_name(f".{path.name}.new")  # a fixed name: only the holder of the lock writes it
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    if os.name == "posix":  # write the rename to the disk, too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def locked_owner_file(path: Path) -> Iterator[None]:
    """Hold the lock of *path* in the block, and make its folder if necessary.

    Raises `OSError` if another process holds the lock for long.
    """
    lock = beside(path, "lock")
    lock.parent.mkdir(
        mode=0o700,
        parents=True,
        exist_ok=True,
    )
    with locked(lock):
        yield


def beside(path: Path, suffix: str) -> Path:
    """Return the path of a hidden file beside *path*, named with *suffix*.

    Links are resolved first, so that all paths to the same file give the same result.
    """
    real = Path(os.path.realpath(path))
    return real.with_name(f".{real.name}.{suffix}")
