"""The catalogue's file: open it, or say what is wrong with it and leave it as it is."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from httptask.catalogue import _search
from httptask.errors import CatalogueError

MEMORY = ":memory:"
"""The name of a catalogue that lives in memory and ends with its connection."""

APPLICATION_ID = int.from_bytes(b"htsk", "big")
"""Marks a SQLite file as ours (SQLite file format, section 1.3.16)."""

VERSION = 3
"""The schema's version, in SQLite's `user_version`. A change of the schema, or of what is indexed,
adds one, and a way from the last: see `_upgrade`."""

BUSY_SECONDS = 5.0
"""How long to wait for another program's lock."""

CACHE_KIB = 32 * 1024
"""Memory for pages of the file, at most: what a search reads again, and what a transaction writes
before it ends.
"""

LOG_BYTES = 16 * 1024 * 1024
"""To what the write-ahead log is cut when it starts anew; a transaction may make it longer for a
time.
"""

_STATEMENTS = (
    # What was read at one time from one source of one API. `digest` is of the source, and empty
    # when the endpoints are no longer all there: then the source is worth another import. `origin`
    # says where the source came from, see `_origin`; empty where that is not known.
    """CREATE TABLE description (
      number INTEGER PRIMARY KEY, source TEXT NOT NULL,
      provider TEXT NOT NULL COLLATE NOCASE, api TEXT NOT NULL,
      title TEXT NOT NULL, version TEXT NOT NULL, digest BLOB NOT NULL, endpoints INTEGER NOT NULL,
      origin TEXT NOT NULL DEFAULT '')""",
    "CREATE INDEX description_of_provider ON description (provider, api)",
    "CREATE INDEX description_of_digest ON description (digest) WHERE digest <> x''",
    # `identity` and `id_hash` are looked up instead of long texts: an index repeats what it is
    # over.
    """CREATE TABLE endpoint (
      number INTEGER PRIMARY KEY, description INTEGER NOT NULL, position INTEGER NOT NULL,
      identity INTEGER NOT NULL, id_hash INTEGER NOT NULL, fingerprint INTEGER NOT NULL,
      deprecated INTEGER NOT NULL, method TEXT NOT NULL,
      id TEXT NOT NULL, path TEXT NOT NULL, title TEXT NOT NULL)""",
    "CREATE INDEX endpoint_of_description ON endpoint (description)",
    "CREATE INDEX endpoint_of_identity ON endpoint (identity)",
    "CREATE INDEX endpoint_of_id ON endpoint (id_hash)",
    # What `_pack` makes, by `_pack.block_number`.
    "CREATE TABLE block (number INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    # How many endpoints there ever were: the number of one is never given to another, which the
    # index might mistake for it.
    "CREATE TABLE sequence (last INTEGER NOT NULL)",
    "INSERT INTO sequence VALUES (0)",
    *_search.TABLES,
)

_TABLES = {
    1: frozenset({"endpoint", "names", "everything", "term"}),
    2: frozenset({"description", "endpoint", "block", "sequence"}) | _search.TABLE_NAMES,
    3: frozenset({"description", "endpoint", "block", "sequence"}) | _search.TABLE_NAMES,
}
"""Version -> the tables it has."""

_INSTEAD = (
    "name another catalogue with --catalogue FILE or HTTPTASK_CATALOGUE, or move this file away and"
    " import again; it was not changed"
)

_REASONS = {
    sqlite3.SQLITE_BUSY: "another program is writing to it; try again when that has finished",
    sqlite3.SQLITE_LOCKED: "another program is writing to it; try again when that has finished",
    sqlite3.SQLITE_CORRUPT: f"it is damaged; {_INSTEAD}",
    sqlite3.SQLITE_NOTADB: f"it is damaged; {_INSTEAD}",
    sqlite3.SQLITE_READONLY: (
        "it cannot be written to; check the permissions of the file and its folder"
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened; check the permissions of the file and its folder"
    ),
    sqlite3.SQLITE_PERM: "it cannot be opened; check the permissions of the file and its folder",
    sqlite3.SQLITE_FULL: (
        "the disk is full; make room and try again; what was written before is still there"
    ),
    sqlite3.SQLITE_IOERR: "the disk gave an error; try again, or copy the file to another disk",
}
"""SQLite's primary result code -> what a person is told."""

_PASSING = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNREADABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


def place(path: str | os.PathLike[str] | None) -> str:
    """Return the name of the catalogue's file: *path*, else `HTTPTASK_CATALOGUE`, else one in the
    user's data folder.
    """
    named = os.fspath(path) if path is not None else os.environ.get("HTTPTASK_CATALOGUE", "")
    if named:
        return named
    if path is not None:
        raise CatalogueError(
            "the name of the catalogue is empty; name a file with --catalogue FILE"
        )
    import platformdirs

    return str(Path(platformdirs.user_data_dir("httptask", appauthor=False)) / "catalogue.sqlite3")


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn SQLite's errors about the catalogue *name* into `CatalogueError`: the border no
    `sqlite3.Error` crosses.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise CatalogueError(f"the catalogue {name}: {_reason(error)}") from error


