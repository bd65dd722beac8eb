"""The changes of one transaction: rows and index entries for what `_pack` prepared, and their
removal.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain, count, islice
from typing import Any, NamedTuple

from httptask.catalogue import _pack, _search
from httptask.catalogue._pack import Entry, Prepared, PreparedApi, Reader
from httptask.catalogue._search import storable

_HASH_DIGITS = 3
"""Hex digits of the hash an id ends with, unless another endpoint has that id."""

_MOST_CLASHES = 100
"""Endpoints of one id that keep their longer ids for certain when they are imported again."""

_MOST_UNINDEXED = 5_000
"""Endpoints that are indexed together: the more, the faster, and the more memory."""

_BUCKET_SHIFT = 40
"""Bits of an endpoint's number below those that `_search.number_bucket` gives."""


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What one `put` did."""

    source: str
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    removed: int = 0
    ids: tuple[str, ...] = ()
    """The id in the catalogue of each endpoint, in the order given; longer than the endpoint's own
    where two clashed.
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


class _Stored(NamedTuple):
    """What the row of an endpoint says."""

    number: int
    id: str
    fingerprint: int
    description: int
    position: int


class Changes:
    """Changes the catalogue inside the caller's transaction, which must end with `finish`.

    What is put is always a new description: rows of endpoints that were there move to it, and a
    description without any endpoint left is removed with its blocks. No block is ever changed.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._reader = reader(connection)
        self._last = int(connection.execute("SELECT last FROM sequence").fetchone()[0])
        self._gained: Counter[int] = Counter()
        self._lost: Counter[int] = Counter()
        """Description -> endpoints that came to it or went."""
        self._indexed: dict[int, tuple[str, ...]] = {}
        self._unindexed: dict[int, tuple[str, ...]] = {}
        """Endpoint -> its columns, for the index."""

    def put(self, prepared: Prepared) -> ImportCounts:
        """Store what was prepared from one source."""
        done: Counter[str] = Counter()
        ids = [""] * prepared.count
        for api in prepared.apis:
            is_new = self._is_new(api)
            description = self._describe(prepared, api)
            new: set[int] = set()
            for position, entry in enumerate(api.entries):
                # Of an API that was not there, only what was put just now can be there.
                old = self._stored(entry, api) if not is_new or entry.identity in new else None
                new.add(entry.identity)
                what, ids[entry.given] = self._put(entry, old, description, position)
                done[what] += 1
                if len(self._indexed) + len(self._unindexed) >= _MOST_UNINDEXED:
                    self._index()
            if prepared.whole:
                done["removed"] += self._remove_former(prepared.source, api, description)
        return ImportCounts(prepared.source, **done, ids=tuple(ids))

    def remove(self, number: int, description: int, position: int) -> None:
        """Remove the endpoint *number*, which stands at *position* of *description*."""
        self._unindex(number, self._columns(description, position))
        self._connection.execute("DELETE FROM endpoint WHERE number = ?", (number,))
        self._lost[description] += 1

    def finish(self) -> None:
        """Write what was put off: the index, the last number, and the counts of descriptions."""
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
        """Have nothing known by *digest* but the descriptions *whole*: importing its source again
        must not be skipped.
        """
        sql = "SELECT number FROM description WHERE digest = ? AND digest <> x''"
        lossy = [row for row in self._connection.execute(sql, (digest,)) if row[0] not in whole]
        self._connection.executemany("UPDATE description SET digest = x'' WHERE number = ?", lossy)

    def _drop(self, description: int) -> None:
        """Remove the row and the blocks of *description*."""
        self._connection.execute("DELETE FROM description WHERE number = ?", (description,))
        blocks = (_pack.block_number(number, 0, 0) for number in (description, description + 1))
        self._connection.execute(
            "DELETE FROM block WHERE number >= ? AND number < ?", tuple(blocks)
        )

    def _move(self, former: int | None, description: int) -> None:
        """Note that an endpoint comes to *description*, from *former* if it was there."""
        if former != description:
            self._gained[description] += 1
            if former is not None:
                self._lost[former] += 1

    def _describe(self, prepared: Prepared, api: PreparedApi) -> int:
        """Store what the endpoints of *api* share, and return the number of their description."""
        sql = """INSERT INTO description (
                   source, provider, api, title, version, digest, origin, endpoints
                 ) VALUES (?, ?, ?, ?, ?, ?, ?, 0) RETURNING number"""
        texts = map(storable, (prepared.source, api.provider, api.name, api.title, api.version))
        origin = prepared.origin.to_text() if prepared.origin is not None else ""
        (number,) = self._connection.execute(sql, (*texts, prepared.digest, origin)).fetchone()
        rows = (
            (_pack.block_number(number, block.kind, block.first), block.data)
            for block in api.blocks
        )
        self._connection.executemany("INSERT INTO block (number, data) VALUES (?, ?)", rows)
        return int(number)

    def _put(
        self, entry: Entry, old: _Stored | None, description: int, position: int
    ) -> tuple[str, str]:
        """Store one endpoint, which is *old* so far; return what was done and its id."""
        self._move(old.description if old is not None else None, description)
        endpoint_id = self._free_id(entry, old.id if old is not None else None)
        if old is None:
            number = self._new_number(entry)
        else:
            if old.fingerprint == entry.fingerprint:
                sql = "UPDATE endpoint SET description = ?, position = ? WHERE number = ?"
                self._connection.execute(sql, (description, position, old.number))
                return "unchanged", endpoint_id
            number = self._renumbered(entry, old)
        sql = """INSERT OR REPLACE INTO endpoint (
                   number, description, position, identity, id_hash, fingerprint, deprecated,
                   method, id, path, title
                 ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
        hashes = entry.identity, _search.id_hash(endpoint_id), entry.fingerprint
        texts = map(storable, (entry.method, endpoint_id, entry.path, entry.title))
        self._connection.execute(
            sql, (number, description, position, *hashes, entry.deprecated, *texts)
        )
        return ("added" if old is None else "replaced"), endpoint_id

    def _is_new(self, api: PreparedApi) -> bool:
        """Say whether nothing is stored of *api*."""
        sql = "SELECT 1 FROM description WHERE provider = ? AND api = ? LIMIT 1"
        texts = map(storable, (api.provider, api.name))
        return self._connection.execute(sql, tuple(texts)).fetchone() is None

    def _stored(self, entry: Entry, api: PreparedApi) -> _Stored | None:
        """Return the row of the endpoint that *entry* of *api* is."""
        sql = """SELECT endpoint.number, id, fingerprint, description, position
                 FROM endpoint JOIN description ON description.number = endpoint.description
                 WHERE identity = ? AND path = ? AND method = ? AND provider = ? AND api = ?"""
        texts = map(storable, (entry.path, entry.method, api.provider, api.name))
        row = self._connection.execute(sql, (entry.identity, *texts)).fetchone()
        return _Stored(*row) if row is not None else None

    def _renumbered(self, entry: Entry, old: _Stored) -> int:
        """Return the number for *entry* instead of *old*: another one if the index has to hold
        something else.
        """
        columns = self._columns(old.description, old.position)
        if columns == entry.columns and old.number >> _BUCKET_SHIFT == entry.bucket:
            return old.number
        self._unindex(old.number, columns)
        self._connection.execute("DELETE FROM endpoint WHERE number = ?", (old.number,))
        return self._new_number(entry)

    def _new_number(self, entry: Entry) -> int:
        """Return a number for *entry*, under which it will be indexed."""
        self._last += 1
        number = entry.bucket << _BUCKET_SHIFT | self._last
        self._indexed[number] = entry.columns
        return number

    def _remove_former(self, source: str, api: PreparedApi, description: int) -> int:
        """Remove what *source* said of *api* before, and says no more; return how many endpoints
        that were.
        """
        sql = """SELECT endpoint.number, description, position
                 FROM description JOIN endpoint ON endpoint.description = description.number
                 WHERE provider = ? AND api = ? AND source = ? AND description.number <> ?"""
        texts = map(storable, (api.provider, api.name, source))
        former = self._connection.execute(sql, (*texts, description)).fetchall()
        for place in former:
            self.remove(*place)
        return len(former)

    # The index

    def _columns(self, description: int, position: int) -> tuple[str, ...] | None:
        """Return what the index holds of an endpoint; None when the endpoint is damaged."""
        try:
            return _search.indexed(self._reader.endpoint(description, position))
        except (
            _pack.DAMAGE
        ):  # its words stay in the index, under a number that no endpoint will have again
            return None

    def _unindex(self, number: int, columns: tuple[str, ...] | None) -> None:
        if self._indexed.pop(number, None) is None and columns is not None:
            self._unindexed[number] = columns

    def _index(self) -> None:
        _search.delete_all(self._connection, self._unindexed.items())
        _search.insert_all(self._connection, self._indexed.items())
        self._unindexed.clear()
        self._indexed.clear()

    # Ids

    def _free_id(self, entry: Entry, old_id: str | None) -> str:
        """Return the id *entry* has here, while it is one of its own; else its shortest that no
        other has.
        """
        own = (
            candidate
            for candidate in islice(_ids(entry), _MOST_CLASHES)
            if storable(candidate) == old_id
        )
        return next(chain(own if old_id is not None else (), filter(self._is_free, _ids(entry))))

    def _is_free(self, endpoint_id: str) -> bool:
        return _search.by_id(self._connection, endpoint_id) is None


def _ids(entry: Entry) -> Iterator[str]:
    """Yield the ids *entry* may have, the shortest first: its own, then with more digits of its
    path's hash.
    """
    yield entry.id
    digest = hashlib.sha224(entry.path.encode("utf-8", "surrogatepass")).hexdigest()
    # An id that does not end in the hash comes from an importer with a rule of its own.
    stem = entry.id.removesuffix("-" + digest[:_HASH_DIGITS]) + "-"
    yield from (stem + digest[:digits] for digits in range(_HASH_DIGITS, len(digest) + 1))
    yield from (f"{stem}{digest}-{number}" for number in count(2))


def reader(connection: sqlite3.Connection) -> Reader:
    """Return what opens endpoints of the catalogue *connection*, as it is in the present
    transaction.
    """
    sql = "SELECT number, data FROM block WHERE number <= ? ORDER BY number DESC LIMIT 1"
    return Reader(lambda number: connection.execute(sql, (number,)).fetchone())
