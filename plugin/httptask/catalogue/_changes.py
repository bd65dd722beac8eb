"""The changes of one transaction: endpoints added to, or removed from, the rows and the index."""

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
"""Hex digits of the path's hash at the end of an id; more if another endpoint has that id."""

_MOST_CLASHES = 100
"""How many ids of an entry are compared with the stored id, which the endpoint keeps."""

_MOST_UNINDEXED = 5_000
"""How many endpoints are indexed together. More are faster, but take more memory."""

_BUCKET_SHIFT = 40
"""The bits of an endpoint's number below its `_index.number_bucket`: a counter."""


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """How many endpoints one `Catalogue.put` added, replaced, left unchanged and removed."""

    source: str
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    removed: int = 0
    ids: tuple[str, ...] = ()
    """The id of each endpoint in the catalogue, in the order in which they were passed.

    An id differs from `Endpoint.id` if another endpoint had that id already: see `Catalogue.put`.
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
    """The columns of an endpoint's row that `Changes` needs."""

    number: int
    id: str
    fingerprint: int
    description: int
    position: int


class Changes:
    """Changes the catalogue inside the caller's transaction, which must end with `finish`.

    Each `put` makes a new description for each API, and the rows of endpoints that exist already
    move to it. A description without endpoints is removed with its blocks. Blocks never change.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._reader = reader(connection)
        self._last = int(connection.execute("SELECT last FROM sequence").fetchone()[0])
        self._gained: Counter[int] = Counter()
        self._lost: Counter[int] = Counter()
        """`_gained` and `_lost`: description -> the number of endpoints it gained or lost."""
        self._indexed: dict[int, tuple[str, ...]] = {}
        self._unindexed: dict[int, tuple[str, ...]] = {}
        """Queues: number of an endpoint -> columns to add to the index, or to remove from it."""

    def put(self, prepared: Prepared) -> ImportCounts:
        """Store the endpoints of one source."""
        counts: Counter[str] = Counter()
        ids = [""] * prepared.count
        for api in prepared.apis:
            is_new = self._is_new(api)
            description = self._describe(prepared, api)
            new: set[int] = set()
            for position, entry in enumerate(api.entries):
                # An endpoint of a new API can be stored already only if it came twice in this put.
                stored = None
                if not is_new or entry.identity in new:
                    stored = self._stored(entry, api)
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
        """Write the deferred changes: the index, the last number, the counts of descriptions."""
        self._index()
        self._connection.execute("UPDATE sequence SET last = ?", (self._last,))
        complete = self._gained.keys() - self._lost.keys()
        for description in self._gained.keys() | self._lost.keys():
            sql = (
                "UPDATE description SET endpoints = endpoints + ? WHERE number = ? RETURNING"
                " endpoints, digest"
            )
            # One statement for each description, not for each of its thousands of endpoints.
            change = self._gained[description] - self._lost[description]
            endpoints, digest = self._connection.execute(sql, (change, description)).fetchone()
            if description not in complete:
                self._forget(digest, complete)
            if not endpoints:
                self._drop(description)

    def _forget(self, digest: bytes, complete: Collection[int]) -> None:
        """Clear *digest* in its descriptions that are not in *complete*.

        They lost endpoints, so another import of their source must not be skipped.
        """
        sql = "SELECT number FROM description WHERE digest = ? AND digest <> x''"
        lossy = [row for row in self._connection.execute(sql, (digest,)) if row[0] not in complete]
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
        """Count an endpoint that moves from *former* (None if it is new) to *description*."""
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
        origin = ""
        if prepared.origin is not None:
            origin = prepared.origin.to_text()
        values = (*texts, prepared.digest, origin)
        (number,) = self._connection.execute(sql, values).fetchone()
        rows = (
            (_reader.block_number(number, block.content, block.first), block.data)
            for block in api.blocks
        )
        self._connection.executemany("INSERT INTO block (number, data) VALUES (?, ?)", rows)
        return int(number)

    def _put(
        self,
        entry: Entry,
        stored: _StoredEndpoint | None,
        description: int,
        position: int,
    ) -> tuple[str, str]:
        """Store *entry*, in place of *stored* unless that is None.

        Return the outcome, which is a field of `ImportCounts`, and the endpoint's id.
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
        """Return the stored row with the identity of *entry* of *api*, or None."""
        sql = """SELECT endpoint.number, id, fingerprint, description, position
                 FROM endpoint JOIN description ON description.number = endpoint.description
                 WHERE identity = ? AND path = ? AND method = ? AND provider = ? AND api = ?"""
        texts = map(storable, (entry.path, entry.method, api.provider, api.name))
        row = self._connection.execute(sql, (entry.identity, *texts)).fetchone()
        if row is not None:
            return _StoredEndpoint(*row)
        return None

    def _renumbered(self, entry: Entry, stored: _StoredEndpoint) -> int:
        """Return the number for *entry*, which replaces *stored*.

        The number is a new one if the indexed terms or the rank change: the index is corrected by
        removing one row and adding another.
        """
        columns = self._columns(stored.description, stored.position)
        if columns == entry.columns and stored.number >> _BUCKET_SHIFT == entry.bucket:
            return stored.number
        self._unindex(stored.number, columns)
        self._connection.execute("DELETE FROM endpoint WHERE number = ?", (stored.number,))
        return self._new_number(entry)

    def _new_number(self, entry: Entry) -> int:
        """Return a new number for *entry*, and queue it for the index."""
        self._last += 1
        number = entry.bucket << _BUCKET_SHIFT | self._last
        self._indexed[number] = entry.columns
        return number

    def _remove_former(self, source: str, api: PreparedApi, description: int) -> int:
        """Remove the endpoints of *api* that *source* described earlier, but not in *description*.

        Return how many there were.
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
        """Return the index columns of an endpoint, or None if the endpoint is damaged."""
        try:
            return _index.indexed(self._reader.endpoint(description, position))
        except _reader.DAMAGE:
            # Its terms stay in the index, but under a number that no endpoint will have again.
            return None

    def _unindex(self, number: int, columns: tuple[str, ...] | None) -> None:
        # An endpoint that is still queued is not indexed yet: dropping it from the queue is enough.
        if self._indexed.pop(number, None) is None and columns is not None:
            self._unindexed[number] = columns

    def _index(self) -> None:
        _index.delete_all(self._connection, self._unindexed.items())
        _index.insert_all(self._connection, self._indexed.items())
        self._unindexed.clear()
        self._indexed.clear()

    # Ids

    def _free_id(self, entry: Entry, old_id: str | None) -> str:
        """Return *old_id* if *entry* may have that id, else the shortest free id for *entry*."""
        if old_id is not None:
            for candidate in islice(_ids(entry), _MOST_CLASHES):
                if storable(candidate) == old_id:
                    return candidate
        return next(filter(self._is_free, _ids(entry)))

    def _is_free(self, endpoint_id: str) -> bool:
        return _scope.by_id(self._connection, endpoint_id) is None


def _ids(entry: Entry) -> Iterator[str]:
    """Yield the ids that *entry* may get, the shortest first.

    The first is `entry.id`; the others have more digits of the path's hash, then a number.
    """
    yield entry.id
    digest = hashlib.sha224(entry.path.encode("utf-8", "surrogatepass")).hexdigest()
    # An id without the hash at its end comes from an importer plugin with another rule for ids.
    stem = entry.id.removesuffix("-" + digest[:_HASH_DIGITS]) + "-"
    yield from (stem + digest[:digits] for digits in range(_HASH_DIGITS, len(digest) + 1))
    yield from (f"{stem}{digest}-{number}" for number in count(2))


def reader(connection: sqlite3.Connection) -> Reader:
    """Return a reader of packed endpoints. Use it only in the present transaction."""
    sql = "SELECT number, data FROM block WHERE number <= ? ORDER BY number DESC LIMIT 1"
    return Reader(lambda number: connection.execute(sql, (number,)).fetchone())
