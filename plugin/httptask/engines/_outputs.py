"""Collect the outputs of items, in the items' order: in a list, or a file of JSON lines."""

from __future__ import annotations

import tempfile
from array import array
from typing import TYPE_CHECKING, Any, Protocol

from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask._http.media_types import JSON_LINES

if TYPE_CHECKING:
    from httptask.sending import BodyFile
    from httptask.task import Runtime

_NOTHING = b"null\n"
"""The line of an item without an output."""


class Outputs(Protocol):
    """Collects the outputs of items, which end in any order."""

    def put(self, index: int, output: Any) -> None:
        """Add the *output* of the item *index*. Raises `OSError` if it cannot be stored."""
        ...

    async def value(self) -> Any:
        """Return all outputs, null for an item without output. Do not call `put` afterwards."""
        ...

    def close(self) -> None:
        """Remove temporary files, and the file of the outputs unless `value` was called."""
        ...


class ListOutputs:
    """Outputs in memory."""

    def __init__(self, count: int) -> None:
        self._values: list[Any] = [None] * count

    def put(self, index: int, output: Any) -> None:
        """Add the *output* of the item *index*."""
        self._values[index] = output

    async def value(self) -> Any:
        """Return the list."""
        return self._values

    def close(self) -> None:
        """Do nothing."""


class FileOutputs:
    """Outputs on disk: written to a temporary file as items end, and at the end copied in order.

    Each item takes 16 bytes of memory: the start and the length of its line.
    """

    def __init__(self, count: int, runtime: Runtime) -> None:
        folder = runtime.files_folder()
        folder.mkdir(parents=True, exist_ok=True)
        self._lines = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - `close` closes it
        self._starts = array("q", [0]) * count
        self._lengths = array("q", [0]) * count
        self._end = 0
        self._file = runtime.body_file()
        self._is_kept = False

    def put(self, index: int, output: Any) -> None:
        """Write the *output* of the item *index*."""
        line = f"{dump(output, compact=True)}\n".encode()
        self._lines.write(line)
        self._starts[index], self._lengths[index] = self._end, len(line)
        self._end += len(line)

    async def value(self) -> Any:
        """Return the reference to the file with all lines."""
        return await in_thread(self._written)

    def close(self) -> None:
        """Remove the temporary file, and the final file unless `value` was called."""
        self._lines.close()
        if not self._is_kept:
            self._file.discard()

    def _written(self) -> Any:
        """Copy the lines in the order of the items to the final file; return its reference."""
        file: BodyFile = self._file
        file.media_type = JSON_LINES
        file.write(b"")  # creates the file, even without items
        block = bytearray()
        for start, length in zip(self._starts, self._lengths, strict=True):
            if length:
                self._lines.seek(start)
            block += self._lines.read(length) if length else _NOTHING
            if len(block) > _BLOCK:
                file.write(block)
                block.clear()
        file.write(block)
        file.keep()
        self._is_kept = True
        return file.reference()


_BLOCK = 256 * 1024
"""The number of bytes that are written at once."""
