"""Bodies as files: measured while they are written, and in their place only when they are whole."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask.sending._filename import suffix_of

if TYPE_CHECKING:
    from io import FileIO

_LEAST_FREE = 1024 * 1024 * 1024
_LEAST_PART_FREE = 20
"""So many bytes of a disk are left free, of a small one a part of so many: what a stranger sends
must not fill it.
"""
_LOOK_EVERY = 16 * 1024 * 1024
"""Bytes between two looks at how much is free."""


class BodyFiles:
    """The files of one call's responses, made by *new*: at most one is kept, however the call
    ends.
    """

    def __init__(self, new: Callable[[], BodyFile]) -> None:
        self._new = new
        self._made: list[BodyFile] = []
        self._closed = False
        self._lock = threading.Lock()

    def new(self) -> BodyFile:
        """Return a new file; a discarded one, when the call has ended."""
        file = self._new()
        with self._lock:
            self._made.append(file)
            if self._closed:
                file.discard()
        return file

    def close(self, kept: BodyFile | None) -> None:
        """Discard every file but *kept*."""
        with self._lock:
            self._closed = True
            for file in self._made:
                if file is not kept:
                    file.discard()


class BodyFile:
    """The bytes of one body, on their way into a file below *folder*; None: they are only counted
    and hashed.

    A file that cannot be written is no error: the request has been made, and its result must not be
    lost for a full disk. The reference says so instead. `discard` may be called from another thread
    than the one that writes.
    """

    def __init__(self, folder: Callable[[], Path] | None = None) -> None:
        self.size = 0
        """Bytes so far."""
        self.media_type = ""
        self.name = ""
        """What the server calls the file; "" when it does not say."""
        self._folder = folder
        self._hash = hashlib.sha256()
        self._path: Path | None = None
        self._stream: FileIO | None = None
        self._problem = ""
        self._looked_at = -_LOOK_EVERY
        self._unwanted = threading.Event()
        self._lock = threading.Lock()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add *data*. Raises `RuntimeError` once the file is discarded: whoever writes on in a
        thread of their own stops.
        """
        with self._lock:
            if self._unwanted.is_set():
                raise RuntimeError("nobody waits for this body any more")
            self.size += len(data)
            self._hash.update(data)
            if self._folder is not None and not self._problem:
                try:
                    self._put(data, self._folder)
                except OSError as error:
                    self._fail(error.strerror or str(error))
        if self._unwanted.is_set():
            self.discard()  # it became so meanwhile

    def keep(self) -> None:
        """Put the file in its place: it is whole, and wanted. Once only."""
        with self._lock:
            if self._stream is None or self._path is None:
                return
            try:
                self._stream.close()
                if (
                    self._is_there()
                ):  # somebody may be sending it just now: it stays the file that it is
                    self._path.unlink()
                else:
                    self._path.replace(self._place)
            except OSError as error:
                self._fail(error.strerror or str(error))
            self._stream = None

    def discard(self) -> None:
        """Remove what has been written, unless it was kept. Never waits."""
        self._unwanted.set()
        if self._lock.acquire(
            blocking=False
        ):  # else the thread that writes sees that it is not wanted
            try:
                self._remove()
            finally:
                self._lock.release()

    def reference(self) -> dict[str, Any]:
        """Return `{"$file": {"name"?, "mediaType", "size", "sha256", "path"?, "problem"?}}`; `keep`
        puts it at the path.
        """
        described: dict[str, Any] = {"name": self.name} if self.name else {}
        described |= {
            "mediaType": self.media_type or "application/octet-stream",
            "size": self.size,
            "sha256": self._hash.hexdigest(),
        }
        if self._problem:
            described["problem"] = self._problem
        elif self._path is not None:
            described["path"] = str(self._place)
        return {"$file": described}

    @property
    def _place(self) -> Path:
        """Named by its bytes: the same body is kept once."""
        return (self._path or Path()).with_name(
            self._hash.hexdigest()[:32] + suffix_of(self.media_type)
        )

    def _is_there(self) -> bool:
        """Say whether the same bytes have been kept before."""
        try:
            seen = self._place.lstat()
            if not stat.S_ISREG(seen.st_mode) or seen.st_size != self.size:
                return False
            with self._place.open("rb") as file:
                return hashlib.file_digest(file, "sha256").digest() == self._hash.digest()
        except OSError:
            return False

    def _put(self, data: bytes | bytearray | memoryview, folder: Callable[[], Path]) -> None:
        if self._stream is None:
            place = folder()
            place.mkdir(parents=True, exist_ok=True)
            path = place / f".{secrets.token_hex(16)}.part"
            self._stream = path.open("xb", buffering=0)
            self._path = path
        if self.size - self._looked_at >= _LOOK_EVERY:
            self._looked_at = self.size
            disk = shutil.disk_usage(folder())
            if disk.free < min(_LEAST_FREE, disk.total // _LEAST_PART_FREE):
                self._fail("the disk is nearly full")
                return
        rest = memoryview(data)
        while rest:
            rest = rest[self._stream.write(rest) :]

    def _fail(self, why: str) -> None:
        self._problem = f"the file could not be kept: {why}"
        self._remove()

    def _remove(self) -> None:
        if self._stream is not None and self._path is not None:
            with contextlib.suppress(OSError):
                self._stream.close()
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            self._stream = self._path = None
