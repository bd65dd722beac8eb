"""The catalogue as the rest of httptask sees it: put, get, remove, search."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, count, islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from httptask import _json
from httptask._nearest import nearest
from httptask.catalogue import _file, _search
from httptask.catalogue._search import Hit, storable
from httptask.errors import CatalogueError, UnknownEndpointError
from httptask.model.api import Endpoint

_SHIPPED = Path(__file__).with_name("shipped.json")

_HASH_DIGITS = 3
"""Hex digits of the hash an id ends with, unless another endpoint has that id."""


_MOST_CLASHES = 100
"""Endpoints of one id that keep their longer ids for certain when they are imported again."""


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What one `put` did."""

    source: str
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    ids: tuple[str, ...] = ()
    """The id in the catalogue of each endpoint, in the order given; longer than the endpoint's own where two clashed."""

    def to_json(self) -> dict[str, Any]:
        """Return the counts as a JSON object."""
        return {
            "source": self.source,
            "added": self.added,
            "replaced": self.replaced,
            "unchanged": self.unchanged,
            "ids": list(self.ids),
        }


class Catalogue:
    """A searchable store of endpoints in one SQLite file. Get one with `Catalogue.open`; it is a context manager.

    Several processes may use a file at once: readers never wait, a writer waits up to 5 seconds for another one. An
    instance belongs to the thread that opened it. Every method raises `CatalogueError` when the file cannot be used, and
    a file that cannot be used is left as it is.
    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None) -> Catalogue:
        """Open the catalogue at *path*; when there is none yet, make one with the endpoints that httptask ships.

        *path* None is the file that the environment's `HTTPTASK_CATALOGUE` names, else `catalogue.sqlite3` in the user's
        data folder; `":memory:"` is a catalogue that ends when it is closed. Missing folders are made. An empty file is
        taken for no catalogue yet, as SQLite does. A file on a read-only file system can be read.

        Raises `CatalogueError` for a file that is damaged, of another program, of a newer httptask, or not accessible.
        """
        name = _file.place(path)
        connection, is_new = _file.connect(name)
        catalogue = cls(connection, name)
        try:
            if is_new:
                catalogue._fill()
        except BaseException:
            connection.close()
            raise
        return catalogue

    @property
    def name(self) -> str:
        """The file's name, or `:memory:`."""
        return self._name

    def close(self) -> None:
        """Close the file. Closing twice does nothing; any other method raises `CatalogueError` from now on."""
        with self._translated():
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        with self._translated():
            return int(self._connection.execute("SELECT count(*) FROM endpoint").fetchone()[0])

    def endpoints(self) -> Iterator[Endpoint]:
        """Yield every endpoint by provider, path and method. What is removed meanwhile is left out."""
        with self._translated():
            sql = "SELECT number FROM endpoint ORDER BY provider, path, method"
            numbers = [number for (number,) in self._connection.execute(sql)]
        for number in numbers:
            with self._translated():
                sql = "SELECT document FROM endpoint WHERE number = ?"
                row = self._connection.execute(sql, (number,)).fetchone()
            if row is not None:
                yield self._read(row[0])

    def get(self, endpoint_id: str) -> Endpoint:
        """Return the endpoint *endpoint_id*. Raises `UnknownEndpointError` with the nearest ids, at most five."""
        with self._translated():
            sql = "SELECT document FROM endpoint WHERE id = ?"
            row = self._connection.execute(sql, (storable(endpoint_id),)).fetchone()
        if row is None:
            raise UnknownEndpointError(endpoint_id, self._nearest(endpoint_id))
        return self._read(row[0])

    def search(
        self, words: str, *, provider: str | None = None, method: str | None = None, limit: int = 20
    ) -> list[Hit]:
        """Return the endpoints that *words* describe, best first, at most *limit*.

        Words may come in any order, and each may be the beginning of one: `proc send email`. They are looked for in
        provider, path and title, then in the description, whatever their case and accents. Nothing in them is an operator.
        Where not all are found, misspelt ones are corrected, then most of them will do; `Hit.match` says so. No words
        list everything by provider and path. *provider* and *method* keep only hits of that provider and method.
        """
        provider = storable(provider) if provider is not None else None
        method = storable(method) if method is not None else None
        with self._translated():
            return _search.search(self._connection, words, provider=provider, method=method, limit=limit)

    def put(self, endpoints: Iterable[Endpoint], *, source: str) -> ImportCounts:
        """Store *endpoints*, read from *source*: all of them, or on any error none. Returns what was done.

        Provider, method and path say which endpoint it is (the provider whatever its case): one that is there already is
        replaced and keeps its id, whatever source it came from. An endpoint whose id another one has gets more digits of
        its path's hash. *source* is noted in endpoints that do not name theirs.
        """
        ids: list[str] = []
        done: Counter[str] = Counter()
        with self._writing():
            for endpoint in endpoints:
                what, endpoint_id = self._put(endpoint if endpoint.source else replace(endpoint, source=source))
                done[what] += 1
                ids.append(endpoint_id)
        return ImportCounts(source, done["added"], done["replaced"], done["unchanged"], tuple(ids))

    def remove(self, endpoint_id: str) -> None:
        """Remove the endpoint *endpoint_id*. Raises `UnknownEndpointError` with the nearest ids, at most five."""
        with self._writing():
            sql = "SELECT number FROM endpoint WHERE id = ?"
            row = self._connection.execute(sql, (storable(endpoint_id),)).fetchone()
            if row is not None:
                self._forget(row[0])
        if row is None:
            raise UnknownEndpointError(endpoint_id, self._nearest(endpoint_id))

    def _translated(self) -> AbstractContextManager[None]:
        return _file.translated(self._name)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Run the block in one transaction: all of it is kept, or none."""
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")  # at once: a lock asked for later could be refused
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk ends it by itself
                    self._connection.execute("ROLLBACK")
                raise

    def _fill(self) -> None:
        with self._writing():
            if _file.create(self._connection):
                for value in json.loads(_SHIPPED.read_text(encoding="utf-8")):
                    self._put(Endpoint.from_json(value))
        # Only now: switching writes the header, which would make an unfinished file look like another program's.
        _file.share(self._connection)

    def _put(self, endpoint: Endpoint) -> tuple[str, str]:
        identity = (storable(endpoint.provider), storable(endpoint.path), storable(endpoint.method.upper()))
        sql = "SELECT number, id, document FROM endpoint WHERE provider = ? AND path = ? AND method = ?"
        number, old_id, old = self._connection.execute(sql, identity).fetchone() or (None, None, b"")
        endpoint = replace(endpoint, id=self._free_id(endpoint, old_id))
        document = _packed(endpoint)
        if number is not None and _unpacked(old) == _unpacked(document):
            return "unchanged", endpoint.id
        if number is not None:
            self._forget(number)
        sql = "INSERT INTO endpoint (number, provider, path, method, id, title, document) VALUES (?, ?, ?, ?, ?, ?, ?)"
        row = (number, *identity, storable(endpoint.id), storable(endpoint.title), document)
        stored = self._connection.execute(sql, row).lastrowid
        _search.insert(self._connection, cast("int", stored), endpoint)
        return ("replaced" if number is not None else "added"), endpoint.id

    def _forget(self, number: int) -> None:
        self._connection.execute("DELETE FROM endpoint WHERE number = ?", (number,))
        _search.delete(self._connection, number)

    def _free_id(self, endpoint: Endpoint, old_id: str | None) -> str:
        """Return the id *endpoint* has here, while it is one of its own; else its shortest that no other has."""
        own = (candidate for candidate in islice(_ids(endpoint), _MOST_CLASHES) if storable(candidate) == old_id)
        return next(chain(own, filter(self._is_free, _ids(endpoint))))

    def _is_free(self, endpoint_id: str) -> bool:
        sql = "SELECT 1 FROM endpoint WHERE id = ?"
        return self._connection.execute(sql, (storable(endpoint_id),)).fetchone() is None

    def _nearest(self, endpoint_id: str) -> list[str]:
        """Return ids like *endpoint_id*: of those that start like it or hold its words, so that size does not matter."""
        start = storable(endpoint_id.rpartition("-")[0] or endpoint_id)
        with self._translated():
            sql = "SELECT id FROM endpoint WHERE id >= ? AND id < ? LIMIT 50"
            alike = [found for (found,) in self._connection.execute(sql, (start, start + "\U0010ffff"))]
        hits = self.search(start, limit=50)
        near = nearest(endpoint_id, dict.fromkeys([*alike, *(hit.id for hit in hits)]), most=5)
        return near or [hit.id for hit in hits if hit.match == "all"][:5]

    def _read(self, document: bytes) -> Endpoint:
        try:
            return Endpoint.from_json(json.loads(_unpacked(document)))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise CatalogueError(
                f"the catalogue {self._name}: an endpoint in it is damaged; move the file away and import again"
            ) from error


def _ids(endpoint: Endpoint) -> Iterator[str]:
    """Yield the ids *endpoint* may have, the shortest first: its own, then with more digits of its path's hash."""
    digest = hashlib.sha224(endpoint.path.encode("utf-8", "surrogatepass")).hexdigest()
    short = "-" + digest[:_HASH_DIGITS]
    # An id that does not end in the hash comes from an importer with a rule of its own.
    stem = endpoint.id.removesuffix(short) + "-"
    longer = (stem + digest[:digits] for digits in range(_HASH_DIGITS, len(digest) + 1))
    numbered = (f"{stem}{digest}-{number}" for number in count(2))
    return chain([endpoint.id], longer, numbered)


def _packed(endpoint: Endpoint) -> bytes:
    # Compressed, because a catalogue of every public API would otherwise be gigabytes.
    try:
        return zlib.compress(_json.dump(endpoint.to_json()).encode("utf-8"), 1)
    except (RecursionError, TypeError, ValueError) as error:
        raise CatalogueError(
            f"the endpoint {endpoint.id!r} cannot be stored: it is not JSON ({error}); nothing was stored"
        ) from error


def _unpacked(document: bytes) -> bytes:
    """Return the JSON text in *document*; nothing when it is damaged, so that importing it again mends it."""
    try:
        return zlib.decompress(document)
    except (zlib.error, TypeError):
        return b""
