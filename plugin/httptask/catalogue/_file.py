"""The catalogue's SQLite file: its schema, its versions, and the errors for a file we cannot use.

A file that is not a catalogue is never changed.
"""

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

from httptask.catalogue import _index
from httptask.errors import CatalogueError

MEMORY = ":memory:"
"""The name of a catalogue in memory, which is lost when its connection is closed."""

APPLICATION_ID = int.from_bytes(b"htsk", "big")
"""Marks a SQLite file as ours (SQLite file format, section 1.3.16)."""

VERSION = 3
"""The schema's version, stored in SQLite's `user_version`.

Who changes the schema or the indexed terms adds 1 here and a conversion from the previous version
to `Catalogue._convert`.
"""

BUSY_SECONDS = 5.0
"""How long to wait for another program's lock, in seconds."""

CACHE_KIB = 32 * 1024
"""The most memory for SQLite's page cache, in KiB.

The cache holds pages that searches read again, and pages that a transaction has yet to write.
"""

LOG_BYTES = 16 * 1024 * 1024
"""The size in bytes to which SQLite truncates the write-ahead log after a checkpoint.

A large transaction may make the log longer for a time.
"""

_STATEMENTS = (
    # A row is one import of one API from one source. `digest` identifies the source's content; it
    # is cleared when some of the endpoints are removed or replaced later, so that the source is
    # imported again. `origin` is the text of an `Origin`, or empty if the origin is not known.
    """CREATE TABLE description (
      number INTEGER PRIMARY KEY, source TEXT NOT NULL,
      provider TEXT NOT NULL COLLATE NOCASE, api TEXT NOT NULL,
      title TEXT NOT NULL, version TEXT NOT NULL, digest BLOB NOT NULL, endpoints INTEGER NOT NULL,
      origin TEXT NOT NULL DEFAULT '')""",
    "CREATE INDEX description_of_provider ON description (provider, api)",
    "CREATE INDEX description_of_digest ON description (digest) WHERE digest <> x''",
    # Lookups use `identity` and `id_hash`, which are integers: an index on long texts would store
    # the texts twice.
    """CREATE TABLE endpoint (
      number INTEGER PRIMARY KEY, description INTEGER NOT NULL, position INTEGER NOT NULL,
      identity INTEGER NOT NULL, id_hash INTEGER NOT NULL, fingerprint INTEGER NOT NULL,
      deprecated INTEGER NOT NULL, method TEXT NOT NULL,
      id TEXT NOT NULL, path TEXT NOT NULL, title TEXT NOT NULL)""",
    "CREATE INDEX endpoint_of_description ON endpoint (description)",
    "CREATE INDEX endpoint_of_identity ON endpoint (identity)",
    "CREATE INDEX endpoint_of_id ON endpoint (id_hash)",
    # The blocks of `_pack`, numbered by `_reader.block_number`.
    "CREATE TABLE block (number INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    # The last number that an endpoint got. A number is never used again: the index may still hold
    # the terms of a damaged endpoint under its number.
    "CREATE TABLE sequence (last INTEGER NOT NULL)",
    "INSERT INTO sequence VALUES (0)",
    *_index.TABLES,
)

_TABLES = {
    1: frozenset({"endpoint", "names", "everything", "term"}),
    2: frozenset({"description", "endpoint", "block", "sequence"}) | _index.TABLE_NAMES,
    3: frozenset({"description", "endpoint", "block", "sequence"}) | _index.TABLE_NAMES,
}
"""Version of the schema -> its tables."""

