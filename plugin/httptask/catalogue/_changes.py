"""The changes of one transaction: endpoints added to the rows and the index, and removed."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, NamedTuple

from httptask.catalogue import _index, _reader, _scope, _words
from httptask.catalogue._pack import Entry, Prepared, PreparedApi
from httptask.catalogue._reader import Reader
from httptask.catalogue._words import storable

_HASH_DIGITS = 3
"""Hex digits of the hash that an id ends with, unless another endpoint has that id already."""

_MOST_CLASHES = 100
"""Endpoints of one id up to which each surely keeps its longer id when it is imported again."""

_MOST_UNINDEXED = 5_000
"""Endpoints that are indexed together: more are faster, but take more memory."""

_BUCKET_SHIFT = 40
"""Bits of an endpoint's number below its `_index.number_bucket`."""


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """The counts of what one `Catalogue.put` did."""

    source: str
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    removed: int = 0
    ids: tuple[str, ...] = ()
    """The id of each endpoint in the catalogue, in the order they were passed.

    It is longer than the endpoint's own id where two clashed.
    """

    def to_json(self) -> dict[str, Any]:
        """Return the counts as a JSON object."""
        return {
            "source": self.source,
            "added": self.added,
            "replaced": self.replaced,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "ids": list(self.ids),
        }


class _StoredEndpoint(NamedTuple):
    """The row of an endpoint, as far as changes need it."""

    number: int
    id: str
    fingerprint: int
    description: int
    position: int


