"""The connection to a journal's file, used in one thread. Changes are written in batches."""

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
"""A change, made in the transaction of its batch."""


class Store:
    """The journal's file *path*. `note` queues a change, `written` waits until it is on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="httptask journal")
        self._guard = threading.Lock()
        self._noted: list[Note] = []
        self._failure: JournalError | None = None
        """The error of a failed write. No write follows it: the history would have a gap."""
        try:
            self._connection = self._thread.submit(connect, path).result()
        except BaseException:
            self._thread.shutdown()
            raise

    def close(self) -> None:
        """Write the queued changes, and close the file."""
        try:
            if self._failure is None:  # a failure was raised before
                self._thread.submit(self.write).result()
        finally:
            self._thread.submit(self._connection.close).result()
            self._thread.shutdown()

    def note(self, change: Note) -> None:
        """Queue *change* for the next write."""
        with self._guard:
            self._noted.append(change)

    async def written(self) -> None:
        """Wait until all changes queued so far are on disk. Raises `JournalError`."""
        if not self._noted and self._failure is None:
            return
        # The first of several callers writes all changes; for the other callers the queue is empty.
        await asyncio.wrap_future(self._thread.submit(self.write))

    def write(self) -> None:
        """Write all queued changes in one transaction. Called in the store's thread."""
        with self._guard:
            notes = self._noted
            self._noted = []
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
        """Make the changes *notes* in one transaction. Raises `JournalError`."""
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
        """Call *work* in the store's thread, in a transaction; block, and return its result."""
        return self._thread.submit(self._transact, work).result()

    async def ado(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do what `do` does, for asynchronous code."""
        return await asyncio.wrap_future(self._thread.submit(self._transact, work))

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Call *work* in a transaction, and return its result. Called in the store's thread."""
        if self._failure is None:
            self.write()  # so that *work* sees all queued changes
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
        """Return the rows that *sql* selects, without writing queued changes first."""

        def select() -> list[Any]:
            with translated(self.path):
                return self._connection.execute(sql, values).fetchall()

        return await asyncio.wrap_future(self._thread.submit(select))