_CODES = {
    sqlite3.SQLITE_BUSY: "catalogue-busy",
    sqlite3.SQLITE_LOCKED: "catalogue-busy",
    sqlite3.SQLITE_CORRUPT: "catalogue-damaged",
    sqlite3.SQLITE_NOTADB: "catalogue-damaged",
    sqlite3.SQLITE_READONLY: "catalogue-read-only",
    sqlite3.SQLITE_CANTOPEN: "catalogue-unopened",
    sqlite3.SQLITE_PERM: "catalogue-unopened",
    sqlite3.SQLITE_FULL: "catalogue-disk-full",
    sqlite3.SQLITE_IOERR: "catalogue-disk-error",
}
"""SQLite's primary result code -> the code of our `CatalogueError`."""

_PASSING = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
"""Result codes of errors that are not the file's fault and may not happen again."""
_UNREADABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
"""Result codes for WAL on a read-only file system: see `_connected_to_ours`."""


def file_of(path: str | os.PathLike[str] | None) -> str:
    """Return the name of the catalogue's file.

    The name is *path*, or the value of `HTTPTASK_CATALOGUE`, or else `catalogue.sqlite3` in the
    user's data folder. Raises `CatalogueError` if *path* is empty.
    """
    named = os.fspath(path) if path is not None else os.environ.get("HTTPTASK_CATALOGUE", "")
    if named:
        return named
    if path is not None:
        raise CatalogueError("catalogue-unnamed")
    import platformdirs

    return str(Path(platformdirs.user_data_dir("httptask", appauthor=False)) / "catalogue.sqlite3")


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn SQLite's errors about the catalogue *name* into `CatalogueError`.

    No `sqlite3.Error` leaves this package.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _catalogue_error(name, error) from error


class _DamagedError(sqlite3.DatabaseError):
    """Damage that SQLite does not notice. *code* and *params* are those of the `CatalogueError`."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def _catalogue_error(name: str, error: sqlite3.Error) -> CatalogueError:
    if isinstance(error, _DamagedError):
        return CatalogueError(error.code, file=name, **error.params)
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _CODES:  # the low byte is the primary code
        return CatalogueError(_CODES[code & 0xFF], file=name)
    if "no such module" in str(error):
        return CatalogueError("catalogue-no-fts5", file=name)
    return CatalogueError("catalogue-sqlite", file=name, sqliteMessage=str(error))


def may_pass(error: BaseException | None) -> bool:
    """Say whether *error* may go away by itself: a full disk, or another program's lock."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF in _PASSING


def connect(name: str) -> sqlite3.Connection:
    """Open the catalogue *name* and return the connection.

    The catalogue may be new and have no tables yet, or have an older `version`. Raises
    `CatalogueError`. A file that is not a catalogue stays as it was, byte for byte.
    """
    if name == MEMORY:
        return _connected(MEMORY)
    path = Path(name).expanduser()
    try:
        is_new = _is_new(path)
        if is_new:
            path.parent.mkdir(parents=True, exist_ok=True)
        uri = path.absolute().as_uri()
    # ValueError: a NUL in the name; RuntimeError: "~nobody"
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CatalogueError("catalogue-unopened", file=name, systemMessage=reason) from error
    with translated(name):
        if is_new:
            return _connected(f"{uri}?mode=rwc")
        return _connected_to_ours(uri)


def version(connection: sqlite3.Connection) -> int:
    """Return the version of the catalogue's schema. 0 means that there are no tables yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def create(connection: sqlite3.Connection) -> None:
    """Create the tables, inside the caller's transaction."""
    # Not executescript: it would commit the caller's transaction.
    for statement in _STATEMENTS:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def take_version_1(connection: sqlite3.Connection) -> list[Any]:
    """Return the endpoints of a version 1 catalogue as JSON objects, and drop its tables.

    Runs inside the caller's transaction. Raises `sqlite3.DatabaseError` if an endpoint is damaged;
    `translated` turns that into a `CatalogueError`.
    """
    sql = "SELECT document FROM endpoint ORDER BY number"
    try:
        values = [json.loads(zlib.decompress(document)) for (document,) in connection.execute(sql)]
    except (TypeError, ValueError, zlib.error) as error:
        raise _DamagedError("catalogue-endpoint-unread") from error
    for table in ("term", "everything", "names", "endpoint"):
        connection.execute(f"DROP TABLE {table}")
    return values