class Changes:
    """Changes the catalogue inside the caller's transaction, which must end with `finish`.

    Each `put` makes a new description: the rows of endpoints that exist already move to it, and a
    description that has lost all its endpoints is removed with its blocks. No block is ever
    changed.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._reader = reader(connection)
        self._last = int(connection.execute("SELECT last FROM sequence").fetchone()[0])
        self._gained: Counter[int] = Counter()
        self._lost: Counter[int] = Counter()
        """Description -> the number of endpoints that it gained, or lost."""
        self._indexed: dict[int, tuple[str, ...]] = {}
        self._unindexed: dict[int, tuple[str, ...]] = {}
        """Number of an endpoint -> its columns, still to be added to the index, or removed."""

    def put(self, prepared: Prepared) -> ImportCounts:
        """Store the endpoints of one source."""
        counts: Counter[str] = Counter()
        ids = [""] * prepared.count
        for api in prepared.apis:
            is_new = self._is_new(api)
            description = self._describe(prepared, api)
            new: set[int] = set()
            for position, entry in enumerate(api.entries):
                # Of a new API, an endpoint can only be stored already if it came twice.
                stored = self._stored(entry, api) if not is_new or entry.identity in new else None
                new.add(entry.identity)
                outcome, ids[entry.order] = self._put(entry, stored, description, position)
                counts[outcome] += 1
                if len(self._indexed) + len(self._unindexed) >= _MOST_UNINDEXED:
                    self._index()
            if prepared.whole:
                counts["removed"] += self._remove_former(prepared.source, api, description)
        return ImportCounts(prepared.source, **counts, ids=tuple(ids))

    def remove(self, number: int, description: int, position: int) -> None:
        """Remove the endpoint *number*, which is at *position* of *description*."""
        self._unindex(number, self._columns(description, position))
        self._connection.execute("DELETE FROM endpoint WHERE number = ?", (number,))
        self._lost[description] += 1

    def finish(self) -> None:
        """Write what was deferred: the index, the last number, and the counts of descriptions."""
        self._index()
        self._connection.execute("UPDATE sequence SET last = ?", (self._last,))
        whole = self._gained.keys() - self._lost.keys()
        for description in self._gained.keys() | self._lost.keys():
            sql = (
                "UPDATE description SET endpoints = endpoints + ? WHERE number = ? RETURNING"
                " endpoints, digest"
            )
            change = self._gained[description] - self._lost[description]
            endpoints, digest = self._connection.execute(sql, (change, description)).fetchone()
            if description not in whole:
                self._forget(digest, whole)
            if not endpoints:
                self._drop(description)

    def _forget(self, digest: bytes, whole: Collection[int]) -> None:
        """Clear *digest* in all descriptions but *whole*.

        The others lost endpoints, so importing their source again must not be skipped.
        """
        sql = "SELECT number FROM description WHERE digest = ? AND digest <> x''"
        lossy = [row for row in self._connection.execute(sql, (digest,)) if row[0] not in whole]
        self._connection.executemany("UPDATE description SET digest = x'' WHERE number = ?", lossy)

    def _drop(self, description: int) -> None:
        """Remove the row and the blocks of *description*."""
        self._connection.execute("DELETE FROM description WHERE number = ?", (description,))
        first = _reader.block_number(description, 0, 0)
        first_of_next = _reader.block_number(description + 1, 0, 0)
        self._connection.execute(
            "DELETE FROM block WHERE number >= ? AND number < ?", (first, first_of_next)
        )

    def _move(self, former: int | None, description: int) -> None:
        """Count an endpoint that moves to *description* from *former*, or is new (None)."""
        if former != description:
            self._gained[description] += 1
            if former is not None:
                self._lost[former] += 1

    def _describe(self, prepared: Prepared, api: PreparedApi) -> int:
        """Store the row and the blocks of a new description, and return its number."""
        sql = """INSERT INTO description (
                   source, provider, api, title, version, digest, origin, endpoints
                 ) VALUES (?, ?, ?, ?, ?, ?, ?, 0) RETURNING number"""
        texts = map(storable, (prepared.source, api.provider, api.name, api.title, api.version))
        origin = prepared.origin.to_text() if prepared.origin is not None else ""
        (number,) = self._connection.execute(sql, (*texts, prepared.digest, origin)).fetchone()
        rows = (
            (_reader.block_number(number, block.content, block.first), block.data)
            for block in api.blocks
        )
        self._connection.executemany("INSERT INTO block (number, data) VALUES (?, ?)", rows)
        return int(number)

    def _put(
        self, entry: Entry, stored: _StoredEndpoint | None, description: int, position: int
    ) -> tuple[str, str]:
        """Store one endpoint, in place of *stored* if it is there already.

        Return the outcome, which is a field of `ImportCounts`, and its id in the catalogue.
        """
        self._move(stored.description if stored is not None else None, description)
        endpoint_id = self._free_id(entry, stored.id if stored is not None else None)
        if stored is None:
            number = self._new_number(entry)
        else:
            if stored.fingerprint == entry.fingerprint:
                sql = "UPDATE endpoint SET description = ?, position = ? WHERE number = ?"
                self._connection.execute(sql, (description, position, stored.number))
                return "unchanged", endpoint_id
            number = self._renumbered(entry, stored)
        sql = """INSERT OR REPLACE INTO endpoint (
                   number, description, position, identity, id_hash, fingerprint, deprecated,
                   method, id, path, title
                 ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
        hashes = entry.identity, _words.id_hash(endpoint_id), entry.fingerprint
        texts = map(storable, (entry.method, endpoint_id, entry.path, entry.title))
        self._connection.execute(
            sql, (number, description, position, *hashes, entry.deprecated, *texts)
        )
        return ("added" if stored is None else "replaced"), endpoint_id

    def _is_new(self, api: PreparedApi) -> bool:
        """Say whether the catalogue has no endpoint of *api*."""
        sql = "SELECT 1 FROM description WHERE provider = ? AND api = ? LIMIT 1"
        texts = map(storable, (api.provider, api.name))
        return self._connection.execute(sql, tuple(texts)).fetchone() is None

    def _stored(self, entry: Entry, api: PreparedApi) -> _StoredEndpoint | None:
        """Return the stored row of *entry* of *api*, or None."""
        sql = """SELECT endpoint.number, id, fingerprint, description, position
                 FROM endpoint JOIN description ON description.number = endpoint.description
                 WHERE identity = ? AND path = ? AND method = ? AND provider = ? AND api = ?"""
        texts = map(storable, (entry.path, entry.method, api.provider, api.name))
        row = self._connection.execute(sql, (entry.identity, *texts)).fetchone()
        return _StoredEndpoint(*row) if row is not None else None

    def _renumbered(self, entry: Entry, stored: _StoredEndpoint) -> int:
        """Return the number for *entry*, which replaces *stored*.

        It is a new one when the index entry changes, because the old entry has to go.
        """
        columns = self._columns(stored.description, stored.position)
        if columns == entry.columns and stored.number >> _BUCKET_SHIFT == entry.bucket:
            return stored.number
        self._unindex(stored.number, columns)
        self._connection.execute("DELETE FROM endpoint WHERE number = ?", (stored.number,))
        return self._new_number(entry)

    def _new_number(self, entry: Entry) -> int:
        """Return a new number for *entry*, and have it indexed."""
        self._last += 1
        number = entry.bucket << _BUCKET_SHIFT | self._last
        self._indexed[number] = entry.columns
        return number

    def _remove_former(self, source: str, api: PreparedApi, description: int) -> int:
        """Remove the endpoints of *api* that *source* described before, but not in *description*.

        Return their number.
        """
        sql = """SELECT endpoint.number, description, position
                 FROM description JOIN endpoint ON endpoint.description = description.number
                 WHERE provider = ? AND api = ? AND source = ? AND description.number <> ?"""
        texts = map(storable, (api.provider, api.name, source))
        former = self._connection.execute(sql, (*texts, description)).fetchall()
        for row in former:
            self.remove(*row)
        return len(former)

    # The index

    def _columns(self, description: int, position: int) -> tuple[str, ...] | None:
        """Return the columns of an endpoint in the index; None when the endpoint is damaged."""
        try:
            return _index.indexed(self._reader.endpoint(description, position))
        except _reader.DAMAGE:
            # Its terms stay in the index, under a number that no endpoint will have again.
            return None

    def _unindex(self, number: int, columns: tuple[str, ...] | None) -> None:
        if self._indexed.pop(number, None) is None and columns is not None:
            self._unindexed[number] = columns

    def _index(self) -> None:
        _index.delete_all(self._connection, self._unindexed.items())
        _index.insert_all(self._connection, self._indexed.items())
        self._unindexed.clear()
        self._indexed.clear()

    # Ids

    def _free_id(self, entry: Entry, old_id: str | None) -> str:
        """Return *old_id* if it is one of the ids of *entry*, else its shortest free id."""
        if old_id is not None:
            for candidate in islice(_ids(entry), _MOST_CLASHES):
                if storable(candidate) == old_id:
                    return candidate
        return next(filter(self._is_free, _ids(entry)))

    def _is_free(self, endpoint_id: str) -> bool:
        return _scope.by_id(self._connection, endpoint_id) is None


def _ids(entry: Entry) -> Iterator[str]:
    """Yield the ids that *entry* may get, the shortest first.

    The first is its own; the others have more digits of its path's hash.
    """
    yield entry.id
    digest = hashlib.sha224(entry.path.encode("utf-8", "surrogatepass")).hexdigest()
    # An id that does not end in the hash comes from an importer with its own rule for ids.
    stem = entry.id.removesuffix("-" + digest[:_HASH_DIGITS]) + "-"
    yield from (stem + digest[:digits] for digits in range(_HASH_DIGITS, len(digest) + 1))
    yield from (f"{stem}{digest}-{number}" for number in count(2))


def reader(connection: sqlite3.Connection) -> Reader:
    """Return a reader of packed endpoints for the present transaction of *connection*."""
    sql = "SELECT number, data FROM block WHERE number <= ? ORDER BY number DESC LIMIT 1"
    return Reader(lambda number: connection.execute(sql, (number,)).fetchone())
