"""The one connection to a journal's file, in a thread of its own. What is noted at the same time is
written together.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from httptask.engines.journal._file import connect, translated
from httptask.errors import JournalError

T = TypeVar("T")

Note = Callable[[sqlite3.Connection], None]
"""A change, made in the transaction of all that is written together."""


class Store:
    """The file *path*. Changes are noted at once, and are on disk when `written` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="httptask journal")
        self._guard = threading.Lock()
        self._noted: list[Note] = []
        self._failure: JournalError | None = None
        """Why something noted could not be written: the file has a gap, so nothing follows it."""
        try:
            self._connection = self._thread.submit(connect, path).result()
        except BaseException:
            self._thread.shutdown()
            raise

    def close(self) -> None:
        """Write what is noted, and close the file."""
        try:
            if self._failure is None:  # else it was told already
                self._thread.submit(self.write).result()
        finally:
            self._thread.submit(self._connection.close).result()
            self._thread.shutdown()

    def note(self, change: Note) -> None:
        """Have *change* made with the next writing."""
        with self._guard:
            self._noted.append(change)

    async def written(self) -> None:
        """Return once everything noted so far is on disk. Raises `JournalError`."""
        if not self._noted and self._failure is None:
            return
        # Whoever comes first writes for all: the others find nothing left to be written.
        await asyncio.wrap_future(self._thread.submit(self.write))

    def write(self) -> None:
        """Write everything noted, in one transaction. In the store's thread."""
        with self._guard:
            notes, self._noted = self._noted, []
        if self._failure is not None:
            raise self._failure
        if not notes:
            return
        try:
            self._commit(notes)
        except JournalError as error:
            self._failure = error
            raise

    def _commit(self, notes: list[Note]) -> None:
        with translated(self.path):
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                for note in notes:
                    note(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what *work* returns; it may change the file. Blocks."""
        return self._thread.submit(self._done, work).result()

    async def ado(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`do`, for async code."""
        return await asyncio.wrap_future(self._thread.submit(self._done, work))

    def _done(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._failure is None:
            self.write()  # whoever looks sees all that was noted
        with translated(self.path):
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return result

    async def read(self, sql: str, *values: Any) -> list[Any]:
        """Return the rows that *sql* selects."""

        def select() -> list[Any]:
            with translated(self.path):
                return self._connection.execute(sql, values).fetchall()

        return await asyncio.wrap_future(self._thread.submit(select))