def convert_version_2(connection: sqlite3.Connection) -> None:
    """Add the column that is new in version 3, inside the caller's transaction."""
    connection.execute("ALTER TABLE description ADD COLUMN origin TEXT NOT NULL DEFAULT ''")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def share(connection: sqlite3.Connection) -> None:
    """Switch to SQLite's write-ahead log (WAL), so that others can read during a write.

    Some network file systems do not support WAL. The catalogue works without it, too.
    """
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.OperationalError:
        return


def tune(connection: sqlite3.Connection) -> None:
    """Set the cache size and the log size of *connection*, and sync as rarely as is safe."""
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        # Safe with a write-ahead log only: a power cut may lose the last import, but nothing else.
        connection.execute("PRAGMA synchronous = NORMAL")


def _connected(uri: str) -> sqlite3.Connection:
    # isolation_level None: our code begins and ends transactions, not the driver.
    connection = sqlite3.connect(
        uri,
        uri=uri != MEMORY,
        timeout=BUSY_SECONDS,
        isolation_level=None,
    )
    connection.execute("PRAGMA trusted_schema = OFF")  # the file may come from a stranger
    return connection


def _connected_to_ours(uri: str) -> sqlite3.Connection:
    """Connect to the existing catalogue *uri*; read-only if the file system is read-only."""
    connection = _connected(f"{uri}?mode=rw")
    try:
        _check_tables(connection)
    except sqlite3.Error as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _UNREADABLE:
            raise
        # On a read-only file system SQLite cannot create the -wal and -shm files. Nobody writes
        # there, so `immutable` is safe and does without these files.
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
    # Read both in one transaction. Otherwise another program could convert the file in between, and
    # the tables of one version would be compared with those of the next.
    connection.execute("BEGIN")
    try:
        tables = _tables(connection)
        stored_version = version(connection)
    finally:
        connection.execute("ROLLBACK")
    # `_check_header` may have seen an older version: the write-ahead log may hold a later one. A
    # version that we do not know is checked like the present one.
    expected = _TABLES.get(stored_version, _TABLES[VERSION])
    # A file without any table is fine: its creation was killed, and SQLite has rolled it back.
    if tables and not tables >= expected:
        raise _DamagedError("catalogue-tables", names=sorted(expected - tables))


def _is_new(path: Path) -> bool:
    """Say whether there is no catalogue at *path* yet.

    Raises `CatalogueError` if there is something else. The header is read without SQLite, which
    would leave -wal and -shm files beside another program's database.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return True
    if not stat.S_ISREG(mode):  # opening a named pipe would block for ever
        code = "catalogue-folder" if stat.S_ISDIR(mode) else "catalogue-no-file"
        raise CatalogueError(code, file=str(path))
    with path.open("rb") as file:
        header = file.read(100)
    _check_header(header, str(path))
    return not header


def _check_header(header: bytes, name: str) -> None:
    """Raise `CatalogueError` if the file *name* with the first bytes *header* is not a catalogue.

    See the SQLite file format, section 1.3. An empty file is fine: for SQLite it is an empty
    database, and a killed creation leaves an empty file.
    """
    if not header:
        return
    if not header.startswith(b"SQLite format 3\0"):
        raise CatalogueError("catalogue-not-sqlite", file=name)
    if len(header) < 100:
        raise CatalogueError("catalogue-cut-off", file=name)
    # Another program's database: it must be neither read nor changed.
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise CatalogueError("catalogue-foreign", file=name)
    written = int.from_bytes(header[60:64], "big")
    if written > VERSION:
        raise CatalogueError(
            "catalogue-newer",
            file=name,
            written=written,
            known=VERSION,
        )
    if written not in _TABLES:
        raise CatalogueError("catalogue-format", file=name, written=written)