def _reason(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _REASONS:  # the low byte is the primary code
        return _REASONS[code & 0xFF]
    if "no such module" in str(error):
        return (
            "this Python's SQLite has no FTS5; use a Python whose sqlite3 module is built with it"
        )
    return str(error)


def may_pass(error: BaseException | None) -> bool:
    """Say whether *error* tells of the moment, of no room or of another program, and not of the
    file.
    """
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _PASSING


def connect(name: str) -> sqlite3.Connection:
    """Open the catalogue *name*, which may be new, without its tables yet, or of an older version:
    see `version`.

    Raises `CatalogueError`; a file that is not a catalogue of ours is then as it was, byte for
    byte.
    """
    if name == MEMORY:
        return _connected(MEMORY)
    path = Path(name).expanduser()
    try:
        is_new = _is_new(path)
        if is_new:
            path.parent.mkdir(parents=True, exist_ok=True)
        uri = path.absolute().as_uri()
    except (
        OSError,
        ValueError,
        RuntimeError,
    ) as error:  # ValueError: a NUL in the name; RuntimeError: "~nobody"
        reason = getattr(error, "strerror", None) or str(error)
        raise CatalogueError(
            f"the catalogue {name}: it cannot be opened: {reason}; check the permissions of the"
            " file and its folder, or name another with --catalogue FILE"
        ) from error
    with translated(name):
        if is_new:
            return _connected(f"{uri}?mode=rwc")
        return _connected_to_ours(uri)


def version(connection: sqlite3.Connection) -> int:
    """Return the version of the catalogue's schema; 0 is a catalogue without tables."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def create(connection: sqlite3.Connection) -> None:
    """Make the tables, inside the caller's transaction."""
    # Not executescript: it would commit the caller's transaction.
    for statement in _STATEMENTS:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def take_version_1(connection: sqlite3.Connection) -> list[Any]:
    """Remove the tables of version 1, inside the caller's transaction, and return its endpoints as
    JSON objects.

    Raises `CatalogueError` when one is damaged.
    """
    sql = "SELECT document FROM endpoint ORDER BY number"
    try:
        values = [json.loads(zlib.decompress(document)) for (document,) in connection.execute(sql)]
    except (TypeError, ValueError, zlib.error) as error:
        raise sqlite3.DatabaseError(
            f"it is damaged: an endpoint in it cannot be read; {_INSTEAD}"
        ) from error
    for table in ("term", "everything", "names", "endpoint"):
        connection.execute(f"DROP TABLE {table}")
    return values


def convert_version_2(connection: sqlite3.Connection) -> None:
    """Add what version 3 has, inside the caller's transaction."""
    connection.execute("ALTER TABLE description ADD COLUMN origin TEXT NOT NULL DEFAULT ''")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def share(connection: sqlite3.Connection) -> None:
    """Let others read while one writes (WAL). Some network file systems cannot; the catalogue works
    without, too.
    """
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.OperationalError:
        return


def tune(connection: sqlite3.Connection) -> None:
    """Give *connection* room, and have it wait for the disk no oftener than is needed."""
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        # Safe with a write-ahead log only: then a power cut may lose the last import, but nothing
        # else.
        connection.execute("PRAGMA synchronous = NORMAL")


def _connected(uri: str) -> sqlite3.Connection:
    # isolation_level None: transactions begin and end where we say, not where the driver guesses.
    connection = sqlite3.connect(uri, uri=uri != MEMORY, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")  # the file may come from a stranger
    return connection


def _connected_to_ours(uri: str) -> sqlite3.Connection:
    connection = _connected(f"{uri}?mode=rw")
    try:
        _check_tables(connection)
    except sqlite3.Error as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _UNREADABLE:
            raise
        # On a read-only file system WAL cannot make its helper files; nobody writes there, so it
        # needs none.
        connection = _connected(f"{uri}?immutable=1")
        try:
            _check_tables(connection)
        except sqlite3.Error:
            connection.close()
            raise
    return connection


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def _check_tables(connection: sqlite3.Connection) -> None:
    found = _tables(connection)
    # Not as the header says it: the log may know of a later version. A strange one is as good as
    # damaged.
    wanted = _TABLES.get(version(connection), _TABLES[VERSION])
    # None at all: a creation was killed in its last moment, and SQLite has just undone it.
    if found and not found >= wanted:
        missing = ", ".join(sorted(wanted - found))
        raise sqlite3.DatabaseError(f"it is damaged: without the table {missing}; {_INSTEAD}")


def _is_new(path: Path) -> bool:
    """Say whether there is no catalogue at *path* yet. Raises `CatalogueError` for a file that is
    something else.

    The header is read as plain bytes: SQLite itself would leave traces beside another program's
    file.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return True
    if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise CatalogueError(
            f"the catalogue {path}: it is {kind}; name a file with --catalogue FILE"
        )
    with path.open("rb") as file:
        header = file.read(100)
    if wrong := _wrong(header):
        raise CatalogueError(f"the catalogue {path}: {wrong}; {_INSTEAD}")
    return not header


def _wrong(header: bytes) -> str | None:
    """Return what is wrong with a file that starts with *header*, or None (SQLite file format,
    section 1.3).

    An empty file is nothing wrong: SQLite takes one for an empty database, and a creation that was
    killed leaves one.
    """
    if not header:
        return None
    if not header.startswith(b"SQLite format 3\0"):
        return "it is not a catalogue: not a SQLite file"
    if len(header) < 100:
        return "it is damaged: cut off in its header"
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        return "it is not a catalogue: a SQLite file of another program"
    written = int.from_bytes(header[60:64], "big")
    if written > VERSION:
        return (
            f"it was written by a newer httptask (format {written}; this one knows {VERSION}):"
            " update httptask"
        )
    return None if written in _TABLES else f"it is damaged: format {written} never was"
