"""Response bodies in files: hashed while they are written, and named when they are complete."""

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

    from httptask._core.shared_files import SharedFiles

_LEAST_FREE = 1024 * 1024 * 1024
_LEAST_PART_FREE = 20
"""A server must not fill the disk: 1 GiB stays free, or a twentieth of a disk below 20 GiB."""
_CHECK_EVERY = 16 * 1024 * 1024
"""The free space is checked whenever so many bytes have been written."""


class BodyFiles:
    """The files of one call's response bodies, made by *new*. At most one file remains after the
    call, however the call ends.
    """

    def __init__(self, new: Callable[[], BodyFile]) -> None:
        self._new = new
        self._made: list[BodyFile] = []
        self._closed = False
        self._lock = threading.Lock()

    def new(self) -> BodyFile:
        """Return a new file. After `close` it is already discarded."""
        file = self._new()
        with self._lock:
            self._made.append(file)
            if self._closed:
                file.discard()
        return file

    def close(self, file_to_keep: BodyFile | None) -> None:
        """Discard every file but *file_to_keep*."""
        with self._lock:
            self._closed = True
            for file in self._made:
                if file is not file_to_keep:
                    file.discard()


class BodyFile:
    """A file in *folder* for one response body. Without a folder the bytes are counted and hashed
    only. If *shared*, the owner of the folder, has a bucket, the file is put there, too.

    If the file cannot be written (the disk is full, for example), no error is raised: the request
    has been made, and its result must not be lost. The reference's `problem` says why.

    `discard` may be called from another thread than the one that writes.
    """

    def __init__(
        self,
        folder: Callable[[], Path] | None = None,
        shared: SharedFiles | None = None,
    ) -> None:
        self.size = 0
        """Bytes written so far."""
        self.media_type = ""
        self.name = ""
        """The file name that the server suggests; "" without one."""
        self._folder = folder
        self._shared = shared
        self._hash = hashlib.sha256()
        self._path: Path | None = None
        self._stream: FileIO | None = None
        self._problem = ""
        self._checked_at = -_CHECK_EVERY
        self._discarded = threading.Event()
        self._lock = threading.Lock()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append *data*. Raises `RuntimeError` once the file is discarded, to stop a thread that is
        still writing.
        """
        with self._lock:
            if self._discarded.is_set():
                raise RuntimeError("nobody waits for this body any more")
            self.size += len(data)
            self._hash.update(data)
            if self._folder is not None and not self._problem:
                try:
                    self._put(data, self._folder)
                except OSError as error:
                    self._fail(error.strerror or str(error))
        if self._discarded.is_set():
            # Another thread discarded the file during the write: that thread could not remove it.
            self.discard()

    def keep(self) -> None:
        """Give the complete file its final name. Called once."""
        with self._lock:
            if self._stream is None or self._path is None:
                return
            try:
                self._stream.close()
                if self._shared is not None:
                    self._shared.keep(self._final_path, self._path)
                if self._is_kept_already():
                    self._path.unlink()  # do not replace: a request may be reading the kept file
                else:
                    self._path.replace(self._final_path)
            except OSError as error:
                self._fail(error.strerror or str(error))
            self._stream = None

    @property
    def is_slow(self) -> bool:
        """Whether `keep` uploads the file to a bucket, and so must not run in an event loop."""
        return self._shared is not None and self._shared.bucket is not None

    def discard(self) -> None:
        """Remove the file unless it was kept. Never blocks."""
        self._discarded.set()
        # If another thread holds the lock, it is writing: it removes the file after the write.
        if self._lock.acquire(blocking=False):
            try:
                self._remove()
            finally:
                self._lock.release()

    def reference(self) -> dict[str, Any]:
        """Return `{"$file": {"name"?, "mediaType", "size", "sha256", "path"?, "problem"?}}`.

        The file exists at `path` once `keep` has been called.
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
            described["path"] = str(self._final_path)
        return {"$file": described}

    @property
    def _final_path(self) -> Path:
        """The path after `keep`. It is made from the hash, so that equal bodies share one file."""
        name = self._hash.hexdigest()[:32] + suffix_of(self.media_type)
        return (self._path or Path()).with_name(name)

    def _is_kept_already(self) -> bool:
        """Say whether a file with the same bytes was kept before."""
        try:
            status = self._final_path.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_size != self.size:
                return False
            with self._final_path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").digest() == self._hash.digest()
        except OSError:
            return False

    def _put(self, data: bytes | bytearray | memoryview, folder: Callable[[], Path]) -> None:
        """Write *data* to the part file, which the first call makes, and check the free space."""
        if self._stream is None:
            parent = folder()
            parent.mkdir(parents=True, exist_ok=True)
            # Hidden, and under another name until it is complete: nobody reads half a file.
            path = parent / f".{secrets.token_hex(16)}.part"
            # "x": never an existing file, nor a link that somebody put there.
            self._stream = path.open("xb", buffering=0)
            self._path = path
        if self.size - self._checked_at >= _CHECK_EVERY:
            self._checked_at = self.size
            disk = shutil.disk_usage(folder())
            if disk.free < min(_LEAST_FREE, disk.total // _LEAST_PART_FREE):
                self._fail("the disk is nearly full")
                return
        rest = memoryview(data)
        while rest:
            # Without a buffer, `write` may write less than it was given.
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
