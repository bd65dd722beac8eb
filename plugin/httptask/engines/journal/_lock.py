"""The lock of a run: only one process runs the run. The lock ends with its process."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from httptask._core.file_lock import try_lock, unlock
from httptask.errors import JournalError

_TRIES = 20
"""The number of attempts to take the lock, because `holder` in another process takes the lock, too,
for a moment.
"""


class RunLock:
    """The lock of the run *workflow_id* of the journal *path*: a file in a folder next to it."""

    def __init__(self, path: Path, workflow_id: str) -> None:
        self._file = path.with_name(f"{path.name}-locks") / workflow_id
        self._journal = path
        self._workflow_id = workflow_id
        self._descriptor: int | None = None

    def hold(self) -> None:
        """Take the lock. Raises `JournalError` if another process holds it."""
        try:
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            for _ in range(_TRIES):
                self._descriptor = try_lock(self._file)
                if self._descriptor is not None:
                    # The number of the process is for messages only; what counts is the lock.
                    os.truncate(self._descriptor, 0)
                    os.write(self._descriptor, f"{os.getpid()}".encode())
                    return
                time.sleep(0.005)
        except OSError as error:
            reason = error.strerror or str(error)
            raise JournalError(
                f"the journal {self._journal}: the run {self._workflow_id} cannot be locked in"
                f" {self._file.parent}: {reason}; check the permissions of the folder"
            ) from error
        raise JournalError(f"the run {self._workflow_id} is being run by {self.holder()}")

    def release(self) -> None:
        """Release the lock."""
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):
            self._file.unlink()
        unlock(self._descriptor)
        self._descriptor = None

    def holder(self) -> str | None:
        """Return the process that holds the lock, as words; None if no process does."""
        if not self._file.exists():
            return None
        descriptor = try_lock(self._file)
        if descriptor is not None:  # the file was left by a process that died
            with contextlib.suppress(OSError):
                self._file.unlink()
            unlock(descriptor)
            return None
        try:
            number = self._file.read_text("ascii")
        except (OSError, ValueError):
            number = ""
        return f"the process {number}" if number else "another process"
