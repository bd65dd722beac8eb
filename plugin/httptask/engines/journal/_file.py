"""Open the journal's file, and translate SQLite's errors into advice."""

from __future__ import annotations

import errno
import os
import shlex
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from httptask.errors import JournalError

APPLICATION_ID = int.from_bytes(b"htjr", "big")
"""Marks an SQLite file as our journal: `application_id` (SQLite file format, section 1.3.16)."""

VERSION = 1
"""The version of the tables, in SQLite's `user_version`."""

BUSY_SECONDS = 30.0
"""How long to wait for another process that writes, in seconds."""

_TABLES = (
    # `plan` holds the definition and options of a run; null for a nested run. `ended` is the end of
    # the run's definition; `status` is set after its failure workflow has ended, too. The columns
    # after `parent` identify the task that asked for a nested run.
    """CREATE TABLE run (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
      parent INTEGER REFERENCES run ON DELETE CASCADE, task TEXT, visit INTEGER, item INTEGER,
      definition TEXT NOT NULL, plan TEXT, input TEXT NOT NULL,
      began_at TEXT NOT NULL, changed_at TEXT NOT NULL, ended TEXT, status TEXT)""",
    "CREATE INDEX run_of_parent ON run (parent, task, visit, item)",
    """CREATE TABLE entry (
      run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, number INTEGER NOT NULL,
      value TEXT NOT NULL, PRIMARY KEY (run, number)) WITHOUT ROWID""",
    # For running visits: whether a request was sent that must not be sent twice, and the state of a
    # round. `item` is -1 without `forEach`.
    """CREATE TABLE call (
      run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, task TEXT NOT NULL,
      visit INTEGER NOT NULL, item INTEGER NOT NULL, is_sent INTEGER NOT NULL, state TEXT,
      PRIMARY KEY (run, task, visit, item)) WITHOUT ROWID""",
    """CREATE TABLE part (
      run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, task TEXT NOT NULL,
      visit INTEGER NOT NULL, item INTEGER NOT NULL, number INTEGER NOT NULL, value TEXT NOT NULL,
      PRIMARY KEY (run, task, visit, item, number)) WITHOUT ROWID""",
    """CREATE TABLE item (
      run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, task TEXT NOT NULL,
      visit INTEGER NOT NULL, item INTEGER NOT NULL, value TEXT NOT NULL,
      PRIMARY KEY (run, task, visit, item)) WITHOUT ROWID""",
    """CREATE TABLE signal (
      run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, task TEXT NOT NULL,
      visit INTEGER NOT NULL, value TEXT NOT NULL,
      PRIMARY KEY (run, task, visit)) WITHOUT ROWID""",
)
_LATER_TABLES = (
    # Files of the version 1 may be older than this table, which an older httptask does not read.
    # Its row ids are in the order of the exchanges.
    """CREATE TABLE IF NOT EXISTS exchange (
      run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, task TEXT NOT NULL,
      visit INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run, task, visit))""",
)

_INSTEAD = "name another journal with --journal FILE or HTTPTASK_JOURNAL; this file was not changed"
_PERMISSIONS = "check the permissions of the file and its folder"
_FULL = "the disk is full; make room, and go on with {resume}: what was written is there"
_BUSY = "another process has been writing to it for long; try again when that has finished"

_REASONS = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CORRUPT: f"it is damaged; {_INSTEAD}",
    sqlite3.SQLITE_NOTADB: f"it is not a SQLite file; {_INSTEAD}",
    sqlite3.SQLITE_READONLY: f"it cannot be written to; {_PERMISSIONS}",
    sqlite3.SQLITE_CANTOPEN: f"it cannot be opened; {_PERMISSIONS}",
    sqlite3.SQLITE_PERM: f"it cannot be opened; {_PERMISSIONS}",
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: _FULL,  # no room for the file `-shm`, which processes share
    sqlite3.SQLITE_IOERR: "the disk gave an error; when it is well again, go on with {resume}",
}
"""SQLite's extended or primary result code -> the end of the error message."""


def command_with(path: Path, *words: str) -> str:
    """Return the command `httptask` with *words* for the journal *path*."""
    return shlex.join(["httptask", *words, "--journal", str(path)])


def _for(path: Path, reason: str) -> str:
    return reason.replace("{resume}", command_with(path, "resume"))


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the journal *path* into `JournalError`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None) or 0
        # The low byte is the primary code.
        reason = _REASONS.get(code) or _REASONS.get(code & 0xFF) or str(error)
        raise JournalError(f"the journal {path}: {_for(path, reason)}") from error


def connect(path: Path) -> sqlite3.Connection:
    """Open the journal *path*, and create it if it does not exist. Raises `JournalError`.

    A file that is not a journal is not changed. Only its owner may read a new journal, because it
    holds inputs and outputs.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise JournalError(f"the journal {path}: it is no file; {_INSTEAD}")
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise JournalError(f"the journal {path}: {_for(path, _FULL)}") from error
        reason = getattr(error, "strerror", None) or str(error)
        message = f"the journal {path}: it cannot be opened: {reason}; {_PERMISSIONS}"
        raise JournalError(message) from error
    with translated(path):
        # isolation_level None: Python begins no transactions, our code does.
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Check that the file is a journal, set the pragmas, and create missing tables."""
    connection.execute("PRAGMA trusted_schema = OFF")
    _refuse_others(connection, path)
    mode = _set_wal_mode(connection)
    if mode != "wal":
        reason = "its file system has no shared memory, as over a network; use a local disk"
        raise JournalError(f"the journal {path}: {reason}")
    connection.execute("PRAGMA synchronous = FULL")  # a power cut loses no committed transaction
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not _refuse_others(connection, path):
            for statement in _TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        for statement in _LATER_TABLES:
            connection.execute(statement)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _set_wal_mode(connection: sqlite3.Connection) -> str:
    """Set the journal mode WAL, in which a writer does not block readers; return the new mode."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            # SQLite's busy timeout does not apply if another process is changing the mode.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return str(mode)


def _refuse_others(connection: sqlite3.Connection, path: Path) -> int:
    """Return the number of tables. Raises `JournalError` if the file is not a journal."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if tables and application != APPLICATION_ID:
        raise JournalError(f"the journal {path}: it is a SQLite file of something else; {_INSTEAD}")
    if tables and version > VERSION:
        raise JournalError(
            f"the journal {path}: it was written by a newer httptask (format {version}; this one"
            f" knows {VERSION}): update httptask"
        )
    return int(tables)
