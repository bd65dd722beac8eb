"""`Catalogue`: put, get, remove and search endpoints."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from httptask._core.nearest import nearest
from httptask.catalogue import _file, _index, _reader, _scope, _search
from httptask.catalogue._changes import Changes, ImportCounts, reader
from httptask.catalogue._origin import Origin
from httptask.catalogue._pack import Prepared, prepare
from httptask.catalogue._scope import Hit
from httptask.catalogue._words import storable
from httptask.errors import CatalogueError, UnknownEndpointError
from httptask.model.api import Endpoint

_SHIPPED = Path(__file__).with_name("shipped.json")


class Catalogue:
    """A searchable store of endpoints in one SQLite file.

    Get one with `Catalogue.open`; it is a context manager. Several processes may use a file at
    once: readers never wait, a writer waits up to 5 seconds for another one. An instance belongs to
    the thread that opened it. Every method raises `CatalogueError` when the file cannot be used,
    and then leaves the file as it is.
    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None) -> Catalogue:
        """Open the catalogue at *path*, or make one with the endpoints that httptask ships.

        *path* None is the file that the environment variable `HTTPTASK_CATALOGUE` names, else
        `catalogue.sqlite3` in the user's data folder; `":memory:"` is a catalogue that ends when it
        is closed. Missing folders are made. An empty file becomes a new catalogue, as in SQLite. A
        file on a read-only file system can be read.

        Raises `CatalogueError` for a file that is damaged, of another program, of a newer httptask,
        or not accessible.
        """
        name = _file.file_of(path)
        connection = _file.connect(name)
        catalogue = cls(connection, name)
        try:
            catalogue._bring_up_to_date()
            with catalogue._translated():
                _file.tune(connection)
        except BaseException:
            connection.close()
            raise
        return catalogue

    @property
    def name(self) -> str:
        """The file's name, or `:memory:`."""
        return self._name

    @property
    def version(self) -> tuple[int, int]:
        """Two numbers that change with every write: by this connection, by others to the file."""
        with self._translated():
            by_others = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        return self._connection.total_changes, by_others

    def close(self) -> None:
        """Close the file.

        Closing twice does nothing; any other method raises `CatalogueError` from now on.
        """
        with self._translated():
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        sql = "SELECT coalesce(sum(endpoints), 0) FROM description"
        with self._translated():
            (count,) = self._connection.execute(sql).fetchone()
        return int(count)

    def endpoints(self) -> Iterator[Endpoint]:
        """Yield every endpoint, sorted by provider, path and method.

        One that is removed meanwhile is left out.
        """
        with self._translated():
            sql = """SELECT endpoint.number FROM endpoint
                     JOIN description ON description.number = description
                     ORDER BY provider, path, method, api"""
            numbers = [number for (number,) in self._connection.execute(sql)]
        for number in numbers:
            with self._reading():
                endpoint = self._complete(number)
            if endpoint is not None:
                yield endpoint

    def providers(self) -> list[str]:
        """Return the names of all providers, sorted."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT DISTINCT provider FROM description ORDER BY provider"
            )
            return [name for (name,) in rows]

    def get(self, endpoint_id: str) -> Endpoint:
        """Return the endpoint *endpoint_id*.

        Its `definitions` are those it needs. Where they are more than 2,000 or more than 2 MiB,
        some of the responses', and only then some of the request's, accept any value instead.
        Raises `UnknownEndpointError` with the nearest ids, at most five.
        """
        with self._reading():
            number = _scope.by_id(self._connection, endpoint_id)
            endpoint = self._complete(number) if number is not None else None
        if endpoint is None:
            raise UnknownEndpointError(endpoint_id, self._nearest(endpoint_id))
        return endpoint

    def search(
        self,
        words: str,
        *,
        provider: str | None = None,
        method: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> list[Hit]:
        """Return *limit* endpoints at most that match *words*, best first, after *offset* others.

        Words may come in any order, and each may be a beginning: `proc send email`. They are looked
        for in provider, path and title, then in the description, whatever their case and accents.
        Nothing in them is an operator. Where no endpoint has all of them, misspelt words are
        corrected, then most of the words are enough; `Hit.match` says so. No words list everything
        by provider and path. *provider* and *method* keep only hits of that provider and method.
        """
        with self._reading():
            return _search.search(
                self._connection,
                words,
                provider=provider,
                method=method,
                limit=limit,
                offset=offset,
            )

    def put(
        self,
        endpoints: Iterable[Endpoint],
        *,
        source: str,
        digest: bytes = b"",
        whole: bool = False,
    ) -> ImportCounts:
        """Store *endpoints*, read from *source*: all of them, or on any error none.

        An endpoint is identified by provider (whatever its case), API's name, path and method. One
        that is stored already is replaced and keeps its id, whatever source it came from. An
        endpoint whose id is taken gets more digits of its path's hash. *source* is noted in
        endpoints that do not name theirs.

        *digest* identifies this import for `known`. *whole* says that *source* describes its APIs
        in full: endpoints that it described before, and does not now, are removed.

        The definitions that endpoints refer to are stored once for all endpoints that share one
        mapping.
        """
        return self.put_prepared([prepare(endpoints, source=source, digest=digest, whole=whole)])[0]

    def put_prepared(self, prepared: Sequence[Prepared]) -> list[ImportCounts]:
        """Store the results of `prepare` for several sources, in one transaction.

        Return the counts of each, as `put` does.
        """
        with self._changing() as changes:
            return [changes.put(source) for source in prepared]

    def known(self, digest: bytes) -> ImportCounts | None:
        """Return the counts of importing the source of *digest* again: all endpoints unchanged.

        Return None when it was not imported, or when some of its endpoints were replaced or removed
        since.
        """
        with self._reading():
            sql = "SELECT number, source FROM description WHERE digest = ? AND digest <> x''"
            descriptions = self._connection.execute(sql, (digest,)).fetchall()
            sql = "SELECT id FROM endpoint WHERE description = ? ORDER BY position"
            ids = [
                row[0]
                for number, _ in descriptions
                for row in self._connection.execute(sql, (number,))
            ]
        if not descriptions:
            return None
        return ImportCounts(descriptions[0][1], unchanged=len(ids), ids=tuple(ids))

    def remember(self, digest: bytes, origin: Origin) -> None:
        """Store *origin* as the origin of the source of *digest*."""
        sql = "SELECT count(*) FROM description WHERE digest = ? AND digest <> x'' AND origin <> ?"
        with self._reading():
            (others,) = self._connection.execute(sql, (digest, origin.to_text())).fetchone()
        if others:
            sql = "UPDATE description SET origin = ? WHERE digest = ? AND digest <> x''"
            with self._writing():
                self._connection.execute(sql, (origin.to_text(), digest))

    def origins(self, provider: str | None = None) -> dict[Origin | None, frozenset[str]]:
        """Return the origins of descriptions, each with the names of its sources, in import order.

        None is the origin of sources that nobody can read again. *provider* keeps only the
        descriptions of that provider.
        """
        sql = """SELECT origin, source FROM description
                 WHERE provider = coalesce(?, provider) ORDER BY number"""
        sources_of: dict[Origin | None, set[str]] = {}
        with self._translated():
            for text, source in self._connection.execute(sql, (provider,)):
                try:
                    origin = Origin.from_text(text) if text else None
                except (ValueError, TypeError):
                    origin = None
                sources_of.setdefault(origin, set()).add(source)
        return {origin: frozenset(sources) for origin, sources in sources_of.items()}

    def is_as_shipped(self) -> bool:
        """Say whether the catalogue has only the endpoints that httptask ships."""
        with self._translated():
            sources = {
                source
                for (source,) in self._connection.execute("SELECT DISTINCT source FROM description")
            }
        return sources <= {value["source"] for value in _shipped()}

    def of_api(self, provider: str, name: str) -> list[Endpoint]:
        """Return the endpoints of the API *name* of *provider*, each with its definitions."""
        sql = """SELECT endpoint.number FROM description
                 JOIN endpoint ON endpoint.description = description.number
                 WHERE provider = ? AND api = ? ORDER BY description.number, position"""
        with self._reading():
            numbers = self._connection.execute(sql, (storable(provider), storable(name))).fetchall()
            endpoints = [self._complete(number) for (number,) in numbers]
        return [endpoint for endpoint in endpoints if endpoint is not None]

    def remove(self, endpoint_id: str) -> None:
        """Remove the endpoint *endpoint_id*.

        Raises `UnknownEndpointError` with the nearest ids, at most five.
        """
        with self._changing() as changes:
            number = _scope.by_id(self._connection, endpoint_id)
            if number is not None:
                changes.remove(number, *self._position_of(number))
        if number is None:
            raise UnknownEndpointError(endpoint_id, self._nearest(endpoint_id))

    def optimise(self) -> None:
        """Make searches faster after an import of thousands of endpoints. It takes seconds.

        Nothing changes when the disk is full or another program is writing; searches work as
        before.
        """
        try:
            with self._writing():
                _index.optimise(self._connection)
        except CatalogueError as error:
            if not _file.may_pass(error.__cause__):
                raise

    def _translated(self) -> AbstractContextManager[None]:
        return _file.translated(self._name)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Read one state of the catalogue in the whole block, whatever others write meanwhile."""
        with self._transaction("DEFERRED"):
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Run the block in one transaction: all of it is kept, or none."""
        with self._transaction("IMMEDIATE"):  # locks now: a later lock could be refused
            yield

    @contextmanager
    def _changing(self) -> Iterator[Changes]:
        with self._writing():
            changes = Changes(self._connection)
            yield changes
            changes.finish()

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[None]:
        with self._translated():
            self._connection.execute(f"BEGIN {mode}")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk ends it by itself
                    self._connection.execute("ROLLBACK")
                raise

    def _bring_up_to_date(self) -> None:
        """Fill a new catalogue, convert an old one."""
        with self._translated():
            version = _file.version(self._connection)
        if version == _file.VERSION:
            return
        try:
            with self._writing():
                self._convert()
        except CatalogueError as error:
            if version:
                raise CatalogueError(error.code, **error.params, hint="catalogue-of-old") from error
            raise
        # Only now: switching to WAL writes the header, and an unfinished file with a header would
        # look like another program's.
        _file.share(self._connection)

    def _convert(self) -> None:
        """Fill a new catalogue or convert an old one, inside the caller's transaction."""
        version = _file.version(self._connection)
        if version == _file.VERSION:  # another process was faster
            return
        if version == 2:
            _file.convert_version_2(self._connection)
            return
        values = _file.take_version_1(self._connection) if version else _shipped()
        _file.create(self._connection)
        changes = Changes(self._connection)
        endpoints = sorted(map(Endpoint.from_json, values), key=lambda endpoint: endpoint.source)
        for source, group in groupby(endpoints, key=lambda endpoint: endpoint.source):
            changes.put(prepare(group, source=source))
        changes.finish()

    def _position_of(self, number: int) -> tuple[int, int]:
        sql = "SELECT description, position FROM endpoint WHERE number = ?"
        description, position = self._connection.execute(sql, (number,)).fetchone()
        return description, position

    def _complete(self, number: int) -> Endpoint | None:
        """Return the endpoint *number* with its definitions, or None if it does not exist."""
        sql = "SELECT id, description, position FROM endpoint WHERE number = ?"
        row = self._connection.execute(sql, (number,)).fetchone()
        if row is None:
            return None
        try:
            endpoint = reader(self._connection).complete(*row[1:])
        except _reader.DAMAGE as error:
            raise CatalogueError("catalogue-endpoint-damaged", file=self._name) from error
        return endpoint if storable(endpoint.id) == row[0] else replace(endpoint, id=row[0])

    def _nearest(self, endpoint_id: str) -> list[str]:
        """Return ids near to *endpoint_id*.

        Only ids that start like it or have its words are compared, so that the catalogue's size
        does not matter.
        """
        start = storable(endpoint_id.rpartition("-")[0] or endpoint_id)
        with self._translated():
            sql = "SELECT id FROM endpoint WHERE id >= ? AND id < ? LIMIT 50"
            similar = [
                similar_id
                for (similar_id,) in self._connection.execute(sql, (start, start + "\U0010ffff"))
            ]
        hits = self.search(start, limit=50)
        near = nearest(endpoint_id, dict.fromkeys([*similar, *(hit.id for hit in hits)]), most=5)
        return near or [hit.id for hit in hits if hit.match == "all"][:5]


def _shipped() -> list[Any]:
    return cast("list[Any]", json.loads(_SHIPPED.read_text(encoding="utf-8")))
