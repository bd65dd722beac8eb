"""The outputs of items, in the order of the items: a list, or a file of JSON lines."""

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
"""The line of an item that has no output."""


class Outputs(Protocol):
    """Takes outputs as items end, which is in any order."""

    def put(self, index: int, output: Any) -> None:
        """Take the *output* of the item *index*. Raises `OSError` when it cannot be kept."""
        ...

    async def value(self) -> Any:
        """Return all of them, null for an item without one; nothing is put after it."""
        ...

    def close(self) -> None:
        """Let go of what `value` was not asked for."""
        ...


class ListOutputs:
    """Outputs in memory."""

    def __init__(self, count: int) -> None:
        self._values: list[Any] = [None] * count

    def put(self, index: int, output: Any) -> None:
        """Take the *output* of the item *index*."""
        self._values[index] = output

    async def value(self) -> Any:
        """Return the list."""
        return self._values

    def close(self) -> None:
        """Do nothing."""


class FileOutputs:
    """Outputs on disk: each is written when its item ends, and at the end all in order.

    In memory there are 16 bytes an item: where its line is, and how long.
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
        """Return the reference to the file of all lines."""
        return await in_thread(self._written)

    def close(self) -> None:
        """Remove what was not kept."""
        self._lines.close()
        if not self._is_kept:
            self._file.discard()

    def _written(self) -> Any:
        file: BodyFile = self._file
        file.media_type = JSON_LINES
        file.write(b"")  # without an item there is a file, too
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
"""Bytes that are written at once."""
